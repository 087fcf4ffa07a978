//! What a rule is: thresholds, a manual, and a pure judgement of one case.

use std::fmt::Debug;

use karez_events::Position;
use karez_events::event::supervision::{Evidence, Level};
use karez_projections::Entry;
use karez_projections::project::{BudgetFact, Dated};
use uuid::Uuid;

use crate::bands::{Bands, Judged};
use crate::case::{Case, FundCase};

/// When a rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// E: on every event that can change it, and daily.
    OnEvent,
    /// D: on the daily clock.
    Daily,
    /// M: on the last day of each month.
    Monthly,
}

/// How a warning of the rule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clearing {
    /// After its condition was false on three days in a row, and beyond its margin.
    ThreeCleanDays,
    /// At the fact that decides.
    AtOnce,
    /// Never by itself: somebody explains or approves, and a person lifts it.
    ByPerson,
}

/// What the catalogue says of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About<'a> {
    /// Its name on the wire and in thresholds, the risk in `snake_case`.
    pub name: &'a str,
    /// Its code in the catalogue, such as `ST-01`.
    pub code: &'a str,
    /// 名称.
    pub zh: &'a str,
    /// Name in English.
    pub en: &'a str,
    /// When it is asked.
    pub runs: Runs,
    /// How its warnings end.
    pub clearing: Clearing,
    /// It judges from what the unit has booked: while the unit's books are behind, it says so instead of guessing.
    pub awaits_books: bool,
    /// Raised by one more whenever what it judges, or how, changes.
    pub version: u32,
    /// The text of its file, whose head is its manual; of an office's own rule, the manual.
    pub source_text: &'a str,
    /// The same manual in Chinese; empty for an office's own rule, which has one manual.
    pub manual_zh: &'a str,
}

impl<'a> About<'a> {
    /// The family: the letters of its code.
    #[must_use]
    pub fn family(&self) -> &'a str {
        self.code.split('-').next().unwrap_or_default()
    }

    /// The manual in Chinese as Markdown; an office's own rule has one manual, in the language of its author.
    #[must_use]
    pub fn manual_zh(&self) -> String {
        if self.manual_zh.is_empty() {
            self.manual_en()
        } else {
            self.manual_zh.to_owned()
        }
    }

    /// What a rule of the catalogue rests on, in Chinese; empty for an office's own, whose findings say it.
    #[must_use]
    pub fn basis_zh(&self) -> String {
        section(self.manual_zh, "依据")
    }

    /// The same in English.
    #[must_use]
    pub fn basis_en(&self) -> String {
        if self.manual_zh.is_empty() {
            return String::new();
        }
        section(&self.manual_en(), "Source")
    }

    /// The manual in English as Markdown: the module text of the rule's file.
    #[must_use]
    pub fn manual_en(&self) -> String {
        if !self.source_text.starts_with("//!") {
            return self.source_text.to_owned();
        }
        let lines = self
            .source_text
            .lines()
            .map_while(|line| line.strip_prefix("//!"));
        let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        text.join("\n")
    }
}

/// The text of one section of a manual, on one line.
fn section(manual: &str, heading: &str) -> String {
    let lines = manual
        .lines()
        .skip_while(|line| line.strip_prefix("## ") != Some(heading));
    let text: Vec<&str> = lines
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    text.join(" ")
}

/// A rule: its fields are its thresholds.
pub trait Rule: Debug + Send + Sync {
    /// What the catalogue says of it.
    fn about(&self) -> About<'_>;

    /// Judges one project in one currency at a date. A rule about funds says nothing here.
    fn judge(&self, _case: &Case<'_>) -> Outcome {
        Outcome::QUIET
    }

    /// Judges one fund in one currency at a date. A rule about projects says nothing here.
    fn judge_fund(&self, _case: &FundCase<'_>) -> Outcome {
        Outcome::QUIET
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has judged; no finding means quiet.
    Judged(Vec<Finding>),
    /// The unit's books are behind: what looks idle may only be unbooked.
    Stale(Stale),
    /// It could not be evaluated, and why. Never counted as quiet: what is open stays open.
    Error(String),
}

/// How far behind a unit's books are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// The last day for which the unit has reported or closed its books.
    pub reported_until: chrono::NaiveDate,
    /// Days since.
    pub days: i64,
}

impl Outcome {
    /// Nothing to say.
    pub const QUIET: Self = Self::Judged(Vec::new());

