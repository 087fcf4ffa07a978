//! JSON from outside and from the log.

use serde::Deserialize;

/// Reads JSON. That all of it is UTF-8 is looked at once: [`serde_json::from_slice`] looks at each text by itself, which takes
/// half as long again for the small documents that facts are.
///
/// # Errors
/// As [`serde_json::from_slice`].
pub fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf8_is_refused_where_it_stands() {
        let refused = from_json::<Vec<String>>(b"[\"a\",\n\"\xff\"]").unwrap_err();
        assert_eq!(refused.line(), 2, "{refused}");
        assert_eq!(
            from_json::<Vec<String>>("[\"材料费\"]".as_bytes()).unwrap(),
            ["材料费"]
        );
    }
}
