//! Asks the rules: of one project, one fund, or all of them.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use chrono::{Datelike, NaiveDate};
use karez_events::{Currency, FundId, ProjectId};
use karez_projections::measures::{fund_measures, measures};
use karez_projections::{Portfolio, Project, Target, Warnings};

use crate::case::{Case, FundCase};
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs};
use crate::rule_set::{RuleSet, Scope};

/// A thread of its own is worth while for so many projects.
const LEAST_SHARE: usize = 64;

/// What a run asks: the rules that an event can move, or those of a day that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// After an event.
    Event,
    /// At the end of a day.
    Day,
    /// Every rule, whenever it runs: to look at a date again.
    All,
}

impl Ask {
    fn includes(self, runs: Runs, as_of: NaiveDate) -> bool {
        match (self, runs) {
            (Self::All, _) | (_, Runs::OnEvent) | (Self::Day, Runs::Daily) => true,
            (Self::Event, Runs::Daily | Runs::Monthly) => false,
            (Self::Day, Runs::Monthly) => as_of.succ_opt().is_none_or(|next| next.month() != as_of.month()),
        }
    }
}

/// One rule's answer about one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'r> {
    /// The rule.
    pub about: About<'r>,
    /// About what.
    pub target: Target,
    /// What it says.
    pub outcome: Outcome,
    /// How its warnings end; at once for a rule that is switched off.
    pub clearing: Clearing,
    /// Why nothing is found any more, by subject, where the rule says so.
    pub gone: Vec<(Option<String>, String)>,
}

/// What is known, by which rules, at which date: what every question has in common.
#[derive(Debug, Clone, Copy)]
pub struct Stand<'a, 'r> {
    /// The facts.
    pub portfolio: &'a Portfolio,
    /// The warnings.
    pub warnings: &'a Warnings,
    /// The rule set.
    pub rules: &'r RuleSet,
    /// The business date.
    pub as_of: NaiveDate,
}

