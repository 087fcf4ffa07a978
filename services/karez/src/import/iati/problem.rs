//! What was wrong in a file that could still be read, and what became of it.

use std::fmt;

use super::wording::{self, Wording};

/// A place in the text of a file, after decompression and conversion to UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, counted from 1.
    pub line: u64,
    /// Column in characters, counted from 1.
    pub column: u64,
    /// Offset in bytes, counted from 0.
    pub byte: u64,
}

impl Place {
    /// The first character of a file.
    pub const START: Self = Self {
        line: 1,
        column: 1,
        byte: 0,
    };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// One thing in a file that could not be taken at face value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing it is.
    pub code: ProblemCode,
    /// Where in the document, as a path: `iati-activity[12]/transaction[3]/value`, counted from 1.
    pub path: String,
    /// The text that was found, cut at 120 characters.
    pub found: String,
    /// Where in the file.
    pub place: Place,
}

/// What became of the thing a [`Problem`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It is not in the figures: a value, a date or a code could not be read.
    LeftOut,
    /// It is in the figures, as written or as the message says.
    Kept,
}

/// The kinds of problem; each has a stable name for interfaces and a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// The activity has no `iati-identifier`.
    MissingIdentifier,
    /// A `value` that is not a number; a decimal comma is one.
    BadAmount,
    /// A number with more digits than karez keeps exactly.
    AmountOutOfRange,
    /// A budget, planned disbursement or transaction without `value`.
    MissingValue,
    /// More than one `value`; the first counts.
    SeveralValues,
    /// Neither the value nor the activity names a currency.
    NoCurrency,
    /// A currency that is not three letters.
    OddCurrency,
    /// A date that is not `YYYY-MM-DD` or not in the calendar.
    BadDate,
    /// A date before 1900 or after 2200.
    DateOutOfRange,
    /// Letters or digits after the tenth character of a date.
    DateTrailingText,
    /// A transaction without a readable `transaction-date`, dated by its `value-date`.
    DatedByValueDate,
    /// A transaction without any readable date.
    Undated,
    /// A transaction type karez does not know.
    UnknownTransactionType,
    /// A budget type other than original and revised.
    UnknownBudgetType,
    /// An `activity-date` type karez does not know.
    UnknownActivityDateType,
    /// An activity status karez does not know.
    UnknownActivityStatus,
    /// The role of a participating organisation is not one of the four.
    UnknownOrganisationRole,
    /// A budget or planned disbursement without a readable start or end.
    PeriodMissing,
    /// A period that ends before it starts.
    PeriodReversed,
    /// An entity reference; entities are never expanded.
    EntityNotExpanded,
    /// An `&` that should have been written `&amp;`.
    BareAmpersand,
    /// Bytes that are not text in the file's encoding.
    InvalidBytes,
    /// An activity inside another one.
    NestedActivity,
    /// The declared encoding is not the one the file is in.
    WrongEncodingDeclared,
}

impl ProblemCode {
    /// The stable name used in interfaces and stored reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.wording().name
    }

    /// What became of the thing.
    #[must_use]
    pub fn effect(self) -> Effect {
        self.wording().effect
    }

    fn wording(self) -> &'static Wording {
        match self {
            Self::MissingIdentifier => &wording::MISSING_IDENTIFIER,
            Self::BadAmount => &wording::BAD_AMOUNT,
            Self::AmountOutOfRange => &wording::AMOUNT_OUT_OF_RANGE,
            Self::MissingValue => &wording::MISSING_VALUE,
            Self::SeveralValues => &wording::SEVERAL_VALUES,
            Self::NoCurrency => &wording::NO_CURRENCY,
            Self::OddCurrency => &wording::ODD_CURRENCY,
            Self::BadDate => &wording::BAD_DATE,
            Self::DateOutOfRange => &wording::DATE_OUT_OF_RANGE,
            Self::DateTrailingText => &wording::DATE_TRAILING_TEXT,
            Self::DatedByValueDate => &wording::DATED_BY_VALUE_DATE,
            Self::Undated => &wording::UNDATED,
            Self::UnknownTransactionType => &wording::UNKNOWN_TRANSACTION_TYPE,
            Self::UnknownBudgetType => &wording::UNKNOWN_BUDGET_TYPE,
            Self::UnknownActivityDateType => &wording::UNKNOWN_ACTIVITY_DATE_TYPE,
            Self::UnknownActivityStatus => &wording::UNKNOWN_ACTIVITY_STATUS,
            Self::UnknownOrganisationRole => &wording::UNKNOWN_ORGANISATION_ROLE,
            Self::PeriodMissing => &wording::PERIOD_MISSING,
            Self::PeriodReversed => &wording::PERIOD_REVERSED,
            Self::EntityNotExpanded => &wording::ENTITY_NOT_EXPANDED,
            Self::BareAmpersand => &wording::BARE_AMPERSAND,
            Self::InvalidBytes => &wording::INVALID_BYTES,
            Self::NestedActivity => &wording::NESTED_ACTIVITY,
            Self::WrongEncodingDeclared => &wording::WRONG_ENCODING_DECLARED,
        }
    }
}

impl Problem {
    /// The problem in one English sentence.
    #[must_use]
    pub fn message_en(&self) -> String {
        self.code.wording().english.replace("{}", &self.found)
    }

    /// The problem in one Chinese sentence.
    #[must_use]
    pub fn message_zh(&self) -> String {
        self.code.wording().chinese.replace("{}", &self.found)
    }
}

/// The problems of one activity (or of the document), listed up to a limit and counted beyond it.
#[derive(Debug)]
pub(super) struct Problems {
    base: String,
    listed: Vec<Problem>,
    omitted: u64,
    limit: u64,
}

impl Problems {
    pub(super) fn new(base: String, limit: u64) -> Self {
        Self {
            base,
            listed: Vec::new(),
            omitted: 0,
            limit,
        }
    }

    /// Reports a problem at `path`, which is relative to the activity; empty for the activity itself.
    pub(super) fn report(&mut self, code: ProblemCode, place: Place, path: &str, found: &str) {
        if u64::try_from(self.listed.len()).is_ok_and(|listed| listed >= self.limit) {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        let path = match (self.base.as_str(), path) {
            (base, "") => base.to_owned(),
            ("", path) => path.to_owned(),
            (base, path) => format!("{base}/{path}"),
        };
        self.listed.push(Problem {
            code,
            path,
            found: excerpt(found),
            place,
        });
    }

    /// The listed problems and how many more there were.
    pub(super) fn into_parts(self) -> (Vec<Problem>, u64) {
        (self.listed, self.omitted)
    }

    pub(super) fn listed(&self) -> &[Problem] {
        &self.listed
    }
}

/// The first 120 characters, with an ellipsis when there were more.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => text
            .get(..end)
            .map_or_else(String::new, |head| format!("{head}…")),
        None => text.to_owned(),
    }
}
