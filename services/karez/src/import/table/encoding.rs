//! Which encoding a file is in: it is asked of the whole file, since the first letter that tells may come late.

use std::io::Read;
use std::path::Path;

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8, WINDOWS_1252};

use super::TableError;
use super::csv_file::plain;

const PIECE_BYTES: usize = 1 << 16;

/// The encoding named, or else the first of UTF-8, GB18030 and Windows-1252 in which the whole file is text. Nearly
/// every byte is something in GB18030 and every byte in Windows-1252: a publisher's other encoding must be named.
pub(super) fn encoding_of(path: &Path, named: Option<&str>) -> Result<&'static Encoding, TableError> {
    if let Some(name) = named {
        return Encoding::for_label(name.as_bytes()).ok_or_else(|| TableError::Encoding(name.to_owned()));
    }
    for encoding in [UTF_8, GB18030] {
        if is_text_in(path, encoding)? {
            return Ok(encoding);
        }
    }
    Ok(WINDOWS_1252)
}

fn is_text_in(path: &Path, encoding: &'static Encoding) -> Result<bool, TableError> {
    let mut input = plain(std::fs::File::open(path)?)?;
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut piece, mut text) = (vec![0; PIECE_BYTES], vec![0; 4 * PIECE_BYTES]);
    let mut is_beginning = true;
    loop {
        // A file that breaks off is read as far as it goes; reading its rows will say where that is.
        let read = input.read(&mut piece).unwrap_or(0);
        let mut rest = piece.get(..read).unwrap_or_default();
        if std::mem::take(&mut is_beginning)
            && (rest.starts_with(b"\xff\xfe") || rest.starts_with(b"\xfe\xff"))
        {
            return Err(TableError::Utf16);
        }
        loop {
            let (result, taken, _) = decoder.decode_to_utf8_without_replacement(rest, &mut text, read == 0);
            rest = rest.get(taken..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(false),
            }
        }
        if read == 0 {
            return Ok(true);
        }
    }
}
