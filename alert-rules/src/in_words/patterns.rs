//! The patterns by which rules write their formulas and thresholds, each with its Chinese. In the Chinese `{0}` stands
//! for what filled the first place of the pattern.

use super::terms::{term_en, term_zh};

/// A statement of a formula in Chinese, where one of the patterns is its.
#[must_use]
pub fn formula_zh(statement: &str) -> Option<String> {
    first(FORMULAS, statement)
}

/// A statement of a formula in English, where it names figures by codes.
#[must_use]
pub fn formula_en(statement: &str) -> Option<String> {
    first_with(CODED, statement, term_en)
}

/// Thresholds in Chinese.
#[must_use]
pub fn threshold_zh(statement: &str) -> Option<String> {
    first(THRESHOLDS, statement)
}

/// The Chinese by the first pattern that fits.
pub(super) fn first(patterns: &[(&str, &str)], text: &str) -> Option<String> {
    first_with(patterns, text, term_zh)
}

fn first_with(patterns: &[(&str, &str)], text: &str, term: fn(&str) -> &str) -> Option<String> {
    patterns
        .iter()
        .find_map(|(pattern, told)| Some(filled(told, &places(pattern, text)?, term)))
}

/// What fills the places of a pattern, where the text is written by it. The texts between the places must all be there, in
/// their order; each place is as short as can be.
fn places<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut between = pattern.split("{}");
    let mut rest = text.strip_prefix(between.next()?)?;
    let between: Vec<&str> = between.collect();
    let Some((last, between)) = between.split_last() else {
        return rest.is_empty().then(Vec::new);
    };
    let mut found = Vec::with_capacity(between.len() + 1);
    for literal in between {
        let (place, after) = rest.split_once(literal)?;
        found.push(place);
        rest = after;
    }
    found.push(rest.strip_suffix(last)?);
    Some(found)
}

fn filled(told: &str, places: &[&str], term: fn(&str) -> &str) -> String {
    let mut text = told.to_owned();
    for (number, place) in places.iter().enumerate() {
        text = text.replace(&format!("{{{number}}}"), term(place));
    }
    text
}

const CODED: &[(&str, &str)] = &[
    (
        "F5 − F3 = {}",
        "paid over of the budget − spent of what arrived = {0}",
    ),
    ("b − F17 = {}", "share of the period gone − match arrived = {0}"),
    ("indirect {} {} / F16({}", "indirect costs {0} {1} / cap of ({2}"),
    (
        "{} − {} = {}/{} − {} = {} − {}",
        "{0} − {1} = {2}/{3} − {4} = {5} − {6}",
    ),
];

