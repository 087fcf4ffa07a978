//! What units report beside money: milestones, indicators, closed books, reconciled accounts, self-evaluations.

use chrono::Datelike;
use karez_events::event::performance::{
    Direction, EvaluationScored, EvaluationTier, IndicatorReported, IndicatorTargetSet, Likelihood,
};
use karez_events::event::period::{AccountReconciled, PeriodClosed};
use karez_events::event::project::{MilestoneProgress, ProgressReported};
use karez_events::{Currency, Event, StreamId};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::moments::{days_after, month, month_end, month_of, on, working_day};
use super::ordinary::plan_of_2024;
use super::plan::MILESTONES;
use super::writer::{Account, Telling, Writer, yuan};

/// Work done of the whole task at the end of each quarter of 2024, in percent, where it is not in step with the money:
/// number 3 lags far behind it, 19 never begins.
fn told_done(number: u32) -> Option<[Option<i64>; 4]> {
    let done = match number {
        1 | 2 => [Some(5), Some(8), Some(10), Some(12)],
        3 => [Some(15), Some(30), Some(45), Some(60)],
        19 => [None; 4],
        _ => return None,
    };
    Some(done)
}

/// The output that each project of 2024 promises, by number modulo four.
const OUTPUTS: [(&str, &str, i64); 4] = [
    ("试验批次", "批", 40),
    ("示范面积", "亩", 300),
    ("技术培训", "人次", 120),
    ("申请专利", "件", 20),
];

/// Projects of 2024 whose units close their books every month.
const CLOSING: [u32; 8] = [3, 5, 7, 8, 9, 11, 13, 16];

pub(super) fn write(writer: &mut Writer, new: &[Account], rolling: &[(Account, i64)]) {
    for (number, account) in (1..).zip(new) {
        let total = plan_of_2024(number).whole();
        let done = told_done(number).unwrap_or_else(|| in_step(writer, account, (2024, total)));
        progress(writer, account, (2024, done));
        if has_output(number) {
            output(writer, account, number, done);
        }
        if CLOSING.contains(&number) {
            close_books(writer, account);
        }
        if matches!(number, 1 | 5 | 7 | 11) {
            reconcile(writer, account, number);
        }
        evaluate(writer, account, number, done);
    }
    for (account, total) in rolling {
        for year in 2022..=2024 {
            let done = in_step(writer, account, (year, *total));
            progress(writer, account, (year, done));
        }
    }
    for (account, _) in rolling.iter().step_by(3) {
        close_books(writer, account);
    }
}

/// Those whose money came late or whose work began in June promise no output for 2024.
fn has_output(number: u32) -> bool {
    !matches!(number, 4 | 6 | 12 | 13 | 19)
}

/// Work in step with what was spent of the whole by the end of each quarter; nothing is reported before anything is spent.
fn in_step(writer: &Writer, account: &Account, (year, total): (i32, i64)) -> [Option<i64>; 4] {
    [3, 6, 9, 12].map(|month| {
        let until = month_of(on(year, month, 1)).1;
        let spent = writer.spent(account, on(2022, 1, 1), until);
        let percent = (spent * Decimal::ONE_HUNDRED / yuan(total.max(1)))
            .round()
            .to_i64();
        percent.filter(|_| spent > Decimal::ZERO && account.signed_on.year() <= year)
    })
}

/// Quarterly, in the second week after; work done fills the milestones one after another.
fn progress(writer: &mut Writer, account: &Account, (year, done): (i32, [Option<i64>; 4])) {
    for (quarter, done) in (1..).zip(done) {
        let Some(mut left) = done else { continue };
        let milestones = MILESTONES.map(|(name, weight)| {
            let of_this = left.min(weight);
            left -= of_this;
            MilestoneProgress {
                name: name.to_owned(),
                percent: Decimal::from(of_this * 100 / weight),
            }
        });
        let period_end_on = month_of(on(year, quarter * 3, 1)).1;
        let reported = ProgressReported {
            period_start_on: on(year, quarter * 3 - 2, 1),
            period_end_on,
            milestones: milestones.into(),
            narrative: Some(narrative(done.unwrap_or_default(), quarter).to_owned()),
        };
        let reported_on = working_day(days_after(period_end_on, 9));
        let telling = Telling::unit(reported_on, &account.unit);
        let key = format!("progress-{year}-{quarter}");
        writer.tell(&account.stream, telling, &key, Event::ProgressReported(reported));
    }
}

