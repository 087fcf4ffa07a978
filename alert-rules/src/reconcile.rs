//! Findings against the warnings that stand: what a run says becomes the events of a warning's life.
//!
//! A rise is raised at once. A colour falls, and a warning is lifted, only behind the rule's margin; a rule of the
//! clock must besides have been clean on three days. What a person has ended speaks again only when it gets worse or
//! new facts decide. Ids are made from rule, target, subject, episode and step, so that the same history gives the
//! same events however often it is told.

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::supervision::{
    Evidence, Level, SilenceEnded, WarningClosed, WarningEscalated, WarningLevelChanged, WarningRaised,
};
use karez_events::{Event, Metadata, StreamId, Submission, WarningId};
use karez_projections::warnings::{EndingKind, SENTINEL};
use karez_projections::{Silence, Target, Warning};
use uuid::Uuid;

use crate::evaluate::{Answer, Stand};
use crate::in_words::BETWEEN_BASES;
use crate::rule::{About, Clearing, Finding, Runs};

/// The namespace of the ids that the sentinel makes.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b61_7265_7a2d_7761_726e_696e_675f_6964);

/// Where a run stands: what it pins in each warning.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The business date.
    pub as_of: NaiveDate,
    /// Position of the last fact that was known.
    pub known_at_position: u64,
    /// Hash of the rule set in force.
    pub thresholds_hash: &'a str,
    /// Clock rules are lifted only at the end of a day.
    pub is_end_of_day: bool,
    /// The event that brought the run about.
    pub causation: Option<Uuid>,
}

