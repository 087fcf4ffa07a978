//! The competition's prizes, the rewards, and what the bureau does itself. Prizes and rewards are done when they are
//! paid: they arrive and count as spent on that day. The bureau's activities are spent when they are paid for.

use chrono::NaiveDate;
use karez_events::event::budget::{CashPlanApproved, PlannedPayment};
use karez_events::event::performance::{
    Direction, EvaluationScored, EvaluationTier, IndicatorReported, IndicatorTargetSet,
};
use karez_events::event::project::{ProjectClosed, ProjectKind};
use karez_events::{Currency, Event, IdError};
use rust_decimal::Decimal;

use super::ledger::{Cost, Spend, Tranche};
use super::moments::{days_after, on};
use super::names::unit_id;
use super::plan::Plan;
use super::writer::{Account, Telling, Writer, yuan};

/// 等级, winners, prize. The report gives the four prizes and 12 winners, and not how many of each.
const PRIZES: [(&str, u32, i64); 4] = [
    ("一等奖", 1, 100_000),
    ("二等奖", 2, 50_000),
    ("三等奖", 3, 30_000),
    ("优秀奖", 6, 10_000),
];

pub(super) fn write(writer: &mut Writer) -> Result<(), IdError> {
    prizes(writer)?;
    for number in 1..=2 {
        let plan = award(("GX", number), "高新技术企业认定奖励", 100_000, on(2024, 10, 25));
        give(writer, &plan, on(2024, 11, 8))?;
    }
    organisation(writer)?;
    film(writer)?;
    course(writer)?;
    appraisal(writer)?;
    leaflets(writer)
}

fn prizes(writer: &mut Writer) -> Result<(), IdError> {
    let ranks = PRIZES
        .into_iter()
        .flat_map(|(rank, winners, prize)| (0..winners).map(move |_| (rank, prize)));
    for (number, (rank, prize)) in (1..).zip(ranks) {
        let plan = award(
            ("DS", number),
            &format!("第八届创新创业大赛{rank}"),
            prize,
            on(2024, 7, 30),
        );
        give(writer, &plan, on(2024, 8, 15))?;
    }
    Ok(())
}

fn award((group, number): (&str, u32), title: &str, amount: i64, approved_on: NaiveDate) -> Plan {
    Plan {
        id: format!("TLF-{group}-{number:02}"),
        title: format!("{title}（演示）"),
        unit: unit_id(if group == "DS" { 2901 } else { 2902 }, number),
        unit_name: format!("演示{group}{number:02}号企业"),
        programme: if group == "DS" {
            "创新创业大赛"
        } else {
            "高新技术企业奖励"
        },
        kind: ProjectKind::Award,
        fiscal: amount,
        approved_on,
        document: if group == "DS" {
            "演科字〔2024〕30号"
        } else {
            "演科字〔2024〕39号"
        },
        signed_on: approved_on,
        start_on: approved_on,
        end_on: on(2024, 12, 31),
        ..Plan::unnamed()
    }
}

fn give(writer: &mut Writer, plan: &Plan, paid_on: NaiveDate) -> Result<(), IdError> {
    let mut account = writer.approve(plan)?;
    writer.lump_budget(&account, plan);
    let tranche = Tranche::of("1", plan.fiscal, paid_on);
    writer.pay(&account, tranche)?;
    writer.spend(
        &mut account,
        Spend::fiscal(tranche.arrived_on, yuan(plan.fiscal), Cost::Award),
    )?;
    Ok(())
}

/// An activity of the bureau: approved shortly before its money, budgeted on one line or two, with what prices may add.
fn activity(
    writer: &mut Writer,
    number: u32,
    title: &str,
    amount: i64,
    (shares, approved_on): ([i64; 4], NaiveDate),
) -> Result<Account, IdError> {
    let plan = Plan {
        id: format!("TLF-GZ-{number:02}"),
        title: format!("{title}（演示）"),
        unit: unit_id(1, 1),
        unit_name: "演示市科学技术局".to_owned(),
        programme: "工作经费",
        kind: ProjectKind::Activity,
        fiscal: amount,
        shares,
        approved_on,
        document: "演科字〔2024〕5号",
        signed_on: approved_on,
        start_on: days_after(approved_on, 3),
        end_on: on(2024, 12, 31),
        ..Plan::unnamed()
    };
    let account = writer.approve(&plan)?;
    writer.budget(&account, &plan, (plan.approved_on, amount), 2024)?;
    writer.start(&account, plan.start_on);
    Ok(account)
}

