//! Money of a project: quotas, payments, arrivals, vouchers and their corrections.

use chrono::{Datelike, NaiveDate};
use karez_events::event::fund::{FundSource, QuotaIssued};
use karez_events::event::money_flow::{
    ContributionKind, ExpenditureRecorded, ExpenditureRefunded, ExpenditureReversed, FundsArrived,
    FundsDisbursed, MatchingFundsArrived,
};
use karez_events::event::personal::{Payee, Personal};
use karez_events::{CategoryId, Currency, Event, FundId, IdError, StreamId};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::FUND;
use super::moments::{days_after, month_of, working_day};
use super::writer::{Account, Telling, Writer, yuan};

/// One payment: quota, disbursement, arrival.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tranche {
    pub(super) number: &'static str,
    pub(super) quota: i64,
    pub(super) amount: i64,
    pub(super) issued_on: NaiveDate,
    pub(super) paid_on: NaiveDate,
    pub(super) arrived_on: NaiveDate,
}

impl Tranche {
    /// A payment in its usual time: the quota 12 days before, the arrival 3 days after.
    pub(super) fn of(number: &'static str, amount: i64, paid_on: NaiveDate) -> Self {
        let paid_on = working_day(paid_on);
        Self {
            number,
            quota: amount,
            amount,
            issued_on: working_day(days_after(paid_on, -12)),
            paid_on,
            arrived_on: working_day(days_after(paid_on, 3)),
        }
    }

    pub(super) fn arriving(self, arrived_on: NaiveDate) -> Self {
        Self { arrived_on, ..self }
    }

    pub(super) fn issued(self, issued_on: NaiveDate) -> Self {
        Self { issued_on, ..self }
    }
}

/// What a voucher pays for: it decides category, payee, and what else the voucher must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    Equipment,
    Material,
    Testing,
    Travel,
    Salary,
    Expert,
    Indirect,
    Award,
}

impl Cost {
    /// 科目; an award has none.
    fn category(self) -> Option<&'static str> {
        match self {
            Self::Equipment => Some("设备费"),
            Self::Material | Self::Testing | Self::Travel => Some("业务费"),
            Self::Salary | Self::Expert => Some("劳务费"),
            Self::Indirect => Some("间接费用"),
            Self::Award => None,
        }
    }

    /// 旧科目, which units still book by.
    fn old_category(self) -> Option<&'static str> {
        match self {
            Self::Equipment => Some("设备费"),
            Self::Material => Some("材料费"),
            Self::Testing => Some("测试化验加工费"),
            Self::Travel => Some("差旅费"),
            Self::Salary => Some("劳务费"),
            Self::Expert => Some("专家咨询费"),
            Self::Indirect => Some("间接费用"),
            Self::Award => None,
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Equipment => "购置试验检测设备",
            Self::Material => "采购试验材料",
            Self::Testing => "样品委托测试",
            Self::Travel => "项目调研差旅住宿",
            Self::Salary => "项目人员工资",
            Self::Expert => "专家咨询费",
            Self::Indirect => "管理费与绩效支出",
            Self::Award => "奖励资金到账，企业自主使用",
        }
    }

    fn is_invoiced(self) -> bool {
        matches!(self, Self::Equipment | Self::Material | Self::Testing)
    }
}

/// A voucher in few words.
#[derive(Debug, Clone)]
pub(super) struct Spend {
    pub(super) on: NaiveDate,
    pub(super) known_on: NaiveDate,
    pub(super) amount: Decimal,
    pub(super) source: FundSource,
    pub(super) cost: Cost,
    pub(super) purpose: &'static str,
    pub(super) service: Option<(NaiveDate, NaiveDate)>,
    pub(super) voucher: Option<String>,
    pub(super) reason: Option<&'static str>,
}

