//! How long a sender wants to wait for what becomes of a fact: `Prefer: wait=SECONDS` and `Prefer: respond-async` (RFC 7240).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::problem::Problem;

pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What a sender prefers. Without a word the answer comes when the log has the fact, or it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until it is decided.
    UntilDecided,
    /// Until it is decided, but so long at most.
    AtMost(Duration),
    /// Not at all, where the fact is kept safe without it.
    None,
}

impl Patience {
    /// Reads what a request prefers. Preferences that are not known are passed over, as the RFC wants.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut patience = Self::UntilDecided;
        let values = headers.get_all(PREFER).iter();
        let preferences = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for preference in preferences {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "respond-async" if patience == Self::UntilDecided => patience = Self::None,
                "wait" => {
                    let seconds = value
                        .trim()
                        .trim_matches('"')
                        .parse()
                        .map_err(|_| not_seconds())?;
                    patience = Self::AtMost(Duration::from_secs(seconds));
                }
                _ => {}
            }
        }
        Ok(patience)
    }
}

fn not_seconds() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_preference",
        "Prefer: wait 应为整数秒，例如 Prefer: wait=5".to_owned(),
        "Prefer: wait is a whole number of seconds, such as Prefer: wait=5".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&'static str]) -> Result<Patience, Problem> {
        let pairs = values
            .iter()
            .map(|value| (PREFER, HeaderValue::from_static(value)));
        Patience::read(&pairs.collect())
    }

    #[test]
    fn preferences_are_read_in_any_company() {
        let seconds = |seconds| Patience::AtMost(Duration::from_secs(seconds));
        assert_eq!(read(&[]).unwrap(), Patience::UntilDecided);
        assert_eq!(read(&["respond-async"]).unwrap(), Patience::None);
        assert_eq!(read(&["return=minimal, Wait=\"7\""]).unwrap(), seconds(7));
        // The bound says more than the wish not to wait.
        assert_eq!(read(&["respond-async, wait=2"]).unwrap(), seconds(2));
        assert_eq!(read(&["wait=2", "respond-async"]).unwrap(), seconds(2));
    }

    #[test]
    fn a_wait_that_is_no_number_is_refused() {
        for text in ["wait=soon", "wait", "wait=-1"] {
            assert!(read(&[text]).is_err(), "{text}");
        }
    }
}