fn narrative(done: i64, quarter: u32) -> &'static str {
    let due = i64::from(quarter) * 25;
    if done + 30 < due {
        "试验条件尚未具备，进度滞后，正在协调"
    } else if done + 10 < due {
        "主要试验已开展，部分任务顺延"
    } else {
        "按任务书计划开展，进展顺利"
    }
}

/// One promised output: its target with the contract, how it stands at the end of July, its result in December.
fn output(writer: &mut Writer, account: &Account, number: u32, done: [Option<i64>; 4]) {
    let index = usize::try_from(number).unwrap_or(0) % OUTPUTS.len();
    let (name, unit_of_measure, target) = OUTPUTS.get(index).copied().unwrap_or_default();
    let set = IndicatorTargetSet {
        indicator: name.to_owned(),
        path: vec!["产出指标".to_owned(), "数量指标".to_owned()],
        target: Some(Decimal::from(target)),
        target_text: None,
        unit_of_measure: Some(unit_of_measure.to_owned()),
        direction: Direction::AtLeast,
        weight: Some(Decimal::from(15)),
        fiscal_year: 2024,
    };
    let telling = Telling::office(account.signed_on);
    writer.tell(
        &account.stream,
        telling,
        "target-output",
        Event::IndicatorTargetSet(set),
    );
    let [_, half, third, whole] = done;
    // In August it stands between the reports of June and September.
    let monitored = half.zip(third).map(|(half, third)| i64::midpoint(half, third));
    for (done, reported_on, key) in [
        (monitored, on(2024, 8, 9), "monitored-output"),
        (whole, on(2024, 12, 27), "result-output"),
    ] {
        let Some(done) = done else { continue };
        let likelihood = match done {
            ..10 => Likelihood::Impossible,
            10..40 => Likelihood::Possible,
            _ => Likelihood::Certain,
        };
        let reported = IndicatorReported {
            indicator: name.to_owned(),
            actual: Some(Decimal::from(target * done / 100)),
            actual_text: None,
            likelihood: Some(likelihood),
            deviation: (likelihood != Likelihood::Certain).then(|| "人员、硬件：试验条件到位晚".to_owned()),
        };
        let telling = Telling::unit(reported_on, &account.unit);
        writer.tell(&account.stream, telling, key, Event::IndicatorReported(reported));
    }
}

/// 月结 of every month of 2024, in the second week after.
fn close_books(writer: &mut Writer, account: &Account) {
    let unit = StreamId::Unit(account.unit.clone());
    for number in 1..=12 {
        let (from_on, to_on) = month(number);
        let closed_on = working_day(days_after(to_on, 8));
        let closed = Event::PeriodClosed(PeriodClosed { from_on, to_on });
        let key = format!("closed-2024-{number:02}");
        writer.tell(&unit, Telling::unit(closed_on, &account.unit), &key, closed);
    }
}

/// 对账 at the end of each quarter. The bank of number 11 shows 1,200 yuan less in September; it is cleared in October.
fn reconcile(writer: &mut Writer, account: &Account, number: u32) {
    for (at, gap) in [
        (6, 0),
        (9, if number == 11 { 1_200 } else { 0 }),
        (10, 0),
        (12, 0),
    ] {
        let day = month_end(at);
        let book_balance = writer.balance(account, day);
        let reconciled = AccountReconciled {
            book_balance,
            statement_balance: book_balance - yuan(gap),
            currency: Currency::CNY,
        };
        let telling = Telling::unit(day, &account.unit).known(working_day(days_after(day, 10)));
        let key = format!("reconciled-2024-{at:02}");
        writer.tell(
            &account.stream,
            telling,
            &key,
            Event::AccountReconciled(reconciled),
        );
    }
}

/// 自评 in January 2025, with what the unit says it spent; number 12 says 5 % more than its books.
fn evaluate(writer: &mut Writer, account: &Account, number: u32, done: [Option<i64>; 4]) {
    let [.., Some(done)] = done else { return };
    let spent = writer.spent(account, on(2024, 1, 1), on(2024, 12, 31));
    let claimed = if number == 12 {
        spent * Decimal::new(105, 2)
    } else {
        spent
    };
    let scored = EvaluationScored {
        tier: EvaluationTier::SelfEvaluation,
        score: Decimal::from(70 + done / 4),
        fiscal_year: 2024,
        reported_spending: Some(claimed.round_dp(2)),
    };
    let telling = Telling::unit(working_day(on(2025, 1, 13 + number % 5)), &account.unit);
    writer.tell(
        &account.stream,
        telling,
        "evaluation-2024",
        Event::EvaluationScored(scored),
    );
}
