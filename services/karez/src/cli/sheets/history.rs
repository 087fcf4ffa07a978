//! History, rejections and receipts.

use super::stand_line;
use crate::cli::sheet::{Cell, Look, Sheet, column};
use crate::views::deliveries::DeliveryList;
use crate::views::events::{EventList, EventView};
use crate::views::receipts::ReceiptView;
use crate::views::rejections::RejectionList;

/// How much of a hash a table shows; JSON and CSV have all of it.
const HASH_SHOWN: usize = 12;

pub(in crate::cli) fn events(view: &EventList, look: Look) -> Vec<Sheet> {
    let mut sheet = event_table(look.language.pick("历史", "History"), &view.items);
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

pub(in crate::cli) fn receipt(view: &ReceiptView, look: Look) -> Vec<Sheet> {
    let mut sheet = event_table(
        look.language.pick("回执", "Receipt"),
        std::slice::from_ref(&view.receipt),
    );
    sheet.notes.push(format!("event_id {}", view.receipt.event_id));
    sheet.notes.push(format!("hash {}", view.receipt.hash));
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

fn event_table(title: &str, events: &[EventView]) -> Sheet {
    let mut sheet = Sheet::new(
        title,
        &[
            column("position", "位置", "Position"),
            column("version", "版本", "Version"),
            column("type", "类型", "Type"),
            column("occurred_on", "业务日", "Occurred"),
            column("recorded_at", "记录时间", "Recorded"),
            column("event_id", "编号", "Event id"),
            column("data", "内容", "Data"),
            column("hash", "哈希", "Hash"),
        ],
    );
    sheet.rows = events
        .iter()
        .map(|event| {
            vec![
                Cell::Count(event.position),
                Cell::Count(u64::from(event.version)),
                Cell::text(event.r#type.as_str()),
                Cell::Date(Some(event.occurred_on)),
                Cell::Instant(event.recorded_at),
                Cell::text(event.event_id.to_string()),
                Cell::text(event.data.get()),
                Cell::Shortened(event.hash.clone(), HASH_SHOWN),
            ]
        })
        .collect();
    sheet
}

pub(in crate::cli) fn rejections(view: &RejectionList, look: Look) -> Vec<Sheet> {
    let mut sheet = Sheet::new(
        look.language.pick("未予入账", "Refused"),
        &[
            column("received_at", "时间", "Received"),
            column("source", "来源", "Source"),
            column("row", "行", "Row"),
            column("stream", "流", "Stream"),
            column("code", "代码", "Code"),
            column("pointer", "字段", "Field"),
            column("message", "原因", "Reason"),
            column("rejection_id", "编号", "Id"),
        ],
    );
    sheet.rows = view
        .items
        .iter()
        .map(|kept| {
            vec![
                Cell::Instant(kept.received_at),
                Cell::text(&kept.source),
                Cell::optional(kept.row.as_deref()),
                Cell::optional(kept.stream.as_deref()),
                Cell::text(&kept.code),
                Cell::text(&kept.pointer),
                Cell::text(look.language.pick(&kept.message_zh, &kept.message_en)),
                Cell::text(kept.rejection_id.to_string()),
            ]
        })
        .collect();
    sheet.notes.push(stand_line(&view.stand, look));
    vec![sheet]
}

pub(in crate::cli) fn deliveries(view: &DeliveryList, look: Look) -> Vec<Sheet> {
    let mut sheet = Sheet::new(
        look.language.pick("通知", "Notices"),
        &[
            column("created_at", "时间", "Queued"),
            column("receiver", "接收者", "Receiver"),
            column("kind", "类型", "Kind"),
            column("subject", "标题", "Subject"),
            column("state", "状态", "State"),
            column("attempts", "次数", "Tries"),
            column("detail", "结果", "Result"),
            column("message_id", "编号", "Id"),
        ],
    );
    sheet.rows = view
        .items
        .iter()
        .map(|notice| {
            vec![
                Cell::Instant(notice.created_at),
                Cell::text(&notice.receiver),
                Cell::text(&notice.kind),
                Cell::text(&notice.subject),
                Cell::text(&notice.state),
                Cell::Count(u64::from(notice.attempts)),
                Cell::optional(notice.detail.as_deref()),
                Cell::text(notice.message_id.to_string()),
            ]
        })
        .collect();
    vec![sheet]
}
