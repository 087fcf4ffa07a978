//! Short names of the record that stand inside formulas and figures, in Chinese.

/// The Chinese of a name; other texts, such as numbers, days and the names of units, stay as they are.
pub(super) fn term_zh(text: &str) -> &str {
    let found = TERMS.iter().find(|(name, _)| *name == text);
    found.map_or(text, |(_, zh)| zh)
}

/// The English of the name of a figure or a curve, where its short name says nothing.
pub(super) fn term_en(text: &str) -> &str {
    match text {
        "F1" => "execution of the approved budget",
        "F2" => "execution of the year's budget",
        "F3" => "spent of what arrived",
        "F5" => "paid over of the budget",
        "F6w" => "weighted benchmark",
        "cash plan" => "due by the cash plan",
        "period" => "share of the period gone",
        _ => text,
    }
}

const TERMS: &[(&str, &str)] = &[
    // figures of domain.md §2
    ("F1", "批复预算执行率"),
    ("F2", "年度预算执行率"),
    ("F3", "到位资金支出率"),
    ("F5", "拨付率"),
    ("F6w", "加权序时进度"),
    ("cash plan", "用款计划进度"),
    ("period", "执行期进度"),
    // whose money
    ("fiscal_current", "财政当年"),
    ("fiscal_carryover", "上年结转"),
    ("self_raised", "自筹"),
    ("matching", "配套"),
    ("other", "其他"),
    ("fiscal money", "财政资金"),
    ("own money", "自筹资金"),
    ("other money", "其他资金"),
    ("all sources", "全部来源"),
    // what a rate is over
    ("life_budget", "批复预算"),
    ("adjusted_budget", "全年预算数"),
    ("appropriation", "专项当年预算"),
    ("funded_life_budget", "批复预算（财政部分）"),
    ("funded_budget", "全年预算数（财政部分）"),
    // movements
    ("spent", "支出"),
    ("budgeted", "预算安排"),
    ("disbursed", "拨付"),
    ("refunded", "退回"),
    ("reversed", "冲销"),
    ("reclassified", "更正"),
    ("total", "总额"),
    ("acceptance", "验收"),
    // what units say of a target
    ("certain", "确定能"),
    ("possible", "有可能"),
    ("out of reach", "完全不可能"),
    ("not stated", "未填"),
    ("before tax", "税前"),
    ("after tax", "税后"),
];
