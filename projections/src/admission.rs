//! Admission: whether a submission can be a fact. Facts are never refused because they are bad news:
//! overspending, spending before the start or without a budget line are recorded, and warned about. Refused
//! is only what cannot be a fact (design.md §2).

mod disclosures;
mod ids;
mod rules;
mod silences;
mod words;

use karez_events::event::project::{ProjectApplied, ProjectApproved};
use karez_events::{
    Currency, Event, FundId, Metadata, Money, MoneyError, ProjectId, StreamId, Submission, UnitId, WarningId,
};
use rust_decimal::Decimal;

use crate::portfolio::Portfolio;
use crate::project::{Project, is_published};
use crate::warnings::{SENTINEL, Target, Warning};

mod corrections;
mod dates;

/// Why a submission cannot be a fact, as a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The event's type does not belong to such a stream.
    WrongStream,
    /// An identifier that no address can hold: `.` or `..`.
    UnusableId,
    /// No such project has been applied for or approved.
    UnknownProject,
    /// No such fund has been established.
    UnknownFund,
    /// No project names such a unit.
    UnknownUnit,
    /// No such warning has been raised.
    UnknownWarning,
    /// The project is carried by another unit.
    NotYourProject,
    /// The currency is not the project's.
    WrongCurrency,
    /// The code is not in ISO 4217.
    UnknownCurrency,
    /// More decimals than the currency has.
    WrongPrecision,
    /// The amount must be positive here.
    NotPositive,
    /// The date is outside 1900 to 2200.
    DateOutOfRange,
    /// A period ends before it begins.
    PeriodReversed,
    /// Nothing recorded under the id that is to be reversed, reclassified, refunded or withdrawn.
    NothingToCorrect,
    /// It was reversed before.
    AlreadyReversed,
    /// More than is left of what is refunded, moved or released.
    ExceedsOriginal,
    /// Dated before what it corrects.
    BeforeOriginal,
    /// Larger than any sum of money can be.
    TooLarge,
    /// The warning has ended.
    WarningEnded,
    /// Only an office may say this, not a unit.
    NotForUnits,
    /// A person's decision without the words that explain it.
    WordsMissing,
    /// A silence that is too broad, or too long.
    TooBroad,
    /// The author of a change of the rules is not its publisher.
    SamePerson,
    /// A budget without lines, a contract that is its own parent, and the like.
    Malformed,
}

impl RefusalCode {
    /// The code on the wire; never changes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongStream => "wrong_stream",
            Self::UnusableId => "unusable_id",
            Self::UnknownProject => "unknown_project",
            Self::UnknownFund => "unknown_fund",
            Self::UnknownUnit => "unknown_unit",
            Self::UnknownWarning => "unknown_warning",
            Self::NotYourProject => "not_your_project",
            Self::WrongCurrency => "wrong_currency",
            Self::UnknownCurrency => "unknown_currency",
            Self::WrongPrecision => "wrong_precision",
            Self::NotPositive => "not_positive",
            Self::DateOutOfRange => "date_out_of_range",
            Self::PeriodReversed => "period_reversed",
            Self::NothingToCorrect => "nothing_to_correct",
            Self::AlreadyReversed => "already_reversed",
            Self::ExceedsOriginal => "exceeds_original",
            Self::BeforeOriginal => "before_original",
            Self::TooLarge => "too_large",
            Self::WarningEnded => "warning_ended",
            Self::NotForUnits => "not_for_units",
            Self::WordsMissing => "words_missing",
            Self::TooBroad => "too_broad",
            Self::SamePerson => "same_person",
            Self::Malformed => "malformed",
        }
    }
}

/// A refusal: a stable code, the JSON pointer of the field in the submission, and a sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: RefusalCode,
    /// JSON pointer into the submission.
    pub pointer: String,
    /// What was wrong and what to do, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
}

impl Refusal {
    fn new(code: RefusalCode, pointer: &str, message_zh: String, message_en: String) -> Self {
        Self {
            code,
            pointer: pointer.to_owned(),
            message_zh,
            message_en,
        }
    }
}

