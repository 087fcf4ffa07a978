//! The sentences for each [`ProblemCode`](super::ProblemCode), in English and Chinese; `{}` stands for what was found.

use super::problem::Effect;

/// How one kind of problem is named and told.
#[derive(Debug)]
pub(super) struct Wording {
    pub(super) name: &'static str,
    pub(super) effect: Effect,
    pub(super) english: &'static str,
    pub(super) chinese: &'static str,
}

pub(super) const MISSING_IDENTIFIER: Wording = Wording {
    name: "missing_identifier",
    effect: Effect::Kept,
    english: "the activity has no iati-identifier; it is kept but cannot be matched with a later file",
    chinese: "该项目没有 iati-identifier；予以保留，但无法与以后的文件对应",
};

pub(super) const BAD_AMOUNT: Wording = Wording {
    name: "bad_amount",
    effect: Effect::LeftOut,
    english: "“{}” is not an amount (write 1234.56 or 1,234.56; a decimal comma is not accepted); it is left out of all sums",
    chinese: "“{}”不是有效金额（应写作 1234.56 或 1,234.56，不接受用逗号作小数点）；未计入任何合计",
};

pub(super) const AMOUNT_OUT_OF_RANGE: Wording = Wording {
    name: "amount_out_of_range",
    effect: Effect::LeftOut,
    english: "“{}” has more digits than can be kept exactly (28); it is left out of all sums",
    chinese: "“{}”的位数超出可精确保存的范围（28 位）；未计入任何合计",
};

pub(super) const MISSING_VALUE: Wording = Wording {
    name: "missing_value",
    effect: Effect::LeftOut,
    english: "there is no value element; the entry is left out of all sums",
    chinese: "缺少 value 元素；该条目未计入任何合计",
};

pub(super) const SEVERAL_VALUES: Wording = Wording {
    name: "several_values",
    effect: Effect::LeftOut,
    english: "there are {} value elements; the first counts, the others are left out",
    chinese: "共有 {} 个 value 元素；只采用第一个，其余未计入",
};

pub(super) const NO_CURRENCY: Wording = Wording {
    name: "no_currency",
    effect: Effect::Kept,
    english: "neither the value nor the activity states a currency; the amount is kept without one",
    chinese: "数值和项目均未注明币种；金额按“币种未注明”保留",
};

pub(super) const ODD_CURRENCY: Wording = Wording {
    name: "odd_currency",
    effect: Effect::Kept,
    english: "“{}” is not a three-letter currency code; it is kept as written",
    chinese: "“{}”不是三位字母的币种代码；按原文保留",
};

pub(super) const BAD_DATE: Wording = Wording {
    name: "bad_date",
    effect: Effect::LeftOut,
    english: "“{}” is not a date (write YYYY-MM-DD); it is left out",
    chinese: "“{}”不是有效日期（应写作 YYYY-MM-DD）；未采用",
};

pub(super) const DATE_OUT_OF_RANGE: Wording = Wording {
    name: "date_out_of_range",
    effect: Effect::Kept,
    english: "“{}” is before 1900 or after 2200; it is kept as written, please check it",
    chinese: "“{}”早于 1900 年或晚于 2200 年；按原文保留，请核对",
};

pub(super) const DATE_TRAILING_TEXT: Wording = Wording {
    name: "date_trailing_text",
    effect: Effect::Kept,
    english: "only the first ten characters of “{}” were read as a date",
    chinese: "只将“{}”的前十个字符作为日期",
};

pub(super) const DATED_BY_VALUE_DATE: Wording = Wording {
    name: "dated_by_value_date",
    effect: Effect::Kept,
    english: "the transaction has no readable transaction-date; its value-date is used",
    chinese: "该交易没有可读的 transaction-date；改用 value-date",
};

