//! Scenarios: given facts, on days, these warnings. An auditor can read one, `karez rules test` runs them all.
//!
//! ```toml
//! story = "Money that lies still for ninety days is blue"
//! given = [
//!   { on = "2024-01-10", type = "project_approved", data = { title = "P", unit = "U1" } },
//!   { on = "2024-03-01", type = "funds_arrived", data = { amount = "300000" }, name = "first" },
//! ]
//! [[then]]
//! on = "2024-05-30"
//! open = [{ level = "blue", says = "1.67%" }]
//! ```
//!
//! A fact belongs to `project/P1`, `fund/F1` or `unit/U1` by its type, or to the `stream` it names; it becomes known on its
//! own day, or on `known_on`. `"@first"` in its data is the id of the fact named `first`, and `warning` names the rule
//! whose latest warning a person's step is about. Every day from the first fact to the last `then` is evaluated.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use karez_events::event::supervision::Level;
use karez_events::{DecodeError, Event, EventType, Hash, Metadata, RecordedEvent, StreamId, StreamKind};
use karez_projections::Warning;
use karez_projections::warnings::{Ending, EndingKind};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::inhibit::inhibitor;
use crate::rule_set::{RuleSet, RuleSetError};
use crate::watch::Watch;
use crate::words::level_en;

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it tells, in one sentence.
    pub story: String,
    /// A rule set; the defaults where absent.
    #[serde(default)]
    pub rule_set: toml::Table,
    /// The facts.
    pub given: Vec<GivenFact>,
    /// What is to be on certain days.
    pub then: Vec<Then>,
}

/// A fact of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenFact {
    on: NaiveDate,
    #[serde(default)]
    known_on: Option<NaiveDate>,
    r#type: String,
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    warning: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    metadata: Metadata,
}

/// What is to be at the end of a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    on: NaiveDate,
    /// Another rule than the scenario's.
    #[serde(default)]
    rule: Option<String>,
    /// The open warnings of the rule, whatever their order; an empty list means none.
    open: Vec<Open>,
    /// How the rule's warnings have ended so far, in the order of being raised.
    #[serde(default)]
    ended: Option<Vec<EndingKind>>,
    /// A part of the cause with which the last of these ended.
    #[serde(default)]
    ended_by: Option<String>,
}

/// An open warning.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    level: Level,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    cause: Option<String>,
    /// A part of its sentence, in either language.
    #[serde(default)]
    says: Option<String>,
    /// A part of its formula.
    #[serde(default)]
    formula: Option<String>,
    /// A part of one of its figures.
    #[serde(default)]
    figure: Option<String>,
    /// The rule whose warning silences it.
    #[serde(default)]
    silenced_by: Option<String>,
}

