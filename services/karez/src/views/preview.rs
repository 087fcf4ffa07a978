//! Which warnings facts would raise, change or lift if they were recorded.

use karez_alert_rules::in_words::in_chinese;
use karez_alert_rules::watch::preview::{Change, Comes};
use karez_alert_rules::{About, RuleSet};
use karez_events::event::supervision::Level;
use karez_events::{FundId, ProjectId, WarningId};
use karez_projections::Target;
use serde::Serialize;
use utoipa::ToSchema;

use super::Stand;
use super::batch::RowView;
use super::warnings::about;

/// What facts would bring about.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// Each fact: whether it would be recorded, and why not.
    pub results: Vec<RowView>,
    /// Warnings that would be raised.
    pub raised: Vec<ChangeView>,
    /// Warnings that would have another colour, or rest on other figures.
    pub changed: Vec<ChangeView>,
    /// Warnings that would end.
    pub lifted: Vec<ChangeView>,
}

/// When a change would be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComesView {
    /// When the facts are recorded.
    AtOnce,
    /// With the run at the end of the day.
    AtEndOfDay,
    /// With the run at the end of the month.
    AtEndOfMonth,
    /// At the end of the third day on which the rule is silent.
    AfterThreeCleanDays,
}

/// One warning that would be raised, changed or lifted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The warning's identifier; one that would be raised may get another if something comes between.
    pub warning: WarningId,
    /// The rule's name.
    pub rule: String,
    /// The rule's code in the catalogue.
    pub code: Option<String>,
    /// The rule's name in Chinese.
    pub title_zh: Option<String>,
    /// The same in English.
    pub title_en: Option<String>,
    /// The project it is about.
    pub project: Option<ProjectId>,
    /// The fund it is about.
    pub fund: Option<FundId>,
    /// What within it: a source, category, period or tranche.
    pub subject: Option<String>,
    /// Its colour without the facts; nothing where it would not be open.
    pub level_before: Option<Level>,
    /// Its colour with the facts; nothing where it would not be open.
    pub level_after: Option<Level>,
    /// When the change would be made.
    pub comes: ComesView,
    /// One sentence with the numbers filled in, Chinese; of a warning that would end, the last one.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// The formula with its numbers filled in.
    pub formula: Option<String>,
    /// The same in Chinese.
    pub formula_zh: Option<String>,
    /// The thresholds it is compared with, from blue to red.
    pub threshold: Option<String>,
    /// The same in Chinese.
    pub threshold_zh: Option<String>,
}

impl PreviewView {
    /// Puts changes in their lists, the highest colour first.
    #[must_use]
    pub fn of(stand: Stand, results: Vec<RowView>, changes: &[Change], rules: &RuleSet) -> Self {
        let mut view = Self {
            stand,
            results,
            raised: Vec::new(),
            changed: Vec::new(),
            lifted: Vec::new(),
        };
        for change in changes {
            let list = match (change.before, change.after) {
                (None, Some(_)) => &mut view.raised,
                (Some(_), None) => &mut view.lifted,
                (Some(_), Some(_)) | (None, None) => &mut view.changed,
            };
            list.push(ChangeView::of(change, rules));
        }
        for list in [&mut view.raised, &mut view.changed, &mut view.lifted] {
            list.sort_by_key(|change| std::cmp::Reverse(change.level_after.max(change.level_before)));
        }
        view
    }
}

impl ChangeView {
    fn of(change: &Change, rules: &RuleSet) -> Self {
        let warning = &change.warning;
        let about: Option<About<'_>> = about(rules, &warning.raised.rule);
        let (project, fund) = match warning.target() {
            Target::Project(id) => (Some(id), None),
            Target::Fund(id) => (None, Some(id)),
            Target::Unit(_) | Target::Office => (None, None),
        };
        let evidence = warning.reading.evidence.as_deref();
        let in_chinese = evidence.map(|evidence| in_chinese(about.as_ref(), evidence));
        Self {
            warning: warning.id.clone(),
            rule: warning.raised.rule.clone(),
            code: about.map(|about| about.code.to_owned()),
            title_zh: about.map(|about| about.zh.to_owned()),
            title_en: about.map(|about| about.en.to_owned()),
            project,
            fund,
            subject: warning.raised.subject.clone(),
            level_before: change.before,
            level_after: change.after,
            comes: change.comes.into(),
            sentence_zh: warning.reading.sentence_zh.clone(),
            sentence_en: warning.reading.sentence_en.clone(),
            formula: evidence.map(|evidence| evidence.formula.clone()),
            threshold: evidence.map(|evidence| evidence.threshold.clone()),
            formula_zh: in_chinese.as_ref().map(|words| words.formula.clone()),
            threshold_zh: in_chinese.map(|words| words.threshold),
        }
    }
}

impl From<Comes> for ComesView {
    fn from(comes: Comes) -> Self {
        match comes {
            Comes::AtOnce => Self::AtOnce,
            Comes::AtEndOfDay => Self::AtEndOfDay,
            Comes::AtEndOfMonth => Self::AtEndOfMonth,
            Comes::AfterThreeCleanDays => Self::AfterThreeCleanDays,
        }
    }
}
