//! Postings to measure with: one fund, some projects, and expenditures of the size that units post.

use chrono::{Days, NaiveDate};
use karez_events::event::budget::{BudgetApproved, BudgetLine, BudgetStanding};
use karez_events::event::fund::{FundEstablished, FundSource};
use karez_events::event::money_flow::{ExpenditureRecorded, FundsArrived};
use karez_events::event::project::{CarryoverRegime, ProjectApproved, ProjectKind, ProjectStarted};
use karez_events::{
    CategoryId, Currency, Event, FundId, IdError, Metadata, ProjectId, StreamId, Submission, UnitId,
};
use rust_decimal::Decimal;

const CATEGORIES: [&str; 4] = ["equipment", "operations", "labour", "indirect"];

/// First day of the year that is measured with.
const FIRST: NaiveDate = match NaiveDate::from_ymd_opt(2024, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// The fund and its projects, with budgets and money arrived.
///
/// # Errors
/// Never: the identifiers are valid.
pub fn projects(count: usize) -> Result<Vec<Submission>, IdError> {
    let fund = FundId::try_new("BENCH")?;
    let mut submissions = vec![submission(
        StreamId::Fund(fund.clone()),
        FIRST,
        Event::FundEstablished(FundEstablished {
            name: "bench".to_owned(),
            department: None,
            currency: Currency::CNY,
            parent: None,
            note: None,
        }),
        "fund",
    )];
    for number in 0..count {
        submissions.extend(project(number, &fund)?);
    }
    Ok(submissions)
}

fn project(number: usize, fund: &FundId) -> Result<[Submission; 4], IdError> {
    let id = project_id(number)?;
    let unit = UnitId::try_new(&format!("UNIT-{:05}", number / 10))?;
    let approved = ProjectApproved {
        title: format!("Project {number}"),
        unit,
        unit_name: None,
        fund: Some(fund.clone()),
        programme: None,
        parent: None,
        principal: None,
        kind: ProjectKind::Research,
        amount: None,
        currency: Currency::CNY,
        planned_start_on: Some(FIRST),
        planned_end_on: None,
        lump_sum: false,
        carryover_regime: CarryoverRegime::ResearchProject,
        published_status: None,
        published_id: None,
    };
    let line = |category: &str| -> Result<BudgetLine, IdError> {
        Ok(BudgetLine {
            source: FundSource::FiscalCurrent,
            category: Some(CategoryId::try_new(category)?),
            amount: Decimal::from(250_000),
        })
    };
    let budget = BudgetApproved {
        fiscal_year: Some(2024),
        period_start_on: None,
        period_end_on: None,
        standing: BudgetStanding::Original,
        currency: Currency::CNY,
        lines: CATEGORIES.into_iter().map(line).collect::<Result<_, _>>()?,
    };
    let arrived = FundsArrived {
        amount: Decimal::from(1_000_000),
        currency: Currency::CNY,
        source: FundSource::FiscalCurrent,
        tranche_no: Some("1".to_owned()),
        origin_budget_year: Some(2024),
        reference: None,
        valued_on: None,
        purpose: None,
    };
    let stream = StreamId::Project(id);
    let of = |event, key: &str| submission(stream.clone(), FIRST, event, key);
    Ok([
        of(Event::ProjectApproved(approved), "approved"),
        of(Event::ProjectStarted(ProjectStarted {}), "started"),
        of(Event::BudgetApproved(budget), "budget"),
        of(Event::FundsArrived(arrived), "arrived"),
    ])
}

/// The number of a project.
///
/// # Errors
/// Never: it is valid.
pub fn project_id(number: usize) -> Result<ProjectId, IdError> {
    ProjectId::try_new(&format!("BENCH-{number:06}"))
}

/// Postings from `first` on, spread over the projects and the days of the year. `run` keeps the ids of two runs apart.
///
/// # Errors
/// Never: the identifiers are valid.
pub fn postings(run: &str, first: usize, count: usize, projects: usize) -> Result<Vec<Submission>, IdError> {
    (first..first + count)
        .map(|number| posting(run, number, projects.max(1)))
        .collect()
}

/// Postings that each spend more than their project has, of different projects.
///
/// # Errors
/// Never: the identifiers are valid.
pub fn overspendings(first: usize, count: usize, projects: usize) -> Result<Vec<Submission>, IdError> {
    let mut postings = postings("overspent", first, count, projects)?;
    for posting in &mut postings {
        if let Event::ExpenditureRecorded(spent) = &mut posting.event {
            spent.amount = Decimal::from(10_000_000);
        }
    }
    Ok(postings)
}

fn posting(run: &str, number: usize, projects: usize) -> Result<Submission, IdError> {
    let project = project_id(number % projects)?;
    let day = u64::try_from(number / projects % 366).unwrap_or(0);
    let category = CATEGORIES
        .get(number % CATEGORIES.len())
        .copied()
        .unwrap_or("operations");
    let fen = i64::try_from(number % 1_000_000).unwrap_or(0) + 100;
    let spent = ExpenditureRecorded {
        amount: Decimal::new(fen, 2),
        currency: Currency::CNY,
        source: FundSource::FiscalCurrent,
        category: Some(CategoryId::try_new(category)?),
        old_category: None,
        voucher_no: Some(format!("{number:010}")),
        line_no: Some(1),
        invoice_no: Some(format!("INV-{number:012}")),
        payee: None,
        purpose: Some("材料费：实验室耗材采购".to_owned()),
        service_from_on: None,
        service_to_on: None,
        valued_on: None,
        tags: Vec::new(),
        person_days: None,
    };
    let on = FIRST.checked_add_days(Days::new(day)).unwrap_or(FIRST);
    Ok(submission(
        StreamId::Project(project),
        on,
        Event::ExpenditureRecorded(spent),
        &format!("{run}/{number}"),
    ))
}

fn submission(stream: StreamId, occurred_on: NaiveDate, event: Event, key: &str) -> Submission {
    Submission {
        event_id: Submission::id_of_key(&stream.to_string(), key),
        stream,
        occurred_on,
        event,
        metadata: Metadata {
            source_system: Some("bench".to_owned()),
            idempotency_key: Some(key.to_owned()),
            ..Metadata::default()
        },
    }
}
