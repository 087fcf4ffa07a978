//! A log in memory, a bus that repeats and turns round, a clock that jumps, a recorder and one or two sentinels.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use karez::clock::BUSINESS_TIME_ZONE;
use karez::sentinel::{Daily, Timeline};
use karez_alert_rules::reconcile::clock_read;
use karez_events::{Event, Hash, RecordedEvent, StreamId, Submission};
use karez_projections::Portfolio;
use karez_projections::admission::admit;
use karez_projections::warnings::{SENTINEL, is_by_sentinel, is_step};
use karez_tests::moments::Moments;
use uuid::Uuid;

use crate::office::{fact, first_facts};

/// Turns of one run.
const TURNS: usize = 500;
/// The most steps of a sentinel in one turn.
const SENTINEL_STEPS: u64 = 12;

/// A fault that is put in, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// The recorder takes whatever comes as new.
    ForgetsIds,
    /// A sender is told "recorded", and the recorder crashes before it is.
    PromisesFirst,
    /// A sentinel that starts again has not read the last facts.
    SkipsFacts,
    /// A day is said to be complete together with what it brought, so that it may be recorded before: whoever starts
    /// again between the two never says the rest.
    EndsDaysEarly,
}

struct Sentinel {
    timeline: Timeline,
    read_up_to: usize,
    /// Submitted, and not known to be recorded.
    on_its_way: Vec<Submission>,
    /// To be submitted when that is recorded.
    end_of_day: Option<Submission>,
}

pub struct World {
    moments: Moments,
    planted: Planted,
    daily: Daily,
    clock: DateTime<Utc>,
    log: Vec<RecordedEvent>,
    versions: HashMap<StreamId, u32>,
    ids: HashSet<Uuid>,
    /// The recorder's own.
    portfolio: Portfolio,
    bus: VecDeque<Submission>,
    sent: Vec<Submission>,
    acknowledged: HashSet<Uuid>,
    refused: HashSet<Uuid>,
    sentinels: Vec<Sentinel>,
}

impl World {
    pub fn new(seed: u64, planted: Planted) -> Self {
        let daily = Daily::try_new("sentinel.daily_at", "0 30 0 * * *", BUSINESS_TIME_ZONE).unwrap();
        // The year's end comes within most runs.
        let clock: DateTime<Utc> = "2024-12-20T02:00:00Z".parse().unwrap();
        let mut world = Self {
            moments: Moments::of(seed),
            planted,
            clock,
            log: Vec::new(),
            versions: HashMap::new(),
            ids: HashSet::new(),
            portfolio: Portfolio::default(),
            bus: first_facts(daily.day_of(clock)).into(),
            sent: Vec::new(),
            acknowledged: HashSet::new(),
            refused: HashSet::new(),
            sentinels: Vec::new(),
            daily,
        };
        world.sent.extend(world.bus.iter().cloned());
        while !world.bus.is_empty() {
            world.record(0);
        }
        world.start_sentinel();
        world
    }

    /// Runs to the end, and says which promise was broken.
    pub fn run(mut self) -> Result<(), String> {
        for _ in 0..TURNS {
            self.turn();
        }
        self.settle();
        self.promises_hold()
    }

    /// Scenario: the word that a day is complete overtakes what the day brought, which is lost with the sentinel.
    pub fn crash_as_days_end(mut self) -> Result<(), String> {
        for _ in 0..60 {
            self.send();
            self.record(0);
        }
        self.clock += TimeDelta::days(12);
        let is_end = |sent: &Submission| matches!(sent.event, Event::DayEvaluated(_));
        while self.watch(0) {
            if let Some(end) = self.bus.iter().position(is_end) {
                self.record(end);
                self.bus.clear();
                self.crash_sentinel();
            }
            while !self.bus.is_empty() {
                self.record(0);
            }
        }
        self.settle();
        self.promises_hold()
    }

    fn turn(&mut self) {
        match self.moments.below(100) {
            0..30 => self.send(),
            30..35 => self.send_again(),
            35..65 => self.deliver(),
            65..82 => self.watch_for_a_while(),
            82..90 => self.clock += TimeDelta::minutes(1 + i64::try_from(self.moments.below(300)).unwrap()),
            90..93 => self.jump(),
            93..95 => self.crash_recorder(),
            95..98 => self.crash_sentinel(),
            _ => self.change_sentinels(),
        }
    }

    fn send(&mut self) {
        let id = Uuid::from_u128(1_000 + self.sent.len() as u128);
        let today = self.daily.day_of(self.clock);
        let sent = fact(&mut self.moments, id, today, &self.portfolio);
        self.sent.push(sent.clone());
        self.bus.push_back(sent);
    }

