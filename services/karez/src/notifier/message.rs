//! A message: what is told, in both languages, and about which warnings.

use chrono::NaiveDate;
use karez_alert_rules::inhibit::inhibitor;
use karez_events::event::supervision::Level;
use karez_events::{ProjectId, UnitId, WarningId};
use karez_projections::{Portfolio, Target, Warning};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Receiver;
use crate::language::Language;
use crate::store::OutboxMessage;

/// The namespace of message ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b61_7265_7a2d_6e6f_7469_6365_5f69_6473);
/// Warnings that a message spells out; the rest are counted.
const MOST_SPELLED_OUT: usize = 20;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// One warning was raised, or rose.
    Warning,
    /// One warning has ended.
    Ended,
    /// Many warnings of one cause, or of days caught up.
    Group,
    /// The daily digest.
    Digest,
    /// A silence is over.
    SilenceEnded,
}

/// One message to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: Uuid,
    pub(super) receiver: String,
    pub(super) kind: Kind,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) warnings: Vec<Brief>,
}

/// A warning as a message carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Brief {
    pub(super) id: WarningId,
    pub(super) rule: String,
    pub(super) level: Level,
    pub(super) project: Option<ProjectId>,
    pub(super) project_title: Option<String>,
    pub(super) unit: Option<UnitId>,
    pub(super) unit_name: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) since: NaiveDate,
    pub(super) sentence: String,
}

impl Brief {
    pub(super) fn of(warning: &Warning, portfolio: &Portfolio, language: Language) -> Self {
        let project = match warning.target() {
            Target::Project(id) => Some(id),
            Target::Unit(_) | Target::Fund(_) | Target::Office => None,
        };
        let known = project.as_ref().and_then(|id| portfolio.project(id));
        let unit = known
            .and_then(|project| project.unit().cloned())
            .or_else(|| warning.raised.unit.clone());
        let unit_name = unit
            .as_ref()
            .and_then(|id| portfolio.unit(id))
            .and_then(|unit| unit.name.clone());
        Self {
            id: warning.id.clone(),
            rule: warning.raised.rule.clone(),
            level: warning.level,
            project_title: known.map(|project| project.title().to_owned()),
            project,
            unit,
            unit_name,
            subject: warning.raised.subject.clone(),
            since: warning.raised_on,
            sentence: language
                .pick(&warning.reading.sentence_zh, &warning.reading.sentence_en)
                .to_owned(),
        }
    }

    /// `【红】某单位 · 某项目：句子`.
    pub(super) fn line(&self, language: Language) -> String {
        let level = match language {
            Language::Zh => karez_alert_rules::words::level_zh(self.level),
            Language::En => karez_alert_rules::words::level_en(self.level),
        };
        let unit = self
            .unit_name
            .clone()
            .or_else(|| self.unit.as_ref().map(ToString::to_string));
        let project = self.project.as_ref().map(|id| match &self.project_title {
            Some(title) => format!("{id} {title}"),
            None => id.to_string(),
        });
        let about: Vec<String> = [unit, project, self.subject.clone()]
            .into_iter()
            .flatten()
            .collect();
        let since = self.since;
        match language {
            Language::Zh => format!(
                "【{level}】{}：{}（自{since}，{}）",
                about.join(" · "),
                self.sentence,
                self.id
            ),
            Language::En => format!(
                "[{level}] {}: {} (since {since}, {})",
                about.join(" · "),
                self.sentence,
                self.id
            ),
        }
    }
}

impl Message {
    /// A message whose id is made from what it is about and who gets it.
    pub(super) fn new(
        about: &str,
        receiver: &Receiver,
        kind: Kind,
        subject: String,
        warnings: Vec<Brief>,
    ) -> Self {
        let language = receiver.speaks();
        let mut lines: Vec<String> = warnings
            .iter()
            .take(MOST_SPELLED_OUT)
            .map(|warning| warning.line(language))
            .collect();
        let rest = warnings.len().saturating_sub(MOST_SPELLED_OUT);
        if rest > 0 {
            lines.push(match language {
                Language::Zh => format!("…… 另有 {rest} 条"),
                Language::En => format!("… and {rest} more"),
            });
        }
        Self {
            id: Uuid::new_v5(&NAMESPACE, format!("{about}\n{}", receiver.name).as_bytes()),
            receiver: receiver.name.clone(),
            kind,
            subject,
            text: lines.join("\n"),
            warnings,
        }
    }

    pub(super) fn into_row(self) -> Result<OutboxMessage, serde_json::Error> {
        Ok(OutboxMessage {
            message_id: self.id,
            receiver: self.receiver.clone(),
            message: serde_json::to_string(&self)?,
            attempts: 0,
        })
    }

    /// Why nobody needs it any more: what it warns of has ended or is silenced, or a bigger warning silences it.
    pub(super) fn is_not_needed(&self, portfolio: &Portfolio, today: NaiveDate) -> Option<&'static str> {
        if self.kind != Kind::Warning {
            return None;
        }
        let warning = portfolio.warning(&self.warnings.first()?.id)?;
        if !warning.is_open() {
            return Some("the warning has ended");
        }
        if portfolio.silence_of(warning, today).is_some() {
            return Some("it is silenced");
        }
        inhibitor(portfolio.warnings(), portfolio, warning).map(|_| "a bigger warning silences it")
    }
}