impl<'r> Stand<'_, 'r> {
    /// The same at another date.
    #[must_use]
    pub fn at(self, as_of: NaiveDate) -> Self {
        Self { as_of, ..self }
    }

    /// Asks every rule about one project.
    #[must_use]
    pub fn project(&self, id: &ProjectId, ask: Ask) -> Vec<Answer<'r>> {
        let project = self.portfolio.project(id);
        project.map_or_else(Vec::new, |project| self.every_rule(project, ask))
    }

    /// Asks one rule about one target, whenever it runs.
    #[must_use]
    pub fn one(&self, rule: &str, target: &Target) -> Option<Answer<'r>> {
        let answers = match target {
            Target::Project(id) => {
                let project = self.portfolio.project(id)?;
                let scope = self.rules.of(project, self.as_of);
                self.ask_project(project, scope, &[scope.rule(rule)?], Ask::All)
            }
            Target::Fund(id) => self.ask_fund(id, &[self.rules.general().rule(rule)?], Ask::All),
            Target::Unit(_) | Target::Office => return None,
        };
        answers.into_iter().next()
    }

    /// Asks every rule about one fund.
    #[must_use]
    pub fn fund(&self, id: &FundId, ask: Ask) -> Vec<Answer<'r>> {
        self.ask_fund(id, &self.rules.general().rules(), ask)
    }

    /// Whether a rule judged a target and found nothing about a subject of it.
    pub(crate) fn is_clean(&self, rule: &str, target: &Target, subject: Option<&str>) -> bool {
        self.one(rule, target).is_some_and(|answer| {
            let is_it = |finding: &Finding| finding.subject.as_deref() == subject;
            answer.is_judged() && !answer.findings().iter().any(is_it)
        })
    }

    /// Asks every rule about every project and then every fund, and takes a look at what is said of each: on every
    /// processor at once, and in the order of their ids.
    pub fn each<T: Send>(&self, ask: Ask, look: impl Fn(Vec<Answer<'r>>) -> T + Sync) -> Vec<T> {
        let projects: Vec<&Project> = self.portfolio.projects().collect();
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let share = projects.len().div_ceil(processors).max(LEAST_SHARE);
        let (stand, look) = (*self, &look);
        thread::scope(|scope| {
            let shares = projects.chunks(share).map(|share| {
                let each = move || {
                    share
                        .iter()
                        .map(|project| look(stand.every_rule(project, ask)))
                        .collect()
                };
                scope.spawn(each)
            });
            // All are under way before the first is waited for.
            let mut shares: Vec<thread::ScopedJoinHandle<'_, Vec<T>>> = shares.collect();
            shares.push(scope.spawn(move || {
                let funds = stand.portfolio.funds();
                funds.map(|fund| look(stand.fund(&fund.id, ask))).collect()
            }));
            let looked = shares.into_iter().map(thread::ScopedJoinHandle::join);
            looked
                .flat_map(|looked| looked.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }

    fn every_rule(&self, project: &Project, ask: Ask) -> Vec<Answer<'r>> {
        let scope = self.rules.of(project, self.as_of);
        self.ask_project(project, scope, &scope.rules(), ask)
    }

    fn ask_project(
        &self,
        project: &Project,
        scope: &Scope,
        rules: &[&'r dyn Rule],
        ask: Ask,
    ) -> Vec<Answer<'r>> {
        let (rules, mut answers) = self.asked(scope, rules, ask, &Target::Project(project.id.clone()));
        for currency in project.currencies().iter().copied() {
            let figures = measures(project, currency, self.as_of);
            let case = Case {
                portfolio: self.portfolio,
                warnings: self.warnings,
                project,
                measures: &figures,
                as_of: self.as_of,
                calendar: &self.rules.calendar,
                rules: self.rules,
            };
            let stale = case.stale(self.rules.settings.stale_after_days);
            for (rule, answer) in on(&rules, &mut answers) {
                let outcome = match (rule.judge(&case), stale) {
                    (Outcome::Judged(found), Some(stale))
                        if answer.about.awaits_books
                            && found.iter().any(|finding| !finding.judged.is_clear()) =>
                    {
                        Outcome::Stale(stale)
                    }
                    (outcome, _) => outcome,
                };
                let is_main = case.is_main_currency();
                answer.add(in_currency(outcome, currency, is_main));
            }
        }
        answers
    }

    /// The rules that are asked, none in the place of one that is switched off; and what each says before it is.
    fn asked(
        &self,
        scope: &Scope,
        rules: &[&'r dyn Rule],
        ask: Ask,
        target: &Target,
    ) -> (Vec<Option<&'r dyn Rule>>, Vec<Answer<'r>>) {
        let asked = rules.iter().map(|rule| (*rule, rule.about()));
        asked
            .filter(|(_, about)| ask.includes(about.runs, self.as_of))
            .map(|(rule, about)| {
                let is_off = scope.is_off(&about);
                (
                    (!is_off).then_some(rule),
                    Answer::quiet(about, target.clone(), is_off),
                )
            })
            .unzip()
    }

    fn ask_fund(&self, id: &FundId, rules: &[&'r dyn Rule], ask: Ask) -> Vec<Answer<'r>> {
        let Some(fund) = self.portfolio.fund(id) else {
            return Vec::new();
        };
        let mut currencies: Vec<Currency> = fund.entries.iter().map(|entry| entry.currency).collect();
        currencies.sort_by_key(|currency| currency.as_str().to_owned());
        currencies.dedup();
        let (rules, mut answers) = self.asked(self.rules.general(), rules, ask, &Target::Fund(id.clone()));
        for (index, currency) in currencies.into_iter().enumerate() {
            let figures = fund_measures(self.portfolio, id, currency, self.as_of);
            let case = FundCase {
                portfolio: self.portfolio,
                fund,
                figures: &figures,
                as_of: self.as_of,
            };
            for (rule, answer) in on(&rules, &mut answers) {
                answer.add(in_currency(rule.judge_fund(&case), currency, index == 0));
            }
        }
        answers
    }
}

/// Those that are not switched off, each with its answer.
fn on<'a, 'r>(
    rules: &'a [Option<&'r dyn Rule>],
    answers: &'a mut [Answer<'r>],
) -> impl Iterator<Item = (&'r dyn Rule, &'a mut Answer<'r>)> {
    rules
        .iter()
        .zip(answers)
        .filter_map(|(rule, answer)| Some(((*rule)?, answer)))
}

/// A subject in another currency than the account's names it.
fn in_currency(outcome: Outcome, currency: Currency, is_main: bool) -> Outcome {
    let Outcome::Judged(mut findings) = outcome else {
        return outcome;
    };
    if !is_main {
        for finding in &mut findings {
            finding.subject = Some(match finding.subject.take() {
                Some(subject) => format!("{currency}/{subject}"),
                None => currency.to_string(),
            });
        }
    }
    Outcome::Judged(findings)
}

impl<'r> Answer<'r> {
    fn quiet(about: About<'r>, target: Target, is_off: bool) -> Self {
        Self {
            about,
            target,
            outcome: Outcome::QUIET,
            clearing: if is_off { Clearing::AtOnce } else { about.clearing },
            gone: Vec::new(),
        }
    }

    /// One more currency: an error outweighs books that are behind, and these outweigh findings.
    fn add(&mut self, mut more: Outcome) {
        if let Outcome::Judged(findings) = &mut more {
            let gone = findings.extract_if(.., |finding| finding.judged.is_clear());
            self.gone
                .extend(gone.filter_map(|finding| Some((finding.subject, finding.cause?))));
        }
        match (&mut self.outcome, more) {
            (Outcome::Judged(found), Outcome::Judged(more)) => found.extend(more),
            (Outcome::Error(_), _) | (Outcome::Stale(_), Outcome::Judged(_) | Outcome::Stale(_)) => {}
            (outcome, more) => *outcome = more,
        }
    }

    /// What it found; nothing where it could not judge.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.outcome {
            Outcome::Judged(findings) => findings,
            Outcome::Stale(_) | Outcome::Error(_) => &[],
        }
    }

    /// Whether it judged at all.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        matches!(self.outcome, Outcome::Judged(_))
    }
}
