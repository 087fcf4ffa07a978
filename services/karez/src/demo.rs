//! The demonstration: a city's science fund in 2024, told as the facts that units and offices would have sent.
//!
//! The frame is that of a published report: 84 applications, 20 approvals, 11 earlier projects on rolling support, a
//! competition with prizes of 100,000, 50,000, 30,000 and 10,000 yuan for 12 winners of 29 entrants, a propaganda
//! film, a training course, an appraisal of 166 items, two rewards for enterprises, the score 95.25, and 99.99 %
//! executed at the end of the year. The report gives no other amounts: those, the units and all persons are invented,
//! and the note of the fund says which.
//!
//! The sums of 2024, in yuan:
//!
//! | paid over | |
//! |---|---:|
//! | 6 cases at 300,000 | 1,800,000 |
//! | 14 other projects of 2024, 70 % in spring and 30 % from the end of October | 4,200,000 |
//! | 11 tranches of rolling support | 4,420,000 |
//! | prizes: 1 × 100,000, 2 × 50,000, 3 × 30,000, 6 × 10,000 | 350,000 |
//! | 2 rewards at 100,000 | 200,000 |
//! | organisation 60,000, film 120,000, course 120,000 | 300,000 |
//! | appraisal of 166 items at 3,000 | 498,000 |
//! | leaflets, for which 32,000 was set aside | 30,800 |
//! | **all** | **11,798,800** |
//!
//! The budget is 10,000,000 with 1,800,000 added on 15 October: 11,800,000. What was paid over is 99.98983… % of it
//! and prints 99.99 %; the residue is 1,200 yuan. The units have spent 81.49 % of the fiscal money that reached them
//! since 2022. At no date is more paid over than issued, issued than budgeted, or spent than arrived.

pub mod accounts;
mod activities;
mod cases;
mod fund;
mod ledger;
mod moments;
mod names;
mod ordinary;
mod plan;
mod reports;
mod rolling;
mod steady;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use chrono::{DateTime, Utc};
use karez_events::{Hash, IdError, Position, RecordedEvent, Submission};

use writer::Writer;

/// A fact with the moment at which it became known.
#[derive(Debug, Clone, PartialEq)]
pub struct DatedSubmission {
    /// When it is recorded.
    pub recorded_at: DateTime<Utc>,
    /// The fact.
    pub submission: Submission,
}

impl DatedSubmission {
    /// The event that a log without a hash chain would hold at a position.
    #[must_use]
    pub fn recorded(self, position: Position) -> RecordedEvent {
        let Submission {
            event_id,
            stream,
            occurred_on,
            event,
            metadata,
        } = self.submission;
        RecordedEvent {
            position,
            stream,
            version: 1,
            event_id,
            occurred_on,
            recorded_at: self.recorded_at,
            event,
            metadata,
            hash: Hash::default(),
        }
    }
}

/// The fund of the demonstration.
pub const FUND: &str = "TLF-KJ-2024";
/// Money idle for most of the year.
pub const IDLE: &str = "TLF-2024-001";
/// Far behind its benchmark.
pub const BEHIND: &str = "TLF-2024-002";
/// Far ahead of its benchmark.
pub const AHEAD: &str = "TLF-2024-003";
/// Pays salaries before its start from its own funds, and swaps them into fiscal money later.
pub const PRE_START: &str = "TLF-2024-004";
/// Spends evenly all the year.
pub const HEALTHY: &str = "TLF-2024-005";
/// Looks idle until a voucher of May is recorded in September.
pub const LATE_VOUCHER: &str = "TLF-2024-006";
/// Has a voucher of June posted twice, which becomes known on 9 July.
pub const POSTED_TWICE: &str = "TLF-2024-007";

/// Which project tells which story.
pub const STORY: &str = "\
TLF-KJ-2024   99.99 % paid over at the end of 2024, four fifths of it spent by the units (两级执行率之差)
TLF-2024-001  money idle from 1 March on (资金闲置)
TLF-2024-002  far behind its benchmark: 15 % at the end of the year (执行偏慢)
TLF-2024-003  far ahead of its benchmark: 80 % by 31 May (执行偏快)
TLF-2024-004  salaries before the start on 1 June from own funds, swapped into fiscal money on 10 July (启动前自筹支出、置换)
TLF-2024-005  healthy (正常)
TLF-2024-006  idle until a voucher of 25 May is recorded on 12 September (迟录)
TLF-2024-007  30 June as known on 5 July and as known later differ by 36,000 yuan (重复入账、冲销)
TLF-2024-011  the bank's statement of September differs from the books (对账不符)
TLF-2024-012  paid 110 days after the quota; its self-evaluation claims more than its books (下达未拨付、自评与账不符)
TLF-2024-013  most of its money is spent in December (年末突击)
TLF-2024-019  has had its money since March and has not begun (到位未启动)
TLF-2022-002  ended on 31 October and nobody asked for acceptance (验收逾期)
TLF-2022-004  suspended from May to September (暂停)
The report gives the frame; amounts it does not give, units and persons are invented (报告未列出的金额、单位和人员均为虚构).";

/// Every fact of the demonstration, in the order in which it became known.
///
/// # Errors
/// Never: every identifier here is valid.
pub fn submissions() -> Result<Vec<DatedSubmission>, IdError> {
    let mut writer = Writer::default();
    fund::write(&mut writer)?;
    let mut projects = cases::write(&mut writer)?;
    projects.extend(ordinary::write(&mut writer)?);
    let rolling = rolling::write(&mut writer)?;
    activities::write(&mut writer)?;
    reports::write(&mut writer, &projects, &rolling);
    Ok(writer.finish())
}
