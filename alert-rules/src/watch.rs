//! The sentinel's whole decision, without its clock: recorded events and days that have ended go in, in order, and
//! the events of warnings come out. The same history gives the same events, whoever tells it and however often.
//!
//! A fact is judged at the day on which it became known; facts of an import wait for the end of the import, so that one
//! cause makes one group. A fact dated before a warning was raised may disprove it: the warning is looked at again for
//! its own date. Its own warnings are applied at once and are not waited for; those of people come with the log.

pub mod preview;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::{Event, FundId, Position, ProjectId, RecordedEvent, StreamId, Submission};
use karez_projections::warnings::{EndingKind, WarningFact, is_by_sentinel};
use karez_projections::{Portfolio, Target, Warning, Warnings};
use uuid::Uuid;

use crate::breadth;
use crate::escalations::{Escalations, is_to_be_acknowledged};
use crate::evaluate::{Answer, Ask, Stand};
use crate::inhibit::inhibitor;
use crate::reconcile::{Run, day_evaluated, escalated, retracted, settled, silence_ended};
use crate::rule::Finding;
use crate::rule_set::RuleSet;

/// The watch over one log.
#[derive(Debug, Default)]
pub struct Watch {
    portfolio: Portfolio,
    warnings: Warnings,
    rules: Arc<RuleSet>,
    known_at: Position,
    last_day: Option<NaiveDate>,
    /// Facts of an import that is not complete, by project: the earliest business date of what came.
    importing: BTreeMap<ProjectId, NaiveDate>,
    /// The instant at which the watch stands: of the fact, or of the day's run.
    now: DateTime<Utc>,
    escalations: Escalations,
}

impl Watch {
    /// A watch that begins at a state: what was known and which warnings stood when a day's run was complete.
    #[must_use]
    pub fn resumed(portfolio: Portfolio, warnings: Warnings, rules: RuleSet, last_day: NaiveDate) -> Self {
        let mut escalations = Escalations::default();
        for warning in warnings.iter() {
            escalations.look_at(warning);
        }
        Self {
            known_at: portfolio.position(),
            now: portfolio.last_recorded_at().unwrap_or_default(),
            portfolio,
            warnings,
            rules: Arc::new(rules),
            last_day: Some(last_day),
            importing: BTreeMap::new(),
            escalations,
        }
    }

    /// A watch over an empty log under other rules, for a back-test: what the log publishes does not replace them.
    #[must_use]
    pub fn under(rules: RuleSet) -> Self {
        Self {
            rules: Arc::new(rules),
            ..Self::default()
        }
    }

    /// The warnings as they stand.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// What is known.
    #[must_use]
    pub fn portfolio(&self) -> &Portfolio {
        &self.portfolio
    }

    /// The rule set in force.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The last day whose run is complete.
    #[must_use]
    pub fn last_day(&self) -> Option<NaiveDate> {
        self.last_day
    }

    /// Puts another rule set in force.
    pub fn adopt(&mut self, rules: RuleSet) {
        self.rules = Arc::new(rules);
    }

    /// Takes one recorded event that became known on a day.
    pub fn take(&mut self, recorded: &RecordedEvent, known_on: NaiveDate) -> Vec<Submission> {
        if is_by_sentinel(recorded) {
            return Vec::new();
        }
        self.now = recorded.recorded_at;
        if let StreamId::Warning(id) = &recorded.stream {
            self.warnings.apply(id, &WarningFact::of(recorded));
            return self.after_step_of_a_warning(recorded, known_on);
        }
        self.portfolio.apply(recorded);
        self.known_at = recorded.position;
        match (&recorded.stream, &recorded.event) {
            (StreamId::Project(id), _) if is_imported(recorded) => {
                let first = self.importing.entry(id.clone()).or_insert(recorded.occurred_on);
                *first = (*first).min(recorded.occurred_on);
                Vec::new()
            }
            (StreamId::Project(id), _) => {
                let touched = self.touched_by(id, recorded.occurred_on);
                self.judge(&touched, None, known_on, Some(recorded.event_id))
            }
            (StreamId::Fund(id), Event::QuotaIssued(data)) => {
                self.judge_quota(id, data.project.as_ref(), recorded, known_on)
            }
            (StreamId::Fund(id), Event::QuotaWithdrawn(data)) => {
                self.judge_quota(id, data.project.as_ref(), recorded, known_on)
            }
            (StreamId::Fund(id), _) => self.judge_quota(id, None, recorded, known_on),
            (StreamId::Unit(id), _) => {
                let projects = self.portfolio.unit(id).map(|unit| unit.projects.clone());
                let touched = projects.into_iter().flatten();
                let touched = touched.map(|project| (project, recorded.occurred_on)).collect();
                self.judge(&touched, None, known_on, Some(recorded.event_id))
            }
            (StreamId::Calendar, Event::ImportCompleted(data)) => {
                let touched = std::mem::take(&mut self.importing);
                let mut facts = self.judge(&touched, None, known_on, Some(recorded.event_id));
                facts.extend(self.widen(known_on));
                self.group(&mut facts, &format!("import {}", data.file));
                facts
            }
            (StreamId::Calendar | StreamId::Warning(_), _) => Vec::new(),
        }
    }

