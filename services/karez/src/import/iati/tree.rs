//! One direct child of an activity as a small tree, built from tokens and gone as soon as it is understood.

use std::collections::HashMap;

use super::problem::Place;
use super::tokens::{Tag, stated};

/// An element with everything inside it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    /// Its number among the siblings of the same name, counted from 1.
    pub(super) number: u64,
    pub(super) place: Place,
    attributes: Vec<(String, String)>,
    children: Vec<Self>,
    /// Text before the first child.
    text: String,
    /// Text between this element and its next sibling.
    tail: String,
}

impl Element {
    fn new(tag: Tag, number: u64) -> Self {
        Self {
            name: tag.name,
            number,
            place: tag.place,
            attributes: tag.attributes,
            children: Vec::new(),
            text: String::new(),
            tail: String::new(),
        }
    }

    /// An attribute without surrounding white space, empty or not.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }

    /// An attribute without surrounding white space; an empty one is `None`.
    pub(super) fn stated(&self, name: &str) -> Option<&str> {
        stated(&self.attributes, name)
    }

    pub(super) fn attributes(&self) -> &[(String, String)] {
        &self.attributes
    }

    pub(super) fn children(&self) -> &[Self] {
        &self.children
    }

    pub(super) fn children_named(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children_named(name).next()
    }

    /// The text before the first child, without surrounding white space.
    pub(super) fn own_text(&self) -> &str {
        self.text.trim()
    }

    /// All text inside, children included.
    pub(super) fn all_text(&self) -> String {
        let mut text = String::new();
        self.collect_text(&mut text);
        text
    }

    /// The last step of the path to this element; the first of its name goes without its number.
    pub(super) fn step(&self) -> String {
        if self.number == 1 {
            self.name.clone()
        } else {
            self.numbered_step()
        }
    }

    /// The last step of the path to this element, number included.
    pub(super) fn numbered_step(&self) -> String {
        format!("{}[{}]", self.name, self.number)
    }

    fn collect_text(&self, into: &mut String) {
        into.push_str(&self.text);
        for child in &self.children {
            child.collect_text(into);
            into.push_str(&child.tail);
        }
    }
}

#[derive(Debug)]
struct Growing {
    element: Element,
    numbers: HashMap<String, u64>,
}

/// Builds the children of one activity, one at a time.
#[derive(Debug, Default)]
pub(super) struct Grower {
    open: Vec<Growing>,
    numbers: HashMap<String, u64>,
}

impl Grower {
    pub(super) fn open(&mut self, tag: Tag) {
        let numbers = self
            .open
            .last_mut()
            .map_or(&mut self.numbers, |parent| &mut parent.numbers);
        let number = match numbers.get_mut(&tag.name) {
            Some(number) => {
                *number = number.saturating_add(1);
                *number
            }
            None => *numbers.entry(tag.name.clone()).or_insert(1),
        };
        self.open.push(Growing {
            element: Element::new(tag, number),
            numbers: HashMap::new(),
        });
    }

    /// Whether no child of the activity is open.
    pub(super) fn at_activity(&self) -> bool {
        self.open.is_empty()
    }

    /// Text between the children of the activity itself means nothing and is dropped.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(Growing { element, .. }) = self.open.last_mut() {
            match element.children.last_mut() {
                Some(child) => child.tail.push_str(text),
                None => element.text.push_str(text),
            }
        }
    }

    /// Closes the innermost element.
    pub(super) fn close(&mut self) -> Closed {
        match (self.open.pop(), self.open.last_mut()) {
            (None, _) => Closed::Activity,
            (Some(child), None) => Closed::Child(child.element),
            (Some(child), Some(parent)) => {
                parent.element.children.push(child.element);
                Closed::Inner
            }
        }
    }

    /// The path to the innermost open element, relative to the activity; empty for the activity itself.
    pub(super) fn path(&self) -> String {
        let mut steps = self.open.iter().map(|growing| &growing.element);
        let first = steps.next().map(Element::numbered_step);
        first
            .into_iter()
            .chain(steps.map(Element::step))
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// What an end tag completed.
#[derive(Debug)]
pub(super) enum Closed {
    /// The activity.
    Activity,
    /// A direct child of the activity.
    Child(Element),
    /// An element deeper inside.
    Inner,
}
