//! A file as a sequence of activities, at most one of them in memory.

use std::collections::VecDeque;
use std::io::Read;

use chrono::NaiveDate;

use super::activity::Activity;
use super::dates;
use super::error::{Oversize, ReadError, ReadFault, Unread};
use super::interpret::Draft;
use super::limits::Limits;
use super::problem::{Place, Problem, ProblemCode, Problems};
use super::source::TextSource;
use super::tokens::{Tag, Token, Tokens};
use super::tree::{Closed, Element, Grower};

const ACTIVITY: &str = "iati-activity";

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name of the root element, without prefix.
    pub root: String,
    /// IATI version: the root's, else the first activity's.
    pub version: Option<String>,
    /// `generated-datetime` as written: the root's, else the first activity's.
    pub generated: Option<String>,
    /// The date in `generated-datetime`.
    pub generated_on: Option<NaiveDate>,
    /// Name of the encoding the file is written in.
    pub encoding: &'static str,
    /// Whether the file is compressed.
    pub gzip: bool,
}

/// Reads the activities of a file one after the other, in the order of their start tags.
///
/// After an `Err` the iterator ends; every activity before it is complete. Elements are matched by their name without
/// namespace. An activity may be the root or anywhere under it.
pub struct ActivityReader<R: Read> {
    tokens: Tokens<R>,
    limits: Limits,
    header: Header,
    /// Whether the root is itself an activity.
    single: bool,
    problems: Problems,
    current: Option<Current>,
    /// Complete activities not handed out yet: those found inside another one.
    ready: VecDeque<Activity>,
    next_index: u64,
    ended: bool,
}

/// The activity being read.
struct Current {
    draft: Draft,
    grower: Grower,
    elements: u64,
    /// Elements in the direct child being read.
    child_elements: u64,
    /// Activities found inside this one.
    nested: Vec<Activity>,
}

impl Current {
    /// Counts one more element inside the activity, and inside its direct child.
    fn count(&mut self, limits: &Limits, place: Place) -> Result<(), ReadError> {
        self.elements = self.elements.saturating_add(1);
        self.child_elements = if self.grower.at_activity() {
            1
        } else {
            self.child_elements.saturating_add(1)
        };
        let (what, limit) = if self.elements > limits.activity_elements {
            (Oversize::ActivityElements, limits.activity_elements)
        } else if self.child_elements > limits.child_elements {
            (Oversize::ChildElements, limits.child_elements)
        } else {
            return Ok(());
        };
        Err(ReadError::new(ReadFault::TooLarge { what, limit }, place))
    }
}

impl<R: Read> ActivityReader<R> {
    /// Opens a file and reads up to its root element.
    ///
    /// # Errors
    /// When the file cannot be read, its encoding is not known, or it is not XML.
    pub fn open(input: R, limits: Limits) -> Result<Self, ReadError> {
        let source = TextSource::open(input).map_err(|fault| ReadError::new(fault, Place::START))?;
        let container = source.container();
        let mut problems = Problems::new(String::new(), limits.listed_problems);
        if let Some(declared) = source.wrong_declaration() {
            problems.report(ProblemCode::WrongEncodingDeclared, Place::START, "", declared);
        }
        let mut reader = Self {
            tokens: Tokens::new(source, limits),
            limits,
            header: Header {
                root: String::new(),
                version: None,
                generated: None,
                generated_on: None,
                encoding: container.encoding.name(),
                gzip: container.gzip,
            },
            single: false,
            problems,
            current: None,
            ready: VecDeque::new(),
            next_index: 0,
            ended: false,
        };
        if let Token::Open(root) = reader.tokens.next(None)? {
            reader.begin_document(&root);
        }
        Ok(reader)
    }

