//! The whole read side: a fold of the log held in memory.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use foldhash::HashMap;
use karez_events::event::system::{ImportCompleted, RulesPublished};
use karez_events::{Event, FundId, Position, ProjectId, RecordedEvent, StreamId, UnitId, WarningId};
use serde::{Deserialize, Serialize};

use crate::derived::Derived;
use crate::fund::{Fund, FundEntry, FundEntryKind};
use crate::measures::order::KeptOrders;
use crate::measures::whole::KeptWholes;
use crate::papers::{PaperShelf, Papers};
use crate::project::{Entry, Project, Quota};
use crate::projects::{Misplaced, ProjectNumber, Projects};
use crate::rule_proposal::{self, RuleProposal};
use crate::silence::Silence;
use crate::unit::Unit;
use crate::warnings::{Warning, WarningFact, Warnings};

/// One file that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRun {
    /// Position of its `import_completed`.
    pub position: Position,
    /// When it was imported.
    pub recorded_at: DateTime<Utc>,
    /// The file's name.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The day on which the publisher made it.
    pub published_on: Option<NaiveDate>,
}

/// The rule set in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedRules {
    /// Position at which it took effect.
    pub position: Position,
    /// When.
    pub published_at: DateTime<Utc>,
    /// What was published.
    pub rules: RulesPublished,
}

/// Everything that is known after a prefix of the log. Serde has all but the projects and the papers: they are many, and whoever
/// writes them down takes them some at a time ([`Portfolio::projects_by_number`], [`Portfolio::papers`]) and gives them back to
/// [`Portfolio::with`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    position: Position,
    last_recorded_at: Option<DateTime<Utc>>,
    funds: BTreeMap<FundId, Fund>,
    #[serde(skip)]
    projects: Projects,
    units: HashMap<UnitId, Unit>,
    /// The parts of each project that has any.
    parts: HashMap<ProjectId, BTreeSet<ProjectId>>,
    warnings: Warnings,
    rules: Option<PublishedRules>,
    last_day_evaluated: Option<NaiveDate>,
    /// The project in which each invoice or document was first booked.
    #[serde(skip)]
    papers: Papers,
    /// The projects of those that were booked in several.
    shared_papers: BTreeMap<Box<str>, BTreeSet<ProjectId>>,
    imports: Vec<ImportRun>,
    /// In the order in which they began.
    silences: Vec<Silence>,
    /// In the order in which they were made.
    proposals: Vec<RuleProposal>,
    /// Quotas for projects of which nothing else is known yet.
    awaited_quotas: BTreeMap<ProjectId, Vec<Quota>>,
    #[serde(skip)]
    wholes: Derived<KeptWholes>,
    #[serde(skip)]
    orders: Derived<KeptOrders>,
}

impl Portfolio {
    /// Position of the last event folded.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// When the last event folded became known.
    #[must_use]
    pub fn last_recorded_at(&self) -> Option<DateTime<Utc>> {
        self.last_recorded_at
    }

    pub(crate) fn wholes(&self) -> &KeptWholes {
        &self.wholes
    }

    pub(crate) fn orders(&self) -> &KeptOrders {
        &self.orders
    }

    /// Every silence, in the order in which they began.
    #[must_use]
    pub fn silences(&self) -> &[Silence] {
        &self.silences
    }

    /// Every rule set that was proposed, in the order in which they were.
    #[must_use]
    pub fn proposals(&self) -> &[RuleProposal] {
        &self.proposals
    }

    /// The silence that holds for a warning on a day.
    #[must_use]
    pub fn silence_of(&self, warning: &Warning, day: NaiveDate) -> Option<&Silence> {
        let mut silences = self.silences.iter();
        silences.find(|silence| silence.holds_on(day) && silence.covers(warning, self))
    }

    /// Every fund, by id.
    #[must_use]
    pub fn funds(&self) -> impl ExactSizeIterator<Item = &Fund> {
        self.funds.values()
    }

    /// One fund.
    #[must_use]
    pub fn fund(&self, id: &FundId) -> Option<&Fund> {
        self.funds.get(id)
    }

