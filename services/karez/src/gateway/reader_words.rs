//! What the reader of JSON says of a body, for people: without the place in its own text, which the pointer tells, and in
//! Chinese.

/// The sentence without `at line 1 column 15`: the reader sees another text than was sent.
pub(super) fn without_place(sentence: &str) -> &str {
    sentence
        .rsplit_once(" at line ")
        .map_or(sentence, |(said, _)| said)
}

/// The same in Chinese, as far as such sentences are known; others stay as they are.
pub(super) fn in_chinese(sentence: &str) -> String {
    let said = without_place(sentence);
    if let Some(name) = quoted_after(said, "missing field ") {
        return format!("缺少字段 {name}");
    }
    if let Some(name) = quoted_after(said, "duplicate field ") {
        return format!("字段 {name} 重复");
    }
    for (english, chinese) in [("unknown field ", "没有字段"), ("unknown variant ", "没有取值")] {
        if let Some(name) = quoted_after(said, english) {
            return format!("{chinese} {name}，可用的有：{}", choices(said));
        }
    }
    if let Some((found, expected)) = said
        .strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("收到的是{}，应为{}", kind(found), kind(expected));
    }
    if said.contains("is not a decimal number") {
        let found = said.split(" is not a decimal number").next().unwrap_or_default();
        return format!("{found} 不是十进制数：请写成文本，例如 \"1234.50\"，最多 28 位");
    }
    if said == "input is out of range" {
        return "没有这一天：请核对日期".to_owned();
    }
    if [
        "input contains invalid characters",
        "premature end of input",
        "trailing input",
    ]
    .contains(&said)
    {
        return "日期应写成 2024-03-05".to_owned();
    }
    if said.starts_with("expected value") || said.starts_with("expected ident") {
        return "此处应为一个 JSON 值".to_owned();
    }
    if said.starts_with("EOF while parsing") {
        return "内容不完整，中途结束".to_owned();
    }
    said.to_owned()
}

/// The name between backquotes after some words.
fn quoted_after<'a>(sentence: &'a str, words: &str) -> Option<&'a str> {
    sentence.strip_prefix(words)?.split('`').nth(1)
}

/// What follows `expected`, without quotes.
fn choices(sentence: &str) -> String {
    let listed = sentence.rsplit_once("expected ").map_or("", |(_, listed)| listed);
    let listed = listed.trim_start_matches("one of ").replace('`', "");
    listed.replace(" or ", "、").replace(", ", "、")
}

fn kind(english: &str) -> String {
    let (word, rest) = english.split_once(' ').unwrap_or((english, ""));
    let chinese = match (word, rest) {
        ("string", "") | ("a", "string") => "文本",
        ("string", text) => return format!("文本 {text}"),
        ("null", _) => "空值",
        ("map" | "struct", _) => "对象 {…}",
        ("sequence" | "array", _) | ("a", "sequence") => "数组 […]",
        ("boolean", _) | ("a", "boolean") => "true 或 false",
        ("integer", number) if !number.is_empty() => return format!("整数 {}", number.replace('`', "")),
        ("floating", number) => {
            return format!("数 {}", number.trim_start_matches("point ").replace('`', ""));
        }
        ("u8" | "u16" | "u32" | "u64" | "i16" | "i32" | "i64" | "usize", _) => "整数",
        ("a", "formatted date string") => "日期，例如 2024-03-05",
        _ => return english.replace('`', ""),
    };
    chinese.to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("missing field `amount` at line 1 column 2", "缺少字段 amount")]
    #[case("duplicate field `amount` at line 1 column 25", "字段 amount 重复")]
    #[case(
        "unknown field `vouchr`, expected one of `amount`, `voucher_no` at line 1 column 9",
        "没有字段 vouchr，可用的有：amount、voucher_no"
    )]
    #[case(
        "unknown variant `bank`, expected `fiscal_current` or `other`",
        "没有取值 bank，可用的有：fiscal_current、other"
    )]
    #[case(
        "invalid type: string \"x\", expected u32 at line 1 column 3",
        "收到的是文本 \"x\"，应为整数"
    )]
    #[case(
        "invalid type: integer `7`, expected struct Payee",
        "收到的是整数 7，应为对象 {…}"
    )]
    #[case(
        "\"1e3\" is not a decimal number of at most 28 digits at line 1 column 15",
        "\"1e3\" 不是十进制数：请写成文本，例如 \"1234.50\"，最多 28 位"
    )]
    #[case("input is out of range at line 1 column 12", "没有这一天：请核对日期")]
    #[case("something else at line 1 column 12", "something else")]
    fn a_reader_s_sentence_is_said_in_chinese(#[case] english: &str, #[case] chinese: &str) {
        assert_eq!(in_chinese(english), chinese);
    }
}
