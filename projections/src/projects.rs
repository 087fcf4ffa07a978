//! Every project: found by its id at once, however many there are, and gone through in the order of ids.

use std::collections::BTreeMap;
use std::ops::Bound;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use karez_events::ProjectId;

use crate::project::Project;

/// The number of a project: how many were known before it.
pub type ProjectNumber = u32;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Projects {
    /// In the order in which they became known: a project's number is its place.
    known: IndexMap<ProjectId, Box<Project>, RandomState>,
    /// Their numbers in the order of ids.
    ordered: BTreeMap<ProjectId, ProjectNumber>,
}

impl Projects {
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn get(&self, id: &ProjectId) -> Option<&Project> {
        self.known.get(id).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, id: &ProjectId) -> Option<&mut Project> {
        self.known.get_mut(id).map(Box::as_mut)
    }

    /// Makes a project known and gives it its number; one that is known stays as it is.
    pub(crate) fn add(&mut self, mut project: Project) -> &mut Project {
        let place = self.known.entry(project.id.clone());
        project.number = ProjectNumber::try_from(place.index()).unwrap_or(ProjectNumber::MAX);
        self.ordered.insert(project.id.clone(), project.number);
        place.or_insert_with(|| Box::new(project))
    }

    /// Those that were written down, in the order of their numbers.
    pub(crate) fn read(all: impl IntoIterator<Item = Project>) -> Result<Self, Misplaced> {
        let mut projects = Self::default();
        for project in all {
            let (number, place) = (project.number, projects.len());
            let added = projects.add(project);
            if added.number != number || usize::try_from(number) != Ok(place) {
                let id = added.id.clone();
                return Err(Misplaced { id, number, place });
            }
        }
        Ok(projects)
    }

    pub(crate) fn numbered(&self, number: ProjectNumber) -> Option<&Project> {
        let (_, project) = self.known.get_index(usize::try_from(number).ok()?)?;
        Some(project)
    }

    /// In the order in which they became known.
    pub(crate) fn by_number(&self) -> impl Iterator<Item = &Project> {
        self.known.values().map(Box::as_ref)
    }

    /// In the order of ids: those after one, all of them after none.
    pub(crate) fn after(&self, id: Option<&ProjectId>) -> impl Iterator<Item = &Project> {
        let from = id.map_or(Bound::Unbounded, Bound::Excluded);
        let numbers = self.ordered.range::<ProjectId, _>((from, Bound::Unbounded));
        numbers.filter_map(|(_, number)| self.numbered(*number))
    }
}

/// A project that was not given in its place: papers name projects by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("project {id} has the number {number} and comes at {place}, or twice")]
pub struct Misplaced {
    /// The project.
    pub id: ProjectId,
    /// The number that it has.
    pub number: ProjectNumber,
    /// How many came before it.
    pub place: usize,
}