    /// Every project, by id, applications included.
    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.after(None)
    }

    /// The same in the order in which they became known.
    pub fn projects_by_number(&self) -> impl Iterator<Item = &Project> {
        self.projects.by_number()
    }

    pub(crate) fn numbered(&self, number: ProjectNumber) -> Option<&Project> {
        self.projects.numbered(number)
    }

    /// How many projects there are.
    #[must_use]
    pub fn project_count(&self) -> usize {
        self.projects.len()
    }

    /// Every invoice and document that was booked, shelf by shelf.
    pub fn papers(&self) -> impl Iterator<Item = &PaperShelf> {
        self.papers.shelves()
    }

    /// The same with projects, in the order of their numbers, and papers that were taken from it.
    ///
    /// # Errors
    /// [`Misplaced`] names the first project that does not come in its place.
    pub fn with(
        self,
        projects: impl IntoIterator<Item = Project>,
        papers: impl IntoIterator<Item = PaperShelf>,
    ) -> Result<Self, Misplaced> {
        Ok(Self {
            projects: Projects::read(projects)?,
            papers: papers.into_iter().collect(),
            ..self
        })
    }

    /// The projects whose ids come after one; all of them after none.
    pub fn projects_after(&self, id: Option<&ProjectId>) -> impl Iterator<Item = &Project> {
        self.projects.after(id)
    }

    /// One project.
    #[must_use]
    pub fn project(&self, id: &ProjectId) -> Option<&Project> {
        self.projects.get(id)
    }

    /// Every unit, by id.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        let mut units: Vec<&Unit> = self.units.values().collect();
        units.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        units.into_iter()
    }

    /// One unit.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.units.get(id)
    }

    /// The projects of a unit, by id.
    pub fn projects_of(&self, unit: &UnitId) -> impl Iterator<Item = &Project> {
        let ids = self.units.get(unit).map(|unit| &unit.projects);
        ids.into_iter().flatten().filter_map(|id| self.projects.get(id))
    }

    /// The projects that are parts of a project, by id.
    pub fn parts_of(&self, whole: &ProjectId) -> impl Iterator<Item = &Project> {
        let ids = self.parts.get(whole).into_iter().flatten();
        ids.filter_map(|id| self.projects.get(id))
    }

    /// Every warning.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// The rule set that was published last; `None` while the defaults are in force.
    #[must_use]
    pub fn rules(&self) -> Option<&PublishedRules> {
        self.rules.as_ref()
    }

    /// The last day for which every rule has run.
    #[must_use]
    pub fn last_day_evaluated(&self) -> Option<NaiveDate> {
        self.last_day_evaluated
    }

    /// The projects that share an invoice (by its number) or a document (by its SHA-256); none where only one booked it.
    pub fn projects_sharing(&self, paper: &str) -> impl Iterator<Item = &Project> {
        let ids = self.shared_papers.get(paper).into_iter().flatten();
        ids.filter_map(|id| self.projects.get(id))
    }

    /// One warning.
    #[must_use]
    pub fn warning(&self, id: &WarningId) -> Option<&Warning> {
        self.warnings.get(id)
    }

    /// Every file imported, in order.
    #[must_use]
    pub fn imports(&self) -> &[ImportRun] {
        &self.imports
    }

    /// Takes one recorded event. Events must come in the order of their positions.
    pub fn apply(&mut self, recorded: &RecordedEvent) {
        self.position = recorded.position;
        self.last_recorded_at = Some(recorded.recorded_at);
        match &recorded.stream {
            StreamId::Fund(id) => self.apply_to_fund(id, recorded),
            StreamId::Project(id) => self.apply_to_project(id, recorded),
            StreamId::Unit(id) => self.apply_to_unit(id, recorded),
            StreamId::Warning(id) => self.warnings.apply(id, &WarningFact::of(recorded)),
            StreamId::Calendar => self.apply_to_calendar(recorded),
        }
    }

    fn apply_to_unit(&mut self, id: &UnitId, recorded: &RecordedEvent) {
        let unit = self
            .units
            .entry(id.clone())
            .or_insert_with(|| Unit::new(id.clone()));
        unit.apply(recorded);
        if let Event::PeriodReopened(data) = &recorded.event {
            // Somebody has approved that books be changed: what was posted into them is no longer into closed books.
            for project in &unit.projects {
                let entries = self.projects.get_mut(project).map(|project| &mut project.entries);
                for entry in entries.into_iter().flatten() {
                    entry.is_into_closed_period &= !(data.from_on..=data.to_on).contains(&entry.on);
                }
            }
        }
    }

    fn apply_to_fund(&mut self, id: &FundId, recorded: &RecordedEvent) {
        if let Event::FundEstablished(data) = &recorded.event {
            let fund = || Fund::new(id.clone(), data.clone(), recorded.occurred_on);
            self.funds.entry(id.clone()).or_insert_with(fund);
        }
        let Some(fund) = self.funds.get_mut(id) else {
            return;
        };
        self.wholes.forget();
        self.orders.forget();
        fund.apply(recorded);
        if let Some((project, quota)) = fund.entries.last().and_then(quota_of)
            && matches!(&recorded.event, Event::QuotaIssued(_) | Event::QuotaWithdrawn(_))
        {
            match self.projects.get_mut(&project) {
                Some(project) => project.add_quota(quota),
                None => self.awaited_quotas.entry(project).or_default().push(quota),
            }
        }
    }

    fn apply_to_project(&mut self, id: &ProjectId, recorded: &RecordedEvent) {
        let project = match self.projects.get_mut(id) {
            Some(project) => project,
            None => self.projects.add(Project {
                quotas: self.awaited_quotas.remove(id).unwrap_or_default(),
                ..Project::new(id.clone())
            }),
        };
        let day = project.kept.first_day_changed(recorded);
        if let Some(name) = unit_named(&recorded.event) {
            self.wholes.forget();
            self.orders.forget();
            let (unit, whole) = (project.unit().cloned(), project.parent().cloned());
            project.apply(recorded, day);
            self.move_to_whole(id, whole);
            return self.move_to_unit(id, unit, name.as_ref());
        }
        let has_parts = self.parts.get(id).is_some_and(|parts| !parts.is_empty());
        self.wholes.outdate_from(day, project, has_parts);
        self.orders.outdate_from(day, project.number);
        project.apply(recorded, day);
        // Whether a posting fell into closed books is known only now: they may be opened again.
        let unit = project.unit().and_then(|unit| self.units.get(unit));
        if unit.is_some_and(|unit| unit.is_closed_on(recorded.occurred_on)) {
            let of_it = |entry: &&mut Entry| entry.event_id == recorded.event_id;
            let entries = project.entries.iter_mut().rev().take_while(of_it);
            entries.for_each(|entry| entry.is_into_closed_period = true);
        }
        if matches!(recorded.event, Event::ExpenditureRecorded(_))
            && let Some(entry) = project.entries.last()
        {
            let number = project.number;
            let booked = |paper: &str| {
                let first = self.papers.booked_before(paper, number)?;
                Some((paper.into(), first))
            };
            let again: Vec<(Box<str>, ProjectNumber)> = entry.papers().filter_map(booked).collect();
            for (paper, first) in again {
                self.mark_paper(id, paper, first, number);
            }
        }
    }

    /// The project that an approval names has this one as a part from now on, and no other.
    fn move_to_whole(&mut self, id: &ProjectId, before: Option<ProjectId>) {
        let whole = self.projects.get(id).and_then(Project::parent).cloned();
        if let Some(before) = before.filter(|before| Some(before) != whole.as_ref())
            && let Some(parts) = self.parts.get_mut(&before)
        {
            parts.remove(id);
        }
        if let Some(whole) = whole {
            self.parts.entry(whole).or_default().insert(id.clone());
        }
    }

    /// The unit that an application or approval names has the project from now on, and no other.
    fn move_to_unit(&mut self, id: &ProjectId, before: Option<UnitId>, name: Option<&String>) {
        let Some(unit_id) = self.projects.get(id).and_then(Project::unit).cloned() else {
            return;
        };
        if let Some(before) = before.filter(|before| *before != unit_id)
            && let Some(unit) = self.units.get_mut(&before)
        {
            unit.projects.remove(id);
        }
        let unit = self
            .units
            .entry(unit_id.clone())
            .or_insert_with(|| Unit::new(unit_id));
        unit.projects.insert(id.clone());
        unit.name = name.cloned().or(unit.name.take());
    }

    /// An invoice or document that was booked before, here or elsewhere.
    fn mark_paper(&mut self, id: &ProjectId, paper: Box<str>, first: ProjectNumber, number: ProjectNumber) {
        let sharing = self.shared_papers.get(&paper);
        if first == number || sharing.is_some_and(|projects| projects.contains(id)) {
            if let Some(project) = self.projects.get_mut(id) {
                project.repeated_papers.insert(paper);
            }
            return;
        }
        let sharing = self.shared_papers.entry(paper.clone()).or_default();
        let first = self.projects.numbered(first).map(|project| &project.id);
        sharing.extend(first.into_iter().chain([id]).cloned());
        for project in sharing.iter() {
            if let Some(project) = self.projects.get_mut(project) {
                project.shared_papers.insert(paper.clone());
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only some events of the calendar are kept"
    )]
    fn apply_to_calendar(&mut self, recorded: &RecordedEvent) {
        rule_proposal::apply(&mut self.proposals, recorded);
        match &recorded.event {
            Event::ImportCompleted(data) => self.apply_import(recorded, data),
            Event::DayEvaluated(data) => {
                self.last_day_evaluated = self.last_day_evaluated.max(Some(data.as_of));
            }
            Event::RulesPublished(data) => {
                self.rules = Some(PublishedRules {
                    position: recorded.position,
                    published_at: recorded.recorded_at,
                    rules: data.clone(),
                });
            }
            Event::WarningsSilenced(data) => self.silences.push(Silence {
                event_id: recorded.event_id,
                from_on: recorded.occurred_on,
                silenced: data.clone(),
                by: recorded
                    .metadata
                    .actor
                    .as_ref()
                    .and_then(|actor| actor.user.clone()),
                ended_on: None,
            }),
            Event::SilenceEnded(data) => {
                let mut silences = self.silences.iter_mut();
                if let Some(silence) = silences.find(|silence| silence.event_id == data.silence) {
                    silence.ended_on.get_or_insert(recorded.occurred_on);
                }
            }
            _ => {}
        }
    }

    fn apply_import(&mut self, recorded: &RecordedEvent, data: &ImportCompleted) {
        let number = u32::try_from(self.imports.len()).unwrap_or(u32::MAX);
        for (index, id) in data.projects.iter().enumerate() {
            if let Some(project) = self.projects.get_mut(id) {
                project.listed = Some((number, u32::try_from(index).unwrap_or(u32::MAX)));
                project.published_on = data.published_on.max(project.published_on);
            }
        }
        self.imports.push(ImportRun {
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            file: data.file.clone(),
            sha256: data.sha256.clone(),
            published_on: data.published_on,
        });
    }
}

/// Of an event that says which unit has the project: the name that it gives the unit.
#[expect(clippy::wildcard_enum_match_arm, reason = "only two events name the unit")]
fn unit_named(event: &Event) -> Option<&Option<String>> {
    match event {
        Event::ProjectApplied(data) => Some(&data.unit_name),
        Event::ProjectApproved(data) => Some(&data.unit_name),
        _ => None,
    }
}

/// What a fund's entry says about the quota of one project.
fn quota_of(entry: &FundEntry) -> Option<(ProjectId, Quota)> {
    let FundEntryKind::Quota {
        origin_budget_year,
        project: Some(project),
    } = &entry.kind
    else {
        return None;
    };
    let quota = Quota {
        effective_on: entry.effective_on,
        amount: entry.amount,
        currency: entry.currency,
        origin_budget_year: *origin_budget_year,
    };
    Some((project.clone(), quota))
}
