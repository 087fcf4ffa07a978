//! Projects in order at a date: put in order once, kept, and corrected by what has changed. So after one more posting a
//! page of a hundred thousand projects costs the walk over one project's entries, and neither one over all projects nor
//! their sorting.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use karez_events::ProjectId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::brief::Brief;
use crate::portfolio::Portfolio;
use crate::project::Project;

/// So many orders are kept: each has the keys of all projects.
const MOST_ORDERS: usize = 6;

/// Where one in so many projects has changed, to put all in order anew is quicker than to move each.
const ANEW_FROM: usize = 4;

/// By what things are put in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey<'a> {
    /// A word, or the identifier.
    Text(Cow<'a, str>),
    /// An amount or a rate; what is undefined comes last in either direction.
    Figure(Option<Decimal>),
}

impl SortKey<'_> {
    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> SortKey<'static> {
        match self {
            Self::Text(text) => SortKey::Text(Cow::Owned(text.into_owned())),
            Self::Figure(figure) => SortKey::Figure(figure),
        }
    }

    /// Which comes first. A text and a figure are never in one list.
    #[must_use]
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Figure(None), Self::Figure(Some(_))) => return Ordering::Greater,
            (Self::Figure(Some(_)), Self::Figure(None)) => return Ordering::Less,
            (Self::Figure(mine), Self::Figure(theirs)) => mine.cmp(theirs),
            (Self::Text(mine), Self::Text(theirs)) => mine.cmp(theirs),
            (Self::Text(_), Self::Figure(_)) | (Self::Figure(_), Self::Text(_)) => Ordering::Equal,
        };
        if descending { order.reverse() } else { order }
    }
}

/// The place of a project in an order; ties are broken by the identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// By what it has this place.
    pub key: SortKey<'static>,
    /// The project.
    pub id: ProjectId,
    /// Whether the largest key comes first.
    pub descending: bool,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.key.compare(&other.key, self.descending);
        by_key.then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What an order is of. Two with the same name and date are of the same projects by the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderOf {
    /// What tells it from others: its filters and its key.
    pub name: String,
    /// Whether the largest key comes first.
    pub descending: bool,
    /// The business date.
    pub as_of: NaiveDate,
}

/// The projects that have a key, in the order of their keys.
#[derive(Debug, Default)]
pub struct Order {
    places: BTreeSet<Place>,
    keys: BTreeMap<ProjectId, SortKey<'static>>,
}

impl Order {
    /// Every place, the first first.
    #[must_use]
    pub fn places(&self) -> &BTreeSet<Place> {
        &self.places
    }

    /// Puts the projects to which `key` gives one in order.
    #[must_use]
    pub fn anew<'p>(
        portfolio: &'p Portfolio,
        of: &OrderOf,
        key: impl Fn(&'p Project, &Brief) -> Option<SortKey<'p>>,
    ) -> Self {
        let keyed = |project: &'p Project| {
            let key = key(project, &Brief::of(project, of.as_of))?;
            Some((project.id.clone(), key.into_owned()))
        };
        let places = portfolio.projects().filter_map(keyed);
        places.map(|(id, key)| of.place(id, key)).collect()
    }

    fn put(&mut self, of: &OrderOf, id: ProjectId, key: Option<SortKey<'static>>) {
        if let Some(before) = self.keys.remove(&id) {
            self.places.remove(&of.place(id.clone(), before));
        }
        if let Some(key) = key {
            self.places.insert(of.place(id.clone(), key.clone()));
            self.keys.insert(id, key);
        }
    }
}

impl FromIterator<Place> for Order {
    fn from_iter<Places: IntoIterator<Item = Place>>(places: Places) -> Self {
        let places: BTreeSet<Place> = places.into_iter().collect();
        let keys = places.iter().map(|place| (place.id.clone(), place.key.clone()));
        Self {
            keys: keys.collect(),
            places,
        }
    }
}

impl OrderOf {
    fn place(&self, id: ProjectId, key: SortKey<'static>) -> Place {
        Place {
            key,
            id,
            descending: self.descending,
        }
    }
}

/// Reads an order of a portfolio's projects, which is kept until an event may change any place of it; `key` gives each project
/// of the order its key.
pub fn read_order<'p, T>(
    portfolio: &'p Portfolio,
    of: &OrderOf,
    key: impl Fn(&'p Project, &Brief) -> Option<SortKey<'p>>,
    read: impl FnOnce(&Order) -> T,
) -> T {
    portfolio.orders().read(portfolio, of, key, read)
}

/// Orders that still hold, the one that was asked for last at the end.
#[derive(Debug, Default)]
pub(crate) struct KeptOrders(Mutex<VecDeque<Arc<KeptOrder>>>);

/// One of them. Whoever asks for it while it is made waits, and nobody who asks for another.
#[derive(Debug)]
struct KeptOrder {
    of: OrderOf,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    order: Order,
    /// Projects whose places may be others since.
    outdated: BTreeSet<ProjectId>,
}

impl KeptOrders {
    fn read<'p, T>(
        &self,
        portfolio: &'p Portfolio,
        of: &OrderOf,
        key: impl Fn(&'p Project, &Brief) -> Option<SortKey<'p>>,
        read: impl FnOnce(&Order) -> T,
    ) -> T {
        let kept = self.find_or_begin(of);
        let mut place = kept.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Put back when it is right again: a panic meanwhile leaves none.
        let mut held = place.take().unwrap_or_else(|| Held {
            order: Order::anew(portfolio, of, &key),
            outdated: BTreeSet::new(),
        });
        if held.outdated.len() > held.order.keys.len() / ANEW_FROM {
            held.order = Order::anew(portfolio, of, &key);
            held.outdated.clear();
        }
        for id in std::mem::take(&mut held.outdated) {
            let project = portfolio.project(&id);
            let key = project.and_then(|project| key(project, &Brief::of(project, of.as_of)));
            held.order.put(of, id, key.map(SortKey::into_owned));
        }
        let answer = read(&held.order);
        *place = Some(held);
        answer
    }

    fn find_or_begin(&self, of: &OrderOf) -> Arc<KeptOrder> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = orders.iter().position(|kept| kept.of == *of);
        let kept = place.and_then(|place| orders.remove(place)).unwrap_or_else(|| {
            Arc::new(KeptOrder {
                of: of.clone(),
                held: Mutex::default(),
            })
        });
        if orders.len() >= MOST_ORDERS {
            orders.pop_front();
        }
        orders.push_back(Arc::clone(&kept));
        kept
    }

    /// An event changes figures of a project from a day on, and nothing of another's.
    pub(crate) fn outdate_from(&mut self, day: NaiveDate, project: &ProjectId) {
        let orders = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for kept in orders.iter().filter(|kept| kept.of.as_of >= day) {
            let mut held = kept.held.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(held) = held.as_mut()
                && !held.outdated.contains(project)
            {
                held.outdated.insert(project.clone());
            }
        }
    }

    /// Drops everything: an event may change any place.
    pub(crate) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