    /// A day has ended, and its run is due at an instant: asks every rule that runs on it about everything.
    pub fn end_day(&mut self, day: NaiveDate, at: DateTime<Utc>) -> Vec<Submission> {
        self.now = at;
        self.importing.clear();
        // Answers name the rules of the set that was asked, while what they bring about is applied.
        let rules = Arc::clone(&self.rules);
        let stand = self.stand_under(&rules, day);
        let run = self.run(day, true, None);
        let (mut facts, mut found) = (Vec::new(), 0);
        for (of_one, count) in stand.each(Ask::Day, |answers| {
            (settled(&stand, &answers, &run), found_in(&answers))
        }) {
            facts.extend(of_one);
            found += count;
        }
        self.apply(&facts);
        facts.extend(self.widen(day));
        self.group(&mut facts, &format!("day {day}"));
        let over = self.portfolio.silences().iter();
        let over = over.filter(|silence| silence.silenced.until_on == day && silence.holds_on(day));
        facts.extend(over.map(|silence| silence_ended(silence, day)));
        facts.push(day_evaluated(
            &self.run(day, true, None),
            u64::try_from(found).unwrap_or(u64::MAX),
        ));
        self.last_day = Some(day);
        facts
    }

    /// When the next red warning is to be passed on, unless somebody acknowledges it first.
    #[must_use]
    pub fn next_escalation(&self) -> Option<DateTime<Utc>> {
        self.escalations.next()
    }

    /// Passes on what is due at an instant of a business day (domain.md §4, SLA).
    pub fn escalate(&mut self, at: DateTime<Utc>, day: NaiveDate) -> Vec<Submission> {
        self.now = at;
        let mut facts = Vec::new();
        for id in self.escalations.take_due(at) {
            let Some(warning) = self
                .warnings
                .get(&id)
                .filter(|warning| is_to_be_acknowledged(warning))
            else {
                continue;
            };
            if inhibitor(&self.warnings, &self.portfolio, warning).is_some() {
                self.escalations.look_again(id, at);
                continue;
            }
            facts.push(escalated(
                warning,
                &self.rules.settings.escalate_to,
                &self.run(day, false, None),
            ));
        }
        self.apply(&facts);
        facts
    }

    /// Asks about everything at once, for a look at a date without a history: nothing is recorded.
    #[must_use]
    pub fn stand(&self, as_of: NaiveDate) -> Stand<'_, '_> {
        self.stand_under(&self.rules, as_of)
    }

