//! The rules: what each is, whether it is in force, under which thresholds, and how many warnings stand by it.

use chrono::NaiveDate;
use karez_alert_rules::{About, Clearing, Rule, RuleSet, Runs};
use karez_projections::Portfolio;
use serde::Serialize;

use super::warnings::rules_in_force;

/// One rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RuleView {
    /// Its code in the catalogue.
    pub code: String,
    /// Its name on the wire and in thresholds.
    pub name: String,
    /// 名称.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// When it is asked: `event`, `daily` or `monthly`.
    pub runs: &'static str,
    /// How its warnings end: `three_clean_days`, `at_once` or `by_person`.
    pub clears: &'static str,
    /// Whether it is in force.
    pub is_on: bool,
    /// Its version.
    pub version: u32,
    /// Warnings of it that are open at the business date.
    pub open_warnings: usize,
}

/// Every rule, and by which set.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RuleList {
    /// Hash of the rule set in force.
    pub thresholds_hash: String,
    /// Position at which it was published; absent while the defaults are in force.
    pub published_at_position: Option<u64>,
    /// The rules in the order of the catalogue, an office's own at the end.
    pub items: Vec<RuleView>,
}

/// One rule with its manual.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RuleDetail {
    /// The rule.
    #[serde(flatten)]
    pub rule: RuleView,
    /// Hash of the rule set in force.
    pub thresholds_hash: String,
    /// Its thresholds as TOML; absent for a rule of an office's own, whose manual has them.
    pub thresholds: Option<String>,
    /// Its manual in Chinese as Markdown; of a rule of an office's own, the one that it has.
    pub manual_zh: String,
    /// Its manual in English.
    pub manual_en: String,
}

/// Every rule of the set that the log has in force.
#[must_use]
pub fn list(portfolio: &Portfolio, as_of: NaiveDate) -> RuleList {
    let rules = rules_in_force(portfolio);
    let of_all = rules.general().rules();
    RuleList {
        items: of_all
            .iter()
            .map(|rule| view(portfolio, &rules, *rule, as_of))
            .collect(),
        thresholds_hash: rules.hash().to_owned(),
        published_at_position: portfolio.rules().map(|published| published.position),
    }
}

/// One rule by its name or code.
#[must_use]
pub fn show(portfolio: &Portfolio, name: &str, as_of: NaiveDate) -> Option<RuleDetail> {
    let rules = rules_in_force(portfolio);
    let rule = rules.general().rule(name)?;
    Some(RuleDetail {
        rule: view(portfolio, &rules, rule, as_of),
        thresholds_hash: rules.hash().to_owned(),
        thresholds: thresholds(&rules, rule.about().name),
        manual_zh: rule.about().manual_zh(),
        manual_en: rule.about().manual_en(),
    })
}

/// The thresholds of a built-in rule as they stand in a rule set.
#[must_use]
pub fn thresholds(rules: &RuleSet, name: &str) -> Option<String> {
    let catalogue = rules.general().catalogue();
    catalogue.rule(name)?;
    let mut all = toml::Table::try_from(catalogue).ok()?;
    all.retain(|rule, _| rule == name);
    let of_rule = toml::Table::from_iter([("rules".to_owned(), toml::Value::Table(all))]);
    toml::to_string(&of_rule).ok()
}

fn view(portfolio: &Portfolio, rules: &RuleSet, rule: &dyn Rule, as_of: NaiveDate) -> RuleView {
    let about: About<'_> = rule.about();
    let warnings = portfolio.warnings().iter();
    RuleView {
        code: about.code.to_owned(),
        name: about.name.to_owned(),
        zh: about.zh.to_owned(),
        en: about.en.to_owned(),
        runs: match about.runs {
            Runs::OnEvent => "event",
            Runs::Daily => "daily",
            Runs::Monthly => "monthly",
        },
        clears: match about.clearing {
            Clearing::ThreeCleanDays => "three_clean_days",
            Clearing::AtOnce => "at_once",
            Clearing::ByPerson => "by_person",
        },
        is_on: !rules.general().is_off(&about),
        version: about.version,
        open_warnings: warnings
            .filter(|warning| warning.raised.rule == about.name && warning.level_on(as_of).is_some())
            .count(),
    }
}