/// Decides whether a submission is a fact that can be recorded after what the portfolio knows.
///
/// # Errors
/// [`Refusal`] with code, place and what to do.
pub fn admit(portfolio: &Portfolio, submission: &Submission) -> Result<(), Refusal> {
    check_stream(submission)?;
    ids::check_ids(submission)?;
    dates::check(submission)?;
    check_promises(submission)?;
    match &submission.stream {
        StreamId::Project(id) => check_project_fact(portfolio, id, submission),
        StreamId::Fund(id) => check_fund_fact(portfolio, id, submission),
        StreamId::Unit(id) => check_unit_fact(portfolio, id, submission),
        StreamId::Warning(_) => check_warning_fact(portfolio, submission),
        StreamId::Calendar => {
            silences::check(portfolio, submission)?;
            rules::check(portfolio, submission)?;
            disclosures::check(portfolio, &submission.event)
        }
    }
}

fn check_stream(submission: &Submission) -> Result<(), Refusal> {
    let event_type = submission.event.event_type();
    if submission.stream.kind() == event_type.stream_kind() {
        return Ok(());
    }
    let (expected, found) = (event_type.stream_kind().as_str(), &submission.stream);
    Err(Refusal::new(
        RefusalCode::WrongStream,
        "/stream",
        format!("{event_type} 应记入 {expected}/… 流，而不是 {found}"),
        format!("{event_type} belongs to a stream {expected}/…, not to {found}"),
    ))
}

/// What others published may be the budget of a whole country; what units post is not.
const LARGEST_POSTED: i64 = 1_000_000_000_000_000;
const LARGEST_PUBLISHED: i64 = 1_000_000_000_000_000_000;

/// Sums are exact up to 28 digits: one absurd amount must not spoil every total that it is part of.
fn check_size(pointer: &str, amount: Decimal, submission: &Submission) -> Result<(), Refusal> {
    let largest = if is_published(&submission.metadata) {
        LARGEST_PUBLISHED
    } else {
        LARGEST_POSTED
    };
    if amount.abs() < Decimal::from(largest) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooLarge,
        pointer,
        format!("金额 {amount} 大于可能的上限 {largest}：请核对单位和位数"),
        format!("{amount} is beyond {largest}, the most that an amount can be: check unit and digits"),
    ))
}

/// Amounts that move no money and so have no line of their own in [`amounts_of`].
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "events without such a field have nothing to check"
)]
fn check_promises(submission: &Submission) -> Result<(), Refusal> {
    let amounts = match &submission.event {
        Event::ProjectApplied(data) => vec![
            ("/data/requested", data.requested),
            ("/data/planned_self_raised", data.planned_self_raised),
        ],
        Event::ProjectApproved(data) => vec![("/data/amount", data.amount)],
        Event::ContractSigned(data) => {
            let shares = data
                .partners
                .iter()
                .map(|share| ("/data/partners", Some(share.amount)));
            let promised = ("/data/planned_self_raised", data.planned_self_raised);
            std::iter::once(promised).chain(shares).collect()
        }
        Event::PreStartApproved(data) => vec![("/data/cap", data.cap)],
        Event::EvaluationScored(data) => vec![("/data/reported_spending", data.reported_spending)],
        Event::AccountReconciled(data) => vec![
            ("/data/book_balance", Some(data.book_balance)),
            ("/data/statement_balance", Some(data.statement_balance)),
        ],
        _ => Vec::new(),
    };
    let stated = amounts
        .into_iter()
        .filter_map(|(pointer, amount)| Some((pointer, amount?)));
    stated
        .into_iter()
        .try_for_each(|(pointer, amount)| check_size(pointer, amount, submission))
}

