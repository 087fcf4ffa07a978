//! IATI activity files (versions 1.01 to 2.03), read one activity at a time.
//!
//! The straight line: bytes -> `source` (gzip, encoding, line numbers) -> `tokens` (XML, entities never expanded)
//! -> `reader` (cuts the stream into activities, holds at most one) -> `interpret` (elements to [`Activity`]).
//! Nothing here knows about events. What cannot be read becomes a [`Problem`] on its activity and the rest of the
//! activity stays; only a file that cannot be read any further ends with a [`ReadError`].

mod activity;
pub mod changes;
mod dates;
mod error;
pub mod facts;
pub mod importer;
mod interpret;
mod limits;
mod narrative;
mod problem;
mod reader;
mod source;
mod tokens;
mod tree;
mod values;
mod wording;

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod reader_tests;

pub use activity::{
    Activity, ActivityDate, ActivityDateKind, ActivityStatus, Budget, BudgetKind, DateBasis, Organisation,
    OrganisationRole, ParticipatingOrg, PlannedDisbursement, RelatedActivity, Relation, Transaction,
    TransactionType, Value,
};
pub use error::{Oversize, ReadError, ReadFault, Unread};
pub use limits::Limits;
pub use narrative::{Narrative, preferred};
pub use problem::{Effect, Place, Problem, ProblemCode};
pub use reader::{ActivityReader, Header};
