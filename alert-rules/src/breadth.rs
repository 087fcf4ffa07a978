//! What is wider than one project: a rule that is positive for too many, which is itself suspect, and a unit of which most
//! projects are warned of by one rule, which is one matter for that unit and not many.

use std::collections::BTreeMap;

use karez_events::event::supervision::Level;
use karez_events::{ProjectId, UnitId};
use karez_projections::{Portfolio, Project, Target, Warning, Warnings};

use crate::bands::Judged;
use crate::evaluate::Answer;
use crate::rule::{About, Clearing, Finding, Outcome, Runs, evidence};
use crate::rule_set::RuleSet;

/// The rule about the rules: one that is positive for too many is itself suspect (domain.md, users' annoyances).
pub const SUSPECT_RULE: About<'static> = About {
    name: "rule_fires_too_often",
    code: "DQ-00",
    zh: "规则普遍触发",
    en: "Rule fires too often",
    runs: Runs::Daily,
    clearing: Clearing::AtOnce,
    awaits_books: false,
    version: 1,
    source_text: "## Source\n\nThis system's own check of its rules.",
    manual_zh: "## 依据\n\n本系统规则说明：对规则自身的核查。",
};

/// The projects of each unit that one rule warns of, with the highest colour.
type ByUnit<'a> = BTreeMap<&'a UnitId, Vec<(&'a ProjectId, Level)>>;

/// Every project that is warned of, with the rules that warn of it and the highest colour of each.
fn warned(warnings: &Warnings) -> impl Iterator<Item = (&ProjectId, BTreeMap<&str, Level>)> {
    warnings.by_target().filter_map(|(target, about_it)| {
        let Target::Project(project) = target else {
            return None;
        };
        let mut by_rule: BTreeMap<&str, Level> = BTreeMap::new();
        for warning in about_it.filter(|warning| warning.is_open()) {
            let level = by_rule.entry(&warning.raised.rule).or_insert(warning.level);
            *level = warning.level.max(*level);
        }
        Some((project, by_rule))
    })
}

/// Rules that are positive for too many of the approved projects.
pub(crate) fn of_rules<'r>(portfolio: &Portfolio, warnings: &Warnings, rules: &RuleSet) -> Answer<'r> {
    let settings = &rules.settings;
    let approved = portfolio
        .projects()
        .filter(|project| project.is_approved())
        .count();
    let mut positive: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, by_rule) in warned(warnings) {
        for rule in by_rule.into_keys() {
            *positive.entry(rule).or_default() += 1;
        }
    }
    let is_suspect = |count: usize| {
        count >= settings.group_from && count * 100 >= usize::from(settings.suspect_from_percent) * approved
    };
    let findings = positive
        .into_iter()
        .filter(|(_, count)| is_suspect(*count))
        .map(|(rule, count)| {
            let threshold = format!("≥ {} and ≥ {} %", settings.group_from, settings.suspect_from_percent);
            Finding::new(
                Judged::at(Level::Yellow),
                format!("规则 {rule} 在 {approved} 个项目中的 {count} 个触发：先核查数据或阈值，再逐项处置"),
                format!("rule {rule} is positive for {count} of {approved} projects: check data or thresholds first"),
                evidence(format!("{count} / {approved}"), threshold),
            )
            .about(rule)
        })
        .collect();
    answer(SUSPECT_RULE, Target::Office, findings)
}

/// For each rule, the units of which most projects are warned of by it, and those of which that is no longer so. What a
/// suspect rule says of many is no matter of a unit.
pub(crate) fn of_units<'r>(
    portfolio: &Portfolio,
    warnings: &Warnings,
    rules: &'r RuleSet,
    suspects: &[Finding],
) -> Vec<Answer<'r>> {
    let is_suspect = |rule: &str| {
        suspects
            .iter()
            .any(|suspect| suspect.subject.as_deref() == Some(rule))
    };
    let mut positive: BTreeMap<&str, ByUnit<'_>> = BTreeMap::new();
    for (project, by_rule) in warned(warnings) {
        if let Some(unit) = portfolio.project(project).and_then(Project::unit) {
            for (rule, level) in by_rule.into_iter().filter(|(rule, _)| !is_suspect(rule)) {
                let of_rule = positive.entry(rule).or_default();
                of_rule.entry(unit).or_default().push((project, level));
            }
        }
    }
    // Units that are warned of already are looked at again, so that what is over ends.
    for (target, about_it) in warnings.by_target() {
        if let Target::Unit(unit) = target {
            for warning in about_it.filter(|warning| warning.is_open()) {
                let of_rule = positive.entry(&warning.raised.rule).or_default();
                of_rule.entry(unit).or_default();
            }
        }
    }
    let settings = &rules.settings;
    let by_unit = positive.into_iter().flat_map(|(rule, of_rule)| {
        let units = of_rule.into_iter();
        units.map(move |(unit, projects)| (rule, unit, projects))
    });
    let answers = by_unit.filter_map(|(rule, unit, projects)| {
        let about = rules.general().rule(rule)?.about();
        let carried = portfolio.unit(unit).map_or(0, |unit| unit.projects.len());
        let count = projects.len();
        let is_wide = count >= settings.unit_from && count * 2 > carried;
        let is_known = || warnings.about(&Target::Unit(unit.clone())).any(Warning::is_open);
        if !is_wide && !is_known() {
            return None;
        }
        let worst = projects.iter().map(|(_, level)| level).max().filter(|_| is_wide);
        let finding = worst.map(|level| {
            let list = projects
                .iter()
                .map(|(project, _)| project.as_str())
                .collect::<Vec<_>>()
                .join("、");
            Finding::new(
                Judged::at(*level),
                format!("该单位 {carried} 个项目中的 {count} 个触发{}：{list}", about.zh),
                format!(
                    "{count} of the unit's {carried} projects are warned of ({}): {list}",
                    about.en
                ),
                evidence(
                    format!("{count} / {carried}"),
                    format!("≥ {} and more than half", settings.unit_from),
                ),
            )
        });
        Some(answer(
            about,
            Target::Unit(unit.clone()),
            finding.into_iter().collect(),
        ))
    });
    answers.collect()
}

fn answer(about: About<'_>, target: Target, findings: Vec<Finding>) -> Answer<'_> {
    Answer {
        about,
        target,
        outcome: Outcome::Judged(findings),
        clearing: Clearing::AtOnce,
        gone: Vec::new(),
    }
}
