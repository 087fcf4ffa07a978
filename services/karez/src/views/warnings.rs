//! Warnings: who is warned about, why, since when, who has it, and by when something is to happen.

use chrono::{DateTime, NaiveDate, Utc};
use karez_alert_rules::in_words::{InWords, in_chinese, in_english};
use karez_alert_rules::inhibit::inhibitor;
use karez_alert_rules::sla::Deadlines;
use karez_alert_rules::{About, RuleSet, breadth};
use karez_events::event::supervision::{Evidence, Level};
use karez_events::{FundId, ProjectId, UnitId, WarningId};
use karez_projections::measures::SortKey;
use karez_projections::warnings::{Ending, Rectification};
use karez_projections::{Portfolio, Target, Warning};
use serde::Serialize;

use super::page::{Page, Paging, Sortable};
use super::projects::ListError;
use super::{Moment, Stand, instant, optional_instant};

/// One warning at a moment.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WarningView {
    /// Its identifier.
    pub id: WarningId,
    /// The rule's name.
    pub rule: String,
    /// The rule's code in the catalogue; absent for a rule that is no longer known.
    pub code: Option<String>,
    /// The rule's name in Chinese.
    pub title_zh: Option<String>,
    /// The same in English.
    pub title_en: Option<String>,
    /// The project it is about.
    pub project: Option<ProjectId>,
    /// The project's title.
    pub project_title: Option<String>,
    /// The unit that carries the project, or that it is about.
    pub unit: Option<UnitId>,
    /// The unit's name.
    pub unit_name: Option<String>,
    /// The fund that pays for the project, or that it is about.
    pub fund: Option<FundId>,
    /// What within it: a source, category, period or tranche.
    pub subject: Option<String>,
    /// Its colour at the business date, or the one it ended with.
    pub level: Level,
    /// The highest colour it had had by the business date.
    pub highest_level: Level,
    /// Whether it is open at the business date.
    pub is_open: bool,
    /// The business date for which it was raised.
    pub raised_on: NaiveDate,
    /// When it became known.
    #[serde(serialize_with = "instant")]
    pub raised_at: DateTime<Utc>,
    /// The business date since which it has its colour.
    pub level_since_on: NaiveDate,
    /// What brought it about, where that is not the passing of time.
    pub cause: Option<String>,
    /// The group that it was raised with.
    pub group: Option<String>,
    /// The open warning that silences it.
    pub inhibited_by: Option<WarningId>,
    /// The last day on which nobody is called for it, by a silence.
    pub silenced_until_on: Option<NaiveDate>,
    /// The business date for which the sentence and its evidence were found: the last one, by the business date asked for, on which
    /// colour or facts changed.
    pub found_on: NaiveDate,
    /// One sentence with the numbers filled in, Chinese.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// 签收时限.
    #[serde(serialize_with = "optional_instant")]
    pub acknowledge_by: Option<DateTime<Utc>>,
    /// When somebody took note.
    #[serde(serialize_with = "optional_instant")]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// 处置时限.
    pub handle_by: Option<NaiveDate>,
    /// Whether a deadline has passed.
    pub is_overdue: bool,
    /// Who has it.
    pub assignee: Option<String>,
    /// What the unit last said.
    pub answer: Option<String>,
    /// 整改.
    pub rectification: Option<Rectification>,
    /// To whom it was escalated.
    pub escalated_to: Option<String>,
    /// When.
    #[serde(serialize_with = "optional_instant")]
    pub escalated_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// A page of warnings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WarningList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// How many there are in all.
    pub total: u64,
    /// The warnings.
    pub items: Vec<WarningView>,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// One warning in full.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WarningDetail {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The warning.
    #[serde(flatten)]
    pub warning: WarningView,
    /// Its colours by the business date, each with the date since which it had it.
    pub levels: Vec<(NaiveDate, Level)>,
    /// How often this subject has been warned about, from 1.
    pub episode: u32,
    /// The rule's version.
    pub rule_version: u32,
    /// Hash of the rule set in force.
    pub thresholds_hash: String,
    /// The last position that was known when the sentence and its evidence were found.
    pub known_at_position: u64,
    /// What it rests on, as recorded.
    pub evidence: Option<Box<Evidence>>,
    /// The same for people, in Chinese.
    pub evidence_zh: Option<EvidenceView>,
    /// The same for people, in English.
    pub evidence_en: Option<EvidenceView>,
}

/// What a warning rests on, in the words of one language.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EvidenceView {
    /// The formula with its numbers filled in.
    pub formula: String,
    /// The thresholds it was compared with, from blue to red.
    pub threshold: String,
    /// The law, notice or practice that the rule rests on.
    pub basis: String,
    /// Further figures.
    pub figures: Vec<FigureView>,
}