/// Why a scenario does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("the scenario cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// Its rule set cannot be read.
    #[error(transparent)]
    RuleSet(#[from] RuleSetError),
    /// One of its facts is no event.
    #[error("the fact of {on} ({kind}) cannot be read: {why}")]
    Fact {
        /// Its day.
        on: NaiveDate,
        /// Its type.
        kind: String,
        /// What is wrong.
        why: String,
    },
    /// Another outcome than expected.
    #[error("on {on}, of {rule}: expected {expected}, found {found}")]
    Other {
        /// The day.
        on: NaiveDate,
        /// The rule.
        rule: String,
        /// What was to be.
        expected: String,
        /// What is.
        found: String,
    },
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError::Toml`] with line and column.
    pub fn try_from_toml(text: &str) -> Result<Self, ScenarioError> {
        Ok(toml::from_str(text)?)
    }

    /// Tells the facts day by day and looks at the warnings of a rule; what was watched by the last day.
    ///
    /// # Errors
    /// [`ScenarioError`] says which day is otherwise, and how.
    pub fn check(&self, rule: &str) -> Result<Watch, ScenarioError> {
        self.check_under(RuleSet::try_from_toml(&self.rule_set.to_string())?, rule)
    }

    /// The same under a rule set that is at hand.
    ///
    /// # Errors
    /// [`ScenarioError`] says which day is otherwise, and how.
    pub fn check_under(&self, rules: RuleSet, rule: &str) -> Result<Watch, ScenarioError> {
        let mut watch = Watch::under(rules);
        let mut facts: Vec<&GivenFact> = self.given.iter().collect();
        facts.sort_by_key(|fact| fact.known_on());
        let last_day = self.then.iter().map(|then| then.on).max();
        let (Some(first), Some(last_day)) = (facts.first().map(|fact| fact.known_on()), last_day) else {
            return Ok(watch);
        };
        let mut position = 0;
        let mut facts = facts.into_iter().peekable();
        for day in first.iter_days().take_while(|day| *day <= last_day) {
            while let Some(fact) = facts.next_if(|fact| fact.known_on() <= day) {
                position += 1;
                watch.take(&fact.recorded(position, &watch)?, day);
            }
            watch.end_day(day, end_of(day));
            for then in self.then.iter().filter(|then| then.on == day) {
                then.check(rule, &watch)?;
            }
        }
        Ok(watch)
    }
}

/// The instant at which a day's run is due.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1)
}

impl GivenFact {
    fn known_on(&self) -> NaiveDate {
        self.known_on.unwrap_or(self.on)
    }

    fn wrong(&self, why: &dyn ToString) -> ScenarioError {
        ScenarioError::Fact {
            on: self.on,
            kind: self.r#type.clone(),
            why: why.to_string(),
        }
    }

    fn recorded(&self, position: u64, watch: &Watch) -> Result<RecordedEvent, ScenarioError> {
        let kind: EventType = self.r#type.parse().map_err(|why: DecodeError| self.wrong(&why))?;
        let mut data = self.data.clone();
        if data.is_null() {
            data = Value::Object(serde_json::Map::new());
        }
        name_facts(&mut data);
        let event = Event::decode(kind, kind.schema(), data.to_string().as_bytes())
            .map_err(|why| self.wrong(&why))?;
        Ok(RecordedEvent {
            position,
            stream: self.stream_of(kind, watch)?,
            version: u32::try_from(position).unwrap_or(u32::MAX),
            event_id: match &self.name {
                Some(name) => id_of(name),
                None => Uuid::from_u128(position.into()),
            },
            occurred_on: self.on,
            recorded_at: noon(self.known_on()),
            event,
            metadata: self.metadata.clone(),
            hash: Hash::default(),
        })
    }

    fn stream_of(&self, kind: EventType, watch: &Watch) -> Result<StreamId, ScenarioError> {
        if let Some(rule) = &self.warning {
            let mut of_rule: Vec<&Warning> = watch
                .warnings()
                .iter()
                .filter(|of| of.raised.rule == *rule)
                .collect();
            of_rule.sort_by_key(|warning| (warning.raised_on, warning.raised.episode));
            let warning = of_rule
                .last()
                .ok_or_else(|| self.wrong(&format!("{rule} has raised no warning yet")))?;
            return Ok(StreamId::Warning(warning.id.clone()));
        }
        let usual = match kind.stream_kind() {
            StreamKind::Fund => "fund/F1",
            StreamKind::Project => "project/P1",
            StreamKind::Unit => "unit/U1",
            StreamKind::Calendar => "calendar",
            StreamKind::Warning => return Err(self.wrong(&"name the rule: warning = \"…\"")),
        };
        let stream = self.stream.as_deref().unwrap_or(usual);
        stream.parse().map_err(|why| self.wrong(&why))
    }
}

impl Then {
    fn check(&self, rule: &str, watch: &Watch) -> Result<(), ScenarioError> {
        let rule = self.rule.as_deref().unwrap_or(rule);
        let mut of_rule: Vec<&Warning> = watch
            .warnings()
            .iter()
            .filter(|of| of.raised.rule == rule)
            .collect();
        of_rule.sort_by_key(|warning| (warning.raised_at, warning.raised.episode));
        let open: Vec<&Warning> = of_rule
            .iter()
            .copied()
            .filter(|warning| warning.is_open())
            .collect();
        let other = |expected: String, found: String| ScenarioError::Other {
            on: self.on,
            rule: rule.to_owned(),
            expected,
            found,
        };
        let mut left = open.clone();
        for wanted in &self.open {
            let Some(index) = left.iter().position(|warning| wanted.is_met(warning, watch)) else {
                return Err(other(format!("an open warning {wanted:?}"), told(&open)));
            };
            left.remove(index);
        }
        if !left.is_empty() {
            return Err(other(format!("{} open", self.open.len()), told(&left)));
        }
        let endings: Vec<&Ending> = of_rule
            .iter()
            .filter_map(|warning| warning.ending.as_ref())
            .collect();
        let ended: Vec<EndingKind> = endings.iter().map(|ending| ending.kind).collect();
        if self.ended.as_ref().is_some_and(|wanted| *wanted != ended) {
            return Err(other(format!("endings {:?}", self.ended), format!("{ended:?}")));
        }
        let last = endings.iter().max_by_key(|ending| (ending.on, ending.position));
        let cause = last.map_or("", |ending| ending.cause.as_str());
        match &self.ended_by {
            Some(wanted) if !cause.contains(wanted) => {
                Err(other(format!("an ending by {wanted:?}"), format!("{cause:?}")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Open {
    fn is_met(&self, warning: &Warning, watch: &Watch) -> bool {
        let evidence = warning.reading.evidence.as_ref();
        let is_part = |part: &Option<String>, texts: &[&str]| {
            part.as_deref()
                .is_none_or(|part| texts.iter().any(|text| text.contains(part)))
        };
        warning.level == self.level
            && (self.subject.is_none() || self.subject == warning.raised.subject)
            && (self.cause.is_none() || self.cause == warning.raised.cause)
            && is_part(
                &self.says,
                &[&warning.reading.sentence_zh, &warning.reading.sentence_en],
            )
            && is_part(
                &self.formula,
                &[evidence.map_or("", |evidence| &evidence.formula)],
            )
            && is_part(&self.figure, &figures_of(warning))
            && self.silenced_by.as_deref().is_none_or(|rule| {
                let silencing = inhibitor(watch.warnings(), watch.portfolio(), warning);
                silencing.is_some_and(|bigger| bigger.raised.rule == rule)
            })
    }
}

fn figures_of(warning: &Warning) -> Vec<&str> {
    let evidence = warning.reading.evidence.as_ref();
    let figures = evidence
        .into_iter()
        .flat_map(|evidence| evidence.figures.values());
    figures.map(String::as_str).collect()
}

fn told(warnings: &[&Warning]) -> String {
    if warnings.is_empty() {
        return "none".to_owned();
    }
    let told = warnings.iter().map(|warning| {
        let formula = warning
            .reading
            .evidence
            .as_ref()
            .map_or("", |evidence| &evidence.formula);
        format!(
            "{} about {:?} (cause {:?}): {} / {} [{formula}]",
            level_en(warning.level),
            warning.raised.subject,
            warning.raised.cause,
            warning.reading.sentence_zh,
            warning.reading.sentence_en
        )
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The id of the fact of a name.
fn id_of(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

fn noon(day: NaiveDate) -> DateTime<Utc> {
    let noon = NaiveTime::from_hms_opt(4, 0, 0).unwrap_or(NaiveTime::MIN);
    day.and_time(noon).and_utc()
}

/// Puts the ids of named facts in place of their names.
fn name_facts(data: &mut Value) {
    match data {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *text = id_of(name).to_string();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(name_facts),
        Value::Object(members) => members.values_mut().for_each(name_facts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