fn check_project_fact(portfolio: &Portfolio, id: &ProjectId, submission: &Submission) -> Result<(), Refusal> {
    let project = portfolio.project(id);
    match (&submission.event, project) {
        (Event::ProjectApplied(data), _) => check_application(portfolio, project, data, submission),
        (Event::ProjectApproved(data), _) => check_approval(portfolio, id, data, submission),
        (_, Some(project)) => {
            check_owner(project.unit(), &submission.metadata)?;
            check_amounts(project, submission)?;
            corrections::check(project, submission)
        }
        (_, None) => Err(Refusal::new(
            RefusalCode::UnknownProject,
            "/stream",
            format!("项目 {id} 不存在：请先登记申报或立项，或核对项目编号"),
            format!("project {id} is unknown: record its application or approval first, or check the number"),
        )),
    }
}

fn check_application(
    portfolio: &Portfolio,
    project: Option<&Project>,
    data: &ProjectApplied,
    submission: &Submission,
) -> Result<(), Refusal> {
    check_owner(
        project.and_then(Project::unit).or(Some(&data.unit)),
        &submission.metadata,
    )?;
    check_fund_exists(portfolio, data.fund.as_ref())
}

fn check_approval(
    portfolio: &Portfolio,
    id: &ProjectId,
    data: &ProjectApproved,
    submission: &Submission,
) -> Result<(), Refusal> {
    if data.parent.as_ref() == Some(id) {
        return Err(Refusal::new(
            RefusalCode::Malformed,
            "/data/parent",
            format!("项目 {id} 不能是自身的上级"),
            format!("project {id} cannot be its own parent"),
        ));
    }
    if let Some(amount) = data.amount {
        check_money("/data/amount", amount, data.currency, submission)?;
    }
    // The account goes on in the currency in which it was begun.
    if let Some(project) = portfolio.project(id)
        && !(project.entries.is_empty() && project.budget.is_empty())
    {
        check_currency(data.currency, project.currency(), submission)?;
    }
    check_fund_exists(portfolio, data.fund.as_ref())
}

fn check_fund_exists(portfolio: &Portfolio, fund: Option<&FundId>) -> Result<(), Refusal> {
    match fund {
        Some(id) if portfolio.fund(id).is_none() => Err(Refusal::new(
            RefusalCode::UnknownFund,
            "/data/fund",
            format!("专项资金 {id} 不存在：请先登记该资金，或核对编号"),
            format!("fund {id} is unknown: establish it first, or check the number"),
        )),
        Some(_) | None => Ok(()),
    }
}

/// A unit may speak only for its own projects; other roles are checked where they sign in.
fn check_owner(owner: Option<&UnitId>, metadata: &Metadata) -> Result<(), Refusal> {
    let Some(actor) = metadata
        .actor
        .as_ref()
        .filter(|actor| actor.role.as_deref() == Some("unit"))
    else {
        return Ok(());
    };
    let sender = actor.org.as_deref().unwrap_or_default();
    if owner.is_some_and(|owner| owner.as_str() == sender) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::NotYourProject,
        "/stream",
        format!("该项目不由 {sender} 承担：请核对项目编号"),
        format!("the project is not carried by {sender}: check the project number"),
    ))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "events without such a field have nothing to check"
)]
fn check_fund_fact(portfolio: &Portfolio, id: &FundId, submission: &Submission) -> Result<(), Refusal> {
    if matches!(submission.event, Event::FundEstablished(_)) {
        return Ok(());
    }
    let Some(fund) = portfolio.fund(id) else {
        return Err(Refusal::new(
            RefusalCode::UnknownFund,
            "/stream",
            format!("专项资金 {id} 不存在：请先登记该资金，或核对编号"),
            format!("fund {id} is unknown: establish it first, or check the number"),
        ));
    };
    let (amount, currency, must_be_positive) = match &submission.event {
        Event::AppropriationApproved(data) => (data.amount, data.currency, false),
        Event::AppropriationAdjusted(data) => (data.amount, data.currency, false),
        Event::QuotaIssued(data) => (data.amount, data.currency, false),
        Event::QuotaWithdrawn(data) => (data.amount, data.currency, true),
        _ => return Ok(()),
    };
    check_money("/data/amount", amount, currency, submission)?;
    check_currency(currency, fund.particulars.currency, submission)?;
    check_positive(must_be_positive, amount)
}