impl Writer {
    /// When the money of an activity is to be spent, in yuan.
    fn plan_payments(&mut self, account: &Account, payments: &[(i64, NaiveDate)]) {
        let payments = payments.iter().map(|(amount, due_on)| PlannedPayment {
            due_on: Some(*due_on),
            amount: yuan(*amount),
        });
        let plan = CashPlanApproved {
            currency: Currency::CNY,
            payments: payments.collect(),
        };
        let telling = Telling::office(account.signed_on);
        self.tell(
            &account.stream,
            telling,
            "cash-plan",
            Event::CashPlanApproved(plan),
        );
    }

    /// The activity is over.
    fn close_activity(&mut self, account: &Account, closed_on: NaiveDate) {
        let telling = Telling::office(closed_on);
        self.tell(
            &account.stream,
            telling,
            "closed",
            Event::ProjectClosed(ProjectClosed {}),
        );
    }
}

/// The calls, the reviews and the competition of July, with the indicators of the whole fund and its evaluation.
fn organisation(writer: &mut Writer) -> Result<(), IdError> {
    let mut account = activity(
        writer,
        1,
        "科技计划组织实施与创新创业大赛",
        64_000,
        ([0, 60, 40, 0], on(2024, 5, 9)),
    )?;
    writer.plan_payments(&account, &[(24_000, on(2024, 7, 19)), (36_000, on(2024, 7, 26))]);
    writer.pay(&account, Tranche::of("1", 60_000, on(2024, 5, 22)))?;
    writer.spend(
        &mut account,
        Spend::fiscal(on(2024, 7, 19), yuan(24_000), Cost::Expert),
    )?;
    let venue = Spend {
        purpose: "大赛场地与组织费用",
        ..Spend::fiscal(on(2024, 7, 26), yuan(36_000), Cost::Testing)
    };
    writer.spend(&mut account, venue)?;
    for (name, path, unit_of_measure, target, actual, day) in [
        ("受理项目申报", "数量指标", "项", 60, 84, on(2024, 5, 17)),
        (
            "支持市本级科技计划项目",
            "数量指标",
            "项",
            20,
            20,
            on(2024, 5, 17),
        ),
        ("滚动支持在研项目", "数量指标", "项", 11, 11, on(2024, 5, 17)),
        ("创新创业大赛参赛企业", "数量指标", "家", 25, 29, on(2024, 7, 26)),
        ("创新创业大赛获奖企业", "数量指标", "家", 12, 12, on(2024, 7, 26)),
        ("高新技术企业", "社会效益指标", "家", 40, 43, on(2024, 12, 20)),
        ("科技型中小企业", "社会效益指标", "家", 50, 51, on(2024, 12, 20)),
    ] {
        indicator(
            writer,
            &account,
            (name, path, unit_of_measure),
            (target, actual, day),
        );
    }
    // The report's score. It gives no spending in yuan, so none is claimed here.
    let scored = EvaluationScored {
        tier: EvaluationTier::SelfEvaluation,
        score: Decimal::new(9525, 2),
        fiscal_year: 2024,
        reported_spending: None,
    };
    let telling = Telling::office(on(2025, 3, 20)).under("演科评〔2025〕2号");
    writer.tell(
        &account.stream,
        telling,
        "evaluation-2024",
        Event::EvaluationScored(scored),
    );
    writer.close_activity(&account, on(2024, 9, 20));
    Ok(())
}

/// A target set when the activity is approved, and its result.
fn indicator(
    writer: &mut Writer,
    account: &Account,
    (name, path, unit_of_measure): (&str, &str, &str),
    (target, actual, reported_on): (i64, i64, NaiveDate),
) {
    let set = IndicatorTargetSet {
        indicator: name.to_owned(),
        path: vec!["产出与效益".to_owned(), path.to_owned()],
        target: Some(Decimal::from(target)),
        target_text: None,
        unit_of_measure: Some(unit_of_measure.to_owned()),
        direction: Direction::AtLeast,
        weight: None,
        fiscal_year: 2024,
    };
    let telling = Telling::office(account.signed_on);
    writer.tell(
        &account.stream,
        telling,
        &format!("target-{name}"),
        Event::IndicatorTargetSet(set),
    );
    let reported = IndicatorReported {
        indicator: name.to_owned(),
        actual: Some(Decimal::from(actual)),
        actual_text: None,
        likelihood: None,
        deviation: None,
    };
    let telling = Telling::unit(reported_on, &account.unit);
    writer.tell(
        &account.stream,
        telling,
        &format!("result-{name}"),
        Event::IndicatorReported(reported),
    );
}

