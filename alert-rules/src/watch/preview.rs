//! What facts would change before they are recorded: the same judgement twice, without them and with them. What would
//! happen anyway is no change of theirs.
//!
//! Every rule is asked at once, whenever it runs, and a clock rule's three clean days are taken as given: a change says
//! when the sentinel would make it ([`Comes`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_events::{FundId, ProjectId, RecordedEvent, StreamId};
use karez_projections::warnings::WarningFact;
use karez_projections::{Portfolio, Project, Target, Warning, Warnings};

use super::Watch;
use crate::evaluate::{Answer, Ask, Stand};
use crate::reconcile::{Run, reconcile};
use crate::rule::{Clearing, Runs};
use crate::rule_set::RuleSet;

/// When a change would be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// When the facts are recorded.
    AtOnce,
    /// With the run at the end of the day.
    AtEndOfDay,
    /// With the run at the end of the month.
    AtEndOfMonth,
    /// At the end of the third day on which the rule is silent.
    AfterThreeCleanDays,
}

/// One warning that facts would raise, change or lift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The warning as it would be.
    pub warning: Warning,
    /// Its colour without the facts; `None` where it would not be open.
    pub before: Option<Level>,
    /// Its colour with the facts; `None` where it would not be open.
    pub after: Option<Level>,
    /// When.
    pub comes: Comes,
}

/// What facts about projects would change on a day: the portfolio before them, the portfolio after them, and the facts.
#[must_use]
pub fn preview(
    before: &Portfolio,
    after: Portfolio,
    rules: RuleSet,
    facts: &[RecordedEvent],
    today: NaiveDate,
) -> Vec<Change> {
    let mut watch = Watch {
        warnings: after.warnings().clone(),
        known_at: after.position(),
        portfolio: after,
        rules: Arc::new(rules),
        ..Watch::default()
    };
    let touched = touched_by(&watch, facts);
    let mut without = before.warnings().clone();
    let rules = Arc::clone(&watch.rules);
    settle(
        &Stand {
            portfolio: before,
            warnings: before.warnings(),
            rules: &rules,
            as_of: today,
        },
        &mut without,
        &touched,
    );
    for (project, since) in &touched {
        watch.disproved(&Target::Project(project.clone()), *since, today, None);
    }
    let mut with = watch.warnings.clone();
    let comes = settle(&watch.stand_under(&rules, today), &mut with, &touched);
    let changed = with
        .iter()
        .filter_map(|warning| change(warning, &without, &comes));
    // What the sentinel has not raised yet and would not raise with the facts.
    let averted = without
        .iter()
        .filter(|warning| warning.is_open() && with.get(&warning.id).is_none())
        .map(|warning| Change {
            warning: warning.clone(),
            before: Some(warning.level),
            after: None,
            comes: Comes::AtOnce,
        });
    changed.chain(averted).collect()
}

fn touched_by(watch: &Watch, facts: &[RecordedEvent]) -> BTreeMap<ProjectId, NaiveDate> {
    let mut touched: BTreeMap<ProjectId, NaiveDate> = BTreeMap::new();
    for fact in facts {
        let StreamId::Project(id) = &fact.stream else {
            continue;
        };
        for (project, since) in watch.touched_by(id, fact.occurred_on) {
            let first = touched.entry(project).or_insert(since);
            *first = (*first).min(since);
        }
    }
    touched
}

/// When what a rule says takes effect, by the rule's name: a rise, and a fall.
type Timing = BTreeMap<String, (Comes, Comes)>;

/// Brings the warnings about what was touched, and about its funds, to what every rule says.
fn settle(
    stand: &Stand<'_, '_>,
    warnings: &mut Warnings,
    touched: &BTreeMap<ProjectId, NaiveDate>,
) -> Timing {
    let mut answers: Vec<Answer<'_>> = Vec::new();
    let mut funds: BTreeSet<&FundId> = BTreeSet::new();
    for id in touched.keys() {
        answers.extend(stand.project(id, Ask::All));
        funds.extend(stand.portfolio.project(id).and_then(Project::fund));
    }
    for fund in funds {
        answers.extend(stand.fund(fund, Ask::All));
    }
    let run = Run {
        as_of: stand.as_of,
        known_at_position: stand.portfolio.position(),
        thresholds_hash: stand.rules.hash(),
        is_end_of_day: true,
        causation: None,
    };
    let mut timing = Timing::new();
    for answer in &answers {
        timing.insert(answer.about.name.to_owned(), (rise_of(answer), fall_of(answer)));
        let known: Vec<&Warning> = warnings.about(&answer.target).collect();
        for fact in reconcile(answer, &known, &run, |_, _| true) {
            if let StreamId::Warning(id) = &fact.stream {
                let fact = WarningFact {
                    event: &fact.event,
                    on: fact.occurred_on,
                    at: stand.portfolio.last_recorded_at().unwrap_or_default(),
                    position: stand.portfolio.position(),
                    is_by_sentinel: true,
                };
                warnings.apply(id, &fact);
            }
        }
    }
    timing
}

fn rise_of(answer: &Answer<'_>) -> Comes {
    match answer.about.runs {
        Runs::OnEvent => Comes::AtOnce,
        Runs::Daily => Comes::AtEndOfDay,
        Runs::Monthly => Comes::AtEndOfMonth,
    }
}

fn fall_of(answer: &Answer<'_>) -> Comes {
    match answer.clearing {
        Clearing::ThreeCleanDays => Comes::AfterThreeCleanDays,
        Clearing::AtOnce | Clearing::ByPerson => rise_of(answer),
    }
}

fn change(with: &Warning, without: &Warnings, timing: &Timing) -> Option<Change> {
    let without = without.get(&with.id).filter(|warning| warning.is_open());
    let before = without.map(|warning| warning.level);
    let after = with.is_open().then_some(with.level);
    let says_the_same = without.is_none_or(|without| without.reading.sentence_zh == with.reading.sentence_zh);
    if before == after && (says_the_same || after.is_none()) {
        return None;
    }
    let (rise, fall) = timing
        .get(&with.raised.rule)
        .copied()
        .unwrap_or((Comes::AtOnce, Comes::AtOnce));
    Some(Change {
        warning: with.clone(),
        before,
        after,
        comes: if after.is_some() { rise } else { fall },
    })
}
