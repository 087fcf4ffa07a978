//! Holds the checkpoints that were signed against a log that is recomputed from its first event.

use std::collections::VecDeque;

use karez_events::merkle::Tree;
use karez_events::{Hash, HashAlgorithm, Verifier};

use super::{Fault, Wrong, fault_at};
use crate::store::{EventLog, KeptCheckpoint, StoreError};

/// The tree as recomputed so far, and the checkpoints that stand for more than it has yet.
#[derive(Debug)]
pub(super) struct Signed {
    tree: Tree,
    waiting: VecDeque<KeptCheckpoint>,
    verifier: Option<Verifier>,
}

impl Signed {
    pub(super) async fn load(log: &EventLog, algorithm: HashAlgorithm) -> Result<Self, StoreError> {
        Ok(Self {
            tree: Tree::new(algorithm),
            waiting: log.checkpoints(None, usize::MAX).await?.into(),
            verifier: log.signer().await?.map(|signer| signer.verifier()),
        })
    }

    /// Takes the next event's hash, as recomputed.
    pub(super) fn step(&mut self, hash: &Hash) -> Option<Fault> {
        let before = self.check();
        self.tree.push(hash);
        before.or_else(|| self.check())
    }

    /// The checkpoint of just so many events, where there is one that does not fit.
    fn check(&mut self) -> Option<Fault> {
        let size = self.tree.size();
        let checkpoint = self.waiting.pop_front_if(|checkpoint| checkpoint.size == size)?;
        let what = match self
            .verifier
            .as_ref()
            .map(|verifier| verifier.open(&checkpoint.note))
        {
            None => "the key that signed it is gone".to_owned(),
            Some(Err(error)) => error.to_string(),
            Some(Ok(opened)) if opened.size != size => format!("it says {} events", opened.size),
            Some(Ok(opened)) if opened.root != self.tree.root() => format!(
                "it was signed over the root {}, the events give {}: they were rewritten",
                opened.root,
                self.tree.root()
            ),
            Some(Ok(_)) => return None,
        };
        Some(fault_at(size, Wrong::Checkpoint { size, what }))
    }

    /// A checkpoint of more events than the log has; one may have been made since the log's end was read.
    pub(super) async fn beyond(mut self, log: &EventLog) -> Result<Option<Fault>, StoreError> {
        if let Some(fault) = self.check() {
            return Ok(Some(fault));
        }
        let (end, size) = (log.head().await?.position, self.tree.size());
        let beyond = self.waiting.iter().find(|checkpoint| checkpoint.size > end);
        Ok(beyond.map(|checkpoint| {
            let what = "the log ends before: it was cut off, or an older copy was put back".to_owned();
            fault_at(
                size,
                Wrong::Checkpoint {
                    size: checkpoint.size,
                    what,
                },
            )
        }))
    }
}
