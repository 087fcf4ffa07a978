//! One project: particulars, life, and every figure.

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::fund::FundSource;
use karez_events::event::project::ProjectApproved;
use karez_events::event::supervision::Level;
use karez_events::{Position, ProjectId, WarningId};
use karez_projections::measures::measures;
use karez_projections::{LifeStep, Portfolio, Project, ProjectState, Target, Warning};
use serde::Serialize;
use uuid::Uuid;

use super::figures::{LineView, ProjectFigures, TrancheView};
use super::projects::currencies;
use super::{Amount, Moment, Stand, instant};

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProjectDetail {
    /// Where it stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// 项目编号.
    pub id: ProjectId,
    /// 项目名称.
    pub title: String,
    /// Where the project stands.
    pub state: ProjectState,
    /// 立项批复 in force.
    pub approval: Option<ProjectApproved>,
    /// 承担单位's name.
    pub unit_name: Option<String>,
    /// First day of the task, from which its costs count.
    pub eligible_from_on: Option<NaiveDate>,
    /// Actual start.
    pub started_on: Option<NaiveDate>,
    /// Last day of the task.
    pub end_on: Option<NaiveDate>,
    /// Actual end.
    pub closed_on: Option<NaiveDate>,
    /// 暂停拨款 since.
    pub disbursement_suspended_on: Option<NaiveDate>,
    /// Projects that are parts of it.
    pub parts: Vec<ProjectId>,
    /// Steps of its life, in the order of becoming known.
    pub life: Vec<StepView>,
    /// The figures of each currency.
    pub currencies: Vec<CurrencyDetail>,
    /// Its warnings that had been raised by then, open and closed.
    pub warnings: Vec<WarningView>,
    /// How many events it has.
    pub events: u64,
    /// Position of its last event.
    pub last_position: Position,
    /// When that became known.
    #[serde(serialize_with = "instant")]
    pub last_recorded_at: DateTime<Utc>,
}

/// A step of a project's life.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StepView {
    /// Business date.
    pub on: NaiveDate,
    /// What was done.
    pub step: &'static str,
    /// The event that says so.
    pub event_id: Uuid,
}

/// Everything in one currency.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CurrencyDetail {
    /// The figures of the list.
    #[serde(flatten)]
    pub figures: ProjectFigures,
    /// Per source and category.
    pub lines: Vec<LineView>,
    /// Per payment arrived.
    pub tranches: Vec<TrancheView>,
    /// F20: costs before the start, by source.
    pub pre_start: PreStartView,
}

/// F20 立项前支出.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreStartView {
    /// Costs before this day are pre-start costs.
    pub eligible_from_on: Option<NaiveDate>,
    /// Approved pre-study days.
    pub grace_days: u16,
    /// Costs by source.
    pub spent: Vec<SourceAmount>,
    /// Of these, not covered by an approval.
    pub uncovered: Vec<SourceAmount>,
    /// The earliest day of such a cost.
    pub first_on: Option<NaiveDate>,
}

/// An amount of one source.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SourceAmount {
    /// Whose money.
    pub source: FundSource,
    /// How much.
    pub amount: Amount,
}

/// A warning about the project.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ProjectWarning)]
pub struct WarningView {
    /// Its identifier.
    pub id: WarningId,
    /// The rule that raised it.
    pub rule: String,
    /// Its colour.
    pub level: Level,
    /// Since when.
    pub raised_on: NaiveDate,
    /// Whether it is still open.
    pub is_open: bool,
    /// The business date for which that was found.
    pub found_on: NaiveDate,
    /// What it says, in Chinese.
    pub sentence_zh: String,
    /// What it says, in English.
    pub sentence_en: String,
}

