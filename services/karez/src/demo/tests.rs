//! The demonstration keeps what it promises: counts, sums, the figures of each case, and every fact is admitted.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each test looks at the few events it is about"
)]

use std::collections::{BTreeMap, HashSet};

use chrono::{Datelike, NaiveDate, Timelike, Weekday};
use karez_events::event::fund::FundSource;
use karez_events::{Currency, Event, FundId, ProjectId, Ratio};
use karez_projections::measures::{Measures, RollUp, fund_measures, measures};
use karez_projections::{Portfolio, ProjectState, admit};
use rust_decimal::Decimal;

use super::moments::{days_after, month_end, on};
use super::writer::yuan;
use super::*;
use crate::clock::BUSINESS_TIME_ZONE;

fn facts() -> Vec<DatedSubmission> {
    submissions().unwrap()
}

fn sum(amount: impl FnMut(&Submission) -> Option<Decimal>) -> Decimal {
    let mut amount = amount;
    facts().iter().filter_map(|fact| amount(&fact.submission)).sum()
}

fn count(is: impl Fn(&Submission) -> bool) -> usize {
    facts().iter().filter(|fact| is(&fact.submission)).count()
}

fn is_of(fact: &Submission, prefix: &str) -> bool {
    fact.stream.id().starts_with(prefix)
}

/// What was known at the end of a day; panics on a fact that is refused.
pub(crate) fn known_on(day: NaiveDate) -> Portfolio {
    let mut portfolio = Portfolio::default();
    for (position, fact) in (1..).zip(facts()) {
        if fact.recorded_at.with_timezone(&BUSINESS_TIME_ZONE).date_naive() > day {
            break;
        }
        admit(&portfolio, &fact.submission)
            .unwrap_or_else(|refusal| panic!("{:?}: {}", fact.submission, refusal.message_en));
        portfolio.apply(&fact.recorded(position));
    }
    portfolio
}

fn of_project(portfolio: &Portfolio, project: &str, as_of: NaiveDate) -> Measures {
    let project = portfolio.project(&ProjectId::try_new(project).unwrap()).unwrap();
    measures(project, Currency::CNY, as_of)
}

fn of_fund(portfolio: &Portfolio, as_of: NaiveDate) -> RollUp {
    fund_measures(portfolio, &FundId::try_new(FUND).unwrap(), Currency::CNY, as_of)
}

fn at_the_end() -> Portfolio {
    known_on(on(2025, 12, 31))
}

/// A decimal of the text.
fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn the_year_is_told_in_the_order_of_becoming_known_and_each_fact_once() {
    let facts = facts();
    assert!(facts.is_sorted_by_key(|fact| fact.recorded_at));
    let ids: HashSet<_> = facts.iter().map(|fact| fact.submission.event_id).collect();
    assert_eq!(ids.len(), facts.len());
    assert_eq!(facts, super::submissions().unwrap());
}

#[test]
fn facts_become_known_in_working_hours_and_never_before_they_happen() {
    let mut late = 0;
    for fact in facts() {
        let local = fact.recorded_at.with_timezone(&BUSINESS_TIME_ZONE);
        assert!((9..18).contains(&local.hour()), "{local}");
        assert!(
            !matches!(local.weekday(), Weekday::Sat | Weekday::Sun),
            "{local} {fact:?}"
        );
        let days = (local.date_naive() - fact.submission.occurred_on).num_days();
        assert!((0..=120).contains(&days), "{days} days: {fact:?}");
        if days > 14 {
            late += 1;
            assert!(fact.submission.metadata.reason.is_some(), "{fact:?}");
        }
    }
    assert!((1..60).contains(&late), "{late} facts become known weeks after");
}

#[test]
fn every_submission_reads_back_from_its_wire_form() {
    for fact in facts() {
        let json = serde_json::to_vec(&fact.submission).unwrap();
        assert_eq!(Submission::from_json(&json).unwrap(), fact.submission);
    }
}