/// The life of the warnings about one target, of which every answer is: what is to be recorded now.
pub(crate) fn settled(stand: &Stand<'_, '_>, answers: &[Answer<'_>], run: &Run<'_>) -> Vec<Submission> {
    let Some(target) = answers.first().map(|answer| &answer.target) else {
        return Vec::new();
    };
    let known: Vec<&Warning> = stand.warnings.about(target).collect();
    let facts = answers.iter().map(|answer| {
        let was_clean =
            |subject: Option<&str>, day| stand.at(day).is_clean(answer.about.name, target, subject);
        reconcile(answer, &known, run, was_clean)
    });
    facts.flatten().collect()
}

/// The life of the warnings about one answer's target and rule, of those `known` about the target. `was_clean` says
/// whether the rule was silent about a subject on an earlier day, by what is known now.
pub fn reconcile(
    answer: &Answer<'_>,
    known: &[&Warning],
    run: &Run<'_>,
    was_clean: impl Fn(Option<&str>, NaiveDate) -> bool,
) -> Vec<Submission> {
    if !answer.is_judged() {
        return Vec::new();
    }
    let of_rule = known.iter().copied();
    let known: Vec<&Warning> = of_rule
        .filter(|warning| warning.raised.rule == answer.about.name)
        .collect();
    let mut facts = Vec::new();
    for finding in answer.findings() {
        let about_it = known
            .iter()
            .filter(|warning| warning.raised.subject == finding.subject);
        match about_it.clone().find(|warning| warning.is_open()) {
            Some(open) => facts.extend(level_changed(answer, open, finding, run)),
            None => facts.extend(raised(answer, finding, about_it.copied(), run)),
        }
    }
    let is_found = |warning: &&&Warning| {
        let mut findings = answer.findings().iter();
        findings.any(|finding| finding.subject == warning.raised.subject)
    };
    for open in known.iter().filter(|warning| warning.is_open()) {
        if is_found(&open) {
            continue;
        }
        let is_clear = match answer.clearing {
            Clearing::AtOnce => true,
            Clearing::ByPerson => false,
            Clearing::ThreeCleanDays => {
                run.is_end_of_day
                    && two_days_before(run.as_of).all(|day| was_clean(open.raised.subject.as_deref(), day))
            }
        };
        if is_clear {
            let gone = answer.gone.iter();
            let mut why = gone.filter(|(subject, _)| *subject == open.raised.subject);
            let why = why.next().map_or("条件消除 cause gone", |(_, why)| why.as_str());
            facts.push(closed(open, EndingKind::Lifted, why, run));
        }
    }
    facts
}

fn two_days_before(as_of: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    as_of.iter_days().rev().skip(1).take(2)
}

/// Takes a warning back that later facts disprove.
#[must_use]
pub fn retracted(warning: &Warning, run: &Run<'_>) -> Submission {
    closed(
        warning,
        EndingKind::Retracted,
        "追溯：后到事实不支持 later facts disprove it",
        run,
    )
}

/// Passes a warning on that nobody has acknowledged by its deadline.
#[must_use]
pub fn escalated(warning: &Warning, escalate_to: &str, run: &Run<'_>) -> Submission {
    let event = Event::WarningEscalated(WarningEscalated {
        escalated_to: escalate_to.to_owned(),
        cause: "红色预警逾期未签收 a red warning that nobody acknowledged in time".to_owned(),
    });
    submission(warning.id.clone(), warning.sentinel_steps, event, run)
}

/// The id of the warning of one episode.
///
/// # Panics
/// Never: the text is short and without control characters.
fn warning_id(about: &About<'_>, target: &Target, subject: Option<&str>, episode: u32) -> Option<WarningId> {
    let target = match target {
        Target::Project(id) => format!("project/{id}"),
        Target::Unit(id) => format!("unit/{id}"),
        Target::Fund(id) => format!("fund/{id}"),
        Target::Office => "office".to_owned(),
    };
    let of = format!(
        "{}\n{target}\n{}\n{episode}",
        about.name,
        subject.unwrap_or_default()
    );
    let digest = Uuid::new_v5(&NAMESPACE, of.as_bytes()).simple().to_string();
    let short = digest.get(..16).unwrap_or(&digest);
    WarningId::try_new(&format!("{}-{short}", about.code)).ok()
}

fn raised<'a>(
    answer: &Answer<'_>,
    finding: &Finding,
    before: impl Iterator<Item = &'a Warning>,
    run: &Run<'_>,
) -> Option<Submission> {
    let level = finding.judged.level?;
    let (mut episode, mut last) = (1, None);
    for warning in before {
        episode = episode.max(warning.raised.episode.saturating_add(1));
        last = Some(warning);
    }
    if last.is_some_and(|last| is_settled(last, finding, level)) {
        return None;
    }
    let is_after_retraction = last
        .and_then(|last| last.ending.as_ref())
        .is_some_and(|ending| ending.kind == EndingKind::Retracted);
    let cause = finding
        .cause
        .clone()
        .or_else(|| is_after_retraction.then(|| "追溯".to_owned()));
    let (project, unit, fund) = match &answer.target {
        Target::Project(id) => (Some(id.clone()), None, None),
        Target::Unit(id) => (None, Some(id.clone()), None),
        Target::Fund(id) => (None, None, Some(id.clone())),
        Target::Office => (None, None, None),
    };
    let id = warning_id(&answer.about, &answer.target, finding.subject.as_deref(), episode)?;
    let event = Event::WarningRaised(WarningRaised {
        rule: answer.about.name.to_owned(),
        rule_version: answer.about.version,
        thresholds_hash: run.thresholds_hash.to_owned(),
        project,
        unit,
        fund,
        subject: finding.subject.clone(),
        episode,
        level,
        as_of: run.as_of,
        known_at_position: run.known_at_position,
        cause,
        group: None,
        sentence_zh: finding.sentence_zh.clone(),
        sentence_en: finding.sentence_en.clone(),
        evidence: Some(Box::new(as_recorded(&answer.about, finding))),
    });
    Some(submission(id, 0, event, run))
}

/// The evidence with what the rule rests on before what its thresholds name.
fn as_recorded(about: &About<'_>, finding: &Finding) -> Evidence {
    let mut evidence = finding.evidence.clone();
    let parts = [about.basis_zh(), evidence.basis];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    evidence.basis = parts.join(BETWEEN_BASES);
    evidence
}

/// What a person has ended stays ended until it is worse than it was, or until a fact decides that was not known then.
fn is_settled(last: &Warning, finding: &Finding, level: Level) -> bool {
    let Some(ending) = last.ending.as_ref().filter(|ending| ending.is_by_person) else {
        return false;
    };
    let newest = finding.evidence.fact_positions.map_or(0, |(_, newest)| newest);
    level <= last.level && newest <= ending.position
}

