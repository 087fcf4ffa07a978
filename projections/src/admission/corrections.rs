//! Whether a correction has something to correct: a posting of this project, on or after its day, and no more of it than
//! is left.

use chrono::NaiveDate;
use karez_events::event::budget::BudgetReallocated;
use karez_events::event::money_flow::ExpenditureReclassified;
use karez_events::{Event, Submission};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Refusal, RefusalCode, check_money};
use crate::project::{Entry, EntryKind, Project, is_published};

#[expect(clippy::wildcard_enum_match_arm, reason = "other events correct nothing")]
pub(super) fn check(project: &Project, submission: &Submission) -> Result<(), Refusal> {
    let on = submission.occurred_on;
    match &submission.event {
        Event::ExpenditureReversed(data) => {
            standing(project, data.reverses, ("/data/reverses", on)).map(|_| ())
        }
        Event::ExpenditureReclassified(data) => {
            let posting = standing(project, data.reclassifies, ("/data/reclassifies", on))?;
            check_moved(project, posting, data, submission)
        }
        Event::ExpenditureRefunded(data) => match data.refunds {
            // More may come back than was paid: that is bad news, not impossible.
            Some(refunded) => standing(project, refunded, ("/data/refunds", on)).map(|_| ()),
            None => Ok(()),
        },
        Event::CommitmentReleased(data) => match project.left_committed(&data.commitment_no) {
            Some(left) if data.amount > left => Err(exceeds(data.amount, left, "/data/amount")),
            Some(_) => Ok(()),
            None => Err(nothing_to_correct(&data.commitment_no, "/data/commitment_no")),
        },
        Event::BudgetReallocated(data) => check_line(project, data),
        Event::FactWithdrawn(data) => {
            if is_published(&submission.metadata) && project.has_fact(data.withdraws) {
                return Ok(());
            }
            Err(nothing_to_correct(&data.withdraws.to_string(), "/data/withdraws"))
        }
        _ => Ok(()),
    }
}

/// The posting that is to be corrected: of this project, not reversed, and not later than its correction.
fn standing<'a>(
    project: &'a Project,
    posting: Uuid,
    (pointer, on): (&str, NaiveDate),
) -> Result<&'a Entry, Refusal> {
    let entry = project
        .entry(posting)
        .filter(|entry| entry.kind == EntryKind::Spent)
        .ok_or_else(|| nothing_to_correct(&posting.to_string(), pointer))?;
    if entry.is_reversed {
        return Err(Refusal::new(
            RefusalCode::AlreadyReversed,
            pointer,
            format!("{posting} 已被冲销，不能再次更正"),
            format!("{posting} was reversed before and cannot be corrected again"),
        ));
    }
    if on < entry.on {
        return Err(Refusal::new(
            RefusalCode::BeforeOriginal,
            "/occurred_on",
            format!("更正日 {on} 早于原记录的业务日 {}", entry.on),
            format!("{on} is before {}, the day of what it corrects", entry.on),
        ));
    }
    Ok(entry)
}

/// What moves to another line has the sign of its posting, and is something and no more than is left of it there.
fn check_moved(
    project: &Project,
    posting: &Entry,
    data: &ExpenditureReclassified,
    submission: &Submission,
) -> Result<(), Refusal> {
    let left = project.left_on_own_line(posting);
    let amount = data.amount.unwrap_or(left);
    check_money("/data/amount", amount, posting.currency, submission)?;
    let is_opposite = amount.is_sign_negative() != posting.amount.is_sign_negative();
    if amount.is_zero() || is_opposite || amount.abs() > left.abs() {
        return Err(exceeds(amount, left, "/data/amount"));
    }
    Ok(())
}

/// A line gives only what was put on it: budgets of the same year, source and category, whatever their day, since a
/// posting may come before the approval's own day.
fn check_line(project: &Project, data: &BudgetReallocated) -> Result<(), Refusal> {
    let of_line = project
        .budget
        .iter()
        .filter(|fact| fact.fiscal_year == data.fiscal_year && fact.currency == data.currency)
        .flat_map(|fact| &fact.lines)
        .filter(|line| line.source == data.source && line.category.as_ref() == Some(&data.from_category));
    if of_line.count() == 0 {
        return Err(nothing_to_correct(
            data.from_category.as_str(),
            "/data/from_category",
        ));
    }
    Ok(())
}

fn exceeds(amount: Decimal, left: Decimal, pointer: &str) -> Refusal {
    Refusal::new(
        RefusalCode::ExceedsOriginal,
        pointer,
        format!("金额 {amount} 超过原记录尚可更正的 {left}，或方向相反"),
        format!("{amount} is more than the {left} that is left of the original, or of the other sign"),
    )
}

fn nothing_to_correct(id: &str, pointer: &str) -> Refusal {
    Refusal::new(
        RefusalCode::NothingToCorrect,
        pointer,
        format!("本项目没有 {id} 可以更正：请核对编号"),
        format!("this project has no {id} that could be corrected: check the identifier"),
    )
}
