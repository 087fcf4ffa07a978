//! Bytes of any file as UTF-8 text: unzips, decodes, replaces what is not text, and knows the line and column.

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use super::error::ReadFault;
use super::problem::Place;

const CHUNK_BYTES: usize = 64 * 1024;
/// How much of the file is looked at to find its encoding; an XML declaration is far shorter.
const SNIFF_BYTES: u64 = 1024;
/// Runs of bad bytes remembered between two tags; beyond it they are only counted.
const REMEMBERED_RUNS: usize = 4096;
const REPLACEMENT_BYTES: u64 = '\u{FFFD}'.len_utf8() as u64;

type Sniffed<R> = io::Chain<Cursor<Vec<u8>>, R>;

enum Bytes<R: Read> {
    Plain(Sniffed<R>),
    Gzip(Box<MultiGzDecoder<Sniffed<R>>>),
}

impl<R: Read> Read for Bytes<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buf),
            Self::Gzip(bytes) => bytes.read(buf),
        }
    }
}

/// Consecutive byte sequences that are not text in the file's encoding.
struct BadRun {
    /// Offset of the first replacement character in the decoded text.
    at_byte: u64,
    count: u64,
}

/// How a file turned out to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) gzip: bool,
    pub(super) encoding: &'static Encoding,
}

/// A file as UTF-8, a chunk at a time.
pub(super) struct TextSource<R: Read> {
    bytes: Sniffed<Bytes<R>>,
    raw: Box<[u8]>,
    raw_start: usize,
    raw_end: usize,
    raw_ended: bool,
    decoder: Decoder,
    ended: bool,
    text: String,
    text_start: usize,
    /// Bytes of decoded text produced before the current chunk.
    produced_bytes: u64,
    at: Place,
    stop_at_byte: u64,
    stopped: bool,
    bad: VecDeque<BadRun>,
    container: Container,
    /// A declared encoding that cannot be the real one.
    wrong_declaration: Option<String>,
}

impl<R: Read> TextSource<R> {
    /// Looks at the beginning of `input` and prepares to decode it.
    ///
    /// # Errors
    /// When the beginning cannot be read or its encoding is not known.
    pub(super) fn open(input: R) -> Result<Self, ReadFault> {
        let (gzip, bytes) = unzip(input).map_err(|error| ReadFault::Input(error.into()))?;
        let (head, bytes) = sniff(bytes, SNIFF_BYTES).map_err(|error| read_fault(gzip, error.into()))?;
        let detected = detect(&head)?;
        let bytes = Cursor::new(head.get(detected.bom_bytes..).unwrap_or_default().to_vec()).chain(bytes);
        Ok(Self {
            bytes,
            raw: vec![0; CHUNK_BYTES].into_boxed_slice(),
            raw_start: 0,
            raw_end: 0,
            raw_ended: false,
            decoder: detected.encoding.new_decoder_without_bom_handling(),
            ended: false,
            text: String::with_capacity(CHUNK_BYTES),
            text_start: 0,
            produced_bytes: 0,
            at: Place::START,
            stop_at_byte: u64::MAX,
            stopped: false,
            bad: VecDeque::new(),
            container: Container {
                gzip,
                encoding: detected.encoding,
            },
            wrong_declaration: detected.wrong_declaration,
        })
    }

    pub(super) fn container(&self) -> Container {
        self.container
    }

    pub(super) fn wrong_declaration(&self) -> Option<&str> {
        self.wrong_declaration.as_deref()
    }

    /// The place of the next byte to be consumed.
    pub(super) fn place(&self) -> Place {
        self.at
    }

    /// Refuses to give out text beyond this offset: whatever is being read there is too large to hold.
    pub(super) fn set_stop(&mut self, stop_at_byte: u64) {
        self.stop_at_byte = stop_at_byte;
    }

    /// Whether the last error was the stop set with [`Self::set_stop`].
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// How many byte sequences were replaced in the text consumed since the last call.
    pub(super) fn take_bad_count(&mut self) -> u64 {
        let mut count: u64 = 0;
        while let Some(run) = self.bad.pop_front_if(|run| run.at_byte < self.at.byte) {
            count = count.saturating_add(run.count);
        }
        count
    }

    /// An input error as a fault: a gzip stream that ends early is damaged, not unreadable.
    pub(super) fn fault(&self, error: std::sync::Arc<io::Error>) -> ReadFault {
        read_fault(self.container.gzip, error)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.produced_bytes = self.produced_bytes.saturating_add(byte_count(self.text.len()));
        self.text.clear();
        self.text_start = 0;
        while self.text.is_empty() && !self.ended {
            if self.raw_start == self.raw_end && !self.raw_ended {
                self.raw_start = 0;
                self.raw_end = self.bytes.read(&mut self.raw)?;
                self.raw_ended = self.raw_end == 0;
            }
            self.decode();
        }
        Ok(())
    }