/// Another colour; or, at the end of a day, the same colour of a rule of events that now rests on other facts, so that the
/// warning says what is true and many postings of a day bring one event.
fn level_changed(
    answer: &Answer<'_>,
    open: &Warning,
    finding: &Finding,
    run: &Run<'_>,
) -> Option<Submission> {
    let kept = finding.judged.held.map(|held| held.min(open.level));
    let level = finding.judged.level.max(kept)?;
    let facts_before = open
        .reading
        .evidence
        .as_ref()
        .map_or(&[][..], |evidence| &evidence.facts);
    let rests_on_others = run.is_end_of_day
        && answer.about.runs == Runs::OnEvent
        && finding.judged.level.is_some()
        && facts_before != finding.evidence.facts.as_slice();
    if level == open.level && !rests_on_others {
        return None;
    }
    let event = Event::WarningLevelChanged(WarningLevelChanged {
        from: open.level,
        to: level,
        as_of: run.as_of,
        cause: finding.cause.clone(),
        sentence_zh: finding.sentence_zh.clone(),
        sentence_en: finding.sentence_en.clone(),
        evidence: Some(Box::new(as_recorded(&answer.about, finding))),
    });
    Some(submission(open.id.clone(), open.sentinel_steps, event, run))
}

fn closed(warning: &Warning, kind: EndingKind, cause: &str, run: &Run<'_>) -> Submission {
    let data = WarningClosed {
        cause: cause.to_owned(),
        as_of: run.as_of,
    };
    let event = match kind {
        EndingKind::Lifted => Event::WarningLifted(data),
        EndingKind::Dismissed => Event::WarningDismissed(data),
        EndingKind::Retracted => Event::WarningRetracted(data),
    };
    submission(warning.id.clone(), warning.sentinel_steps, event, run)
}

/// One event of a warning, as the sentinel submits it.
fn submission(id: WarningId, step: u32, event: Event, run: &Run<'_>) -> Submission {
    Submission {
        event_id: Uuid::new_v5(&NAMESPACE, format!("{id}/{step}").as_bytes()),
        stream: StreamId::Warning(id),
        occurred_on: run.as_of,
        event,
        metadata: Metadata {
            source_system: Some(SENTINEL.to_owned()),
            causation: run.causation,
            ..Metadata::default()
        },
    }
}

/// The event that announces the end of a silence, after its last day.
#[must_use]
pub fn silence_ended(silence: &Silence, day: NaiveDate) -> Submission {
    let data = SilenceEnded {
        silence: silence.event_id,
        cause: "到期 its time is over".to_owned(),
    };
    Submission {
        event_id: Uuid::new_v5(
            &NAMESPACE,
            format!("silence_ended/{}", silence.event_id).as_bytes(),
        ),
        stream: StreamId::Calendar,
        occurred_on: day.succ_opt().unwrap_or(day),
        event: Event::SilenceEnded(data),
        metadata: Metadata {
            source_system: Some(SENTINEL.to_owned()),
            ..Metadata::default()
        },
    }
}

/// The event that takes the log's time on.
#[must_use]
pub fn clock_read(read_at: DateTime<Utc>, day: NaiveDate) -> Submission {
    Submission {
        event_id: Uuid::new_v5(
            &NAMESPACE,
            format!("clock_read/{}", read_at.timestamp_micros()).as_bytes(),
        ),
        stream: StreamId::Calendar,
        occurred_on: day,
        event: Event::ClockRead(karez_events::event::system::ClockRead { read_at }),
        metadata: Metadata {
            source_system: Some(SENTINEL.to_owned()),
            ..Metadata::default()
        },
    }
}

/// The event that closes a day's run.
#[must_use]
pub fn day_evaluated(run: &Run<'_>, findings: u64) -> Submission {
    let data = karez_events::event::system::DayEvaluated {
        as_of: run.as_of,
        findings,
    };
    Submission {
        event_id: Uuid::new_v5(&NAMESPACE, format!("day_evaluated/{}", run.as_of).as_bytes()),
        stream: StreamId::Calendar,
        occurred_on: run.as_of,
        event: Event::DayEvaluated(data),
        metadata: Metadata {
            source_system: Some(SENTINEL.to_owned()),
            ..Metadata::default()
        },
    }
}