impl Spend {
    /// Fiscal money, known as soon as offices work. Salaries are for the month of the voucher, travel for the two
    /// days before and its own.
    pub(super) fn fiscal(on: NaiveDate, amount: Decimal, cost: Cost) -> Self {
        Self {
            on,
            known_on: on,
            amount,
            source: FundSource::FiscalCurrent,
            cost,
            purpose: cost.purpose(),
            service: match cost {
                Cost::Salary => Some(month_of(on)),
                Cost::Travel => Some((days_after(on, -2), on)),
                Cost::Equipment
                | Cost::Material
                | Cost::Testing
                | Cost::Expert
                | Cost::Indirect
                | Cost::Award => None,
            },
            voucher: None,
            reason: None,
        }
    }

    pub(super) fn from(self, source: FundSource) -> Self {
        Self { source, ..self }
    }

    /// It becomes known long after, with a reason.
    pub(super) fn late(self, known_on: NaiveDate, reason: &'static str) -> Self {
        Self {
            known_on,
            reason: Some(reason),
            ..self
        }
    }
}

impl Writer {
    /// Quota, payment and arrival of a tranche.
    pub(super) fn pay(&mut self, account: &Account, tranche: Tranche) -> Result<(), IdError> {
        let fund = StreamId::Fund(FundId::try_new(FUND)?);
        let Tranche { number, amount, .. } = tranche;
        let project = karez_events::ProjectId::try_new(&account.id)?;
        let year = tranche.paid_on.year();
        // No quota comes before the contract that it is for.
        let issued_on = tranche.issued_on.max(account.signed_on).min(tranche.paid_on);
        let issued = QuotaIssued {
            quota_no: format!("演财教〔{year}〕{}-{number}", account.id),
            amount: yuan(tranche.quota),
            currency: Currency::CNY,
            origin_budget_year: year,
            project: Some(project),
            unit: Some(account.unit.clone()),
        };
        let key = format!("quota-{}-{number}", account.id);
        self.tell(
            &fund,
            Telling::office(issued_on),
            &key,
            Event::QuotaIssued(issued),
        );
        let disbursed = FundsDisbursed {
            amount: yuan(amount),
            currency: Currency::CNY,
            source: FundSource::FiscalCurrent,
            tranche_no: Some(number.to_owned()),
            origin_budget_year: Some(year),
            due_on: Some(days_after(issued_on, 30)),
            reference: Some(format!("DEMO-BF-{}-{number}", account.id)),
            valued_on: None,
            purpose: Some("科技专项资金拨付".to_owned()),
            passed_on_to: None,
        };
        let key = format!("disbursed-{number}");
        let telling = Telling::office(tranche.paid_on);
        self.tell(&account.stream, telling, &key, Event::FundsDisbursed(disbursed));
        let arrived = FundsArrived {
            amount: yuan(amount),
            currency: Currency::CNY,
            source: FundSource::FiscalCurrent,
            tranche_no: Some(number.to_owned()),
            origin_budget_year: Some(year),
            reference: Some(format!("DEMO-YH-{}-{number}", account.id)),
            valued_on: None,
            purpose: None,
        };
        let key = format!("arrived-{number}");
        let telling = Telling::unit(tranche.arrived_on, &account.unit);
        self.tell(&account.stream, telling, &key, Event::FundsArrived(arrived));
        Ok(())
    }

    /// 自筹 arrives.
    pub(super) fn raise(&mut self, account: &Account, number: u32, amount: i64, arrived_on: NaiveDate) {
        let own = MatchingFundsArrived {
            amount: yuan(amount),
            currency: Currency::CNY,
            source: FundSource::SelfRaised,
            kind: ContributionKind::Cash,
            bank_slip: Some(format!("DEMO-ZC-{}-{number}", account.id)),
        };
        let telling = Telling::unit(arrived_on, &account.unit);
        self.tell(
            &account.stream,
            telling,
            &format!("own-{number}"),
            Event::MatchingFundsArrived(own),
        );
    }