#[test]
fn the_counts_are_those_of_the_report() {
    let approved = |fact: &Submission| matches!(fact.event, Event::ProjectApproved(_));
    let disbursed = |fact: &Submission| matches!(fact.event, Event::FundsDisbursed(_));
    assert_eq!(count(|fact| matches!(fact.event, Event::ProjectApplied(_))), 84);
    assert_eq!(count(|fact| approved(fact) && is_of(fact, "TLF-2024-")), 20);
    let rolling = |fact: &Submission| is_of(fact, "TLF-2022-") || is_of(fact, "TLF-2023-");
    assert_eq!(count(|fact| approved(fact) && rolling(fact)), 11);
    let paid_in_2024: HashSet<_> = facts()
        .into_iter()
        .map(|fact| fact.submission)
        .filter(|fact| disbursed(fact) && rolling(fact) && fact.occurred_on.year() == 2024)
        .map(|fact| fact.stream)
        .collect();
    assert_eq!(paid_in_2024.len(), 11);
    assert_eq!(count(|fact| disbursed(fact) && is_of(fact, "TLF-DS-")), 12);
    assert_eq!(count(|fact| disbursed(fact) && is_of(fact, "TLF-GX-")), 2);
    assert_eq!(count(|fact| approved(fact) && is_of(fact, "TLF-GZ-")), 5);
    let results: BTreeMap<String, Decimal> = facts()
        .into_iter()
        .filter(|fact| is_of(&fact.submission, "TLF-GZ-"))
        .filter_map(|fact| match fact.submission.event {
            Event::IndicatorReported(data) => Some((data.indicator, data.actual?)),
            _ => None,
        })
        .collect();
    for (name, actual) in [
        ("受理项目申报", 84),
        ("研发费用加计扣除鉴定项目", 166),
        ("创新创业大赛参赛企业", 29),
        ("创新创业大赛获奖企业", 12),
        ("科技特派员培训班", 1),
    ] {
        assert_eq!(results[name], Decimal::from(actual), "{name}");
    }
    let score = facts().into_iter().find_map(|fact| match &fact.submission.event {
        Event::EvaluationScored(data) if is_of(&fact.submission, "TLF-GZ-") => Some(data.score),
        _ => None,
    });
    assert_eq!(score, Some(decimal("95.25")));
    let unapproved = at_the_end()
        .projects()
        .filter(|project| !project.is_approved())
        .count();
    assert_eq!(unapproved, 64);
}

#[test]
fn the_prizes_are_those_of_the_report() {
    let mut prizes: BTreeMap<Decimal, usize> = BTreeMap::new();
    for fact in facts()
        .into_iter()
        .filter(|fact| is_of(&fact.submission, "TLF-DS-"))
    {
        if let Event::FundsDisbursed(data) = fact.submission.event {
            *prizes.entry(data.amount).or_default() += 1;
        }
    }
    let expected = [(10_000, 6), (30_000, 3), (50_000, 2), (100_000, 1)];
    assert_eq!(
        prizes,
        expected.map(|(prize, winners)| (yuan(prize), winners)).into()
    );
}

#[test]
fn the_fund_has_paid_over_99_99_percent() {
    let paid = sum(|fact| match &fact.event {
        Event::FundsDisbursed(data) if fact.occurred_on.year() == 2024 => Some(data.amount),
        _ => None,
    });
    let budget = sum(|fact| match &fact.event {
        Event::AppropriationApproved(data) if data.fiscal_year == 2024 => Some(data.amount),
        Event::AppropriationAdjusted(data) if data.fiscal_year == 2024 => Some(data.amount),
        _ => None,
    });
    assert_eq!((paid, budget), (yuan(11_798_800), yuan(11_800_000)));
    assert_eq!(
        Ratio::of(paid, budget).unwrap().percent().unwrap(),
        decimal("99.99")
    );
    let fund = of_fund(&at_the_end(), on(2024, 12, 31));
    let rate = fund.rate("F5").unwrap();
    assert_eq!(rate.percent().unwrap(), decimal("99.99"));
    assert_eq!(rate.denominator - rate.numerator, yuan(1_200));
    assert_eq!(fund.amounts.appropriation_opening, yuan(10_000_000));
}

#[test]
fn the_units_have_spent_about_four_fifths() {
    let arrived = sum(|fact| match &fact.event {
        Event::FundsArrived(data) if data.source.is_fiscal() => Some(data.amount),
        _ => None,
    });
    let spent = sum(|fact| match &fact.event {
        _ if fact.occurred_on.year() > 2024 => None,
        Event::ExpenditureRecorded(data) if data.source.is_fiscal() => Some(data.amount),
        Event::ExpenditureRefunded(data) if data.source.is_fiscal() => Some(-data.amount),
        // The one posting that is reversed.
        Event::ExpenditureReversed(_) => Some(-yuan(36_000)),
        _ => None,
    });
    let by_sums = Ratio::of(spent, arrived).unwrap();
    let by_measures = of_fund(&at_the_end(), on(2024, 12, 31))
        .rate("F3")
        .unwrap()
        .ratio()
        .unwrap();
    assert_eq!(by_sums, by_measures);
    assert_eq!(by_sums.percent().unwrap(), decimal("81.49"));
}

