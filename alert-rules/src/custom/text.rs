//! The file of a rule, and how it is checked.

use std::ops::Range;

use karez_events::event::supervision::Level;
use karez_projections::ProjectState;
use serde::Deserialize;
use toml::Spanned;

use super::template::Template;
use super::{CustomRule, manual};
use crate::expression::{Expression, ExpressionError, Slots, place};
use crate::nearest::nearest;
use crate::rule::{Clearing, Runs};
use crate::scenario::Scenario;

/// A rule as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomText {
    id: Spanned<String>,
    code: Spanned<String>,
    zh: String,
    en: String,
    /// What it is about; so far only projects.
    #[serde(rename = "subject")]
    _subject: Subject,
    states: Vec<Spanned<String>>,
    trigger: Trigger,
    clearing: ClearingText,
    #[serde(default)]
    awaits_books: bool,
    #[serde(default)]
    awards: bool,
    #[serde(default = "first")]
    version: u32,
    basis: String,
    #[serde(default)]
    sla: Option<String>,
    #[serde(default)]
    why: Option<String>,
    explanation_zh: Spanned<String>,
    explanation_en: Spanned<String>,
    levels: Spanned<Levels>,
    #[serde(default)]
    keep_while: Option<Spanned<String>>,
    scenario: Vec<Scenario>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    blue: Option<Spanned<String>>,
    yellow: Option<Spanned<String>>,
    orange: Option<Spanned<String>>,
    red: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subject {
    #[serde(alias = "项目")]
    Project,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Trigger {
    #[serde(alias = "事件")]
    Event,
    #[serde(alias = "每日")]
    Daily,
    #[serde(alias = "每月")]
    Monthly,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClearingText {
    #[serde(alias = "连续三日")]
    ThreeCleanDays,
    #[serde(alias = "即时")]
    AtOnce,
    #[serde(alias = "人工")]
    ByPerson,
}

fn first() -> u32 {
    1
}

/// The states by their names.
const STATES: [(ProjectState, &str, &str); 8] = [
    (ProjectState::Applied, "applied", "已申报"),
    (ProjectState::Approved, "approved", "已立项"),
    (ProjectState::Signed, "signed", "已签约"),
    (ProjectState::Running, "running", "执行中"),
    (ProjectState::Suspended, "suspended", "暂停"),
    (ProjectState::Ended, "ended", "已到期"),
    (ProjectState::Terminated, "terminated", "终止"),
    (ProjectState::Closed, "closed", "已结题"),
];

/// Why a text is no rule.
#[derive(Debug, thiserror::Error)]
pub enum CustomRuleError {
    /// Not TOML, an unknown key, a value of the wrong type.
    #[error("the rule cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A condition, an explanation or a name is wrong.
    #[error(
        "rule {rule}, {field}: line {line}, column {column}: {en}\n规则 {rule} 的 {field}：第{line}行第{column}列：{zh}"
    )]
    Wrong {
        /// The rule.
        rule: String,
        /// The key whose value is wrong.
        field: String,
        /// Line of the file, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and what to do, Chinese.
        zh: String,
        /// The same in English.
        en: String,
    },
}

/// The file that is read, for the places of what is wrong.
struct File<'f> {
    source: &'f str,
    rule: &'f str,
}