fn check_unit_fact(portfolio: &Portfolio, id: &UnitId, submission: &Submission) -> Result<(), Refusal> {
    check_owner(Some(id), &submission.metadata)?;
    if portfolio.unit(id).is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::UnknownUnit,
        "/stream",
        format!("单位 {id} 没有任何项目：请核对统一社会信用代码"),
        format!("no project names the unit {id}: check its code"),
    ))
}

fn check_warning_fact(portfolio: &Portfolio, submission: &Submission) -> Result<(), Refusal> {
    let StreamId::Warning(id) = &submission.stream else {
        return Ok(());
    };
    check_voice(portfolio, id, submission)?;
    match portfolio.warning(id) {
        _ if matches!(submission.event, Event::WarningRaised(_)) => Ok(()),
        // The sentinel may disprove what had ended, and what it finds late was true before a person ended the warning: were
        // that refused, one sentinel would know it and the next would not. People act on what is open.
        Some(warning) if warning.is_open() || is_sentinels(submission) => {
            words::check(&submission.event)?;
            check_rectification(warning, &submission.event)
        }
        Some(_) => Err(Refusal::new(
            RefusalCode::WarningEnded,
            "/stream",
            format!("预警 {id} 已经结束，不能再处置"),
            format!("warning {id} has ended: nothing is to be done about it any more"),
        )),
        None => Err(Refusal::new(
            RefusalCode::UnknownWarning,
            "/stream",
            format!("预警 {id} 不存在"),
            format!("warning {id} is unknown"),
        )),
    }
}

fn is_sentinels(submission: &Submission) -> bool {
    submission.metadata.source_system.as_deref() == Some(SENTINEL)
}

/// A report and an acceptance belong to an order.
fn check_rectification(warning: &Warning, event: &Event) -> Result<(), Refusal> {
    let needs_order = matches!(
        event,
        Event::RectificationReported(_) | Event::RectificationAccepted(_)
    );
    if !needs_order || warning.rectification.is_some() {
        return Ok(());
    }
    let id = &warning.id;
    Err(Refusal::new(
        RefusalCode::NothingToCorrect,
        "/stream",
        format!("预警 {id} 尚未下达整改通知"),
        format!("no rectification has been ordered for warning {id}"),
    ))
}

/// A unit answers the warnings about its own projects and reports on rectification; everything else is the office's.
fn check_voice(portfolio: &Portfolio, id: &WarningId, submission: &Submission) -> Result<(), Refusal> {
    let actor = submission.metadata.actor.as_ref();
    if actor.and_then(|actor| actor.role.as_deref()) != Some("unit") {
        return Ok(());
    }
    if !matches!(
        submission.event,
        Event::WarningAnswered(_) | Event::RectificationReported(_)
    ) {
        return Err(Refusal::new(
            RefusalCode::NotForUnits,
            "/type",
            "单位只能答复预警和反馈整改".to_owned(),
            "a unit answers warnings and reports on rectification; the rest is the office's".to_owned(),
        ));
    }
    let owner = match portfolio.warning(id).map(Warning::target) {
        Some(Target::Project(project)) => portfolio.project(&project).and_then(Project::unit).cloned(),
        Some(Target::Unit(unit)) => Some(unit),
        Some(Target::Fund(_) | Target::Office) | None => None,
    };
    check_owner(owner.as_ref(), &submission.metadata)
}

/// An amount of a submission: where it stands, how much, and whether it must be positive.
struct Amount {
    pointer: &'static str,
    value: Decimal,
    currency: Currency,
    must_be_positive: bool,
}

