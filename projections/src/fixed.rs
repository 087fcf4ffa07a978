//! Bytes of which each has its place.

/// Bytes that are taken apart from their beginning.
pub(crate) struct Fixed<'bytes>(pub(crate) &'bytes [u8]);

impl Fixed<'_> {
    /// The next so many bytes, where there are as many.
    pub(crate) fn next<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }
}