    /// Decodes the raw bytes at hand until they or the room for text run out.
    fn decode(&mut self) {
        loop {
            let raw = self.raw.get(self.raw_start..self.raw_end).unwrap_or_default();
            let (result, read) =
                self.decoder
                    .decode_to_string_without_replacement(raw, &mut self.text, self.raw_ended);
            self.raw_start = self.raw_start.saturating_add(read);
            match result {
                DecoderResult::InputEmpty => {
                    self.ended = self.raw_ended;
                    return;
                }
                DecoderResult::OutputFull => return,
                DecoderResult::Malformed(..) => {
                    self.remember_bad(self.produced_bytes.saturating_add(byte_count(self.text.len())));
                    self.text.push('\u{FFFD}');
                    if self.text.len() >= CHUNK_BYTES {
                        return;
                    }
                }
            }
        }
    }

    fn remember_bad(&mut self, at_byte: u64) {
        let full = self.bad.len() >= REMEMBERED_RUNS;
        if let Some(last) = self.bad.back_mut() {
            let next = last
                .at_byte
                .saturating_add(last.count.saturating_mul(REPLACEMENT_BYTES));
            if full || next == at_byte {
                last.count = last.count.saturating_add(1);
                return;
            }
        }
        self.bad.push_back(BadRun { at_byte, count: 1 });
    }
}

impl<R: Read> Read for TextSource<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buf)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for TextSource<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at.byte >= self.stop_at_byte {
            self.stopped = true;
            return Err(io::Error::other("the limit is reached"));
        }
        if self.text_start >= self.text.len() {
            self.refill()?;
        }
        Ok(self.text.as_bytes().get(self.text_start..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        let rest = self.text.as_bytes().get(self.text_start..).unwrap_or_default();
        for byte in rest.iter().take(count) {
            if *byte == b'\n' {
                self.at.line = self.at.line.saturating_add(1);
                self.at.column = 1;
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                self.at.column = self.at.column.saturating_add(1);
            }
        }
        self.at.byte = self.at.byte.saturating_add(byte_count(count));
        self.text_start = self.text_start.saturating_add(count);
    }
}

fn byte_count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Reads up to `limit` bytes from the front of `input`.
fn sniff<R: Read>(mut input: R, limit: u64) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::new();
    input.by_ref().take(limit).read_to_end(&mut head)?;
    Ok((head, input))
}

/// Unzips when the first bytes are those of gzip; a file name proves nothing.
fn unzip<R: Read>(input: R) -> io::Result<(bool, Bytes<R>)> {
    let (head, input) = sniff(input, 2)?;
    let gzip = head == [0x1f, 0x8b];
    let bytes = Cursor::new(head).chain(input);
    Ok((
        gzip,
        if gzip {
            Bytes::Gzip(Box::new(MultiGzDecoder::new(bytes)))
        } else {
            Bytes::Plain(bytes)
        },
    ))
}

fn read_fault(gzip: bool, error: std::sync::Arc<io::Error>) -> ReadFault {
    let damaged = matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    );
    if gzip && damaged {
        ReadFault::DamagedGzip(error)
    } else {
        ReadFault::Input(error)
    }
}

struct Detected {
    encoding: &'static Encoding,
    bom_bytes: usize,
    wrong_declaration: Option<String>,
}

/// The encoding by byte order mark, else by the shape of `<?`, else by the XML declaration, else UTF-8.
fn detect(head: &[u8]) -> Result<Detected, ReadFault> {
    let found = |encoding, bom_bytes| {
        Ok(Detected {
            encoding,
            bom_bytes,
            wrong_declaration: None,
        })
    };
    match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(ReadFault::UnknownEncoding("UTF-32".to_owned()))
        }
        [0xef, 0xbb, 0xbf, ..] => found(UTF_8, 3),
        [0xff, 0xfe, ..] => found(UTF_16LE, 2),
        [0xfe, 0xff, ..] => found(UTF_16BE, 2),
        [b'<', 0, _, 0, ..] => found(UTF_16LE, 0),
        [0, b'<', 0, _, ..] => found(UTF_16BE, 0),
        _ => match declared_encoding(head) {
            None => found(UTF_8, 0),
            Some(label) => from_label(label),
        },
    }
}

/// The encoding a declaration names. One that is readable byte by byte cannot be in UTF-16, whatever it says.
fn from_label(label: String) -> Result<Detected, ReadFault> {
    let labelled = Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != REPLACEMENT);
    let Some(encoding) = labelled else {
        return Err(ReadFault::UnknownEncoding(label));
    };
    let wrong = encoding == UTF_16LE || encoding == UTF_16BE;
    Ok(Detected {
        encoding: if wrong { UTF_8 } else { encoding },
        bom_bytes: 0,
        wrong_declaration: wrong.then_some(label),
    })
}

/// The value of `encoding` in the XML declaration at the front of `head`.
fn declared_encoding(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let (declaration, _) = text.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    value.split(quote).nth(1).map(|label| label.trim().to_owned())
}