/// A figure by its name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FigureView {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl From<InWords> for EvidenceView {
    fn from(words: InWords) -> Self {
        let figures = words.figures.into_iter();
        Self {
            formula: words.formula,
            threshold: words.threshold,
            basis: words.basis,
            figures: figures.map(|(name, value)| FigureView { name, value }).collect(),
        }
    }
}

/// Which warnings are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// open, closed or all; open where absent.
    pub state: Option<String>,
    /// Only of this colour.
    pub level: Option<String>,
    /// Only of this rule, by name or code.
    pub rule: Option<String>,
    /// Only about this project.
    pub project: Option<String>,
    /// Only about this unit and its projects.
    pub unit: Option<String>,
    /// Only about this fund and its projects.
    pub fund: Option<String>,
}

/// By what warnings can be put in order.
const ORDERS: [&str; 5] = ["level", "raised_on", "rule", "project", "handle_by"];
/// The states that can be asked for.
const STATES: [&str; 3] = ["open", "closed", "all"];
/// The colours that can be asked for.
const LEVELS: [&str; 4] = ["blue", "yellow", "orange", "red"];

/// A page of warnings at a moment; the highest colours first where no order is asked for.
///
/// # Errors
/// [`ListError`] for an order, a state or a colour that does not exist.
pub fn list(
    portfolio: &Portfolio,
    moment: Moment,
    filter: &Filter,
    paging: &Paging,
) -> Result<WarningList, ListError> {
    let wanted = filter.state.as_deref().unwrap_or("open");
    if !STATES.contains(&wanted) {
        return Err(ListError::unknown_value("state", wanted, &STATES));
    }
    if let Some(level) = filter.level.as_deref().filter(|level| !LEVELS.contains(level)) {
        return Err(ListError::unknown_value("level", level, &LEVELS));
    }
    let rules = rules_in_force(portfolio);
    let mut rows = Vec::new();
    for warning in portfolio
        .warnings()
        .iter()
        .filter(|warning| warning.raised_on <= moment.as_of)
    {
        let view = view(portfolio, &rules, warning, moment);
        if !filter.admits(&view, wanted) {
            continue;
        }
        rows.push(Sortable {
            key: key(&view, paging.field().0)?,
            id: view.id.to_string().into(),
            row: view,
        });
    }
    let page = Page::cut(rows, paging);
    let stand = Stand::of(portfolio, moment);
    Ok(WarningList {
        stand,
        next_cursor: page.next_cursor(&stand, paging),
        total: page.total,
        items: page.rows,
    })
}

/// One warning at a moment, where it had been raised by then.
#[must_use]
pub fn show(portfolio: &Portfolio, id: &WarningId, moment: Moment) -> Option<WarningDetail> {
    let warning = portfolio
        .warning(id)
        .filter(|warning| warning.raised_on <= moment.as_of)?;
    let raised = &warning.raised;
    let rules = rules_in_force(portfolio);
    let about = about(&rules, &raised.rule);
    let reading = warning.reading_on(moment.as_of);
    let evidence = reading.evidence.as_deref();
    Some(WarningDetail {
        stand: Stand::of(portfolio, moment),
        warning: view(portfolio, &rules, warning, moment),
        levels: warning.levels_by(moment.as_of).collect(),
        episode: raised.episode,
        rule_version: raised.rule_version,
        thresholds_hash: raised.thresholds_hash.clone(),
        known_at_position: reading.known_at_position,
        evidence_zh: evidence.map(|evidence| in_chinese(about.as_ref(), evidence).into()),
        evidence_en: evidence.map(|evidence| in_english(about.as_ref(), evidence).into()),
        evidence: reading.evidence.clone(),
    })
}

/// The rule set that the log has in force; the defaults where it has none that can be read.
#[must_use]
pub fn rules_in_force(portfolio: &Portfolio) -> RuleSet {
    let published = portfolio.rules().map(|published| published.rules.rules.as_str());
    published
        .and_then(|text| RuleSet::try_from_toml(text).ok())
        .unwrap_or_default()
}

