//! Text in several languages: repeated elements in IATI 1.x, `narrative` children in 2.x.

use super::tree::Element;

/// A text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrative {
    /// The language as written (`zh`, `en-GB`): the element's own, else its parent's, else the activity's.
    pub language: Option<String>,
    /// The text, white space collapsed.
    pub text: String,
}

/// The text to show when only one can be: Chinese, else English, else the first.
#[must_use]
pub fn preferred(narratives: &[Narrative]) -> Option<&str> {
    let in_language = |prefix: &str| narratives.iter().find(|narrative| narrative.is_in(prefix));
    in_language("zh")
        .or_else(|| in_language("en"))
        .or(narratives.first())
        .map(|narrative| narrative.text.as_str())
}

impl Narrative {
    fn is_in(&self, language: &str) -> bool {
        let stated = self.language.as_deref().unwrap_or_default();
        let primary = stated.split(['-', '_']).next().unwrap_or_default();
        primary.eq_ignore_ascii_case(language)
    }
}

/// The texts of one element; empty ones are left out.
pub(super) fn narratives(element: &Element, default_language: Option<&str>) -> Vec<Narrative> {
    let outer = element.stated("xml:lang").or(default_language);
    let one = |source: &Element| {
        let text = collapsed(&source.all_text());
        let language = source.stated("xml:lang").or(outer).map(str::to_owned);
        (!text.is_empty()).then_some(Narrative { language, text })
    };
    if element.child("narrative").is_some() {
        element.children_named("narrative").filter_map(one).collect()
    } else {
        one(element).into_iter().collect()
    }
}

/// The text with every run of white space as one space.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
