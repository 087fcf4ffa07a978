//! Identifiers as types of their own, so that a unit can never be passed where a project is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::text;

/// Place of an event in the log: gapless, from 1; 0 means "before the first".
pub type Position = u64;

/// The longest identifier that is accepted, in bytes.
pub const LONGEST_ID_BYTES: usize = 200;

/// Why a text cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing, or only white space.
    #[error("{what} is empty: give an identifier of 1 to {LONGEST_ID_BYTES} bytes")]
    Empty {
        /// What was expected, for the message.
        what: &'static str,
    },
    /// Longer than [`LONGEST_ID_BYTES`].
    #[error("{what} has {bytes} bytes: at most {LONGEST_ID_BYTES} are allowed")]
    TooLong {
        /// What was expected, for the message.
        what: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// A control character, which would break logs, subjects and tables.
    #[error("{what} {text:?} contains a control character: remove it")]
    Control {
        /// What was expected, for the message.
        what: &'static str,
        /// The text as given.
        text: String,
    },
    /// A stream id without a known kind.
    #[error("{text:?} is not a stream: expected fund/ID, project/ID, unit/ID, warning/ID or calendar")]
    Stream {
        /// The text as given.
        text: String,
    },
}

fn checked(what: &'static str, text: &str) -> Result<Box<str>, IdError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(IdError::Empty { what });
    }
    if text.len() > LONGEST_ID_BYTES {
        return Err(IdError::TooLong {
            what,
            bytes: text.len(),
        });
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control {
            what,
            text: text.to_owned(),
        });
    }
    Ok(text.into())
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes a text of 1 to [`LONGEST_ID_BYTES`] bytes without control characters; outer white space is dropped.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with the text.
            pub fn try_new(text: &str) -> Result<Self, IdError> {
                checked($what, text).map(Self)
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                text::read(input, Self::try_new)
            }
        }
    };
}

identifier!(
    /// 项目编号: the number of a project; text, so that leading zeros survive.
    ProjectId,
    "project id"
);
identifier!(
    /// The identifier of a fund (专项资金).
    FundId,
    "fund id"
);
identifier!(
    /// 统一社会信用代码 of the unit that carries a project, or a publisher's organisation reference.
    UnitId,
    "unit id"
);
identifier!(
    /// The identifier of one warning.
    WarningId,
    "warning id"
);
identifier!(
    /// 科目: the category of a budget line, a code of the programme's category chart.
    CategoryId,
    "category"
);
identifier!(
    /// The pseudonym under which a person's fields are sealed; it tells nothing about the person.
    PersonId,
    "person id"
);

/// The kinds of streams, each with its own sequence of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamKind {
    /// One stream a fund.
    Fund,
    /// One stream a project.
    Project,
    /// One stream a unit.
    Unit,
    /// One stream a warning.
    Warning,
    /// The one stream of days, rule sets and imports.
    Calendar,
}

impl StreamKind {
    /// Every kind, in the order of its number in the store.
    pub const ALL: [Self; 5] = [
        Self::Fund,
        Self::Project,
        Self::Unit,
        Self::Warning,
        Self::Calendar,
    ];

    /// The word used in stream ids, subjects and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fund => "fund",
            Self::Project => "project",
            Self::Unit => "unit",
            Self::Warning => "warning",
            Self::Calendar => "calendar",
        }
    }
}

/// A stream of the log: `fund/ID`, `project/ID`, `unit/ID`, `warning/ID` or `calendar`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamId {
    /// A fund's stream.
    Fund(FundId),
    /// A project's stream.
    Project(ProjectId),
    /// A unit's stream.
    Unit(UnitId),
    /// A warning's stream.
    Warning(WarningId),
    /// Days, rule sets and imports.
    Calendar,
}

impl StreamId {
    /// The kind of this stream.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        match self {
            Self::Fund(_) => StreamKind::Fund,
            Self::Project(_) => StreamKind::Project,
            Self::Unit(_) => StreamKind::Unit,
            Self::Warning(_) => StreamKind::Warning,
            Self::Calendar => StreamKind::Calendar,
        }
    }

    /// The identifier within its kind; empty for the calendar.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Fund(id) => id.as_str(),
            Self::Project(id) => id.as_str(),
            Self::Unit(id) => id.as_str(),
            Self::Warning(id) => id.as_str(),
            Self::Calendar => "",
        }
    }

    /// Puts a stream id together from its kind and the identifier within it.
    ///
    /// # Errors
    /// [`IdError`] when the identifier is not one.
    pub fn from_parts(kind: StreamKind, id: &str) -> Result<Self, IdError> {
        Ok(match kind {
            StreamKind::Fund => Self::Fund(FundId::try_new(id)?),
            StreamKind::Project => Self::Project(ProjectId::try_new(id)?),
            StreamKind::Unit => Self::Unit(UnitId::try_new(id)?),
            StreamKind::Warning => Self::Warning(WarningId::try_new(id)?),
            StreamKind::Calendar => Self::Calendar,
        })
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calendar => out.write_str("calendar"),
            Self::Fund(_) | Self::Project(_) | Self::Unit(_) | Self::Warning(_) => {
                write!(out, "{}/{}", self.kind().as_str(), self.id())
            }
        }
    }
}

impl FromStr for StreamId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "calendar" {
            return Ok(Self::Calendar);
        }
        let unknown = || IdError::Stream {
            text: text.to_owned(),
        };
        let (kind, id) = text.split_once('/').ok_or_else(unknown)?;
        let kind = StreamKind::ALL
            .into_iter()
            .find(|known| known.as_str() == kind && *known != StreamKind::Calendar)
            .ok_or_else(unknown)?;
        Self::from_parts(kind, id)
    }
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        text::read(input, str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_id_reads_back_as_written() {
        for text in [
            "fund/F1",
            "project/XM-DAC-1/2",
            "unit/91650400",
            "warning/w",
            "calendar",
        ] {
            assert_eq!(text.parse::<StreamId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        assert!(ProjectId::try_new("  ").is_err());
        assert!(ProjectId::try_new("a\nb").is_err());
        assert!(ProjectId::try_new(&"x".repeat(201)).is_err());
        assert!("budget/1".parse::<StreamId>().is_err());
        assert!("calendar/1".parse::<StreamId>().is_err());
    }

    #[test]
    fn leading_zeros_survive() {
        assert_eq!(ProjectId::try_new(" 007 ").unwrap().as_str(), "007");
    }
}
