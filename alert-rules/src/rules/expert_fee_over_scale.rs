//! # CC-02 咨询劳务超标 Expert fee over scale
//!
//! ## What it finds
//! A consulting fee (专家咨询费) above the scale for its person-days: up to 110 % of the scale yellow, up to 150 % orange,
//! beyond that red; and any such fee to somebody who is paid wages from the project, or is labelled as staff, red. The scale is after tax: 2,400 yuan a day for
//! senior experts, 1,500 for others, half as much again for academicians and experts known in the whole country; half a day
//! is 60 % of a day, and from the third day on a day counts half.
//!
//! ## Why it is a risk
//! Fees are the easiest way to turn project money into pay. The scale is public, and so is who is on the staff.
//!
//! ## Worked example
//! A senior expert advises for 3.5 days: 2,400 + 2,400 + 1,200 and, for the half of the fourth day, 60 % of 1,200 = 720, in
//! all 6,720 yuan. 7,000 is 104.17 %: yellow. Half a day at 1,440 is within the scale; at 2,400 it is 166.67 %: red.
//! Scenario: `fires_by_share_of_the_scale`.
//!
//! ## Thresholds
//! `levels` in percent of the scale, each the most that the colour below covers: above 100 yellow, above 110 orange, above
//! 150 red; `scales`, each with `effective_on`, `basis` and its amounts; the words by which fees, grades, staff and wages are
//! known: fees and wages in category, old category, purpose and labels, grades and staff in labels alone.
//!
//! ## What it leaves out
//! Fees without person-days: nobody can say what a day cost. A fee whose payee is not stated may be for several persons, so
//! that its days are not counted as one person's third. Without a grade the scale of senior experts is taken. An amount
//! labelled 税前 is compared as it stands; the evidence names the tax basis. Wages that other projects of the unit pay are not
//! looked up; the label of the voucher says so.
//!
//! ## Source
//! 财科教〔2017〕128号, the rules on consulting fees of experts in research projects of the central budget.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use karez_events::Ratio;
use karez_events::event::supervision::Level;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::postings::Posting;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::versions::{day, in_force};
use crate::word_list::WordList;
use crate::words::{money_en, money_zh, percent};

/// Thresholds of CC-02.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpertFeeOverScale {
    /// Fees in percent of the scale; a colour begins above its number.
    pub levels: Bands,
    /// The scales by notice.
    pub scales: Vec<FeeScale>,
    /// Costs named so are expert fees.
    pub fee_words: WordList,
    /// Labels of academicians and experts known in the whole country.
    pub academician_words: WordList,
    /// Labels of experts below senior grade.
    pub other_words: WordList,
    /// Labels of persons on the unit's own staff.
    pub staff_words: WordList,
    /// Costs named so are wages.
    pub wage_words: WordList,
}

/// What a notice allows for a person's day, after tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeScale {
    /// For costs from this day on.
    pub effective_on: NaiveDate,
    /// 依据.
    pub basis: String,
    /// 高级专业技术职称, the most a day.
    pub senior: Decimal,
    /// 其他专业人员, the most a day.
    pub other: Decimal,
    /// 院士、全国知名专家, in percent of the senior scale.
    pub academician_percent: Decimal,
    /// Half a day, in percent of a day.
    pub half_day_percent: Decimal,
    /// From this day on …
    pub reduced_from_day: u32,
    /// … a day counts so much, in percent.
    pub reduced_percent: Decimal,
}

impl Default for ExpertFeeOverScale {
    fn default() -> Self {
        Self {
            levels: Bands {
                blue: None,
                yellow: Some(Decimal::from(100)),
                orange: Some(Decimal::from(110)),
                red: Some(Decimal::from(150)),
            },
            scales: vec![FeeScale {
                effective_on: day(2017, 9, 1),
                basis: "财科教〔2017〕128号".to_owned(),
                senior: Decimal::from(2_400),
                other: Decimal::from(1_500),
                academician_percent: Decimal::from(150),
                half_day_percent: Decimal::from(60),
                reduced_from_day: 3,
                reduced_percent: Decimal::from(50),
            }],
            fee_words: WordList::new(&["专家咨询", "咨询费", "评审费", "expert"]),
            academician_words: WordList::new(&["院士", "知名专家", "academician"]),
            other_words: WordList::new(&["其他专业", "中级", "初级", "junior"]),
            staff_words: WordList::new(&["本单位", "在编", "在职", "own staff"]),
            wage_words: WordList::new(&["工资", "薪酬", "salary", "wage"]),
        }
    }
}

impl FeeScale {
    /// What is allowed for so many days at so much a day; the days of one person are reduced from the third on.
    #[must_use]
    pub fn allowed(&self, daily: Decimal, days: Decimal, is_one_person: bool) -> Decimal {
        let whole = days.trunc();
        let rest = days.fract();
        let half = self.half_day_percent / Decimal::ONE_HUNDRED;
        let rest = match rest {
            rest if rest.is_zero() => Decimal::ZERO,
            rest if rest <= Decimal::new(5, 1) => half,
            _ => Decimal::ONE,
        };
        let full_days = Decimal::from(self.reduced_from_day.saturating_sub(1));
        let reduced = self.reduced_percent / Decimal::ONE_HUNDRED;
        let counted = if !is_one_person || whole + rest <= full_days {
            whole + rest
        } else {
            full_days + (whole - full_days + rest) * reduced
        };
        daily.saturating_mul(counted).normalize()
    }
}

