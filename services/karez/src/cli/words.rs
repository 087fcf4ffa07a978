//! The words of tables for states, sources, colours and steps.

use karez_events::event::fund::FundSource;
use karez_events::event::supervision::Level;
use karez_projections::ProjectState;

use crate::authorization::Role;
use crate::language::Language;
use crate::views::figures::RateView;

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

pub(super) fn role(role: Role, language: Language) -> &'static str {
    let (zh, en) = match role {
        Role::Finance => ("财务", "finance"),
        Role::Unit => ("承担单位", "unit"),
        Role::Auditor => ("审计", "auditor"),
        Role::Supervisor => ("监管", "supervisor"),
        Role::Admin => ("管理员", "admin"),
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
        "F8r" => ("科目执行率", "execution of the line"),
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

/// What is above or below the line of a rate: no rate is shown without it. "Of the year" is the year of the date.
pub(super) fn quantity(name: &str, language: Language) -> &str {
    let (zh, en) = match name {
        "appropriation" => ("资金全年预算", "the fund's budget of the year"),
        "adjusted_budget" => ("项目全年预算", "the projects' budget of the year"),
        "funded_budget" => (
            "项目全年预算（不含自筹、配套）",
            "the projects' budget of the year less own and matching money",
        ),
        "life_budget" => ("批复预算", "the approved budget"),
        "funded_life_budget" => (
            "批复预算（不含自筹、配套）",
            "the approved budget less own and matching money",
        ),
        "opening_budget" => ("年初预算", "the year's opening budget"),
        "budget_changes" => ("当年预算调整额", "budget changes of the year"),
        "unspent_budget" => ("全年预算未支出数", "unspent of the year's budget"),
        "carried_over" => ("结转数", "carried over"),
        "surplus" => ("结余数", "surplus"),
        "issued" => ("累计下达", "issued to date"),
        "issued_of_year" => ("当年下达", "issued this year"),
        "disbursed" => ("累计拨付", "paid over to date"),
        "disbursed_of_year" => ("当年拨付", "paid over this year"),
        "arrived" => ("累计到位", "arrived to date"),
        "arrival_due" => ("累计应到位", "due to arrive by the date"),
        "arrived_on_time" => ("按期到位", "arrived on time"),
        "tranches_due" => ("到期批次金额", "tranches due by the date"),
        "fiscal_arrived" => ("财政资金累计到位", "fiscal money arrived to date"),
        "self_raised_arrived" => ("自筹累计到位", "self-raised money arrived to date"),
        "planned_self_raised" => ("自筹应到位", "self-raised money promised"),
        "net_expenditure" => ("累计支出净额", "net spending to date"),
        "net_expenditure_of_year" => ("当年支出净额", "net spending of the year"),
        "december_expenditure" => ("12月支出", "spending of December"),
        "fiscal_expenditure" => ("财政资金累计支出", "fiscal money spent to date"),
        "self_raised_expenditure" => ("自筹累计支出", "self-raised money spent to date"),
        "pre_start_expenditure" => ("立项前支出", "spending before the start"),
        "line_expenditure" => ("科目支出", "spending on the line"),
        "line_budget" => ("科目预算", "the line's budget"),
        other => (other, other),
    };
    language.pick(zh, en)
}

/// A rate as a fraction in words.
pub(super) fn fraction(rate: &RateView, language: Language) -> String {
    format!(
        "{} ÷ {}",
        quantity(rate.numerator_name, language),
        quantity(rate.denominator_name, language)
    )
}

#[cfg(test)]
mod tests {
    use karez_projections::measures;
    use karez_projections::measures::{LineMeasures, overview};

    use super::*;

    #[test]
    fn every_rate_has_words_for_its_name_level_numerator_and_denominator() {
        let portfolio = crate::demo::tests::known_on("2025-03-31".parse().unwrap());
        // The days on which every rate is measured: of the year's end, with and without a budget of the year.
        for as_of in ["2024-12-31", "2024-06-30", "2031-12-31"] {
            let as_of = as_of.parse().unwrap();
            let currency = karez_events::Currency::CNY;
            let with_fund = overview(&portfolio, currency, as_of).rates;
            let of_projects = portfolio.projects().flat_map(|project| {
                let measures = measures::measures(project, currency, as_of);
                let lines: Vec<_> = measures.lines.iter().map(LineMeasures::rate).collect();
                [measures.figures.rates, lines].concat()
            });
            for rate in with_fund.iter().chain(&of_projects.collect::<Vec<_>>()) {
                let view = RateView::from(rate);
                assert_ne!(figure(view.figure, Language::En), view.figure);
                // Other names may be plain English already; Chinese readers need words for all.
                assert_ne!(rate_level(view.level, Language::Zh), view.level);
                for name in [view.numerator_name, view.denominator_name] {
                    assert_ne!(quantity(name, Language::Zh), name);
                }
            }
        }
    }
}
