//! How each answer is laid out as tables. The first table of an answer is also its CSV.

mod history;
mod projects;
mod sums;
mod totals;
mod warnings;

use crate::language::Language;
use crate::print;
use crate::views::Stand;

use super::sheet::Look;

pub(super) use history::{deliveries, events, receipt, rejections};
pub(super) use projects::{project, projects};
pub(super) use sums::{fund, funds, overview, unit, units};
pub(super) use totals::totals;
pub(super) use warnings::{warning, warnings};

/// 截至: the line below every table that says where it stands.
fn stand_line(stand: &Stand, look: Look) -> String {
    let as_of = print::long_date(stand.as_of, look.language);
    let data = stand.data_as_at.map_or_else(
        || print::UNDEFINED.to_owned(),
        |at| print::instant(at, look.time_zone),
    );
    let zone = look.time_zone.name();
    match look.language {
        Language::Zh => format!(
            "截至{as_of} · 数据时间 {data}（{zone}） · 账本第 {} 条",
            print::count(stand.position)
        ),
        Language::En => format!(
            "As of {as_of} · data of {data} ({zone}) · log position {}",
            print::count(stand.position)
        ),
    }
}
