//! The names of the figures that evidence lists, and their values, in both languages.

use super::patterns::first;
use super::terms::term_zh;
use crate::catalogue::Catalogue;
use crate::measure_names::MEASURES;

/// The name of a figure in Chinese: `tranche_3` is 批次 3.
#[must_use]
pub fn name_zh(name: &str) -> String {
    let (head, number) = head_and_number(name);
    if let Some((_, zh, _)) = NAMES.iter().find(|(known, ..)| *known == head) {
        return numbered(zh, number);
    }
    if let Some(project) = name.strip_prefix("project ") {
        return format!("项目 {project}");
    }
    if let Some((source, category)) = name.split_once('/') {
        return format!("{}/{category}", term_zh(source));
    }
    let measure = MEASURES.iter().find(|measure| measure.name == name);
    measure.map_or_else(|| name.to_owned(), |measure| measure.zh.to_owned())
}

/// The same in English.
#[must_use]
pub fn name_en(name: &str) -> String {
    let (head, number) = head_and_number(name);
    let name = match NAMES.iter().find(|(known, ..)| *known == head) {
        Some((_, _, en)) => numbered(en, number),
        None => name.replace('_', " "),
    };
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The value of a figure in Chinese.
#[must_use]
pub fn value_zh(name: &str, value: &str) -> String {
    match head_and_number(name).0 {
        "rule" => rule_named(value, |zh, _| zh),
        "denominator" | "likelihood" | "tax_basis" => term_zh(value).to_owned(),
        head if WRITTEN_OUT.contains(&head) || name.contains('/') => {
            first(VALUES, value).unwrap_or_else(|| value.to_owned())
        }
        // Names and texts that others gave.
        _ => value.to_owned(),
    }
}

/// The same in English.
#[must_use]
pub fn value_en(name: &str, value: &str) -> String {
    match name {
        "rule" => rule_named(value, |_, en| en),
        "denominator" => value.replace('_', " "),
        _ => value.to_owned(),
    }
}

/// `tranche_03` is the third `tranche`; other names have no number.
pub(super) fn head_and_number(name: &str) -> (&str, Option<u32>) {
    let numbered = name
        .rsplit_once('_')
        .and_then(|(head, number)| Some((head, number.parse().ok()?)));
    numbered.map_or((name, None), |(head, number)| (head, Some(number)))
}

fn numbered(name: &str, number: Option<u32>) -> String {
    number.map_or_else(|| name.to_owned(), |number| format!("{name} {number}"))
}

/// Code and title of a rule; the recorded name of an office's own.
fn rule_named(name: &str, pick: for<'a> fn(&'a str, &'a str) -> &'a str) -> String {
    let catalogue = Catalogue::default();
    let about = catalogue.rule(name).map(crate::rule::Rule::about);
    about.map_or_else(
        || name.to_owned(),
        |about| format!("{} {}", about.code, pick(about.zh, about.en)),
    )
}

const NAMES: &[(&str, &str, &str)] = &[
    ("approved_cap", "批准上限", "approved cap"),
    ("approved_days", "批准预研天数", "approved pre-study days"),
    (
        "balance of fiscal money",
        "财政资金余额",
        "balance of fiscal money",
    ),
    ("balance of other money", "其他资金余额", "balance of other money"),
    ("balance of own money", "自筹资金余额", "balance of own money"),
    ("bank_slips", "银行回单", "bank slips"),
    ("base", "计算基数", "base"),
    ("book_balance", "账面余额", "book balance"),
    ("cap", "上限", "cap"),
    ("clause", "条款", "clause"),
    ("commitments_due", "到期合同占用", "commitments due"),
    ("committed", "合同占用", "committed"),
    ("contract_no", "合同号", "contract no."),
    ("contract_period", "任务书执行期", "contract period"),
    ("contract_signed_on", "任务书签订日", "contract signed on"),
    ("covered_from_on", "批准覆盖起始日", "covered from"),
    ("denominator", "分母", "denominator"),
    ("direct_budget", "直接费用预算", "direct costs budgeted"),
    ("due_on", "期限", "due on"),
    ("end_on", "到期日", "end"),
    ("fiscal", "财政资金", "fiscal money"),
    ("fiscal_balance", "财政资金余额", "fiscal balance"),
    ("full_year_budget", "全年预算数", "full-year budget"),
    ("idle_days", "闲置天数", "idle days"),
    ("idle_since", "闲置起始日", "idle since"),
    ("idle_yuan_days", "闲置元·天", "idle yuan × days"),
    ("indirect_budget", "间接费用预算", "indirect costs budgeted"),
    ("indirect_spent", "间接费用支出", "indirect costs spent"),
    ("items", "整改事项", "items"),
    ("last_report_filed", "最近报送日", "last report filed"),
    ("last_report_until", "最近报告截止日", "last report until"),
    ("likelihood", "完成目标可能性", "likelihood"),
    ("lodging", "住宿", "lodging"),
    ("missing budgets", "缺预算", "missing budgets"),
    ("missing categories", "缺科目", "missing categories"),
    ("missing currencies", "缺币种", "missing currencies"),
    ("missing dates", "缺日期", "missing dates"),
    ("missing invoices", "缺发票号", "missing invoices"),
    (
        "missing service periods",
        "缺费用所属期",
        "missing service periods",
    ),
    ("missing_reports", "缺报期数", "missing reports"),
    ("money_arrived_on", "资金到位日", "money arrived on"),
    ("movement", "收支", "movement"),
    ("next_tranche", "下一批次", "next tranche"),
    ("opening_budget", "年初预算数", "opening budget"),
    ("ordered_on", "通知日", "ordered on"),
    ("origin_budget_year", "资金所属年度", "budget year of origin"),
    ("other", "其他", "other"),
    ("own", "自筹资金", "own money"),
    ("payee", "收款人", "payee"),
    ("period", "期间", "period"),
    ("person_days", "人天", "person-days"),
    ("postings", "涉及笔数", "postings"),
    ("pre_start_cost", "启动前支出", "pre-start cost"),
    ("purchase_excluded", "扣除设备购置费", "purchases excluded"),
    ("quota_issued_on", "指标下达日", "quota issued on"),
    ("reconciled_on", "对账日", "reconciled on"),
    ("replied_on", "反馈日", "replied on"),
    ("round_sums", "整数金额笔数", "round sums"),
    ("rule", "规则", "rule"),
    ("serial_invoices", "连号发票数", "serial invoices"),
    (
        "share_of_postings_reversed",
        "冲销占比",
        "share of postings reversed",
    ),
    ("sla", "处置时限", "time to handle"),
    ("spent_last_90_days", "近90天支出", "spent in the last 90 days"),
    ("spent_with_late_entries", "含迟录支出", "spent with late entries"),
    (
        "spent_without_late_entries",
        "不含迟录支出",
        "spent without late entries",
    ),
    ("statement_balance", "对账单余额", "statement balance"),
    ("surplus_policy", "结余政策", "surplus policy"),
    ("tax_basis", "计税口径", "tax basis"),
    ("tranche", "批次", "tranche"),
    ("travel", "差旅", "travel"),
    ("unit", "单位", "unit"),
    ("voucher", "凭证", "voucher"),
    ("wages", "工资", "wages"),
];

/// Figures whose values are written by a pattern, as those of budget lines (`source/category`) are.
const WRITTEN_OUT: [&str; 5] = ["movement", "next_tranche", "period", "tranche", "voucher"];

/// The patterns of values that are more than a number, with their Chinese.
const VALUES: &[(&str, &str)] = &[
    (
        "hold: {} of the last tranche unspent > {}%",
        "暂缓拨付：上一批次未用 {0} > {1}%",
    ),
    (
        "{}: {} arrived {}, spent {}, left {}, {} d, two years on {}: see ST-04",
        "{0}：{1}，{2}到位，已用 {3}，余额 {4}，{5}天，两年期限 {6}，见 ST-04",
    ),
    (
        "{}: {} arrived {}, spent {}, left {}, {} d, two years on {}",
        "{0}：{1}，{2}到位，已用 {3}，余额 {4}，{5}天，两年期限 {6}",
    ),
    (
        "{}: {} arrived {}, spent {}, left {}, {} d, P1 {}",
        "{0}：{1}，{2}到位，已用 {3}，余额 {4}，{5}天，两年期限 {6}",
    ),
    (
        "{}: {} arrived {}, spent {}, left {}, {} d",
        "{0}：{1}，{2}到位，已用 {3}，余额 {4}，{5}天",
    ),
    ("{}: arrived {}, left {}", "{0}：{1}到位，余额 {2}"),
    ("{}: {} on {}, {}", "{0}：{1}，{2}，{3}"),
    ("{} of {}", "支出 {0}，预算 {1}"),
    ("{} disbursed {}", "{0} 拨付 {1}"),
    ("{} refunded {}", "{0} 退回 {1}"),
    ("{} reversed {}", "{0} 冲销 {1}"),
    ("{} reclassified {}", "{0} 更正 {1}"),
    ("{} spent {}", "{0} 支出 {1}"),
    ("{}..{}", "{0}至{1}"),
];