    /// Nothing found, and why: the cause with which a warning that is open ends.
    #[must_use]
    pub fn gone(cause: &str) -> Self {
        let nothing = Finding::new(
            Judged::default(),
            String::new(),
            String::new(),
            Evidence::default(),
        );
        Self::Judged(vec![nothing.because(cause)])
    }

    /// One finding, or quiet where nothing is raised or kept.
    #[must_use]
    pub fn of(finding: Option<Finding>) -> Self {
        Self::Judged(
            finding
                .into_iter()
                .filter(|finding| !finding.judged.is_clear())
                .collect(),
        )
    }

    /// Several findings; those that neither raise nor keep a colour are dropped.
    #[must_use]
    pub fn of_all(findings: impl IntoIterator<Item = Finding>) -> Self {
        Self::Judged(
            findings
                .into_iter()
                .filter(|finding| !finding.judged.is_clear())
                .collect(),
        )
    }
}

/// What a rule has found about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What within the target: a source, category, period or tranche. At most one warning is open for one rule,
    /// target and subject.
    pub subject: Option<String>,
    /// Its colour, and the colour that an open warning keeps.
    pub judged: Judged,
    /// What brought it about, where that is not the passing of time.
    pub cause: Option<String>,
    /// One sentence with the numbers filled in, Chinese.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// What it rests on.
    pub evidence: Evidence,
}

impl Finding {
    /// A finding with its sentences, without subject or cause.
    #[must_use]
    pub fn new(judged: Judged, sentence_zh: String, sentence_en: String, evidence: Evidence) -> Self {
        Self {
            subject: None,
            judged,
            cause: None,
            sentence_zh,
            sentence_en,
            evidence,
        }
    }

    /// The same about one subject.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same with a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The colour raised.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.judged.level
    }
}

/// Evidence of a formula with its numbers and the thresholds. What the rule rests on is added when it is recorded.
#[must_use]
pub fn evidence(formula: String, threshold: impl Into<String>) -> Evidence {
    Evidence {
        formula,
        threshold: threshold.into(),
        ..Evidence::default()
    }
}

/// Evidence whose threshold is four bands in one unit.
#[must_use]
pub fn banded(formula: String, bands: Bands, unit: &str) -> Evidence {
    evidence(formula, format!("{bands} {unit}"))
}

/// Facts that evidence names, the newest; the positions span them all.
const MOST_FACTS: usize = 20;

/// Adds figures and facts to evidence, in the words of the rule that collects them.
pub trait Collect: Sized {
    /// One more figure.
    #[must_use]
    fn figure(self, name: &str, value: impl ToString) -> Self;

    /// The notice or clause that the thresholds name, besides what the rule itself rests on.
    #[must_use]
    fn resting_on(self, notice: &str) -> Self;

    /// The entries that decided.
    #[must_use]
    fn facts<'a>(self, entries: impl IntoIterator<Item = &'a Entry>) -> Self;

    /// Another fact that decided: a step, a contract, a report.
    #[must_use]
    fn dated<T>(self, fact: &Dated<T>) -> Self;

    /// A budget, or a change of it, that decided.
    #[must_use]
    fn budget(self, fact: &BudgetFact) -> Self;
}

impl Collect for Evidence {
    fn figure(mut self, name: &str, value: impl ToString) -> Self {
        self.figures.insert(name.to_owned(), value.to_string());
        self
    }

    fn resting_on(mut self, notice: &str) -> Self {
        notice.clone_into(&mut self.basis);
        self
    }

    fn facts<'a>(mut self, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        for entry in entries {
            add(&mut self, entry.event_id, entry.position);
        }
        self
    }

    fn dated<T>(mut self, fact: &Dated<T>) -> Self {
        add(&mut self, fact.event_id, fact.position);
        self
    }

    fn budget(mut self, fact: &BudgetFact) -> Self {
        add(&mut self, fact.event_id, fact.position);
        self
    }
}

fn add(evidence: &mut Evidence, event_id: Uuid, position: Position) {
    if !evidence.facts.contains(&event_id) {
        evidence.facts.push(event_id);
        if evidence.facts.len() > MOST_FACTS {
            evidence.facts.remove(0);
        }
    }
    let (first, last) = evidence.fact_positions.unwrap_or((position, position));
    evidence.fact_positions = Some((first.min(position), last.max(position)));
}
