//! Warnings as their events tell them, open and closed; none is ever deleted.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::supervision::{Evidence, Level, RectificationOrdered, WarningRaised};
use karez_events::{Event, FundId, Position, ProjectId, RecordedEvent, UnitId, WarningId};
use serde::{Deserialize, Serialize};

/// The `source_system` of events that the sentinel submits.
pub const SENTINEL: &str = "sentinel";

/// What a warning is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// One project.
    Project(ProjectId),
    /// One unit.
    Unit(UnitId),
    /// One fund.
    Fund(FundId),
    /// The office's own work, such as a rule that fires for too many.
    Office,
}

impl Target {
    /// The target that an event names; a project's warning may name its unit and fund as well.
    #[must_use]
    pub fn of(raised: &WarningRaised) -> Self {
        match (&raised.project, &raised.fund, &raised.unit) {
            (Some(project), _, _) => Self::Project(project.clone()),
            (None, Some(fund), _) => Self::Fund(fund.clone()),
            (None, None, Some(unit)) => Self::Unit(unit.clone()),
            (None, None, None) => Self::Office,
        }
    }
}

/// How a warning ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndingKind {
    /// 解除.
    Lifted,
    /// 误报.
    Dismissed,
    /// 追溯撤销.
    Retracted,
}

/// The end of a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ending {
    /// How.
    pub kind: EndingKind,
    /// The business date it was evaluated for.
    pub on: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
    /// Position of the event that ended it.
    pub position: Position,
    /// Why.
    pub cause: String,
    /// A person decided, not the sentinel.
    pub is_by_person: bool,
}

/// 整改: what was ordered, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rectification {
    /// Items and deadline.
    pub order: RectificationOrdered,
    /// Since when.
    pub ordered_on: NaiveDate,
    /// 整改反馈, the latest.
    pub reported_on: Option<NaiveDate>,
    /// 销号.
    pub accepted_on: Option<NaiveDate>,
}

/// What was found for a business date: when the warning was raised, or at a later change of its colour or facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The business date.
    pub as_of: NaiveDate,
    /// The last position that was known.
    pub known_at_position: Position,
    /// The sentence, Chinese.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// What it rests on.
    pub evidence: Option<Box<Evidence>>,
}

impl Reading {
    fn of(raised: &WarningRaised) -> Self {
        Self {
            as_of: raised.as_of,
            known_at_position: raised.known_at_position,
            sentence_zh: raised.sentence_zh.clone(),
            sentence_en: raised.sentence_en.clone(),
            evidence: raised.evidence.clone(),
        }
    }
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Its identifier.
    pub id: WarningId,
    /// What was raised.
    pub raised: WarningRaised,
    /// The business date for which it was raised.
    pub raised_on: NaiveDate,
    /// When it became known.
    pub raised_at: DateTime<Utc>,
    /// Its colour now.
    pub level: Level,
    /// Its colours, each with the business date since which it had it; the first is the one it was raised with.
    pub levels: Vec<(NaiveDate, Level)>,
    /// The instant since which it has its colour.
    pub level_at: DateTime<Utc>,
    /// What it rests on now.
    pub reading: Reading,
    /// What it rested on before, the first at the front.
    pub earlier: Vec<Reading>,
    /// How it ended; `None` while it is open.
    pub ending: Option<Ending>,
    /// When somebody first took note.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who has it.
    pub assignee: Option<String>,
    /// By when the assignee is to act.
    pub due_on: Option<NaiveDate>,
    /// 核查意见: what the unit last said.
    pub answer: Option<String>,
    /// 整改.
    pub rectification: Option<Rectification>,
    /// To whom it was escalated last.
    pub escalated_to: Option<String>,
    /// When it was escalated last.
    pub escalated_at: Option<DateTime<Utc>>,
    /// How many of its events the sentinel made, by which the next one gets its id.
    pub sentinel_steps: u32,
}

