//! Rows found by what a reader types.

/// The words of a search.
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn of(typed: &str) -> Self {
        Self(
            typed
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether each word stands in one of these texts, in whatever case.
    pub(super) fn are_in(&self, texts: &[&str]) -> bool {
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.0
            .iter()
            .all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_in_some_text_and_no_word_finds_everything() {
        let texts = ["TLF-2024-002", "葡萄 保鲜", "天山农场"];
        assert!(Words::of("tlf 天山").are_in(&texts));
        assert!(Words::of("保鲜  葡萄").are_in(&texts));
        assert!(Words::of(" ").are_in(&texts));
        assert!(!Words::of("tlf 地山").are_in(&texts));
    }
}
