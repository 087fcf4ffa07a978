//! The words of tables for states, sources, colours and steps.

use karez_events::event::fund::FundSource;
use karez_events::event::supervision::Level;
use karez_projections::ProjectState;

use crate::language::Language;

pub(super) fn state(state: ProjectState, language: Language) -> &'static str {
    let (zh, en) = match state {
        ProjectState::Applied => ("已申报", "applied"),
        ProjectState::Approved => ("已立项", "approved"),
        ProjectState::Signed => ("已签约", "signed"),
        ProjectState::Running => ("执行中", "running"),
        ProjectState::Suspended => ("暂停", "suspended"),
        ProjectState::Ended => ("已到期", "ended"),
        ProjectState::Terminated => ("终止", "terminated"),
        ProjectState::Closed => ("已结题", "closed"),
    };
    language.pick(zh, en)
}

pub(super) fn source(source: FundSource, language: Language) -> &'static str {
    let (zh, en) = match source {
        FundSource::FiscalCurrent => ("财政当年", "fiscal, this year"),
        FundSource::FiscalCarryover => ("上年结转", "fiscal, carried over"),
        FundSource::SelfRaised => ("自筹", "self-raised"),
        FundSource::Matching => ("配套", "matching"),
        FundSource::Other => ("其他", "other"),
    };
    language.pick(zh, en)
}

pub(super) fn level(level: Level, language: Language) -> &'static str {
    let (zh, en) = match level {
        Level::Blue => ("蓝", "blue"),
        Level::Yellow => ("黄", "yellow"),
        Level::Orange => ("橙", "orange"),
        Level::Red => ("红", "red"),
    };
    language.pick(zh, en)
}

/// At which level a rate is measured: no rate is shown without it.
pub(super) fn rate_level(level: &str, language: Language) -> &str {
    match level {
        "fund" => language.pick("财政口径", "fund level"),
        "unit" => language.pick("单位口径", "unit level"),
        "line" => language.pick("科目", "line"),
        other => other,
    }
}

/// The official name of a figure.
pub(super) fn figure(figure: &str, language: Language) -> &str {
    let (zh, en) = match figure {
        "F1" => ("批复预算执行率", "execution of the approved budget"),
        "F2" => ("年度预算执行率", "execution of the year's budget"),
        "F3" => ("到位资金支出率", "spent of what arrived"),
        "F4" => ("资金到位率", "arrived of what was due"),
        "F4t" => ("到位及时率", "arrived on time"),
        "F5" => ("预算拨付率", "paid over of the budget"),
        "F5i" => ("指标下达率", "issued of the budget"),
        "F5d" => ("指标拨付率", "paid over of what was issued"),
        "F9" => ("结转结余率", "unspent of the budget"),
        "F9c" => ("结转率", "carried over"),
        "F9s" => ("结余率", "surplus"),
        "F17" => ("自筹到位率", "self-raised arrived"),
        "F17s" => ("自筹支出占比", "self-raised share of spending"),
        "F18" => ("年末集中度", "December's share of the year"),
        "F19" => ("预算调整率", "budget changes"),
        "F20" => ("立项前支出占比", "spent before the start"),
        "F21" => ("汇总执行率", "execution of all together"),
        other => (other, other),
    };
    language.pick(zh, en)
}
