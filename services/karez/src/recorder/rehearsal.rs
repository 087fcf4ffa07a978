//! What the recorder would say to submissions, before they are submitted: the same decision over a copy of the
//! portfolio. Nothing is recorded or kept, and nothing is promised: the recorder decides when they are submitted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use karez_events::{Hash, RecordedEvent, Submission};
use karez_projections::{Portfolio, admission};
use uuid::Uuid;

use crate::receipt::{Reason, Receipt};
use crate::recorder::repeated::{Original, read_originals, same_fact};
use crate::store::EventLog;
use crate::store::sealing::{SealError, Sealer, refuse_sealed};

/// What the recorder would say.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It can be a fact: as it would be recorded.
    Fact(Box<RecordedEvent>),
    /// It says what is recorded under its id already; the receipt where that is in the log, and not only earlier
    /// among what is asked about.
    Known(Option<Receipt>),
    /// It cannot be a fact.
    Refused(Reason),
}

/// Submissions with what the log knows about them.
pub(crate) struct Rehearsal {
    rows: Vec<Row>,
    originals: HashMap<Uuid, Original>,
    recorded_at: DateTime<Utc>,
}

struct Row {
    submission: Submission,
    /// As it would be recorded: with its personal fields sealed.
    sealed: Result<Submission, Reason>,
}

impl Rehearsal {
    /// Reads what the log knows about submissions.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn prepare(
        log: &EventLog,
        submissions: Vec<Submission>,
        recorded_at: DateTime<Utc>,
    ) -> Result<Self, SealError> {
        let sealer = Sealer::try_new(log).await?;
        let ids: Vec<Uuid> = submissions.iter().map(|submission| submission.event_id).collect();
        let positions = log.find(&ids).await?;
        let originals = read_originals(log, &sealer, positions.into_values()).await?;
        let mut rows: Vec<Row> = submissions.into_iter().map(Row::new).collect();
        let named = rows.iter_mut().filter_map(|row| row.sealed.as_mut().ok());
        // The keys of new persons are thrown away: whoever submits makes them.
        drop(sealer.seal_all(named.map(|sealed| &mut sealed.event)).await?);
        Ok(Self {
            rows,
            originals,
            recorded_at,
        })
    }

    /// Decides in order, each after those before it, and folds what could be facts into a copy of the portfolio.
    pub(crate) fn judge(self, portfolio: &mut Portfolio) -> Vec<Verdict> {
        let mut said: HashMap<Uuid, Submission> = HashMap::new();
        let mut verdicts = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            let id = row.submission.event_id;
            let verdict = match (row.sealed, self.originals.get(&id), said.get(&id)) {
                (Err(reason), _, _) => Verdict::Refused(reason),
                (Ok(_), Some(original), _) if same_fact(&row.submission, &original.said) => {
                    Verdict::Known(Some(Receipt::of(&original.raw, true)))
                }
                (Ok(_), Some(original), _) => Verdict::Refused(Reason::key_conflict(original.raw.position)),
                (Ok(_), None, Some(earlier)) if same_fact(&row.submission, earlier) => Verdict::Known(None),
                (Ok(_), None, Some(_)) => Verdict::Refused(Reason::key_used_twice()),
                (Ok(sealed), None, None) => match admission::admit(portfolio, &row.submission) {
                    Ok(()) => Verdict::Fact(Box::new(recorded(portfolio, sealed, self.recorded_at))),
                    Err(refusal) => Verdict::Refused(refusal.into()),
                },
            };
            if let Verdict::Fact(recorded) = &verdict {
                portfolio.apply(recorded);
                said.insert(id, row.submission);
            }
            verdicts.push(verdict);
        }
        verdicts
    }
}

impl Row {
    fn new(submission: Submission) -> Self {
        let mut sealed = submission.clone();
        let sealed = match refuse_sealed(&mut sealed.event) {
            Ok(()) => Ok(sealed),
            Err(error) => Err(Reason::sealed_already(&error.to_string())),
        };
        Self { submission, sealed }
    }
}

fn recorded(portfolio: &Portfolio, submission: Submission, recorded_at: DateTime<Utc>) -> RecordedEvent {
    RecordedEvent {
        position: portfolio.position() + 1,
        stream: submission.stream,
        // Neither figures nor rules read these.
        version: 0,
        hash: Hash::START,
        event_id: submission.event_id,
        occurred_on: submission.occurred_on,
        recorded_at,
        event: submission.event,
        metadata: submission.metadata,
    }
}
