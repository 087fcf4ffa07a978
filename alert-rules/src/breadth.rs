//! What is wider than one project: a rule that is positive for too many, which is itself suspect, and a unit of which most
//! projects are warned of by one rule, which is one matter for that unit and not many.

use std::collections::{BTreeMap, BTreeSet};

use karez_events::event::supervision::Level;
use karez_events::{ProjectId, UnitId};
use karez_projections::{Portfolio, Target, Warning, Warnings};

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
    source_text: "",
};

/// The open warnings about projects.
fn of_projects(warnings: &Warnings) -> impl Iterator<Item = (ProjectId, &Warning)> {
    let open = warnings.iter().filter(|warning| warning.is_open());
    open.filter_map(|warning| match warning.target() {
        Target::Project(id) => Some((id, warning)),
        Target::Unit(_) | Target::Fund(_) | Target::Office => None,
    })
}

/// Rules that are positive for too many of the approved projects.
pub(crate) fn of_rules<'r>(portfolio: &Portfolio, warnings: &Warnings, rules: &RuleSet) -> Answer<'r> {
    let settings = &rules.settings;
    let approved = portfolio
        .projects()
        .filter(|project| project.is_approved())
        .count();
    let mut positive: BTreeMap<&str, BTreeSet<ProjectId>> = BTreeMap::new();
    for (project, warning) in of_projects(warnings) {
        positive.entry(&warning.raised.rule).or_default().insert(project);
    }
    let is_suspect = |count: usize| {
        count >= settings.group_from && count * 100 >= usize::from(settings.suspect_from_percent) * approved
    };
    let findings = positive
        .into_iter()
        .map(|(rule, projects)| (rule, projects.len()))
        .filter(|(_, count)| is_suspect(*count))
        .map(|(rule, count)| {
            let threshold = format!("≥ {} and ≥ {} %", settings.group_from, settings.suspect_from_percent);
            Finding::new(
                Judged::at(Level::Yellow),
                format!("规则 {rule} 在 {approved} 个项目中的 {count} 个触发：先核查数据或阈值，再逐项处置"),
                format!("rule {rule} is positive for {count} of {approved} projects: check data or thresholds first"),
                evidence(format!("{count} / {approved}"), threshold, "domain.md §6 (d)"),
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
    let mut positive: BTreeMap<(&str, UnitId), BTreeMap<ProjectId, Level>> = BTreeMap::new();
    for (project, warning) in of_projects(warnings) {
        if let Some(unit) = portfolio
            .project(&project)
            .and_then(|project| project.unit().cloned())
        {
            let of_unit = positive.entry((&warning.raised.rule, unit)).or_default();
            let level = of_unit.entry(project).or_insert(warning.level);
            *level = warning.level.max(*level);
        }
    }
    // Units that are warned of already are looked at again, so that what is over ends.
    for warning in warnings.iter().filter(|warning| warning.is_open()) {
        if let Target::Unit(unit) = warning.target() {
            positive.entry((&warning.raised.rule, unit)).or_default();
        }
    }
    let settings = &rules.settings;
    let answers = positive.into_iter().filter_map(|((rule, unit), projects)| {
        let about = rules.general().rule(rule)?.about();
        let carried = portfolio.unit(&unit).map_or(0, |unit| unit.projects.len());
        let count = projects.len();
        let is_wide = count >= settings.unit_from && count * 2 > carried && !is_suspect(rule);
        let is_known = || warnings.about(&Target::Unit(unit.clone())).any(Warning::is_open);
        if !is_wide && !is_known() {
            return None;
        }
        let worst = projects.values().max().filter(|_| is_wide);
        let finding = worst.map(|level| {
            let list = projects
                .keys()
                .map(ToString::to_string)
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
                    "domain.md §4, §6",
                ),
            )
        });
        Some(answer(about, Target::Unit(unit), finding.into_iter().collect()))
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
