//! The fund, its budgets, and the 84 applications.

use chrono::NaiveDate;
use karez_events::event::fund::{AppropriationAdjusted, AppropriationApproved, FundEstablished};
use karez_events::event::project::ProjectApplied;
use karez_events::{Currency, Event, FundId, IdError, ProjectId, StreamId, UnitId};

use super::FUND;
use super::moments::{days_after, on, working_day};
use super::names::{applied, unit_id};
use super::ordinary::plan_of_2024;
use super::writer::{Telling, Writer, yuan};

/// What the report gives and what is invented.
const NOTE: &str = "演示数据。取自公开的2024年绩效评价报告的仅有：申报84项、立项20项、滚动支持11项、大赛参赛29家获奖12家及\
    不低于10/5/3/1万元的奖励标准、高新技术企业奖励2家、培训班1期、加计扣除鉴定166项、高新技术企业43家、科技型中小企业51家、\
    资金执行率99.99%、评价得分95.25。预算1,000万元及10月追加180万元、拨付1,179.88万元、各奖项名额、各项目预算、拨付、支出、\
    日期、绩效目标值、单位名称与代码、人员、账号、文号均为虚构，与任何真实单位无关。 Demonstration data. From the published \
    report come only: 84 applications, 20 approvals, 11 projects on rolling support, a competition with 29 entrants, 12 \
    winners and prizes of at least 100,000/50,000/30,000/10,000 yuan, 2 rewards, 1 course, 166 appraisals, 43 high-tech and \
    51 technology-based small enterprises, 99.99 % and the score 95.25. The budget of 10,000,000 yuan and the 1,800,000 \
    added in October, the 11,798,800 paid over, how many won each prize, every project's budget, payments, spending and \
    dates, the targets of indicators, and all units, codes, persons, accounts and document numbers are invented.";

pub(super) fn write(writer: &mut Writer) -> Result<(), IdError> {
    let stream = StreamId::Fund(FundId::try_new(FUND)?);
    let established = FundEstablished {
        name: "吐鲁番市科技创新驱动发展资金（演示）".to_owned(),
        department: Some("市科学技术局（演示）".to_owned()),
        currency: Currency::CNY,
        parent: None,
        note: Some(NOTE.to_owned()),
    };
    let event = Event::FundEstablished(established);
    writer.tell(&stream, Telling::office(on(2022, 1, 4)), "established", event);
    // The earlier years are here for the projects on rolling support only: they paid out all that they had.
    for (fiscal_year, amount, day) in [
        (2022, 600_000, on(2022, 1, 12)),
        (2023, 1_400_000, on(2023, 1, 11)),
        (2024, 10_000_000, on(2024, 1, 10)),
    ] {
        let approved = AppropriationApproved {
            amount: yuan(amount),
            currency: Currency::CNY,
            fiscal_year,
        };
        let telling = Telling::office(day).under(format!("演财预〔{fiscal_year}〕1号"));
        let key = format!("appropriation-{fiscal_year}");
        writer.tell(&stream, telling, &key, Event::AppropriationApproved(approved));
    }
    let raised = AppropriationAdjusted {
        amount: yuan(1_800_000),
        currency: Currency::CNY,
        fiscal_year: 2024,
        effective_on: Some(on(2024, 10, 15)),
    };
    let telling = Telling::office(on(2024, 10, 15)).under("演财预〔2024〕36号");
    writer.tell(
        &stream,
        telling,
        "adjustment-2024",
        Event::AppropriationAdjusted(raised),
    );
    applications(writer)
}

/// 84 applications from 9 October to 17 November 2023. The first 20 are the ones approved later.
fn applications(writer: &mut Writer) -> Result<(), IdError> {
    for number in 1..=84 {
        let application = if number <= 20 {
            approved_later(number)?
        } else {
            not_approved(number)?
        };
        let stream = StreamId::Project(ProjectId::try_new(&format!("TLF-2024-{number:03}"))?);
        let applied_on = working_day(days_after(on(2023, 10, 9), i64::from(number) * 39 / 84));
        let telling = Telling::unit(applied_on, &application.unit);
        writer.tell(&stream, telling, "applied", Event::ProjectApplied(application));
    }
    Ok(())
}

fn approved_later(number: u32) -> Result<ProjectApplied, IdError> {
    let plan = plan_of_2024(number);
    let mut application = application(plan.title, &plan.unit, plan.unit_name)?;
    // Units ask for more than they are given.
    application.requested = Some(yuan(plan.fiscal + 20_000 * i64::from(number % 5)));
    application.planned_self_raised = (plan.self_raised > 0).then(|| yuan(plan.self_raised));
    application.planned_start_on = Some(plan.start_on);
    application.planned_end_on = Some(plan.end_on);
    Ok(application)
}

fn not_approved(number: u32) -> Result<ProjectApplied, IdError> {
    let (title, unit, unit_name) = applied(number);
    let mut application = application(title, &unit_id(2024, unit), unit_name)?;
    application.requested = Some(yuan(200_000 + 50_000 * i64::from(number % 7)));
    application.planned_self_raised = (number.is_multiple_of(3)).then(|| yuan(100_000));
    Ok(application)
}

fn application(title: String, unit: &str, unit_name: String) -> Result<ProjectApplied, IdError> {
    let year = |month, day| -> Option<NaiveDate> { Some(on(2024, month, day)) };
    Ok(ProjectApplied {
        title,
        unit: UnitId::try_new(unit)?,
        unit_name: Some(unit_name),
        fund: Some(FundId::try_new(FUND)?),
        programme: Some("2024年度市本级科技计划".to_owned()),
        principal: None,
        requested: None,
        planned_self_raised: None,
        currency: Currency::CNY,
        planned_start_on: year(2, 1),
        planned_end_on: year(12, 31),
    })
}