#[test]
fn at_no_date_is_more_paid_than_issued_or_issued_than_budgeted() {
    let portfolio = at_the_end();
    let mut day = on(2022, 1, 31);
    while day <= on(2024, 12, 31) {
        let amounts = of_fund(&portfolio, day).amounts;
        assert!(
            amounts.disbursed_year <= amounts.issued_year,
            "{day}: {amounts:?}"
        );
        assert!(amounts.issued_year <= amounts.appropriation, "{day}: {amounts:?}");
        day = days_after(day, 5);
    }
}

#[test]
fn no_project_spends_fiscal_money_before_it_has_it() {
    let portfolio = at_the_end();
    for project in portfolio.projects() {
        for entry in &project.entries {
            let measures = measures(project, Currency::CNY, entry.on);
            let idle = measures.amounts.idle();
            assert!(idle >= Decimal::ZERO, "{} has {idle} on {}", project.id, entry.on);
        }
    }
}

#[test]
fn the_idle_project_follows_the_worked_example() {
    let portfolio = at_the_end();
    let measures = of_project(&portfolio, IDLE, on(2025, 3, 1));
    let curve = &measures.curve;
    assert_eq!(curve.first_arrival_on(), Some(on(2024, 3, 1)));
    assert_eq!(curve.balance_on(on(2024, 3, 1)), yuan(300_000));
    for (day, spent) in [
        (on(2024, 5, 30), 5_000),
        (on(2024, 8, 28), 5_000),
        (on(2024, 11, 26), 2_000),
        (on(2025, 3, 1), 2_000),
    ] {
        assert_eq!(curve.net_spent_between(on(2024, 3, 1), day), yuan(spent), "{day}");
    }
    assert_eq!(measures.amounts.idle(), yuan(298_000));
    assert_eq!(measures.figures.idle.unwrap().since, on(2024, 3, 1));
}

#[test]
fn the_late_voucher_takes_the_first_window_back() {
    let spent = |known: NaiveDate| {
        let measures = of_project(&known_on(known), LATE_VOUCHER, on(2024, 5, 30));
        assert_eq!(measures.curve.balance_on(on(2024, 3, 1)), yuan(300_000));
        Ratio::of(measures.amounts.spent_fiscal, yuan(300_000))
            .unwrap()
            .percent()
            .unwrap()
    };
    assert_eq!(spent(on(2024, 9, 11)), decimal("1.67"));
    assert_eq!(spent(on(2024, 9, 12)), decimal("5.00"));
}

#[test]
fn june_is_corrected_in_july() {
    let spent = |known: NaiveDate| {
        let portfolio = known_on(known);
        let project = of_project(&portfolio, POSTED_TWICE, on(2024, 6, 30))
            .amounts
            .spent_fiscal;
        (project, of_fund(&portfolio, on(2024, 6, 30)).amounts.spent_fiscal)
    };
    let (before, fund_before) = spent(on(2024, 7, 8));
    let (after, fund_after) = spent(on(2024, 7, 9));
    assert_eq!(before - after, yuan(36_000));
    assert_ne!(fund_before, fund_after);
    // Nothing else of June becomes known after 5 July in this project.
    assert_eq!(spent(on(2024, 7, 5)).0, before);
    assert_eq!(spent(on(2025, 12, 31)).0, after);
}

#[test]
fn pace_is_as_the_stories_say() {
    let portfolio = at_the_end();
    let deviation = |project, as_of| of_project(&portfolio, project, as_of).deviation_pp().unwrap();
    let spent = |project, as_of| of_project(&portfolio, project, as_of).amounts.spent_fiscal;
    assert_eq!(spent(BEHIND, on(2024, 12, 31)), yuan(45_000));
    assert_eq!(deviation(BEHIND, on(2024, 12, 31)), decimal("-85.00"));
    assert_eq!(spent(AHEAD, on(2024, 5, 31)), yuan(240_000));
    assert!(deviation(AHEAD, on(2024, 5, 31)) > Decimal::from(35));
    assert_eq!(spent(HEALTHY, on(2024, 12, 31)), yuan(294_000));
    let mut day = on(2024, 1, 31);
    while day <= on(2024, 12, 31) {
        let apart = deviation(HEALTHY, day);
        assert!(apart.abs() < Decimal::from(10), "{day}: {apart}");
        day = days_after(day, 1);
    }
}

#[test]
fn every_line_of_2024_keeps_within_its_budget() {
    let portfolio = at_the_end();
    for project in portfolio.projects() {
        for line in measures(project, Currency::CNY, on(2024, 12, 31)).lines {
            assert!(
                line.is_budgeted && line.spent <= line.budget,
                "{}: {line:?}",
                project.id
            );
        }
    }
}

