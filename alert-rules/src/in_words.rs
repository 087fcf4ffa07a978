//! A warning's evidence as people read it, in Chinese and in English.
//!
//! An event records its formula, thresholds and figures once, with short names that never change; here they are put into
//! words. So what was recorded years ago reads like what is recorded today. A formula is put into Chinese by the pattern
//! that its rule writes it by ([`patterns`]), a figure by its name ([`figures`]). What no pattern knows stays as recorded:
//! an office's own rule writes its formula in its own terms.

use std::collections::BTreeMap;

use karez_events::event::supervision::Evidence;

use crate::rule::About;

pub mod figures;
pub mod patterns;
mod terms;

/// What stands between the law of a rule and the notice that its thresholds name.
pub(crate) const BETWEEN_BASES: &str = "; ";

/// Evidence in the words of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InWords {
    /// The formula with its numbers.
    pub formula: String,
    /// The thresholds, from blue to red.
    pub threshold: String,
    /// The law, notice or practice that the rule rests on.
    pub basis: String,
    /// Further figures: name and value.
    pub figures: Vec<(String, String)>,
}

/// Evidence in Chinese. Without `about`, of a rule that is no longer known, the basis is the recorded one.
#[must_use]
pub fn in_chinese(about: Option<&About<'_>>, evidence: &Evidence) -> InWords {
    let told = |(name, value): (&String, &String)| (figures::name_zh(name), figures::value_zh(name, value));
    let is_of_office = about.is_some_and(|about| about.manual_zh.is_empty());
    InWords {
        formula: if is_of_office {
            evidence.formula.clone()
        } else {
            by_parts(&evidence.formula, patterns::formula_zh, "；")
        },
        threshold: by_parts(&evidence.threshold, patterns::threshold_zh, "；"),
        basis: basis(about, evidence, about.map(About::basis_zh), "；"),
        figures: in_order(&evidence.figures).map(told).collect(),
    }
}

/// The same in English.
#[must_use]
pub fn in_english(about: Option<&About<'_>>, evidence: &Evidence) -> InWords {
    let told = |(name, value): (&String, &String)| (figures::name_en(name), figures::value_en(name, value));
    InWords {
        formula: by_parts(&evidence.formula, patterns::formula_en, "; "),
        threshold: evidence.threshold.clone(),
        basis: basis(about, evidence, about.map(About::basis_en), BETWEEN_BASES),
        figures: in_order(&evidence.figures).map(told).collect(),
    }
}

/// A formula is several statements with a semicolon between; each has its own pattern.
fn by_parts(text: &str, in_words: fn(&str) -> Option<String>, between: &str) -> String {
    let parts = text.split("; ");
    let parts: Vec<String> = parts
        .map(|part| in_words(part).unwrap_or_else(|| part.to_owned()))
        .collect();
    parts.join(between)
}

/// What the rule rests on, by its manual, and the notices that its thresholds named when it was recorded. Records of
/// earlier versions name a paragraph of this project's own notes instead of the law: it says nothing to a reader.
fn basis(about: Option<&About<'_>>, evidence: &Evidence, of_rule: Option<String>, between: &str) -> String {
    let recorded = about.map(About::basis_zh).unwrap_or_default();
    let notices = evidence.basis.strip_prefix(&recorded).unwrap_or(&evidence.basis);
    let notices = notices
        .split(BETWEEN_BASES)
        .filter(|notice| !notice.is_empty() && !notice.starts_with("domain.md"));
    let of_rule = of_rule.filter(|text| !text.is_empty());
    let parts = of_rule.as_deref().into_iter().chain(notices);
    let parts: Vec<&str> = parts.map(|part| part.trim_end_matches(['.', '。'])).collect();
    if parts.is_empty() {
        return "—".to_owned();
    }
    parts.join(between)
}

/// By name, those in a row by their number: the tenth tranche after the ninth.
fn in_order(figures: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    let mut figures: Vec<_> = figures.iter().collect();
    figures.sort_by_key(|(name, _)| figures::head_and_number(name));
    figures.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;
    use crate::rules::balance_after_end::BalanceAfterEnd;

    fn evidence(formula: &str, threshold: &str, basis: &str) -> Evidence {
        Evidence {
            formula: formula.to_owned(),
            threshold: threshold.to_owned(),
            basis: basis.to_owned(),
            ..Evidence::default()
        }
    }

    #[test]
    fn a_record_of_an_earlier_version_is_read_like_one_of_today() {
        let rule = BalanceAfterEnd::default();
        let about = rule.about();
        let formula = "U = 50000.00 > M = 10000; 47 d since 2024-06-30";
        let today = evidence(formula, "30/90/180/270 d", &about.basis_zh());
        let earlier = evidence(formula, "30/90/180/270 d", "domain.md §4.4, P14");
        let told = in_chinese(Some(&about), &today);
        assert_eq!(
            told.formula,
            "在户余额 50000.00 > 起点金额 10000；自2024-06-30起47天"
        );
        assert_eq!(told.threshold, "30/90/180/270 天");
        assert!(
            told.basis.starts_with("任务书约定的结余资金政策"),
            "{}",
            told.basis
        );
        assert_eq!(in_chinese(Some(&about), &earlier), told);
        assert!(
            in_english(Some(&about), &earlier)
                .basis
                .starts_with("The surplus policy")
        );
    }

    #[test]
    fn the_notice_that_the_thresholds_name_follows_the_law() {
        let rule = BalanceAfterEnd::default();
        let about = rule.about();
        let law = about.basis_zh();
        let recorded = evidence("", "", &format!("{law}{BETWEEN_BASES}吐市科字〔2023〕27号"));
        assert!(
            in_chinese(Some(&about), &recorded)
                .basis
                .ends_with("；吐市科字〔2023〕27号")
        );
        assert!(
            in_english(Some(&about), &recorded)
                .basis
                .ends_with("; 吐市科字〔2023〕27号")
        );
    }

    #[test]
    fn a_rule_of_an_office_s_own_says_what_it_recorded() {
        let recorded = evidence(
            "execution_rate < 0.5 [execution_rate = 0.4]",
            "red: execution_rate < 0.5",
            "本地办法",
        );
        let told = in_chinese(None, &recorded);
        assert_eq!(
            (told.formula.as_str(), told.basis.as_str()),
            ("execution_rate < 0.5 [execution_rate = 0.4]", "本地办法")
        );
    }
}