impl Warning {
    fn new(id: WarningId, raised: WarningRaised, at: DateTime<Utc>) -> Self {
        Self {
            id,
            raised_on: raised.as_of,
            raised_at: at,
            level: raised.level,
            levels: vec![(raised.as_of, raised.level)],
            level_at: at,
            reading: Reading::of(&raised),
            earlier: Vec::new(),
            ending: None,
            acknowledged_at: None,
            assignee: None,
            due_on: None,
            answer: None,
            rectification: None,
            escalated_to: None,
            escalated_at: None,
            sentinel_steps: 1,
            raised,
        }
    }

    /// Whether it is still open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ending.is_none()
    }

    /// The colours it had had by the end of a business day, each with the day since which it had it.
    #[must_use]
    pub fn levels_by(&self, day: NaiveDate) -> impl DoubleEndedIterator<Item = (NaiveDate, Level)> {
        self.levels
            .iter()
            .copied()
            .filter(move |(since, _)| *since <= day)
    }

    /// The highest colour it has had.
    #[must_use]
    pub fn highest_level(&self) -> Level {
        self.highest_level_by(NaiveDate::MAX)
    }

    /// The highest colour it had had by the end of a business day.
    #[must_use]
    pub fn highest_level_by(&self, day: NaiveDate) -> Level {
        let highest = self.levels_by(day).map(|(_, level)| level).max();
        highest.unwrap_or(self.raised.level)
    }

    /// What it rested on at the end of a business day; what it was raised with before that.
    #[must_use]
    pub fn reading_on(&self, day: NaiveDate) -> &Reading {
        let readings = || self.earlier.iter().chain([&self.reading]);
        let known = readings().rfind(|reading| reading.as_of <= day);
        known.or_else(|| readings().next()).unwrap_or(&self.reading)
    }

    /// The colour it had at the end of a business day; `None` before it was raised and from the day on which it ended.
    #[must_use]
    pub fn level_on(&self, day: NaiveDate) -> Option<Level> {
        let has_ended = self.ending.as_ref().is_some_and(|ending| ending.on <= day);
        let reached = self.levels_by(day).next_back()?;
        (!has_ended).then_some(reached.1)
    }

    /// What it is about.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::of(&self.raised)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Project::apply lists every event; only a few concern this fold"
    )]
    fn apply(&mut self, fact: &WarningFact<'_>) {
        self.sentinel_steps += u32::from(fact.is_by_sentinel);
        match fact.event {
            Event::WarningLevelChanged(data) => {
                if self.level != data.to {
                    self.levels.push((data.as_of, data.to));
                    self.level_at = fact.at;
                }
                self.level = data.to;
                let reading = Reading {
                    as_of: data.as_of,
                    known_at_position: fact.position,
                    sentence_zh: data.sentence_zh.clone(),
                    sentence_en: data.sentence_en.clone(),
                    evidence: data.evidence.clone(),
                };
                self.earlier.push(std::mem::replace(&mut self.reading, reading));
            }
            Event::WarningAcknowledged(_) => {
                self.acknowledged_at.get_or_insert(fact.at);
            }
            Event::WarningAssigned(data) => {
                self.assignee = Some(data.assignee.clone());
                self.due_on = data.due_on;
            }
            Event::WarningAnswered(data) => self.answer.clone_from(&data.text),
            Event::WarningEscalated(data) => {
                self.escalated_to = Some(data.escalated_to.clone());
                self.escalated_at = Some(fact.at);
            }
            Event::RectificationOrdered(data) => {
                self.rectification = Some(Rectification {
                    order: data.clone(),
                    ordered_on: fact.on,
                    reported_on: None,
                    accepted_on: None,
                });
            }
            Event::RectificationReported(_) => {
                if let Some(rectification) = &mut self.rectification {
                    rectification.reported_on = Some(fact.on);
                }
            }
            Event::RectificationAccepted(_) => {
                if let Some(rectification) = &mut self.rectification {
                    rectification.accepted_on = Some(fact.on);
                }
            }
            Event::WarningLifted(data) => self.end(EndingKind::Lifted, fact, &data.cause, data.as_of),
            Event::WarningDismissed(data) => self.end(EndingKind::Dismissed, fact, &data.cause, data.as_of),
            Event::WarningRetracted(data) => self.end(EndingKind::Retracted, fact, &data.cause, data.as_of),
            _ => {}
        }
    }

    /// A person's ending stands, whatever the sentinel comes to say later.
    fn end(&mut self, kind: EndingKind, fact: &WarningFact<'_>, cause: &str, on: NaiveDate) {
        let is_by_person = self.ending.as_ref().is_some_and(|ending| ending.is_by_person);
        if is_by_person && fact.is_by_sentinel {
            return;
        }
        self.ending = Some(Ending {
            kind,
            on,
            at: fact.at,
            position: fact.position,
            cause: cause.to_owned(),
            is_by_person: !fact.is_by_sentinel,
        });
    }
}

