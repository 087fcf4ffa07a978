//! One file of the tree, and what can be read from its lines.

use std::path::Path;

use crate::crates::{CRATES, Crate};

/// One file of the tree; the path is relative to its root, with `/`.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn is_rust(&self) -> bool {
        has_ending(&self.path, "rs")
    }

    /// The lines that are not wholly comment, numbered from 1.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..)
            .zip(self.text.lines())
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    pub fn home(&self) -> Option<&'static Crate> {
        CRATES.iter().find(|at| {
            self.path
                .strip_prefix(at.folder)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    pub fn is_in_pure_crate(&self) -> bool {
        self.home().is_some_and(|at| at.pure)
    }
}

pub fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|has| has == ending)
}

/// Whether the line names this path of words, not merely a longer word that holds it.
pub fn names(line: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

/// Like [`names`], and a part between underscores counts: `to_f64` names `f64`.
pub fn names_part(line: &str, name: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric())
        .any(|part| part == name)
}

pub fn begins_a_path(line: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "._-~}/".contains(c);
    line.match_indices(path)
        .any(|(at, _)| !line[..at].ends_with(goes_on))
}

/// The first lines of what begins at the left margin, with how many lines each takes.
pub fn top_level_items(text: &str) -> Vec<(String, usize)> {
    let mut items = vec![];
    let mut open: Option<(usize, &str)> = None;
    for (number, line) in text.lines().enumerate() {
        match open {
            Some((start, head)) if line.starts_with('}') => {
                items.push((
                    head.trim_end_matches('{').trim_end().to_string(),
                    number - start + 1,
                ));
                open = None;
            }
            None if line.starts_with(char::is_alphabetic) && line.ends_with(['{', '(']) => {
                open = Some((number, line));
            }
            _ => {}
        }
    }
    items
}

/// A file that a test makes up.
pub fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_string(),
        text: text.to_string(),
    }
}
