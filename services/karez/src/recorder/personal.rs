//! Sealing what waits: the personal fields of all submissions of a batch at once, with one question to the
//! store, so that a person who is met twice in it gets one key.

use std::collections::VecDeque;

use karez_events::Event;

use crate::bus::intake::{Content, Delivery};
use crate::receipt::Reason;
use crate::store::PersonKey;
use crate::store::sealing::{SealError, Sealer, refuse_sealed};

/// A submission's event, as far as it names a person. Few do: what they need lies elsewhere.
#[derive(Debug)]
pub(super) enum Sealing {
    /// It names nobody.
    Nobody,
    /// With its personal fields sealed.
    Sealed(Box<Event>),
    /// It came with sealed texts or a pseudonym, which are made here only.
    Refused(Box<Reason>),
}

/// Seals what waits, one answer for each of the first `most` submissions, and the keys that are new.
pub(super) async fn seal_waiting(
    sealer: &Sealer,
    waiting: &mut VecDeque<Delivery>,
    most: usize,
) -> Result<(VecDeque<Sealing>, Vec<PersonKey>), SealError> {
    let mut answers: VecDeque<Sealing> = waiting.iter_mut().take(most).map(unsealed).collect();
    let events = answers.iter_mut().filter_map(|answer| match answer {
        Sealing::Sealed(event) => Some(event.as_mut()),
        Sealing::Nobody | Sealing::Refused(_) => None,
    });
    let keys = sealer.seal_all(events).await?;
    Ok((answers, keys))
}

/// The event still open, and already in its place.
fn unsealed(delivery: &mut Delivery) -> Sealing {
    let Content::Readable(submission) = &mut delivery.content else {
        return Sealing::Nobody;
    };
    if submission.event.payee_mut().is_none() {
        return Sealing::Nobody;
    }
    match refuse_sealed(&mut submission.event) {
        Ok(()) => Sealing::Sealed(Box::new(submission.event.clone())),
        Err(error) => Sealing::Refused(Box::new(Reason::sealed_already(&error.to_string()))),
    }
}
