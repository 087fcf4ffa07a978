//! Where in a JSON text something is wrong, as a JSON pointer (RFC 6901), from where the reader stopped.

/// A container that is open where the reader stopped.
enum Open {
    Object { member: Option<String> },
    Array { index: usize },
}

/// The pointer of the value at which a reader stopped in `json`; `base` stands in front.
pub(crate) fn pointer_of(base: &str, json: &[u8], error: &serde_json::Error) -> String {
    let mut pointer = base.to_owned();
    for open in open_at(json, offset(json, error.line(), error.column())) {
        match open {
            Open::Object { member: Some(member) } => {
                pointer.push('/');
                pointer.push_str(&member.replace('~', "~0").replace('/', "~1"));
            }
            Open::Array { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Open::Object { member: None } => {}
        }
    }
    match member_named(&error.to_string()) {
        Some(name) if !pointer.ends_with(&format!("/{name}")) => format!("{pointer}/{name}"),
        Some(_) | None => pointer,
    }
}

/// A member that is absent or comes twice has no place of its own; the reader's sentence names it.
fn member_named(message: &str) -> Option<&str> {
    let rest = message
        .split_once("missing field `")
        .or_else(|| message.split_once("duplicate field `"));
    rest.and_then(|(_, rest)| rest.split_once('`'))
        .map(|(name, _)| name)
}

/// How many bytes the reader had taken.
fn offset(json: &[u8], line: usize, column: usize) -> usize {
    let before: usize = json
        .split(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(|line| line.len() + 1)
        .sum();
    (before + column).min(json.len())
}

fn open_at(json: &[u8], end: usize) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    let mut expects_member = false;
    let mut bytes = json.iter().take(end).copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' => {
                open.push(Open::Object { member: None });
                expects_member = true;
            }
            b'[' => {
                open.push(Open::Array { index: 0 });
                expects_member = false;
            }
            b'}' | b']' => {
                open.pop();
                expects_member = false;
            }
            b',' => match open.last_mut() {
                Some(Open::Object { .. }) => expects_member = true,
                Some(Open::Array { index }) => *index += 1,
                None => {}
            },
            b':' => expects_member = false,
            b'"' => {
                let length = string_length(&mut bytes);
                let text = json.get(at..=at + length);
                if let (Some(Open::Object { member }), true) = (open.last_mut(), expects_member) {
                    *member = text.and_then(|text| serde_json::from_slice(text).ok());
                }
            }
            _ => {}
        }
    }
    open
}

/// Goes past the end of a string that has begun; returns how many bytes that took.
fn string_length(bytes: &mut impl Iterator<Item = (usize, u8)>) -> usize {
    let mut length = 0;
    let mut escaped = false;
    for (_, byte) in bytes {
        length += 1;
        match byte {
            b'\\' if !escaped => escaped = true,
            b'"' if !escaped => break,
            _ => escaped = false,
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use karez_events::event::budget::BudgetApproved;
    use karez_events::event::money_flow::ExpenditureRecorded;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"amount":1.5}"#, "/data/amount")]
    #[case(r#"{"amount":"1.5","payee":{"nmae":"x"}}"#, "/data/payee/nmae")]
    #[case(r#"{"amount":"1.5","vouchr":"7"}"#, "/data/vouchr")]
    #[case(r#"{"voucher_no":"7"}"#, "/data/amount")]
    #[case(r#"{"amount":"1.5","service_from_on":"2024-02-30"}"#, "/data/service_from_on")]
    #[case("{\"purpose\":\"a \\\" b, {\",\n \"amount\": \"x\"}", "/data/amount")]
    #[case(r#"{"amount":"1","tags":["a",7]}"#, "/data/tags/1")]
    #[case(r#"{"amount":"1","amount":"2"}"#, "/data/amount")]
    fn the_field_at_fault_is_pointed_at(#[case] json: &str, #[case] pointer: &str) {
        let error = serde_json::from_str::<ExpenditureRecorded>(json).unwrap_err();
        assert_eq!(pointer_of("/data", json.as_bytes(), &error), pointer, "{error}");
    }

    #[test]
    fn a_line_of_a_budget_is_pointed_at() {
        let json = r#"{"lines":[{"amount":"1"},{"amount":2}]}"#;
        let error = serde_json::from_str::<BudgetApproved>(json).unwrap_err();
        assert_eq!(pointer_of("", json.as_bytes(), &error), "/lines/1/amount");
    }
}
