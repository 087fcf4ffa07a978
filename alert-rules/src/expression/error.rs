//! What is wrong with a text, where, and what to do.

use std::fmt;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ExpressionError {
    /// Byte of the text at which it was noticed.
    pub offset: usize,
    /// Line of the text, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do, Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl ExpressionError {
    /// An error at a byte of a text.
    #[must_use]
    pub(crate) fn at(text: &str, offset: usize, (zh, en): (String, String)) -> Self {
        let (line, column) = place(text, offset);
        Self {
            offset,
            line,
            column,
            zh,
            en,
        }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line, column, zh, en, ..
        } = self;
        write!(
            out,
            "line {line}, column {column}: {en}\n第{line}行第{column}列：{zh}"
        )
    }
}

/// Line and column of a byte, both from 1; columns count characters.
#[must_use]
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let of_line = before.rsplit('\n').next().unwrap_or(before);
    (line, of_line.chars().count() + 1)
}
