//! The two languages of the interface, and how one is chosen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

/// A text that names no language of the interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no language of the interface: give zh or en")]
pub struct LanguageError(String);

impl Language {
    /// The wording for this language.
    #[must_use]
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// The tag on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.pick("zh", "en")
    }

    /// What the environment asks for (`LANG=en_GB.UTF-8`); Chinese where it does not say.
    #[must_use]
    pub fn of_environment(lang: Option<&str>) -> Self {
        match lang {
            Some(lang) if lang.to_ascii_lowercase().starts_with("en") => Self::En,
            Some(_) | None => Self::Zh,
        }
    }

    /// What an `Accept-Language` header prefers among zh and en; Chinese where it names neither.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for item in header.split(',') {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1000, thousandths);
            let language = match tag.split('-').next() {
                Some("zh") => Self::Zh,
                Some("en") => Self::En,
                Some(_) | None => continue,
            };
            if weight > 0 && best.is_none_or(|(found, _)| weight > found) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::Zh, |(_, language)| language)
    }
}

/// A quality value such as `0.8` in thousandths; what is not one counts as 1.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(fraction)) => whole.min(1) * 1000 + fraction,
        (Ok(_) | Err(_), _) => 1000,
    }
}

impl fmt::Display for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        match text {
            "zh" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            other => Err(LanguageError(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_wins() {
        assert_eq!(Language::accepted("en"), Language::En);
        assert_eq!(Language::accepted("en-GB,en;q=0.9,zh;q=0.8"), Language::En);
        assert_eq!(Language::accepted("fr, zh-CN;q=0.9, en;q=0.8"), Language::Zh);
        assert_eq!(Language::accepted("zh;q=0.2, en;q=0.25"), Language::En);
        assert_eq!(Language::accepted("en;q=0"), Language::Zh);
        assert_eq!(Language::accepted("de"), Language::Zh);
    }

    #[test]
    fn the_environment_is_asked() {
        assert_eq!(Language::of_environment(Some("en_US.UTF-8")), Language::En);
        assert_eq!(Language::of_environment(Some("zh_CN.UTF-8")), Language::Zh);
        assert_eq!(Language::of_environment(None), Language::Zh);
    }
}
