//! `karez rules measures`: every figure that a rule of an office's own may name.

use karez_alert_rules::measure_names::MEASURES;
use serde::Serialize;

use super::super::context::Context;
use super::super::sheet::{Cell, Look, Sheet, column};
use super::super::show::Shape;
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Serialize)]
struct MeasureRow {
    zh: &'static str,
    name: &'static str,
    kind_zh: &'static str,
    kind_en: &'static str,
    unit: &'static str,
    figure: &'static str,
}

pub(super) fn run(context: &Context, shape: &Shape) -> Result<Exit, Trouble> {
    let row = |measure: &karez_alert_rules::measure_names::Measure| {
        let kind = measure.read.kind();
        let (kind_zh, kind_en) = kind.names();
        MeasureRow {
            zh: measure.zh,
            name: measure.name,
            kind_zh,
            kind_en,
            unit: kind.unit(),
            figure: measure.figure,
        }
    };
    let rows: Vec<MeasureRow> = MEASURES.iter().map(row).collect();
    shape.print(context, &rows, |rows, look| sheet(rows, look))?;
    Ok(Exit::Done)
}

fn sheet(rows: &[MeasureRow], look: Look) -> Vec<Sheet> {
    let columns = [
        column("zh", "名称", "Chinese name"),
        column("name", "英文名称", "Name"),
        column("kind", "类型", "Kind"),
        column("unit", "单位", "Unit"),
        column("figure", "口径", "Figure"),
    ];
    let mut sheet = Sheet::new(look.language.pick("可用指标", "Measures"), &columns);
    for row in rows {
        sheet.rows.push(vec![
            Cell::text(row.zh),
            Cell::text(row.name),
            Cell::text(look.language.pick(row.kind_zh, row.kind_en)),
            Cell::text(row.unit),
            Cell::text(row.figure),
        ]);
    }
    vec![sheet]
}