pub(super) const UNDATED: Wording = Wording {
    name: "undated",
    effect: Effect::Kept,
    english: "the transaction has no readable date; its amount counts, but not in any figure by date",
    chinese: "该交易没有可读的日期；金额计入合计，但不计入任何按日期的数字",
};

pub(super) const UNKNOWN_TRANSACTION_TYPE: Wording = Wording {
    name: "unknown_transaction_type",
    effect: Effect::Kept,
    english: "transaction type “{}” is not in the IATI code list; the amount is kept without a type",
    chinese: "交易类型“{}”不在 IATI 代码表内；金额保留但不归类",
};

pub(super) const UNKNOWN_BUDGET_TYPE: Wording = Wording {
    name: "unknown_budget_type",
    effect: Effect::Kept,
    english: "budget type “{}” is neither original (1) nor revised (2); it is kept as original",
    chinese: "预算类型“{}”既非原始预算（1）也非调整预算（2）；按原始预算保留",
};

pub(super) const UNKNOWN_ACTIVITY_DATE_TYPE: Wording = Wording {
    name: "unknown_activity_date_type",
    effect: Effect::LeftOut,
    english: "activity-date type “{}” is not in the IATI code list; the date is left out",
    chinese: "项目日期类型“{}”不在 IATI 代码表内；该日期未采用",
};

pub(super) const UNKNOWN_ACTIVITY_STATUS: Wording = Wording {
    name: "unknown_activity_status",
    effect: Effect::LeftOut,
    english: "activity status “{}” is not in the IATI code list; the status is left unknown",
    chinese: "项目状态“{}”不在 IATI 代码表内；状态按未知处理",
};

pub(super) const UNKNOWN_ORGANISATION_ROLE: Wording = Wording {
    name: "unknown_organisation_role",
    effect: Effect::Kept,
    english: "organisation role “{}” is not in the IATI code list; the organisation is kept without a role",
    chinese: "机构角色“{}”不在 IATI 代码表内；保留该机构但不注明角色",
};

pub(super) const PERIOD_MISSING: Wording = Wording {
    name: "period_missing",
    effect: Effect::Kept,
    english: "the period has no readable start or end; the amount is kept without a full period",
    chinese: "期间缺少可读的开始或结束日期；金额保留，但期间不完整",
};

pub(super) const PERIOD_REVERSED: Wording = Wording {
    name: "period_reversed",
    effect: Effect::Kept,
    english: "the period {} ends before it starts; it is kept as written",
    chinese: "期间 {} 的结束日期早于开始日期；按原文保留",
};

pub(super) const ENTITY_NOT_EXPANDED: Wording = Wording {
    name: "entity_not_expanded",
    effect: Effect::Kept,
    english: "the entity {} is kept as text; karez never expands entities",
    chinese: "实体 {} 按原文保留；karez 从不展开实体",
};

pub(super) const BARE_AMPERSAND: Wording = Wording {
    name: "bare_ampersand",
    effect: Effect::Kept,
    english: "an “&” that should be written “&amp;” is kept as text: {}",
    chinese: "应写作“&amp;”的“&”按原文保留：{}",
};

pub(super) const INVALID_BYTES: Wording = Wording {
    name: "invalid_bytes",
    effect: Effect::Kept,
    english: "{} sequence(s) of bytes that are not text in the file's encoding are shown as U+FFFD",
    chinese: "有 {} 处字节不符合文件的编码，以 U+FFFD 显示",
};

pub(super) const NESTED_ACTIVITY: Wording = Wording {
    name: "nested_activity",
    effect: Effect::Kept,
    english: "an activity is written inside another one: {}",
    chinese: "一个项目写在另一个项目之内：{}",
};

pub(super) const WRONG_ENCODING_DECLARED: Wording = Wording {
    name: "wrong_encoding_declared",
    effect: Effect::Kept,
    english: "the file declares the encoding {} but is not written in it; it is read as UTF-8",
    chinese: "文件声明的编码为 {}，但实际并非如此；按 UTF-8 读取",
};
