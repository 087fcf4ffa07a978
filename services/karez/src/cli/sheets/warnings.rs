//! 预警清单, and one warning.

use karez_events::{FundId, ProjectId, UnitId};

use super::super::sheet::{Cell, Look, Sheet, column};
use super::super::words;
use super::stand_line;
use crate::language::Language;
use crate::print;
use crate::views::warnings::{WarningDetail, WarningList, WarningView};

pub(in super::super) fn warnings(view: &WarningList, look: Look) -> Vec<Sheet> {
    let mut sheet = table(look);
    sheet.rows = view.items.iter().map(|warning| row(warning, look)).collect();
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

pub(in super::super) fn warning(view: &WarningDetail, look: Look) -> Vec<Sheet> {
    let mut sheet = table(look);
    sheet.rows.push(row(&view.warning, look));
    let evidence = match look.language {
        Language::Zh => &view.evidence_zh,
        Language::En => &view.evidence_en,
    };
    if let Some(evidence) = evidence {
        let pick = |zh, en| look.language.pick(zh, en);
        sheet
            .notes
            .push(format!("{}: {}", pick("公式", "formula"), evidence.formula));
        sheet
            .notes
            .push(format!("{}: {}", pick("阈值", "thresholds"), evidence.threshold));
        sheet
            .notes
            .push(format!("{}: {}", pick("依据", "basis"), evidence.basis));
        let figures = evidence
            .figures
            .iter()
            .map(|figure| format!("{}: {}", figure.name, figure.value));
        sheet.notes.extend(figures);
    }
    let levels = view
        .levels
        .iter()
        .map(|(since, level)| format!("{} {}", print::date(*since), words::level(*level, look.language)));
    sheet.notes.push(levels.collect::<Vec<_>>().join(" → "));
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

fn table(look: Look) -> Sheet {
    let columns = [
        column("id", "编号", "Id"),
        column("level", "级别", "Level"),
        column("code", "规则", "Rule"),
        column("title", "名称", "Title"),
        column("about", "对象", "About"),
        column("subject", "事项", "Subject"),
        column("raised_on", "触发日", "Raised"),
        column("handle_by", "处置时限", "Handle by"),
        column("assignee", "责任人", "Assignee"),
        column("state", "状态", "State"),
        column("sentence", "内容", "What"),
    ];
    Sheet::new(look.language.pick("预警清单", "Warnings"), &columns)
}

fn row(warning: &WarningView, look: Look) -> Vec<Cell> {
    let about = [
        warning.project.as_ref().map(ProjectId::as_str),
        warning.unit.as_ref().map(UnitId::as_str),
        warning.fund.as_ref().map(FundId::as_str),
    ];
    let state = match (warning.is_open, &warning.inhibited_by, warning.acknowledged_at) {
        (false, _, _) => ("已解除", "closed"),
        (true, Some(_), _) => ("已抑制", "inhibited"),
        (true, None, Some(_)) => ("已签收", "acknowledged"),
        (true, None, None) => ("未签收", "open"),
    };
    let title = look.language.pick(
        warning.title_zh.as_deref().unwrap_or_default(),
        warning.title_en.as_deref().unwrap_or_default(),
    );
    vec![
        Cell::text(warning.id.as_str()),
        Cell::text(words::level(warning.level, look.language)),
        Cell::text(warning.code.as_ref().unwrap_or(&warning.rule).clone()),
        Cell::text(title),
        Cell::optional(about.into_iter().flatten().next()),
        Cell::optional(warning.subject.as_deref()),
        Cell::Date(Some(warning.raised_on)),
        Cell::Date(warning.handle_by),
        Cell::optional(warning.assignee.as_deref()),
        Cell::text(look.language.pick(state.0, state.1)),
        Cell::text(
            look.language
                .pick(warning.sentence_zh.as_str(), warning.sentence_en.as_str()),
        ),
    ]
}