/// One project at a moment, where it is known.
#[must_use]
pub fn show(portfolio: &Portfolio, id: &ProjectId, moment: Moment) -> Option<ProjectDetail> {
    let project = portfolio.project(id)?;
    let as_of = moment.as_of;
    let contract = project.contract(as_of);
    let eligible = contract.map(|contract| contract.eligible_from_on.unwrap_or(contract.start_on));
    let parts = portfolio.parts_of(id).filter(|part| part.is_known_by(as_of));
    let by_then = |day: &NaiveDate| *day <= as_of;
    let target = Target::Project(id.clone());
    let warnings = portfolio.warnings().about(&target);
    Some(ProjectDetail {
        stand: Stand::of(portfolio, moment),
        id: project.id.clone(),
        title: project.title().to_owned(),
        state: project.state(as_of),
        approval: project.approval(as_of).cloned(),
        unit_name: project
            .unit()
            .and_then(|unit| portfolio.unit(unit))
            .and_then(|unit| unit.name.clone()),
        eligible_from_on: eligible,
        started_on: project.started_on().filter(by_then),
        end_on: project.end_on(as_of),
        closed_on: project.closed_on().filter(by_then),
        disbursement_suspended_on: project.disbursement_suspended_on.filter(by_then),
        parts: parts.map(|part| part.id.clone()).collect(),
        life: project
            .life
            .iter()
            .filter(|fact| fact.on <= as_of)
            .map(|fact| StepView {
                on: fact.on,
                step: step_word(fact.fact),
                event_id: fact.event_id,
            })
            .collect(),
        currencies: currencies(project)
            .into_iter()
            .map(|currency| detail(project, currency, as_of))
            .collect(),
        warnings: warnings
            .filter(|warning| warning.raised_on <= as_of)
            .map(|warning| warning_view(warning, as_of))
            .collect(),
        events: project.event_count,
        last_position: project.last_position,
        last_recorded_at: project.last_recorded_at,
    })
}

fn detail(project: &Project, currency: karez_events::Currency, as_of: NaiveDate) -> CurrencyDetail {
    let measures = measures(project, currency, as_of);
    let by_source = |amounts: &[(FundSource, rust_decimal::Decimal)]| {
        amounts
            .iter()
            .map(|(source, amount)| SourceAmount {
                source: *source,
                amount: Amount(*amount),
            })
            .collect()
    };
    CurrencyDetail {
        figures: ProjectFigures::from(&measures.figures),
        lines: measures.lines.iter().map(LineView::from).collect(),
        tranches: measures.tranches.iter().map(TrancheView::from).collect(),
        pre_start: PreStartView {
            eligible_from_on: measures.pre_start.eligible_from_on(),
            grace_days: measures.pre_start.grace_days,
            spent: by_source(&measures.pre_start.spent),
            uncovered: by_source(&measures.pre_start.uncovered),
            first_on: measures.pre_start.first_on,
        },
    }
}

fn warning_view(warning: &Warning, as_of: NaiveDate) -> WarningView {
    let level = warning.level_on(as_of);
    let reading = warning.reading_on(as_of);
    WarningView {
        id: warning.id.clone(),
        rule: warning.raised.rule.clone(),
        level: level.unwrap_or(warning.level),
        raised_on: warning.raised_on,
        is_open: level.is_some(),
        found_on: reading.as_of,
        sentence_zh: reading.sentence_zh.clone(),
        sentence_en: reading.sentence_en.clone(),
    }
}

fn step_word(step: LifeStep) -> &'static str {
    match step {
        LifeStep::Applied => "applied",
        LifeStep::Approved => "approved",
        LifeStep::Signed => "signed",
        LifeStep::Started => "started",
        LifeStep::PreStartApproved { .. } => "pre_start_approved",
        LifeStep::Suspended => "suspended",
        LifeStep::Resumed => "resumed",
        LifeStep::Extended { .. } => "extended",
        LifeStep::Terminated => "terminated",
        LifeStep::AcceptanceApplied => "acceptance_applied",
        LifeStep::Accepted => "accepted",
        LifeStep::Closed => "closed",
    }
}
