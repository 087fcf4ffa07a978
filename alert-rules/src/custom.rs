//! Rules that an office writes itself: one TOML file each, with conditions over named measures
//! ([`expression`](crate::expression)), read and checked when they are loaded, and tested by the scenarios they bring.
//!
//! ```toml
//! id = "slow_after_arrival"
//! code = "XJ-01"
//! zh = "到位后支出迟缓"
//! en = "Slow after arrival"
//! subject = "project"
//! states = ["执行中"]
//! trigger = "daily"
//! clearing = "three_clean_days"
//! basis = "市科字〔2024〕1号 第三条"
//! explanation_zh = "资金到位{到位天数}天，支出率仅{到位资金支出率}"
//! explanation_en = "{days_since_arrival} days after the money arrived only {use_rate} of it is spent"
//!
//! [levels]
//! blue = "到位天数 >= 120 且 到位资金支出率 < 20%"
//! red = "到位天数 >= 240 且 到位资金支出率 < 20%"
//!
//! [[scenario]]
//! story = "…"
//! given = []
//! then = []
//! ```
//!
//! The highest colour whose condition holds is raised. A condition that a missing value leaves undecided neither raises nor
//! clears: where no colour holds and one is undecided, the rule has not judged, and what is open stays open. `已知(…)` in a
//! condition says what is to count when a value is missing. While `keep_while` holds, an open warning keeps its colour.

mod template;
mod text;

pub use text::CustomRuleError;
pub(crate) use text::{CustomText, read};

use std::fmt::Write as _;
use std::sync::Arc;

use karez_events::event::supervision::{Evidence, Level};
use karez_projections::ProjectState;

use crate::bands::Judged;
use crate::case::Case;
use crate::expression::{Expression, Kind, Slots, Value};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::rule_set::RuleSet;
use crate::scenario::{Scenario, ScenarioError};
use template::{Template, Wording, printed};

/// A rule of an office's own, checked.
#[derive(Debug, Clone)]
pub struct CustomRule {
    id: String,
    code: String,
    zh: String,
    en: String,
    runs: Runs,
    clearing: Clearing,
    awaits_books: bool,
    version: u32,
    /// Where a project stands for the rule to speak.
    states: Vec<ProjectState>,
    /// It is asked about awards and reimbursements as well.
    awards: bool,
    slots: Slots,
    /// From red down to blue.
    levels: Vec<(Level, Expression)>,
    keep_while: Option<Expression>,
    explanation_zh: Template,
    explanation_en: Template,
    basis: String,
    sla: Option<String>,
    manual: String,
    scenarios: Vec<Scenario>,
}