impl File<'_> {
    fn wrong(&self, field: &str, at: &Range<usize>, (zh, en): (String, String)) -> CustomRuleError {
        let (line, column) = place(self.source, at.start);
        CustomRuleError::Wrong {
            rule: self.rule.to_owned(),
            field: field.to_owned(),
            line,
            column,
            zh,
            en,
        }
    }

    /// An error within a value, at its place in the file; at the value's beginning where it is written with escapes.
    fn within(&self, field: &str, value: &Spanned<String>, error: ExpressionError) -> CustomRuleError {
        let written = self.source.get(value.span()).unwrap_or_default();
        let inner = written.find(value.get_ref().as_str());
        let start = value.span().start + inner.map_or(0, |inner| inner + error.offset);
        self.wrong(field, &(start..start), (error.zh, error.en))
    }

    fn condition(
        &self,
        field: &str,
        value: &Spanned<String>,
        slots: &mut Slots,
    ) -> Result<Expression, CustomRuleError> {
        Expression::condition(value.get_ref(), slots).map_err(|error| self.within(field, value, error))
    }

    fn template(
        &self,
        field: &str,
        value: &Spanned<String>,
        slots: &mut Slots,
    ) -> Result<Template, CustomRuleError> {
        Template::try_new(value.get_ref(), slots).map_err(|error| self.within(field, value, error))
    }

    fn states(&self, texts: &[Spanned<String>]) -> Result<Vec<ProjectState>, CustomRuleError> {
        let state = |text: &Spanned<String>| {
            let name = text.get_ref().as_str();
            let found = STATES.iter().find(|(_, en, zh)| *en == name || *zh == name);
            found.map(|(state, ..)| *state).ok_or_else(|| {
                let known = STATES.iter().flat_map(|(_, en, zh)| [*en, *zh]);
                let near = nearest(name, known).unwrap_or("running");
                let zh = format!("没有状态“{name}”，是否指“{near}”？");
                let en = format!("there is no state {name:?}; did you mean {near:?}?");
                self.wrong("states", &text.span(), (zh, en))
            })
        };
        texts.iter().map(state).collect()
    }

    /// `slow_after_arrival`, and a code such as `XJ-01`.
    fn names(&self, text: &CustomText) -> Result<(), CustomRuleError> {
        let is_word = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
        };
        let id = text.id.get_ref();
        if id.is_empty()
            || id.len() > 64
            || !id.starts_with(|first: char| first.is_ascii_lowercase())
            || !id.chars().all(is_word)
        {
            let zh = "标识应为小写字母、数字和下划线，以字母开头，最多 64 个".to_owned();
            let en = "an id has lower-case letters, digits and underscores, begins with a letter, and is 64 long at most";
            return Err(self.wrong("id", &text.id.span(), (zh, en.to_owned())));
        }
        let is_code = text
            .code
            .get_ref()
            .split_once('-')
            .is_some_and(|(family, number)| {
                (2..=6).contains(&family.len())
                    && family.chars().all(|letter| letter.is_ascii_uppercase())
                    && (1..=4).contains(&number.len())
                    && number.chars().all(|digit| digit.is_ascii_digit())
            });
        if is_code {
            return Ok(());
        }
        let zh = "编号应为大写字母、横线和数字，例如 XJ-01".to_owned();
        let en = "a code has capital letters, a hyphen and digits, as in XJ-01".to_owned();
        Err(self.wrong("code", &text.code.span(), (zh, en)))
    }

    fn levels(
        &self,
        levels: &Spanned<Levels>,
        slots: &mut Slots,
    ) -> Result<Vec<(Level, Expression)>, CustomRuleError> {
        let Levels {
            blue,
            yellow,
            orange,
            red,
        } = levels.get_ref();
        let falling = [
            (Level::Red, "levels.red", red),
            (Level::Orange, "levels.orange", orange),
            (Level::Yellow, "levels.yellow", yellow),
            (Level::Blue, "levels.blue", blue),
        ];
        let mut found = Vec::new();
        for (level, field, text) in falling {
            if let Some(text) = text {
                found.push((level, self.condition(field, text, slots)?));
            }
        }
        if found.is_empty() {
            let zh = "至少要有一种颜色的条件".to_owned();
            let en = "at least one colour wants a condition".to_owned();
            return Err(self.wrong("levels", &levels.span(), (zh, en)));
        }
        Ok(found)
    }
}

/// Checks a rule that was read from a text, its own file or a rule set.
///
/// # Errors
/// [`CustomRuleError`] with line, column, what was expected, and the nearest name.
pub(crate) fn read(text: CustomText, source: &str) -> Result<CustomRule, CustomRuleError> {
    let rule = text.id.get_ref().clone();
    let file = File { source, rule: &rule };
    file.names(&text)?;
    if text.scenario.is_empty() {
        let zh = "规则要带至少一个情景（[[scenario]]），说明何时触发".to_owned();
        let en = "a rule wants at least one [[scenario]] that shows when it fires".to_owned();
        return Err(file.wrong("scenario", &text.id.span(), (zh, en)));
    }
    let mut slots = Slots::default();
    let mut checked = CustomRule {
        runs: match text.trigger {
            Trigger::Event => Runs::OnEvent,
            Trigger::Daily => Runs::Daily,
            Trigger::Monthly => Runs::Monthly,
        },
        clearing: match text.clearing {
            ClearingText::ThreeCleanDays => Clearing::ThreeCleanDays,
            ClearingText::AtOnce => Clearing::AtOnce,
            ClearingText::ByPerson => Clearing::ByPerson,
        },
        states: file.states(&text.states)?,
        levels: file.levels(&text.levels, &mut slots)?,
        keep_while: text
            .keep_while
            .as_ref()
            .map(|keep| file.condition("keep_while", keep, &mut slots))
            .transpose()?,
        explanation_zh: file.template("explanation_zh", &text.explanation_zh, &mut slots)?,
        explanation_en: file.template("explanation_en", &text.explanation_en, &mut slots)?,
        slots,
        id: text.id.into_inner(),
        code: text.code.into_inner(),
        zh: text.zh,
        en: text.en,
        awaits_books: text.awaits_books,
        version: text.version,
        awards: text.awards,
        basis: text.basis,
        sla: text.sla,
        manual: String::new(),
        scenarios: text.scenario,
    };
    checked.manual = manual(&checked, text.why.as_deref());
    Ok(checked)
}