    /// What the file says about itself; complete once the first activity has been handed out.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Problems that belong to no activity.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        self.problems.listed()
    }

    fn begin_document(&mut self, root: &Tag) {
        self.header.root.clone_from(&root.name);
        self.single = root.name == ACTIVITY;
        self.complete_header(root);
        if self.single {
            self.begin_activity(root);
        }
        self.report_damage();
    }

    /// Takes version and generation time from `tag` where they are not known yet.
    fn complete_header(&mut self, tag: &Tag) {
        if self.header.version.is_none() {
            self.header.version = tag.stated("version").map(str::to_owned);
        }
        if self.header.generated.is_none() {
            self.header.generated = tag.stated("generated-datetime").map(str::to_owned);
            let Some(text) = &self.header.generated else {
                return;
            };
            self.header.generated_on = dates::date(text).map(|read| read.on);
            if self.header.generated_on.is_none() {
                let path = format!("{}/@generated-datetime", tag.name);
                self.problems.report(ProblemCode::BadDate, tag.place, &path, text);
            }
        }
    }

    fn begin_activity(&mut self, tag: &Tag) {
        if self.next_index == 0 {
            self.complete_header(tag);
        }
        let draft = Draft::new(
            self.next_index,
            &tag.attributes,
            tag.place,
            self.limits.listed_problems,
        );
        self.next_index = self.next_index.saturating_add(1);
        self.current = Some(Current {
            draft,
            grower: Grower::default(),
            elements: 0,
            child_elements: 0,
            nested: Vec::new(),
        });
    }

    /// Reads tokens until an activity is complete; `None` at the end of the file.
    fn read_activity(&mut self) -> Result<Option<Activity>, ReadError> {
        loop {
            if let Some(activity) = self.ready.pop_front() {
                return Ok(Some(activity));
            }
            let end_byte = self.current.as_ref().map(|current| {
                current
                    .draft
                    .place()
                    .byte
                    .saturating_add(self.limits.activity_bytes)
            });
            let token = self.tokens.next(end_byte)?;
            match token {
                Token::Open(tag) => self.open_element(tag)?,
                Token::Text(text) => {
                    self.report_damage();
                    if let Some(current) = &mut self.current {
                        current.grower.text(&text);
                    }
                }
                Token::Close => self.close_element(),
                Token::End => return self.end(),
            }
        }
    }

    fn open_element(&mut self, tag: Tag) -> Result<(), ReadError> {
        match &mut self.current {
            Some(current) => {
                current.count(&self.limits, tag.place)?;
                current.grower.open(tag);
            }
            None if tag.name == ACTIVITY => self.begin_activity(&tag),
            None => {}
        }
        self.report_damage();
        Ok(())
    }

    fn close_element(&mut self) {
        self.report_damage();
        let Some(current) = &mut self.current else {
            return;
        };
        match current.grower.close() {
            Closed::Inner => {}
            Closed::Child(element) => {
                current.draft.take(&element);
                self.take_nested(&element);
            }
            Closed::Activity => {
                if let Some(current) = self.current.take() {
                    self.ready.push_back(current.draft.finish());
                    self.ready.extend(current.nested);
                }
            }
        }
    }

    /// Reads the activities written inside a child of the current one; they are handed out after it.
    fn take_nested(&mut self, element: &Element) {
        let Some(current) = &mut self.current else {
            return;
        };
        let mut nested = Vec::new();
        activities_in(element, &mut nested);
        for inner in nested {
            if self.single {
                let found = "not read, because the file is one activity";
                let path = element.numbered_step();
                current
                    .draft
                    .problems()
                    .report(ProblemCode::NestedActivity, inner.place, &path, found);
                continue;
            }
            let mut draft = Draft::new(
                self.next_index,
                inner.attributes(),
                inner.place,
                self.limits.listed_problems,
            );
            self.next_index = self.next_index.saturating_add(1);
            draft.problems().report(
                ProblemCode::NestedActivity,
                inner.place,
                "",
                "read as one of its own",
            );
            inner.children().iter().for_each(|child| draft.take(child));
            current.nested.push(draft.finish());
        }
    }

    /// Reports what was wrong in the last token on the element it belongs to.
    fn report_damage(&mut self) {
        for damage in self.tokens.take_damage() {
            match &mut self.current {
                Some(current) => {
                    let path = current.grower.path();
                    current
                        .draft
                        .problems()
                        .report(damage.code, damage.place, &path, &damage.found);
                }
                None => self
                    .problems
                    .report(damage.code, damage.place, &self.header.root, &damage.found),
            }
        }
    }

    fn end(&self) -> Result<Option<Activity>, ReadError> {
        if self.next_index == 0 && self.header.root != "iati-activities" {
            let root = self.header.root.clone();
            return Err(ReadError::new(ReadFault::NotIati { root }, Place::START));
        }
        Ok(None)
    }

    fn unread(&self) -> Option<Unread> {
        let draft = &self.current.as_ref()?.draft;
        Some(Unread {
            index: draft.index(),
            identifier: draft.identifier().map(str::to_owned),
            place: draft.place(),
        })
    }
}

impl<R: Read> Iterator for ActivityReader<R> {
    type Item = Result<Activity, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self
            .read_activity()
            .map_err(|error| ReadError {
                unread: self.unread(),
                ..error
            })
            .transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The activities at or inside `element`, in document order.
fn activities_in<'a>(element: &'a Element, into: &mut Vec<&'a Element>) {
    if element.name == ACTIVITY {
        into.push(element);
    }
    for child in element.children() {
        activities_in(child, into);
    }
}