#[test]
fn costs_before_the_start_follow_the_worked_example() {
    let own = |known, as_of| {
        let pre_start = of_project(&known_on(known), PRE_START, as_of).pre_start;
        pre_start.spent_from(FundSource::SelfRaised)
    };
    assert_eq!(own(on(2024, 2, 29), on(2024, 2, 29)), yuan(12_000));
    assert_eq!(own(on(2024, 7, 9), on(2024, 7, 9)), yuan(54_000));
    assert_eq!(own(on(2024, 7, 10), on(2024, 7, 10)), yuan(6_000));
    let fiscal = |known| {
        let pre_start = of_project(&known_on(known), PRE_START, known).pre_start;
        pre_start.uncovered_from(FundSource::is_fiscal)
    };
    assert_eq!(fiscal(on(2024, 7, 14)), yuan(48_000));
    assert_eq!(fiscal(on(2024, 7, 15)), yuan(24_400));
    let swapped: Vec<_> = facts()
        .into_iter()
        .filter(|fact| is_of(&fact.submission, PRE_START) && fact.submission.occurred_on == on(2024, 7, 10))
        .filter_map(|fact| match fact.submission.event {
            Event::ExpenditureRecorded(data) => Some((data.voucher_no?, data.payee?, data.amount)),
            _ => None,
        })
        .collect();
    assert_eq!(swapped.len(), 8);
    for (voucher, payee, amount) in &swapped {
        let opposite = (voucher.clone(), payee.clone(), -*amount);
        assert!(swapped.contains(&opposite), "{opposite:?}");
    }
}

#[test]
fn others_stand_where_their_stories_end() {
    let portfolio = at_the_end();
    let state = |project, as_of| of_project(&portfolio, project, as_of).state;
    let year_end = on(2024, 12, 31);
    assert_eq!(state("TLF-2024-019", year_end), ProjectState::Signed);
    assert_eq!(state("TLF-2022-004", month_end(7)), ProjectState::Suspended);
    assert_eq!(state("TLF-2022-004", year_end), ProjectState::Running);
    assert_eq!(state("TLF-2022-002", year_end), ProjectState::Ended);
    assert_eq!(state("TLF-2023-004", year_end), ProjectState::Closed);
    assert_eq!(
        of_project(&portfolio, "TLF-2023-004", year_end).amounts.idle(),
        Decimal::ZERO
    );
    let rush = of_project(&portfolio, "TLF-2024-013", year_end);
    assert!(rush.rate("F18").unwrap().percent().unwrap() > Decimal::from(40));
}

#[test]
fn what_units_claim_differs_from_their_books_where_the_stories_say() {
    let portfolio = at_the_end();
    for project in portfolio.projects() {
        let id = project.id.as_str();
        for reconciled in &project.reconciliations {
            let is_apart = id == "TLF-2024-011" && reconciled.on == on(2024, 9, 30);
            let gap = reconciled.fact.book_balance - reconciled.fact.statement_balance;
            assert_eq!(gap, yuan(if is_apart { 1_200 } else { 0 }), "{id}");
        }
        let spent = measures(project, Currency::CNY, on(2024, 12, 31))
            .amounts
            .spent_year;
        for claimed in project
            .evaluations
            .iter()
            .filter_map(|evaluation| evaluation.fact.reported_spending)
        {
            assert_eq!(claimed == spent, id != "TLF-2024-012", "{id} claims {claimed}");
        }
    }
}

#[test]
fn one_invoice_is_posted_twice_and_no_other() {
    let mut invoices: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for fact in facts() {
        if let Event::ExpenditureRecorded(data) = fact.submission.event {
            let Some(invoice) = data.invoice_no else {
                continue;
            };
            let postings = invoices.entry(invoice).or_default();
            postings.push(fact.submission.stream.id().to_owned());
        }
    }
    invoices.retain(|_, postings| postings.len() > 1);
    let twice: Vec<_> = invoices.into_values().collect();
    assert_eq!(twice, [[POSTED_TWICE, POSTED_TWICE]]);
}

#[test]
fn nobody_here_is_real() {
    for fact in facts() {
        let unit = match &fact.submission.event {
            Event::ProjectApplied(data) => Some((&data.unit, &data.unit_name)),
            Event::ProjectApproved(data) => Some((&data.unit, &data.unit_name)),
            _ => None,
        };
        if let Some((unit, name)) = unit {
            assert!(
                unit.as_str().starts_with("DEMO") && unit.as_str().len() == 18,
                "{unit}"
            );
            assert!(name.as_ref().unwrap().starts_with("演示"), "{name:?}");
        }
    }
}