const FORMULAS: &[(&str, &str)] = &[
    // ST: stalled funds
    ("U({}) = {} < 0", "{0}余额 = {1} < 0"),
    ("U({}) = {}", "{0}在户余额 = {1}"),
    ("E({}, {}] = {} = {} < {}%", "{0}至{1}净支出 = {2} = {3} < {4}%"),
    (
        "U = {}, of which {} ≥ M = {}",
        "现在户余额 = {0}，其中原有 {1} ≥ 起点金额 {2}",
    ),
    ("U = {} ≥ M = {}", "在户余额 {0} ≥ 起点金额 {1}"),
    ("U = {} > M = {}", "在户余额 {0} > 起点金额 {1}"),
    ("U = {}", "在户余额 = {0}"),
    ("I − D = {} − {} = {}", "已下达 − 已拨付 = {0} − {1} = {2}"),
    (
        "F5 − F3 = {}/{} − {}/{} = {} − {}",
        "拨付率 − 到位资金支出率 = {0}/{1} − {2}/{3} = {4} − {5}",
    ),
    ("{} of {} left", "{1}年度资金剩余 {0}"),
    // BX: budget and execution apart
    ("Σ|Δ|/A0 = {}/{} = {}", "累计调整 ÷ 年初预算 = {0}/{1} = {2}"),
    ("n = {}", "调整次数 = {0}"),
    (
        "E > A before {}: {}: {} > {}",
        "{0}调整前已超支：{1}支出 {2} > 预算 {3}",
    ),
    (
        "Σ|E_c − A_c·E/A| / E = {}, E/A = {}/{}",
        "各科目支出与折算预算之差合计 ÷ 总支出 = {0}，总支出 ÷ 总预算 = {1}/{2}",
    ),
    (
        "|E/A − work| on {} = |{}/{} − work| = |{} − {}|",
        "截至{0}，|支出率 − 任务进度| = |{1}/{2} − 任务进度| = |{3} − {4}|",
    ),
    ("E − A = {} − {} = {}", "支出 − 预算 = {0} − {1} = {2}"),
    // PS: pre-start costs
    (
        "Σ own money before S − {} d = {}",
        "可列支起始日（扣除批准预研{0}天）之前的自筹支出合计 = {1}",
    ),
    ("planned {}: {}", "计划自筹 {0}：占 {1}"),
    (
        "S − earliest = {} − {} = {} d",
        "可列支起始日 − 最早费用日 = {0} − {1} = {2}天",
    ),
    ("wages ran on while U > 0", "连续发放工资而财政资金在户"),
    (
        "Σ fiscal money before {} − {} d = {}",
        "{0}（扣除批准预研{1}天）之前的财政资金支出合计 = {2}",
    ),
    (
        "Σ before {} = {} in {} payments",
        "{0}之前付款合计 = {1}，共{2}笔",
    ),
    (
        "Σ moved from own into fiscal money, of services before {} = {}",
        "{0}之前的服务费用由自筹改列财政资金合计 = {1}",
    ),
    (
        "pre-start cost inside the claim / claimed = {} / {} = {}",
        "计入自筹的启动前支出 ÷ 申报自筹到位 = {0} / {1} = {2}",
    ),
    ("{}: {} before {} of {}", "{0}：{2}之前支出 {1}，预算 {3}"),
    ("{}: {} < {}", "{0}：{1} < 立项批复日 {2}"),
    // YE: year-end and late spending
    ("E(12)/E = {}/{} = {}", "12月支出 ÷ 全年支出 = {0}/{1} = {2}"),
    (
        "{} in the 7 days to {} = {}× the mean week",
        "截至{1}的7天支出 {0} = 周均支出的{2}倍",
    ),
    (
        "equipment from {} / line = {}/{} = {}",
        "{0}起购置设备 ÷ 设备费预算 = {1}/{2} = {3}",
    ),
    (
        "Σ after {} or in a suspension = {} in {} postings",
        "{0}之后或暂停期间的支出合计 = {1}，共{2}笔",
    ),
    // DS: duplicates
    (
        "invoice {}, amount {}: {} postings",
        "发票 {0}，金额 {1}：入账{2}笔",
    ),
    ("invoice {}: {} projects", "发票 {0}：{1}个项目"),
    ("document {}: {} projects", "票据影像 {0}：{1}个项目"),
    (
        "same payee, amount {}, {} d apart ≤ {} d",
        "同一收款人，金额 {0}，相隔{1}天 ≤ {2}天",
    ),
    (
        "Σ {} payments, {} to {} = {} = {} × {}",
        "{1}至{2}支付{0}笔，合计 {3} = {4} × 限额 {5}",
    ),
    // CC: category caps
    (
        "indirect {} {} / F16({} − {} = {}) = {} / {} = {}",
        "间接费用{0} {1} ÷ 上限（基数 {2} − {3} = {4}） = {5} / {6} = {7}",
    ),
    (
        "{} / scale({} d) = {} / {} = {}",
        "{0} ÷ 标准（{1}人天） = {2} / {3} = {4}",
    ),
    (
        "payee of {} is on the payroll or labelled as staff",
        "金额 {0} 的收款人在本项目领取工资或标注为本单位人员",
    ),
    ("{}: fiscal {}, own {}", "{0}：财政资金 {1}，自筹资金 {2}"),
    // MF: matching funds
    (
        "b − F17 = {} − {}/{} = {} − {}",
        "执行期进度 − 自筹到位率 = {0} − {1}/{2} = {3} − {4}",
    ),
    ("claimed {} since {}", "自{1}起申报自筹到位 {0}"),
    ("booked {}", "已入账支出 {0}"),
    // DQ: data quality
    ("E({}, {}) = {} < 0", "{0}/{1} 累计支出 = {2} < 0"),
    (
        "|{} − {}| / {} = {}",
        "|自评数 {0} − 账面数 {1}| ÷ 账面数 {2} = {3}",
    ),
    (
        "|{} − {}| = {} = {}",
        "|账面余额 {0} − 对账单余额 {1}| = {2} = {3}",
    ),
    // PI, FC: performance and forecast
    ("B/A − b(t) = {} − {} on {}", "{2} 完成率 − 序时进度 = {0} − {1}"),
    (
        "A = {}, E = {}, n/N = {}/{}: {} – {}",
        "全年预算 {0}，已支出 {1}，已过{2}/{3}天：年末预测 {4} 至 {5}",
    ),
    (
        "[({} − {})/({} − {})] ÷ [{}/{}] = {}",
        "[（预算 {0} − 支出 {1}）÷（全年{2}天 − 已过{3}天）] ÷ [支出 {4} ÷ 已过{5}天] = {6}倍",
    ),
    // days, and what several rules write alike
    (
        "{} − {} = {} d in which it was not suspended",
        "{0} − {1} = {2}天（不含暂停）",
    ),
    (
        "{} − {} = {} d, into a closed year",
        "{0} − {1} = {2}天，记入已年结账期",
    ),
    (
        "{} − {} = {} d, into a closed month",
        "{0} − {1} = {2}天，记入已月结账期",
    ),
    ("{} − {} = {} d", "{0} − {1} = {2}天"),
    ("{} d since {}", "自{1}起{0}天"),
    ("{} d", "{0}天"),
    (
        "{} − {} = {}/{} − {} = {} − {}",
        "{0} − {1} = {2}/{3} − {4} = {5} − {6}",
    ),
    ("{}/{}: {} of {}", "{0}/{1}：支出 {2}，预算 {3}"),
];