fn view(portfolio: &Portfolio, rules: &RuleSet, warning: &Warning, moment: Moment) -> WarningView {
    let about = about(rules, &warning.raised.rule);
    let (project, unit, fund) = subjects(portfolio, warning);
    let at_date = warning.level_on(moment.as_of);
    let level = at_date.unwrap_or(warning.level);
    let since = warning.levels_by(moment.as_of).next_back();
    let level_since_on = since.map_or(warning.raised_on, |(since, _)| since);
    let reading = warning.reading_on(moment.as_of);
    // Of a past day only the date is known; the deadline then runs from its beginning.
    let since_at = if warning.level == level {
        warning.level_at
    } else {
        level_since_on.and_time(chrono::NaiveTime::MIN).and_utc()
    };
    let deadlines = Deadlines::of(
        level,
        since_at.max(warning.raised_at),
        level_since_on,
        &rules.calendar,
    );
    let is_open = at_date.is_some();
    let is_late = deadlines
        .acknowledge_by
        .is_some_and(|by| warning.acknowledged_at.is_none() && by < moment.known_at)
        || deadlines.handle_by.is_some_and(|by| by < moment.as_of);
    let title = project.as_ref().and_then(|id| portfolio.project(id));
    let title = title.map(|project| project.title().to_owned());
    let known_unit = unit.as_ref().and_then(|id| portfolio.unit(id));
    let unit_name = known_unit.and_then(|unit| unit.name.clone());
    WarningView {
        id: warning.id.clone(),
        rule: warning.raised.rule.clone(),
        code: about.map(|about| about.code.to_string()),
        title_zh: about.map(|about| about.zh.to_string()),
        title_en: about.map(|about| about.en.to_string()),
        project,
        project_title: title,
        unit,
        unit_name,
        fund,
        subject: warning.raised.subject.clone(),
        level,
        highest_level: warning.highest_level_by(moment.as_of),
        is_open,
        raised_on: warning.raised_on,
        raised_at: warning.raised_at,
        level_since_on,
        cause: warning.raised.cause.clone(),
        group: warning.raised.group.clone(),
        inhibited_by: inhibitor(portfolio.warnings(), portfolio, warning)
            .filter(|_| is_open)
            .map(|bigger| bigger.id.clone()),
        silenced_until_on: portfolio
            .silence_of(warning, moment.as_of)
            .filter(|_| is_open)
            .map(|silence| silence.silenced.until_on),
        found_on: reading.as_of,
        sentence_zh: reading.sentence_zh.clone(),
        sentence_en: reading.sentence_en.clone(),
        acknowledge_by: deadlines.acknowledge_by,
        acknowledged_at: warning.acknowledged_at,
        handle_by: deadlines.handle_by,
        is_overdue: is_open && is_late,
        assignee: warning.assignee.clone(),
        answer: warning.answer.clone(),
        rectification: warning.rectification.clone(),
        escalated_to: warning.escalated_to.clone(),
        escalated_at: warning.escalated_at,
        ending: warning.ending.clone().filter(|_| !is_open),
    }
}

pub(crate) fn about<'a>(rules: &'a RuleSet, rule: &str) -> Option<About<'a>> {
    if rule == breadth::SUSPECT_RULE.name {
        return Some(breadth::SUSPECT_RULE);
    }
    rules.general().rule(rule).map(karez_alert_rules::Rule::about)
}

fn subjects(portfolio: &Portfolio, warning: &Warning) -> (Option<ProjectId>, Option<UnitId>, Option<FundId>) {
    match warning.target() {
        Target::Project(id) => {
            let project = portfolio.project(&id);
            let unit = project.and_then(|project| project.unit().cloned());
            let fund = project.and_then(|project| project.fund().cloned());
            (Some(id), unit, fund)
        }
        Target::Unit(id) => (None, Some(id), None),
        Target::Fund(id) => (None, None, Some(id)),
        Target::Office => (None, None, None),
    }
}

impl Filter {
    fn admits(&self, view: &WarningView, state: &str) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let is_of_state = match state {
            "open" => view.is_open,
            "closed" => !view.is_open,
            _ => true,
        };
        let rule = self.rule.as_deref();
        is_of_state
            && is(&self.level, Some(karez_alert_rules::words::level_en(view.level)))
            && rule.is_none_or(|rule| view.rule == rule || view.code.as_deref() == Some(rule))
            && is(&self.project, view.project.as_ref().map(ProjectId::as_str))
            && is(&self.unit, view.unit.as_ref().map(UnitId::as_str))
            && is(&self.fund, view.fund.as_ref().map(FundId::as_str))
    }
}

fn key(view: &WarningView, field: &str) -> Result<SortKey<'static>, ListError> {
    let word = |text: String| SortKey::Text(text.into());
    let text = |day: Option<NaiveDate>| word(day.map_or_else(|| "9999".to_owned(), |day| day.to_string()));
    let worst_first = match view.level {
        Level::Red => 0,
        Level::Orange => 1,
        Level::Yellow => 2,
        Level::Blue => 3,
    };
    Ok(match field {
        "" | "level" => SortKey::Figure(Some(worst_first.into())),
        "raised_on" => text(Some(view.raised_on)),
        "rule" => word(view.code.clone().unwrap_or_else(|| view.rule.clone())),
        "project" => word(view.project.as_ref().map(ToString::to_string).unwrap_or_default()),
        "handle_by" => text(view.handle_by),
        other => return Err(ListError::unknown_order(other, &ORDERS)),
    })
}
