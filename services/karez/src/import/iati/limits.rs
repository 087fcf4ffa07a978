//! How much of a file karez is willing to hold in memory at once.

/// The most one activity may take; a file beyond it ends with a clear error instead of eating the machine's memory.
///
/// The defaults admit everything seen from publishers with a wide margin: the largest activity among our sample files
/// has 4,002 elements in 0.2 MB, and the largest child of any has 233 elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Text and markup of one activity, in bytes of UTF-8.
    pub activity_bytes: u64,
    /// One piece of text, one tag or one comment, in bytes of UTF-8.
    pub piece_bytes: u64,
    /// Elements inside one activity.
    pub activity_elements: u64,
    /// Elements inside one direct child of an activity, such as a transaction or a result.
    pub child_elements: u64,
    /// Elements inside each other, counted from the root.
    pub depth: u64,
    /// Attributes on one element.
    pub attributes: u64,
    /// Problems listed for one activity; more are counted, not listed.
    pub listed_problems: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activity_bytes: 64 * 1024 * 1024,
            piece_bytes: 8 * 1024 * 1024,
            activity_elements: 2_000_000,
            child_elements: 100_000,
            depth: 256,
            attributes: 128,
            listed_problems: 1_000,
        }
    }
}