/// One event of a warning's stream.
#[derive(Debug, Clone, Copy)]
pub struct WarningFact<'a> {
    /// The fact.
    pub event: &'a Event,
    /// Its business date.
    pub on: NaiveDate,
    /// When it became known.
    pub at: DateTime<Utc>,
    /// Where it stands in the log.
    pub position: Position,
    /// The sentinel made it, not a person.
    pub is_by_sentinel: bool,
}

impl<'a> WarningFact<'a> {
    /// The fact of a recorded event.
    #[must_use]
    pub fn of(recorded: &'a RecordedEvent) -> Self {
        Self {
            event: &recorded.event,
            on: recorded.occurred_on,
            at: recorded.recorded_at,
            position: recorded.position,
            is_by_sentinel: is_by_sentinel(recorded),
        }
    }
}

/// Whether the sentinel made an event.
#[must_use]
pub fn is_by_sentinel(recorded: &RecordedEvent) -> bool {
    recorded.metadata.source_system.as_deref() == Some(SENTINEL)
}

/// Whether the sentinel said it of the facts; that time has passed is a fact like others.
#[must_use]
pub fn is_step(recorded: &RecordedEvent) -> bool {
    is_by_sentinel(recorded) && !matches!(recorded.event, Event::ClockRead(_))
}

/// Every warning, by id and by what it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warnings {
    /// In the order of being raised; the indices lead here.
    all: Vec<Warning>,
    by_id: BTreeMap<WarningId, usize>,
    by_target: BTreeMap<Target, Vec<usize>>,
}

impl Warnings {
    /// Takes one event of a warning's stream.
    pub fn apply(&mut self, id: &WarningId, fact: &WarningFact<'_>) {
        let known = self.by_id.get(id).and_then(|index| self.all.get_mut(*index));
        match (known, fact.event) {
            (None, Event::WarningRaised(data)) => {
                let index = self.all.len();
                self.by_id.insert(id.clone(), index);
                self.by_target.entry(Target::of(data)).or_default().push(index);
                self.all.push(Warning::new(id.clone(), data.clone(), fact.at));
            }
            (Some(warning), Event::WarningRaised(data)) => {
                *warning = Warning::new(id.clone(), data.clone(), fact.at);
            }
            (Some(warning), _) => warning.apply(fact),
            (None, _) => {}
        }
    }

    /// One warning.
    #[must_use]
    pub fn get(&self, id: &WarningId) -> Option<&Warning> {
        self.all.get(*self.by_id.get(id)?)
    }

    /// Every warning, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Warning> {
        self.by_id.values().filter_map(|index| self.all.get(*index))
    }

    /// The warnings about one target, in the order of being raised.
    pub fn about(&self, target: &Target) -> impl Iterator<Item = &Warning> {
        let about_it = self.by_target.get(target).into_iter().flatten();
        about_it.filter_map(|index| self.all.get(*index))
    }

    /// The warnings about every target, by target.
    pub fn by_target(&self) -> impl Iterator<Item = (&Target, impl Iterator<Item = &Warning>)> {
        let targets = self.by_target.iter();
        targets.map(|(target, about_it)| (target, about_it.iter().filter_map(|index| self.all.get(*index))))
    }
}