    /// A sender that lost its answer, or a broker that lost the acknowledgement.
    fn send_again(&mut self) {
        let index = usize::try_from(self.moments.below(self.sent.len() as u64)).unwrap();
        self.bus.push_back(self.sent[index].clone());
    }

    /// The recorder takes the next message, or one that overtook it.
    fn deliver(&mut self) {
        if self.bus.is_empty() {
            return;
        }
        let overtaken = self.moments.below(8) == 0;
        let index = if overtaken {
            self.moments.below(self.bus.len() as u64)
        } else {
            0
        };
        self.record(usize::try_from(index).unwrap());
    }

    fn record(&mut self, index: usize) {
        let Some(submission) = self.bus.remove(index) else {
            return;
        };
        let id = submission.event_id;
        if self.planted == Planted::PromisesFirst && self.moments.below(40) == 0 {
            self.acknowledged.insert(id);
            return;
        }
        let is_known = self.ids.contains(&id) && self.planted != Planted::ForgetsIds;
        if is_known {
            self.acknowledged.insert(id);
            return;
        }
        if let Err(refusal) = admit(&self.portfolio, &submission) {
            let is_sentinels = submission.metadata.source_system.as_deref() == Some(SENTINEL);
            assert!(!is_sentinels, "the sentinel is refused: {refusal:?}");
            self.refused.insert(id);
            return;
        }
        let version = self.versions.entry(submission.stream.clone()).or_default();
        *version += 1;
        let last = self.log.last().map(|last| last.recorded_at);
        let recorded = RecordedEvent {
            position: self.log.len() as u64 + 1,
            stream: submission.stream,
            version: *version,
            event_id: id,
            occurred_on: submission.occurred_on,
            // As the recorder does: what is known later never seems to have been known earlier.
            recorded_at: last.map_or(self.clock, |last| last.max(self.clock)),
            event: submission.event,
            metadata: submission.metadata,
            hash: Hash::START,
        };
        self.portfolio.apply(&recorded);
        self.ids.insert(id);
        self.log.push(recorded);
        self.acknowledged.insert(id);
    }

    fn watch_for_a_while(&mut self) {
        let which = self.moments.below(self.sentinels.len().max(1) as u64);
        for _ in 0..=self.moments.below(SENTINEL_STEPS) {
            self.watch(usize::try_from(which).unwrap());
        }
    }

    /// One step of a sentinel: it waits until what it said is recorded, reads on, or takes the next fact or day. `false`
    /// when there is nothing to do.
    fn watch(&mut self, which: usize) -> bool {
        let Some(sentinel) = self.sentinels.get_mut(which) else {
            return false;
        };
        let is_decided = |id: &Uuid| self.ids.contains(id) || self.refused.contains(id);
        sentinel.on_its_way.retain(|fact| !is_decided(&fact.event_id));
        if !sentinel.on_its_way.is_empty() {
            let waiting: HashSet<Uuid> = self.bus.iter().map(|waiting| waiting.event_id).collect();
            let lost = sentinel
                .on_its_way
                .iter()
                .filter(|fact| !waiting.contains(&fact.event_id));
            self.bus.extend(lost.cloned().collect::<Vec<_>>());
            return true;
        }
        if let Some(end_of_day) = sentinel.end_of_day.take() {
            sentinel.on_its_way.push(end_of_day.clone());
            self.bus.push_back(end_of_day);
            return true;
        }
        let mut facts = if let Some(facts) = sentinel.timeline.next_step(None) {
            facts
        } else if sentinel.read_up_to < self.log.len() {
            sentinel
                .timeline
                .extend(self.log[sentinel.read_up_to..].iter().cloned());
            sentinel.read_up_to = self.log.len();
            return true;
        } else if let Some(due) = sentinel.timeline.due_by(self.clock) {
            // Apart from what was said at the same time before the clock went back.
            let read_at =
                due.max(self.clock) + TimeDelta::microseconds(i64::try_from(self.log.len()).unwrap());
            vec![clock_read(read_at, self.daily.day_of(read_at))]
        } else {
            return false;
        };
        if self.planted != Planted::EndsDaysEarly {
            sentinel.end_of_day = facts.pop_if(|fact| matches!(fact.event, Event::DayEvaluated(_)));
        }
        sentinel.on_its_way.clone_from(&facts);
        self.bus.extend(facts);
        true
    }

    /// A day on or back, to the last seconds before midnight, or over the year's end.
    fn jump(&mut self) {
        match self.moments.below(4) {
            0 => self.clock += TimeDelta::days(1),
            1 => self.clock -= TimeDelta::days(1),
            2 => {
                let midnight = self.clock.date_naive().and_hms_opt(15, 59, 58).unwrap().and_utc();
                self.clock = self.clock.max(midnight);
            }
            _ => self.clock = self.clock.max("2024-12-31T15:59:59Z".parse().unwrap()),
        }
    }