fn film(writer: &mut Writer) -> Result<(), IdError> {
    let mut account = activity(
        writer,
        2,
        "科技宣传片制作",
        127_000,
        ([0, 100, 0, 0], on(2024, 5, 30)),
    )?;
    writer.plan_payments(&account, &[(120_000, on(2024, 6, 26))]);
    writer.pay(&account, Tranche::of("1", 120_000, on(2024, 6, 12)))?;
    let made = Spend {
        purpose: "科技宣传片拍摄制作",
        ..Spend::fiscal(on(2024, 6, 26), yuan(120_000), Cost::Testing)
    };
    writer.spend(&mut account, made)?;
    indicator(
        writer,
        &account,
        ("宣传片", "数量指标", "部"),
        (1, 1, on(2024, 6, 26)),
    );
    writer.close_activity(&account, on(2024, 7, 10));
    Ok(())
}

/// One course: lecturers' fees for 30 person-days, and rooms and meals.
fn course(writer: &mut Writer) -> Result<(), IdError> {
    let mut account = activity(
        writer,
        3,
        "东疆片区科技特派员培训班",
        128_000,
        ([0, 70, 30, 0], on(2024, 8, 15)),
    )?;
    writer.plan_payments(&account, &[(120_000, on(2024, 9, 13))]);
    writer.pay(&account, Tranche::of("1", 120_000, on(2024, 8, 28)))?;
    let fees = Spend {
        purpose: "培训班授课费",
        ..Spend::fiscal(on(2024, 9, 13), yuan(36_000), Cost::Expert)
    };
    writer.spend(&mut account, fees)?;
    let rooms = Spend {
        purpose: "培训班场地食宿",
        ..Spend::fiscal(on(2024, 9, 13), yuan(84_000), Cost::Testing)
    };
    writer.spend(&mut account, rooms)?;
    indicator(
        writer,
        &account,
        ("科技特派员培训班", "数量指标", "期"),
        (1, 1, on(2024, 9, 13)),
    );
    writer.close_activity(&account, on(2024, 9, 27));
    Ok(())
}

/// 166 items at 3,000 yuan, in two lots of 80 and 86.
fn appraisal(writer: &mut Writer) -> Result<(), IdError> {
    let mut account = activity(
        writer,
        4,
        "研发费用加计扣除项目鉴定166项",
        498_000,
        ([0, 100, 0, 0], on(2024, 11, 5)),
    )?;
    writer.plan_payments(
        &account,
        &[(240_000, on(2024, 11, 26)), (258_000, on(2024, 12, 12))],
    );
    writer.pay(&account, Tranche::of("1", 498_000, on(2024, 11, 18)))?;
    for (items, day) in [(80, on(2024, 11, 26)), (86, on(2024, 12, 12))] {
        let spend = Spend {
            purpose: "研发费用加计扣除项目鉴定费",
            ..Spend::fiscal(day, yuan(items * 3_000), Cost::Testing)
        };
        writer.spend(&mut account, spend)?;
    }
    let name = ("研发费用加计扣除鉴定项目", "数量指标", "项");
    indicator(writer, &account, name, (160, 166, on(2024, 12, 12)));
    writer.close_activity(&account, on(2024, 12, 26));
    Ok(())
}

/// Leaflets for which 32,000 was set aside and 30,800 paid: the 1,200 yuan that the whole fund did not pay over.
fn leaflets(writer: &mut Writer) -> Result<(), IdError> {
    let mut account = activity(
        writer,
        5,
        "科技政策宣传页制作",
        32_000,
        ([0, 100, 0, 0], on(2024, 11, 27)),
    )?;
    writer.plan_payments(&account, &[(30_800, on(2024, 12, 17))]);
    let tranche = Tranche {
        quota: 32_000,
        ..Tranche::of("1", 30_800, on(2024, 12, 10))
    };
    writer.pay(&account, tranche)?;
    let printed = Spend {
        purpose: "科技政策宣传页印制",
        ..Spend::fiscal(days_after(tranche.arrived_on, 4), yuan(30_800), Cost::Testing)
    };
    writer.spend(&mut account, printed)?;
    writer.close_activity(&account, on(2024, 12, 27));
    Ok(())
}