    /// A voucher is posted, under the next number where it names none. Amounts below zero take money out of a source
    /// again under the same voucher.
    pub(super) fn spend(&mut self, account: &mut Account, spend: Spend) -> Result<Uuid, IdError> {
        let voucher = spend.voucher.unwrap_or_else(|| account.next_voucher());
        let direction = if spend.amount < Decimal::ZERO {
            "taken-out"
        } else {
            "spent"
        };
        let key = format!("{direction}-{}-{voucher}", spend.source.as_str());
        // A voucher posted twice ("0007-2") shows the invoice and the payee of the first posting.
        let paper = voucher.split('-').next().unwrap_or_default();
        let serial = format!("{:08}{paper}", account.number());
        let data = ExpenditureRecorded {
            amount: spend.amount,
            currency: Currency::CNY,
            source: spend.source,
            category: spend.cost.category().map(CategoryId::try_new).transpose()?,
            old_category: spend.cost.old_category().map(CategoryId::try_new).transpose()?,
            voucher_no: Some(voucher.clone()),
            line_no: Some(1),
            invoice_no: spend.cost.is_invoiced().then(|| format!("DEMO{serial}")),
            payee: payee(account, spend.cost, paper),
            purpose: Some(spend.purpose.to_owned()),
            service_from_on: spend.service.map(|(first, _)| first),
            service_to_on: spend.service.map(|(_, last)| last),
            valued_on: None,
            tags: if spend.cost == Cost::Equipment {
                vec!["购置".to_owned()]
            } else {
                Vec::new()
            },
            // 1,200 yuan a day: within the scale for senior experts, of which longer work is paid at half.
            person_days: (spend.cost == Cost::Expert).then(|| spend.amount / Decimal::from(1_200)),
        };
        let telling = Telling::unit(spend.on, &account.unit).known(spend.known_on);
        let telling = match spend.reason {
            Some(reason) => telling.because(reason),
            None => telling,
        };
        Ok(self.tell(&account.stream, telling, &key, Event::ExpenditureRecorded(data)))
    }

    /// 退款: a supplier gives money back.
    pub(super) fn refund(
        &mut self,
        account: &mut Account,
        refunds: Uuid,
        amount: i64,
        refunded_on: NaiveDate,
    ) {
        let voucher = account.next_voucher();
        let refunded = ExpenditureRefunded {
            refunds: Some(refunds),
            amount: yuan(amount),
            currency: Currency::CNY,
            source: FundSource::FiscalCurrent,
            category: None,
            voucher_no: Some(voucher.clone()),
            prior_year: false,
        };
        let telling = Telling::unit(refunded_on, &account.unit).because("供应商退回多收货款");
        let key = format!("refunded-{voucher}");
        self.tell(
            &account.stream,
            telling,
            &key,
            Event::ExpenditureRefunded(refunded),
        );
    }

    /// 冲销: a voucher is undone.
    pub(super) fn reverse(&mut self, account: &Account, reverses: Uuid, telling: Telling) {
        let event = Event::ExpenditureReversed(ExpenditureReversed { reverses });
        let key = format!("reversed-{reverses}");
        self.tell(&account.stream, telling, &key, event);
    }
}

/// Persons are two of each unit, companies are 20 suppliers of all.
fn payee(account: &Account, cost: Cost, paper: &str) -> Option<Payee> {
    let sum: u32 = paper.bytes().map(u32::from).sum();
    let number = account.number();
    let (name, serial) = match cost {
        Cost::Indirect | Cost::Award => return None,
        Cost::Salary | Cost::Travel => {
            let person = if sum.is_multiple_of(2) { "甲" } else { "乙" };
            (format!("演示人员{number}{person}"), number * 10 + sum % 2)
        }
        Cost::Expert => (format!("演示专家{:02}", sum % 20), 700 + sum % 20),
        Cost::Equipment | Cost::Material | Cost::Testing => {
            let supplier = (sum + number) % 20;
            (format!("演示供应商{supplier:02}有限公司"), 900 + supplier)
        }
    };
    Some(Payee {
        person: None,
        name: Some(Personal::Open(name)),
        account: Some(Personal::Open(format!("DEMO6222{serial:012}"))),
        id_number: Some(Personal::Open(format!("DEMO65{serial:012}"))),
    })
}