    fn stand_under<'r>(&self, rules: &'r RuleSet, as_of: NaiveDate) -> Stand<'_, 'r> {
        Stand {
            portfolio: &self.portfolio,
            warnings: &self.warnings,
            rules,
            as_of,
        }
    }

    fn after_step_of_a_warning(&mut self, recorded: &RecordedEvent, known_on: NaiveDate) -> Vec<Submission> {
        let StreamId::Warning(id) = &recorded.stream else {
            return Vec::new();
        };
        match self.warnings.get(id).map(Warning::target) {
            Some(Target::Project(project)) => {
                let touched = BTreeMap::from([(project, NaiveDate::MAX)]);
                self.judge(&touched, None, known_on, Some(recorded.event_id))
            }
            Some(Target::Fund(_) | Target::Unit(_) | Target::Office) | None => Vec::new(),
        }
    }

    fn judge_quota(
        &mut self,
        fund: &FundId,
        project: Option<&ProjectId>,
        recorded: &RecordedEvent,
        known_on: NaiveDate,
    ) -> Vec<Submission> {
        let touched = project
            .map(|id| (id.clone(), recorded.occurred_on))
            .into_iter()
            .collect();
        self.judge(&touched, Some(fund), known_on, Some(recorded.event_id))
    }

    /// What an event of a project can change: the project, its whole, its fund, and whoever booked an invoice of its.
    fn touched_by(&self, id: &ProjectId, on: NaiveDate) -> BTreeMap<ProjectId, NaiveDate> {
        let mut touched = BTreeMap::from([(id.clone(), on)]);
        let Some(project) = self.portfolio.project(id) else {
            return touched;
        };
        touched.extend(project.parent().map(|parent| (parent.clone(), on)));
        for paper in &project.shared_papers {
            let sharing = self.portfolio.projects_sharing(paper);
            for other in sharing.filter(|other| other.id != *id) {
                touched.entry(other.id.clone()).or_insert(NaiveDate::MAX);
            }
        }
        touched
    }

    /// Judges what was touched: first whether earlier warnings still hold, then how things stand now.
    fn judge(
        &mut self,
        touched: &BTreeMap<ProjectId, NaiveDate>,
        fund: Option<&FundId>,
        known_on: NaiveDate,
        causation: Option<Uuid>,
    ) -> Vec<Submission> {
        let mut facts = Vec::new();
        for (project, since) in touched {
            facts.extend(self.disproved(&Target::Project(project.clone()), *since, known_on, causation));
        }
        let rules = Arc::clone(&self.rules);
        let stand = self.stand_under(&rules, known_on);
        let run = self.run(known_on, false, causation);
        let of_projects = touched.keys().map(|project| stand.project(project, Ask::Event));
        let of_fund = fund.map(|fund| stand.fund(fund, Ask::Event));
        let answers = of_projects.chain(of_fund);
        let now: Vec<Submission> = answers
            .flat_map(|answers| settled(&stand, &answers, &run))
            .collect();
        self.apply(&now);
        facts.extend(now);
        facts
    }

    /// Warnings raised for a date on or after a back-dated fact's, which their rule no longer finds at that date.
    fn disproved(
        &mut self,
        target: &Target,
        since: NaiveDate,
        known_on: NaiveDate,
        causation: Option<Uuid>,
    ) -> Vec<Submission> {
        let is_meant = |warning: &&Warning| {
            let is_standing = match &warning.ending {
                None => true,
                Some(ending) => ending.kind == EndingKind::Lifted && !ending.is_by_person,
            };
            is_standing && warning.raised_on >= since && since < known_on
        };
        let standing = self.warnings.about(target).filter(is_meant);
        let found_no_more = standing.filter(|warning| {
            let stand = self.stand(warning.raised_on);
            stand.one(&warning.raised.rule, target).is_some_and(|answer| {
                let is_it = |finding: &Finding| {
                    finding.subject == warning.raised.subject && finding.judged.level.is_some()
                };
                answer.is_judged() && !answer.findings().iter().any(is_it)
            })
        });
        let run = self.run(known_on, false, causation);
        let facts: Vec<Submission> = found_no_more.map(|warning| retracted(warning, &run)).collect();
        self.apply(&facts);
        facts
    }

    /// What is wider than one project: rules that are positive for too many, and units of which most projects are warned of.
    fn widen(&mut self, as_of: NaiveDate) -> Vec<Submission> {
        let rules = Arc::clone(&self.rules);
        let of_rules = breadth::of_rules(&self.portfolio, &self.warnings, &rules);
        let suspects = of_rules.findings();
        let mut answers = breadth::of_units(&self.portfolio, &self.warnings, &rules, suspects);
        answers.push(of_rules);
        let (stand, run) = (self.stand_under(&rules, as_of), self.run(as_of, true, None));
        let wider = answers.chunks(1).flat_map(|answer| settled(&stand, answer, &run));
        let facts: Vec<Submission> = wider.collect();
        self.apply(&facts);
        facts
    }

    /// Marks the warnings of one rule that one cause has raised together.
    fn group(&mut self, facts: &mut [Submission], cause: &str) {
        let mut raised: BTreeMap<String, usize> = BTreeMap::new();
        for fact in facts.iter() {
            if let Event::WarningRaised(data) = &fact.event {
                *raised.entry(data.rule.clone()).or_default() += 1;
            }
        }
        for fact in facts.iter_mut() {
            if let Event::WarningRaised(data) = &mut fact.event
                && raised
                    .get(&data.rule)
                    .is_some_and(|count| *count >= self.rules.settings.group_from)
            {
                data.group = Some(format!("{}: {cause}", data.rule));
            }
        }
        // What was applied without its group is put right; the steps of a raised warning begin anew.
        let grouped: Vec<Submission> = facts.iter().filter(|fact| is_grouped(fact)).cloned().collect();
        self.apply(&grouped);
    }

    /// Its own events take effect at once; the log brings them back later.
    fn apply(&mut self, facts: &[Submission]) {
        for fact in facts {
            if let StreamId::Warning(id) = &fact.stream {
                self.warnings.apply(
                    id,
                    &WarningFact {
                        event: &fact.event,
                        on: fact.occurred_on,
                        at: self.now,
                        position: self.known_at,
                        is_by_sentinel: true,
                    },
                );
                if let Some(warning) = self.warnings.get(id) {
                    self.escalations.look_at(warning);
                }
            }
        }
    }

    fn run(&self, as_of: NaiveDate, is_end_of_day: bool, causation: Option<Uuid>) -> Run<'_> {
        Run {
            as_of,
            known_at_position: self.known_at,
            thresholds_hash: self.rules.hash(),
            is_end_of_day,
            causation,
        }
    }
}

fn found_in(answers: &[Answer<'_>]) -> usize {
    answers.iter().map(|answer| answer.findings().len()).sum()
}

fn is_imported(recorded: &RecordedEvent) -> bool {
    let source = recorded.metadata.source_system.as_deref();
    source.is_some_and(|source| source.starts_with("import:"))
}

fn is_grouped(fact: &Submission) -> bool {
    matches!(&fact.event, Event::WarningRaised(data) if data.group.is_some())
}
