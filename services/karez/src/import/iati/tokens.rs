//! XML as tags and text: references decoded, entities never expanded, sizes limited.

use std::io::Read;

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::error::{Oversize, ReadError, ReadFault};
use super::limits::Limits;
use super::problem::{Place, ProblemCode, excerpt};
use super::source::TextSource;

/// What is kept of the buffer between two tokens; a huge text must not stay allocated.
const KEPT_BUFFER_BYTES: usize = 1024 * 1024;

/// The next thing in a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A start tag; an empty element is a start tag followed by an end tag.
    Open(Tag),
    /// A piece of text; one text may come in several pieces.
    Text(String),
    /// The end tag of the innermost open element.
    Close,
    /// The document is complete.
    End,
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// The name without its namespace prefix.
    pub(super) name: String,
    /// Attributes by their name as written, prefix included.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) place: Place,
}

impl Tag {
    /// An attribute without surrounding white space; an empty one is `None`.
    pub(super) fn stated(&self, name: &str) -> Option<&str> {
        stated(&self.attributes, name)
    }
}

/// The value of an attribute without surrounding white space; `None` when it is absent or empty.
pub(super) fn stated<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = attributes.iter().find(|(key, _)| key == name)?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

/// Something wrong inside one token that does not stop the reading.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) code: ProblemCode,
    pub(super) found: String,
    pub(super) place: Place,
}

/// The tokens of a document.
pub(super) struct Tokens<R: Read> {
    xml: Reader<TextSource<R>>,
    buffer: Vec<u8>,
    limits: Limits,
    open: Vec<String>,
    has_root: bool,
    damage: Vec<Damage>,
}

impl<R: Read> Tokens<R> {
    pub(super) fn new(source: TextSource<R>, limits: Limits) -> Self {
        let mut xml = Reader::from_reader(source);
        let config = xml.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self {
            xml,
            buffer: Vec::new(),
            limits,
            open: Vec::new(),
            has_root: false,
            damage: Vec::new(),
        }
    }

    pub(super) fn source(&self) -> &TextSource<R> {
        self.xml.get_ref()
    }

    /// What was wrong inside the last token.
    pub(super) fn take_damage(&mut self) -> Vec<Damage> {
        std::mem::take(&mut self.damage)
    }

    /// The next token; `activity_end_byte` is where the current activity becomes too large.
    pub(super) fn next(&mut self, activity_end_byte: Option<u64>) -> Result<Token, ReadError> {
        loop {
            let place = self.source().place();
            let piece_end = place.byte.saturating_add(self.limits.piece_bytes);
            self.xml
                .get_mut()
                .set_stop(activity_end_byte.map_or(piece_end, |end| end.min(piece_end)));
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            buffer.shrink_to(KEPT_BUFFER_BYTES);
            let token = match self.xml.read_event_into(&mut buffer) {
                Ok(event) => self.token(&event, place),
                Err(error) => Err(self.stop(error, place, activity_end_byte)),
            };
            self.buffer = buffer;
            self.note_bad_bytes(place);
            if let Some(token) = token? {
                return Ok(token);
            }
        }
    }

