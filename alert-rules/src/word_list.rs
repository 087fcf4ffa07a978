//! Words that thresholds list, looked for in a text all at once: vouchers are many, and each is asked about every list.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use karez_projections::Entry;
use karez_projections::derived::Derived;
use serde::{Deserialize, Serialize};

/// Words of a threshold; a text that contains one of them is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WordList {
    words: Vec<String>,
    /// `None` where the words are too many for one.
    #[serde(skip)]
    automaton: Derived<OnceLock<Option<AhoCorasick>>>,
}

impl WordList {
    /// Words as a notice lists them.
    #[must_use]
    pub fn new(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            automaton: Derived::default(),
        }
    }

    /// The words of several lists.
    pub(crate) fn of_all<'a>(lists: impl IntoIterator<Item = &'a Self>) -> Self {
        Self {
            words: lists.into_iter().flat_map(|list| list.words.clone()).collect(),
            automaton: Derived::default(),
        }
    }

    /// Whether a text contains one of them.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        match self.automaton.get_or_init(|| AhoCorasick::new(&self.words).ok()) {
            Some(automaton) => automaton.is_match(text),
            None => self.words.iter().any(|word| text.contains(word.as_str())),
        }
    }

    /// Whether the category, the old category, the purpose or a label of an entry contains one of them.
    #[must_use]
    pub fn is_about(&self, entry: &Entry) -> bool {
        entry.texts().any(|text| self.is_in(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn it_is_in_a_text_where_one_of_its_words_is(words in prop::collection::vec("[费差a-c]{0,3}", 0..6), text in "[费差旅a-d]{0,12}") {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let is_there = words.iter().any(|word| text.contains(word));
            prop_assert_eq!(WordList::new(&words).is_in(&text), is_there);
        }
    }

    #[test]
    fn a_copy_of_what_was_asked_already_is_asked_anew() {
        let asked = WordList::new(&["差旅"]);
        assert!(!asked.is_in("住宿费"));
        let mut copy = asked.clone();
        copy.words.push("住宿".to_owned());
        assert!(copy.is_in("住宿费"));
    }

    #[test]
    fn it_is_written_as_its_words() {
        let list = WordList::new(&["差旅", "travel"]);
        assert!(list.is_in("差旅费"));
        let written = json!(["差旅", "travel"]);
        assert_eq!(serde_json::to_value(&list).ok(), Some(written.clone()));
        assert_eq!(serde_json::from_value(written).ok(), Some(list));
    }
}