fn check_amounts(project: &Project, submission: &Submission) -> Result<(), Refusal> {
    for amount in amounts_of(&submission.event) {
        check_money(amount.pointer, amount.value, amount.currency, submission)?;
        check_currency(amount.currency, project.currency(), submission)?;
        check_positive(amount.must_be_positive, amount.value)?;
    }
    if let Event::BudgetApproved(data) = &submission.event {
        if data.lines.is_empty() {
            return Err(Refusal::new(
                RefusalCode::Malformed,
                "/data/lines",
                "预算至少要有一行".to_owned(),
                "a budget needs at least one line".to_owned(),
            ));
        }
        for (index, line) in data.lines.iter().enumerate() {
            check_money(
                &format!("/data/lines/{index}/amount"),
                line.amount,
                data.currency,
                submission,
            )?;
        }
        check_currency(data.currency, project.currency(), submission)?;
    }
    Ok(())
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "events without such a field have nothing to check"
)]
fn amounts_of(event: &Event) -> Vec<Amount> {
    let amount = |value, currency, must_be_positive| {
        vec![Amount {
            pointer: "/data/amount",
            value,
            currency,
            must_be_positive,
        }]
    };
    match event {
        Event::BudgetAdjusted(data) => amount(data.amount, data.currency, false),
        Event::BudgetReallocated(data) => amount(data.amount, data.currency, true),
        Event::CarryoverConfirmed(data) => amount(data.amount, data.currency, false),
        Event::FundsDisbursed(data) => amount(data.amount, data.currency, false),
        Event::FundsArrived(data) => amount(data.amount, data.currency, false),
        Event::MatchingFundsArrived(data) => amount(data.amount, data.currency, false),
        Event::FundsReturned(data) => amount(data.amount, data.currency, true),
        Event::FundsRecovered(data) => amount(data.amount, data.currency, true),
        Event::CommitmentSigned(data) => amount(data.amount, data.currency, false),
        Event::CommitmentReleased(data) => amount(data.amount, data.currency, true),
        Event::ExpenditureRecorded(data) => amount(data.amount, data.currency, false),
        Event::ExpenditureRefunded(data) => amount(data.amount, data.currency, true),
        Event::OtherFlowRecorded(data) => amount(data.amount, data.currency, false),
        Event::CashPlanApproved(data) => data
            .payments
            .iter()
            .map(|payment| Amount {
                pointer: "/data/payments",
                value: payment.amount,
                currency: data.currency,
                must_be_positive: false,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn check_money(
    pointer: &str,
    amount: Decimal,
    currency: Currency,
    submission: &Submission,
) -> Result<(), Refusal> {
    check_size(pointer, amount, submission)?;
    if is_published(&submission.metadata) {
        return Ok(());
    }
    if !currency.is_known() {
        return Err(Refusal::new(
            RefusalCode::UnknownCurrency,
            "/data/currency",
            format!("{currency} 不是 ISO 4217 货币代码，例如人民币为 CNY"),
            format!("{currency} is not a currency of ISO 4217; yuan is CNY"),
        ));
    }
    match Money::new(amount, currency).check_precision() {
        Err(MoneyError::TooPrecise { digits, .. }) => Err(Refusal::new(
            RefusalCode::WrongPrecision,
            pointer,
            format!("金额 {amount} 的小数位超过 {currency} 的 {digits} 位：请按最小货币单位填报"),
            format!("{amount} has more than the {digits} decimals of {currency}: give whole smallest units"),
        )),
        Ok(()) | Err(MoneyError::TwoCurrencies(..) | MoneyError::TooLarge) => Ok(()),
    }
}

fn check_currency(found: Currency, expected: Currency, submission: &Submission) -> Result<(), Refusal> {
    if found == expected || is_published(&submission.metadata) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::WrongCurrency,
        "/data/currency",
        format!("该账户以 {expected} 记账，收到的是 {found}：请按入账汇率折算后填报"),
        format!("the account is kept in {expected}, this is {found}: convert at the posting rate first"),
    ))
}

fn check_positive(must_be_positive: bool, amount: Decimal) -> Result<(), Refusal> {
    if !must_be_positive || amount > Decimal::ZERO {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::NotPositive,
        "/data/amount",
        format!("金额 {amount} 必须大于零：方向由业务类型表示"),
        format!("the amount {amount} must be above zero: the type of the event gives the direction"),
    ))
}