    /// The event as a token; `None` for what carries no content, such as comments.
    fn token(&mut self, event: &Event<'_>, place: Place) -> Result<Option<Token>, ReadError> {
        match event {
            Event::Start(start) | Event::Empty(start) => {
                self.open(start, place).map(|tag| Some(Token::Open(tag)))
            }
            Event::End(_) => {
                self.open.pop();
                Ok(Some(Token::Close))
            }
            Event::Text(text) => {
                let text = text.xml10_content().into_owned();
                if text.starts_with('&') {
                    self.damage.push(Damage {
                        code: ProblemCode::BareAmpersand,
                        found: excerpt(&text),
                        place,
                    });
                }
                self.text(text, place)
            }
            Event::CData(text) => self.text(text.xml10_content().into_owned(), place),
            Event::GeneralRef(reference) => {
                let text = self.reference(reference, place);
                self.text(text, place)
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Ok(None),
            Event::Eof => self.end(),
        }
    }

    fn open(&mut self, start: &BytesStart<'_>, place: Place) -> Result<Tag, ReadError> {
        if self.has_root && self.open.is_empty() {
            let detail = "a second root element follows the first".to_owned();
            return Err(ReadError::new(ReadFault::Malformed(detail), place));
        }
        self.has_root = true;
        let name = start.local_name().as_ref().to_owned();
        self.open.push(name.clone());
        check(self.open.len(), self.limits.depth, Oversize::Depth, place)?;
        let attributes = self.attributes(start, place)?;
        Ok(Tag {
            name,
            attributes,
            place,
        })
    }

    fn attributes(
        &mut self,
        start: &BytesStart<'_>,
        place: Place,
    ) -> Result<Vec<(String, String)>, ReadError> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute =
                attribute.map_err(|error| ReadError::new(ReadFault::Malformed(error.to_string()), place))?;
            let (value, fault) = unescape(&attribute.value);
            if let Some(code) = fault {
                let found = excerpt(&attribute.value);
                self.damage.push(Damage { code, found, place });
            }
            attributes.push((attribute.key.as_ref().to_owned(), value));
            check(
                attributes.len(),
                self.limits.attributes,
                Oversize::Attributes,
                place,
            )?;
        }
        Ok(attributes)
    }

    /// Text outside the root element is allowed only as white space.
    fn text(&self, text: String, place: Place) -> Result<Option<Token>, ReadError> {
        if !self.open.is_empty() {
            return Ok(Some(Token::Text(text)));
        }
        if text.trim().is_empty() {
            return Ok(None);
        }
        let fault = if self.has_root {
            ReadFault::Malformed(format!("text follows the root element: {}", excerpt(text.trim())))
        } else {
            ReadFault::NotXml
        };
        Err(ReadError::new(fault, place))
    }

    fn reference(&mut self, reference: &BytesRef<'_>, place: Place) -> String {
        if let Some(character) = resolve(reference) {
            return character.to_string();
        }
        let literal = format!("&{};", &**reference);
        let code = if is_name(reference) {
            ProblemCode::EntityNotExpanded
        } else {
            ProblemCode::BareAmpersand
        };
        self.damage.push(Damage {
            code,
            found: excerpt(&literal),
            place,
        });
        literal
    }

    fn end(&self) -> Result<Option<Token>, ReadError> {
        let place = self.source().place();
        match self.open.last() {
            Some(open) => Err(ReadError::new(ReadFault::Truncated { open: open.clone() }, place)),
            None if self.has_root => Ok(Some(Token::End)),
            None => Err(ReadError::new(ReadFault::NotXml, place)),
        }
    }

    fn note_bad_bytes(&mut self, place: Place) {
        let count = self.xml.get_mut().take_bad_count();
        if count > 0 {
            self.damage.push(Damage {
                code: ProblemCode::InvalidBytes,
                found: count.to_string(),
                place,
            });
        }
    }

    /// What the XML reader's error means for the file.
    fn stop(&self, error: Error, began: Place, activity_end_byte: Option<u64>) -> ReadError {
        let here = self.source().place();
        match error {
            Error::Io(_) if self.source().stopped() && !self.has_root => {
                ReadError::new(ReadFault::NotXml, began)
            }
            Error::Io(_) if self.source().stopped() => {
                let whole = activity_end_byte.is_some_and(|end| here.byte >= end);
                let (what, limit) = if whole {
                    (Oversize::ActivityBytes, self.limits.activity_bytes)
                } else {
                    (Oversize::PieceBytes, self.limits.piece_bytes)
                };
                ReadError::new(ReadFault::TooLarge { what, limit }, began)
            }
            Error::Io(error) => ReadError::new(self.source().fault(error), here),
            Error::Syntax(error) if error != SyntaxError::InvalidBangMarkup => {
                let open = self.open.last().cloned().unwrap_or_else(|| error.to_string());
                ReadError::new(ReadFault::Truncated { open }, here)
            }
            Error::Syntax(_)
            | Error::IllFormed(_)
            | Error::InvalidAttr(_)
            | Error::Encoding(_)
            | Error::Escape(_)
            | Error::Namespace(_) => ReadError::new(ReadFault::Malformed(error.to_string()), began),
        }
    }
}

fn check(count: usize, limit: u64, what: Oversize, place: Place) -> Result<(), ReadError> {
    if u64::try_from(count).is_ok_and(|count| count <= limit) {
        return Ok(());
    }
    Err(ReadError::new(ReadFault::TooLarge { what, limit }, place))
}

/// The character a predefined or numeric reference stands for, given what is between `&` and `;`.
fn resolve(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => {
            let number = other.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|character| *character != '\0')
        }
    }
}

fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ':' | '#')
}

fn is_name(reference: &str) -> bool {
    !reference.is_empty() && reference.chars().all(is_name_character)
}

/// An attribute value with its references decoded, and the first thing that was wrong with them.
fn unescape(raw: &str) -> (String, Option<ProblemCode>) {
    let mut text = String::with_capacity(raw.len());
    let mut fault = None;
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let name_len = after
            .find(|character| !is_name_character(character))
            .unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(name_len).unwrap_or((after, ""));
        let closed = tail.strip_prefix(';').filter(|_| !name.is_empty());
        if let (Some(character), Some(tail)) = (resolve(name), closed) {
            text.push(character);
            rest = tail;
        } else {
            let code = if closed.is_some() {
                ProblemCode::EntityNotExpanded
            } else {
                ProblemCode::BareAmpersand
            };
            fault = fault.or(Some(code));
            text.push('&');
            rest = after;
        }
    }
    text.push_str(rest);
    (text, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predefined_and_numeric_references_are_decoded_and_others_kept() {
        for (raw, want, fault) in [
            (
                "A &amp; B &lt;&#65;&#x4E2D;&quot;&apos;&gt;",
                "A & B <A中\"'>",
                None,
            ),
            ("Q&A", "Q&A", Some(ProblemCode::BareAmpersand)),
            (
                "page&page;=0",
                "page&page;=0",
                Some(ProblemCode::EntityNotExpanded),
            ),
            ("&#0;", "&#0;", Some(ProblemCode::EntityNotExpanded)),
            ("&;", "&;", Some(ProblemCode::BareAmpersand)),
            ("&amp;amp;", "&amp;", None),
        ] {
            assert_eq!(unescape(raw), (want.to_owned(), fault), "{raw:?}");
        }
    }
}