const THRESHOLDS: &[(&str, &str)] = &[
    // an office's own rule: a condition for each colour
    ("red: {}", "红：{0}"),
    ("orange: {}", "橙：{0}"),
    ("yellow: {}", "黄：{0}"),
    ("blue: {}", "蓝：{0}"),
    ("{} %, {} ×", "{0} %，{1} 倍"),
    ("≥ {} and ≥ {} %", "≥ {0} 个且 ≥ {1} %"),
    ("≥ {} and more than half", "≥ {0} 个且过半数"),
    ("–/> 0/≥ {}/> {} %", "–/> 0/≥ {0}/> {1} %"),
    ("{} d left", "剩余 {0} 天"),
    ("{} % of the scale (above)", "超过标准的 {0} %"),
    ("{} % of the cap", "上限的 {0} %"),
    ("{} % of the line", "科目预算的 {0} %"),
    ("{} × limit", "限额的 {0} 倍"),
    ("closed month orange, closed year red", "已月结橙色，已年结红色"),
    ("–/–/one unit/different units", "–/–/同一单位/不同单位"),
    (
        "–/payee+amount/invoice/invoice paid twice",
        "–/收款人和金额相同/发票相同/发票相同且已付两次",
    ),
    ("–/–/–/before 立项", "–/–/–/早于立项批复"),
    ("–/–/approval pending/> 0", "–/–/待批/> 0"),
    ("–/own/fiscal/fiscal ≥ {}", "–/自筹资金/财政资金/财政资金 ≥ {0}"),
    (
        "–/E_c < 0/U_s < 0/U < 0",
        "–/科目支出 < 0/某一来源余额 < 0/全部余额 < 0",
    ),
    (
        "–/–/payee and amount/same voucher, invoice or document",
        "–/–/收款人和金额相符/同一凭证、发票或票据影像",
    ),
    ("≤ {} d, ≤ {} %", "间隔 ≤ {0} 天，金额相差 ≤ {1} %"),
    (
        "> {} d, {} months of wages orange",
        "早于 {0} 天或连续 {1} 个月工资为橙色",
    ),
    ("{} yellow", "{0} 元起黄色"),
    ("PS-03..05 red", "PS-03 至 PS-05 触发为红色"),
    ("E > A", "支出 > 预算"),
    ("E ≤ A before every change", "每次调整前支出 ≤ 预算"),
    ("after {}", "{0}之后"),
    ("{} changes", "{0} 次"),
    ("{} pp", "{0} 个百分点"),
    ("{} ×", "{0} 倍"),
    ("{} d", "{0} 天"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_order_and_the_whole_text_is_used() {
        assert_eq!(
            places("{} d since {}", "47 d since 2024-06-30"),
            Some(vec!["47", "2024-06-30"])
        );
        assert_eq!(places("{} d", "47 d since 2024-06-30"), None);
        assert_eq!(places("E > A", "E > A"), Some(vec![]));
        assert_eq!(places("E > A", "E > A or so"), None);
    }

    #[test]
    fn what_others_wrote_is_kept_as_it_is() {
        assert_eq!(
            formula_zh("self_raised/travel of experts: 120 of 100").as_deref(),
            Some("自筹/travel of experts：支出 120，预算 100")
        );
    }
}