impl CustomRule {
    /// Reads one rule from its own file.
    ///
    /// # Errors
    /// [`CustomRuleError`] with line, column, what was expected, and the nearest name.
    pub fn try_from_toml(text: &str) -> Result<Self, CustomRuleError> {
        read(toml::from_str(text)?, text)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The measures that its conditions and explanations name.
    #[must_use]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The scenarios that it brings.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// Tells its scenarios, each under the rule set it names with this rule besides: the stories that do not hold, and
    /// how.
    #[must_use]
    pub fn broken_scenarios(self: &Arc<Self>) -> Vec<(&str, ScenarioError)> {
        let told = |scenario: &Scenario| {
            let rules = RuleSet::try_from_toml(&scenario.rule_set.to_string())?;
            scenario.check_under(rules.with(self), &self.id)
        };
        let scenarios = self.scenarios.iter();
        scenarios
            .filter_map(|scenario| Some((scenario.story.as_str(), told(scenario).err()?)))
            .collect()
    }

    /// The colours: what is raised, what an open warning keeps, and whether something was left undecided.
    fn weighed(&self, values: &[Option<Value>]) -> (Judged, bool) {
        let mut judged = Judged::default();
        let mut is_undecided = false;
        for (level, condition) in &self.levels {
            match condition.holds(values) {
                Some(true) => {
                    judged = judged.or(Judged::at(*level));
                    break;
                }
                // A higher colour is not taken away because a value is missing today.
                None => {
                    judged.held = judged.held.max(Some(*level));
                    is_undecided = true;
                }
                Some(false) => {}
            }
        }
        let keeps = self.keep_while.as_ref().map(|keep| keep.holds(values));
        if keeps.is_some_and(|keeps| keeps != Some(false)) {
            judged.held = Some(Level::Red);
        }
        (judged, is_undecided)
    }

    fn finding(&self, case: &Case<'_>, judged: Judged, values: &[Option<Value>]) -> Finding {
        let currency = case.currency();
        Finding::new(
            judged,
            self.explanation_zh.filled(values, (Wording::Zh, currency)),
            self.explanation_en.filled(values, (Wording::En, currency)),
            self.evidence(case, judged.level, values),
        )
    }

    fn evidence(&self, case: &Case<'_>, level: Option<Level>, values: &[Option<Value>]) -> Evidence {
        let condition = self
            .levels
            .iter()
            .find(|(of, _)| Some(*of) == level)
            .map(|(_, condition)| condition)
            .or(self.keep_while.as_ref());
        let named: Vec<(String, String)> = self.filled_in(case, values).collect();
        let with_values: Vec<String> = named
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        let formula = format!(
            "{} [{}]",
            condition.map_or("", Expression::text),
            with_values.join(", ")
        );
        let thresholds: Vec<String> = self
            .levels
            .iter()
            .rev()
            .map(|(level, condition)| format!("{}: {}", crate::words::level_en(*level), condition.text()))
            .collect();
        let mut evidence = evidence(formula, thresholds.join("; ")).resting_on(&self.basis);
        for (name, value) in named {
            evidence = evidence.figure(&name, value);
        }
        if let Some(sla) = &self.sla {
            evidence = evidence.figure("sla", sla);
        }
        evidence
    }

    /// Every measure with its value.
    fn filled_in<'a>(
        &'a self,
        case: &Case<'_>,
        values: &'a [Option<Value>],
    ) -> impl Iterator<Item = (String, String)> + use<'a> {
        let currency = case.currency();
        let of_values = self.slots.measures().zip(values);
        self.slots
            .names()
            .zip(of_values)
            .map(move |(name, (measure, value))| {
                let kind = measure.read.kind();
                (name, printed(value.as_ref(), kind, (Wording::Zh, currency)))
            })
    }

    /// Why it could not judge: the measures without a value.
    fn undecided(&self, values: &[Option<Value>]) -> String {
        let missing: Vec<String> = self
            .slots
            .names()
            .zip(values)
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name)
            .collect();
        let missing = missing.join("、");
        format!("无法判断，缺少：{missing} (undecided, without a value: {missing})")
    }

    /// A rule about dates alone speaks once, not once for every currency.
    fn is_about_money(&self) -> bool {
        let of_money = |kind| matches!(kind, Kind::Money | Kind::Share | Kind::Number);
        self.slots.measures().any(|measure| of_money(measure.read.kind()))
    }
}

impl Rule for CustomRule {
    fn about(&self) -> About<'_> {
        About {
            name: &self.id,
            code: &self.code,
            zh: &self.zh,
            en: &self.en,
            runs: self.runs,
            clearing: self.clearing,
            awaits_books: self.awaits_books,
            version: self.version,
            source_text: &self.manual,
            manual_zh: "",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_meant = self.states.contains(&case.state())
            && (self.awards || !case.is_exempt())
            && (self.is_about_money() || case.is_main_currency());
        if !is_meant {
            return Outcome::QUIET;
        }
        let values = self.slots.read(case);
        let (judged, is_undecided) = self.weighed(&values);
        if judged.level.is_none() && is_undecided {
            return Outcome::Error(self.undecided(&values));
        }
        if judged.is_clear() {
            return Outcome::QUIET;
        }
        Outcome::of(Some(self.finding(case, judged, &values)))
    }
}

/// The manual of a rule, made from what it says of itself.
fn manual(rule: &CustomRule, why: Option<&str>) -> String {
    let mut manual = format!("# {} {} {}\n\n## What it finds\n", rule.code, rule.zh, rule.en);
    for (level, condition) in rule.levels.iter().rev() {
        // Writing to a String cannot fail.
        writeln!(
            manual,
            "- {}: `{}`",
            crate::words::level_zh(*level),
            condition.text().trim()
        )
        .unwrap_or_default();
    }
    if let Some(keep) = &rule.keep_while {
        writeln!(manual, "- 保持 kept while: `{}`", keep.text().trim()).unwrap_or_default();
    }
    let sections = [
        ("Why it is a risk", why.unwrap_or("—")),
        ("Source", &rule.basis),
        ("SLA", rule.sla.as_deref().unwrap_or("—")),
    ];
    for (heading, text) in sections {
        write!(manual, "\n## {heading}\n{}\n", text.trim()).unwrap_or_default();
    }
    manual
}