impl Rule for ExpertFeeOverScale {
    fn about(&self) -> About<'_> {
        About {
            name: "expert_fee_over_scale",
            code: "CC-02",
            zh: "咨询劳务超标",
            en: "Expert fee over scale",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("expert_fee_over_scale.rs"),
            manual_zh: include_str!("zh/expert_fee_over_scale.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() {
            return Outcome::QUIET;
        }
        let is_fee = |posting: &Posting<'_>| {
            posting.left > Decimal::ZERO
                && (posting.entry.on_voucher.person_days.is_some() || posting.payee().is_some())
                && self.fee_words.is_about(posting.entry)
        };
        let fees: Vec<Posting<'_>> = case.postings().filter(is_fee).collect();
        if fees.is_empty() {
            return Outcome::QUIET;
        }
        let staff = self.staff(case);
        let over: Vec<Over<'_>> = fees
            .into_iter()
            .filter_map(|fee| self.over(fee, &staff))
            .collect();
        Outcome::of(self.finding(case, &over))
    }
}

/// A fee that is over the scale, or goes to the unit's own staff.
struct Over<'a> {
    fee: Posting<'a>,
    level: Level,
    /// Fee, what is allowed, and by which notice; `None` for staff.
    scale: Option<(Decimal, Ratio, &'a str)>,
}

impl ExpertFeeOverScale {
    /// Everybody to whom the project pays wages. Those whom other projects of the unit pay are not looked for: a posting
    /// there would change the answer here, and nobody would ask again.
    fn staff<'a>(&self, case: &Case<'a>) -> BTreeSet<&'a str> {
        case.postings()
            .filter(|posting| posting.payee().is_some() && self.wage_words.is_about(posting.entry))
            .filter_map(|posting| posting.payee())
            .collect()
    }

    fn over<'a>(&'a self, fee: Posting<'a>, staff: &BTreeSet<&str>) -> Option<Over<'a>> {
        let is_staff =
            fee.is_labelled(&self.staff_words) || fee.payee().is_some_and(|payee| staff.contains(payee));
        if is_staff {
            return Some(Over {
                fee,
                level: Level::Red,
                scale: None,
            });
        }
        let days = fee.entry.on_voucher.person_days?;
        let effective_on = |scale: &FeeScale| scale.effective_on;
        let scale = in_force(&self.scales, effective_on, fee.entry.cost_on())?;
        let daily = if fee.is_labelled(&self.academician_words) {
            scale.senior * scale.academician_percent / Decimal::ONE_HUNDRED
        } else if fee.is_labelled(&self.other_words) {
            scale.other
        } else {
            scale.senior
        };
        let allowed = scale.allowed(daily, days, fee.payee().is_some());
        let share = Ratio::of(fee.left, allowed)?;
        let level = self.level(&share.times(&Ratio::whole(100)))?;
        Some(Over {
            fee,
            level,
            scale: Some((allowed, share, &scale.basis)),
        })
    }

    /// A colour begins above its number: the scale itself is within the scale.
    fn level(&self, share: &Ratio) -> Option<Level> {
        let levels = [
            (Level::Red, self.levels.red),
            (Level::Orange, self.levels.orange),
            (Level::Yellow, self.levels.yellow),
            (Level::Blue, self.levels.blue),
        ];
        let is_above = |above: Option<Decimal>| above.is_some_and(|above| *share > Ratio::exact(above));
        levels
            .into_iter()
            .find_map(|(level, above)| is_above(above).then_some(level))
    }

    fn finding(&self, case: &Case<'_>, over: &[Over<'_>]) -> Option<Finding> {
        let share_of = |over: &Over<'_>| over.scale.as_ref().map(|(_, share, _)| share.clone());
        let worst = over
            .iter()
            .rev()
            .max_by_key(|over| (over.level, over.scale.is_none(), share_of(over)))?;
        let (count, currency, amount) = (over.len(), case.currency(), worst.fee.left);
        let days = worst.fee.entry.on_voucher.person_days;
        let days = days.map_or_else(|| "—".to_owned(), |days| days.normalize().to_string());
        let (zh, en, formula, basis) = if let Some((allowed, share, basis)) = &worst.scale {
            let share = percent(share);
            (
                format!(
                    "专家咨询费{days}人天{}，为标准{}的{share}",
                    money_zh(amount, currency),
                    money_zh(*allowed, currency)
                ),
                format!(
                    "a consulting fee of {} for {days} person-days is {share} of the scale of {}",
                    money_en(amount, currency),
                    money_en(*allowed, currency)
                ),
                format!("{amount} / scale({days} d) = {amount} / {allowed} = {share}"),
                *basis,
            )
        } else {
            (
                format!(
                    "专家咨询费{}的收款人为在本项目领取工资或标注为本单位的人员",
                    money_zh(amount, currency)
                ),
                format!(
                    "a consulting fee of {} goes to somebody on the project's own payroll or staff",
                    money_en(amount, currency)
                ),
                format!("payee of {amount} is on the payroll or labelled as staff"),
                "",
            )
        };
        let is_gross = worst.fee.tags().iter().any(|tag| tag.contains("税前"));
        let evidence = banded(formula, self.levels, "% of the scale (above)")
            .resting_on(basis)
            .figure("voucher", worst.fee.name())
            .figure("payee", worst.fee.payee().unwrap_or("—"))
            .figure("person_days", days)
            .figure("tax_basis", if is_gross { "before tax" } else { "after tax" })
            .figure("postings", count);
        let (also_zh, also_en) = match count {
            1 => (String::new(), String::new()),
            _ => (
                format!("；共{count}笔需核对"),
                format!("; {count} postings to look at"),
            ),
        };
        Some(Finding::new(
            Judged::at(worst.level),
            format!("{zh}{also_zh}"),
            format!("{en}{also_en}"),
            evidence.facts(over.iter().map(|over| over.fee.entry)),
        ))
    }
}