    /// What it had in memory is gone; what it had taken and not acknowledged comes again.
    fn crash_recorder(&mut self) {
        let anew = self.folded();
        assert_eq!(
            anew, self.portfolio,
            "a fold from the start is the one that was kept"
        );
        self.portfolio = anew;
        if let Some(last) = self.log.last().map(|last| last.event_id)
            && let Some(sent) = self.sent.iter().find(|sent| sent.event_id == last)
        {
            self.bus.push_front(sent.clone());
        }
    }

    fn crash_sentinel(&mut self) {
        if self.sentinels.pop().is_some() {
            self.start_sentinel();
        }
    }

    /// A second one that believes it watches alone comes, or goes.
    fn change_sentinels(&mut self) {
        if self.sentinels.len() > 1 {
            self.sentinels.pop();
        } else {
            self.start_sentinel();
        }
    }

    fn start_sentinel(&mut self) {
        let read_up_to = self.log.len();
        let mut events = self.log.clone();
        if self.planted == Planted::SkipsFacts {
            events.truncate(read_up_to.saturating_sub(5));
        }
        self.sentinels.push(Sentinel {
            timeline: Timeline::resume(self.daily.clone(), events),
            read_up_to,
            on_its_way: Vec::new(),
            end_of_day: None,
        });
    }

    /// Everybody insists until all is said and answered.
    fn settle(&mut self) {
        let newest = self.log.last().map_or(self.clock, |last| last.recorded_at);
        self.clock = self.clock.max(newest);
        let unanswered = |sent: &&Submission| {
            !self.acknowledged.contains(&sent.event_id) && !self.refused.contains(&sent.event_id)
        };
        let left: Vec<Submission> = self.sent.iter().filter(unanswered).cloned().collect();
        self.bus.extend(left);
        loop {
            while !self.bus.is_empty() {
                self.record(0);
            }
            let busy = (0..self.sentinels.len())
                .filter(|which| self.watch(*which))
                .count();
            if busy == 0 && self.bus.is_empty() {
                return;
            }
        }
    }

    fn folded(&self) -> Portfolio {
        let mut anew = Portfolio::default();
        for recorded in &self.log {
            anew.apply(recorded);
        }
        anew
    }

    fn promises_hold(&self) -> Result<(), String> {
        let mut places: HashMap<Uuid, usize> = HashMap::new();
        for recorded in &self.log {
            *places.entry(recorded.event_id).or_default() += 1;
        }
        if let Some((id, times)) = places.iter().find(|(_, times)| **times > 1) {
            return Err(format!("{id} is in the log {times} times"));
        }
        if let Some(lost) = self.acknowledged.iter().find(|id| !places.contains_key(*id)) {
            return Err(format!("{lost} was acknowledged and is not in the log"));
        }
        if self.folded() != self.portfolio {
            return Err("a fold from the start is another portfolio than the one that was kept".to_owned());
        }
        let (said, expected) = (self.said(), self.undisturbed());
        if expected.is_empty() {
            return Err("there is nothing to warn of".to_owned());
        }
        let differing = expected.iter().find(|(id, text)| said.get(*id) != Some(*text));
        if let Some((id, text)) = differing {
            return Err(format!(
                "undisturbed, the sentinel says {id} {text}; it said {:?}",
                said.get(id)
            ));
        }
        let more = said.iter().find(|(id, _)| !expected.contains_key(*id));
        more.map_or(Ok(()), |(id, text)| {
            Err(format!("undisturbed, the sentinel does not say {id} {text}"))
        })
    }

    /// What the sentinels said about warnings.
    fn said(&self) -> BTreeMap<Uuid, String> {
        let by_sentinel = self.log.iter().filter(|recorded| is_by_sentinel(recorded));
        let counted = by_sentinel.filter(|recorded| is_of_warning(&recorded.stream));
        counted
            .map(|recorded| (recorded.event_id, format!("{:?}", recorded.event)))
            .collect()
    }

    /// What one would have said about the same facts with nothing in its way.
    fn undisturbed(&self) -> BTreeMap<Uuid, String> {
        let facts = self.log.iter().filter(|recorded| !is_step(recorded));
        let mut timeline = Timeline::resume(self.daily.clone(), facts.cloned().collect());
        let mut said = BTreeMap::new();
        while let Some(facts) = timeline.next_step(None) {
            let counted = facts.into_iter().filter(|fact| is_of_warning(&fact.stream));
            said.extend(counted.map(|fact| (fact.event_id, format!("{:?}", fact.event))));
        }
        said
    }
}

fn is_of_warning(stream: &StreamId) -> bool {
    matches!(stream, StreamId::Warning(_))
}
