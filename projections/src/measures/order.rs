//! Projects in order at a date: put in order once, kept, and corrected by what has changed. So after one more posting a
//! page of a hundred thousand projects costs the key of one project, and neither a walk over all projects nor their sorting.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use foldhash::{HashMap, HashMapExt};
use karez_events::ProjectId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::brief::Brief;
use crate::portfolio::Portfolio;
use crate::project::Project;
use crate::projects::ProjectNumber;

/// So many orders are kept: each has the keys of all projects.
const MOST_ORDERS: usize = 6;

/// Where one in so many places changes, to go through all of them is quicker than to look for each.
const TOGETHER_FROM: usize = 16;

/// An order that nobody reads is corrected until all projects were looked at so often; whoever reads it then waits.
const MOVED_UNREAD: usize = 10;

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

/// What gives each project of an order its key, and to others none. It owns what it needs: an order is corrected also while
/// nobody asks for it. What it took from the portfolio beforehand may change only by events that drop all orders, as which
/// funds are parts of which does.
pub struct KeyOf(Box<Key>);

type Key = dyn for<'p> Fn(&'p Portfolio, &'p Project, &Brief) -> Option<SortKey<'p>> + Send + Sync;

impl KeyOf {
    /// Keys by a function.
    #[must_use]
    pub fn new(
        key: impl for<'p> Fn(&'p Portfolio, &'p Project, &Brief) -> Option<SortKey<'p>> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(key))
    }

    fn of(&self, portfolio: &Portfolio, project: &Project, as_of: NaiveDate) -> Option<SortKey<'static>> {
        let key = (self.0)(portfolio, project, &Brief::of(project, as_of))?;
        Some(key.into_owned())
    }
}

impl fmt::Debug for KeyOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyOf")
    }
}

/// The projects that have a key, in the order of their keys.
#[derive(Debug, Default)]
pub struct Order(BTreeSet<Place>);

impl Order {
    /// Every place, the first first.
    #[must_use]
    pub fn places(&self) -> &BTreeSet<Place> {
        &self.0
    }

    /// Puts the projects to which `key` gives one in order.
    #[must_use]
    pub fn anew(portfolio: &Portfolio, of: &OrderOf, key: &KeyOf) -> Self {
        placed(portfolio, of, key).map(|(_, place)| place).collect()
    }

    /// Takes some places out and puts others in. What stays is taken over in its order where they are many.
    fn change(&mut self, mut left: Vec<Place>, come_to: Vec<Place>) {
        if left.len().max(come_to.len()) <= self.0.len() / TOGETHER_FROM {
            for place in &left {
                self.0.remove(place);
            }
            self.0.extend(come_to);
            return;
        }
        left.sort_unstable();
        let mut left = left.into_iter().peekable();
        let places = std::mem::take(&mut self.0).into_iter();
        let staying = places.filter(|place| {
            while left.next_if(|left| left < place).is_some() {}
            left.next_if_eq(place).is_none()
        });
        self.0 = staying.chain(come_to).collect();
    }
}

impl FromIterator<Place> for Order {
    fn from_iter<Places: IntoIterator<Item = Place>>(places: Places) -> Self {
        Self(places.into_iter().collect())
    }
}

/// The places of the projects to which `key` gives one.
fn placed<'p>(
    portfolio: &'p Portfolio,
    of: &'p OrderOf,
    key: &'p KeyOf,
) -> impl Iterator<Item = (ProjectNumber, Place)> {
    portfolio.projects().filter_map(|project| {
        let key = key.of(portfolio, project, of.as_of)?;
        Some((project.number, of.place(project, key)))
    })
}

impl OrderOf {
    fn place(&self, project: &Project, key: SortKey<'static>) -> Place {
        Place {
            key,
            id: project.id.clone(),
            descending: self.descending,
        }
    }
}

/// Reads an order of a portfolio's projects, which is kept until an event may change any place of it; `key` gives each project
/// of the order its key.
pub fn read_order<T>(portfolio: &Portfolio, of: &OrderOf, key: KeyOf, read: impl FnOnce(&Order) -> T) -> T {
    portfolio.orders().read(portfolio, of, key, read)
}

/// Moves at most so many projects to their places in an order that is kept, so that whoever asks next need not wait for all
/// of them; whether there is more.
#[must_use]
pub fn catch_up_orders(portfolio: &Portfolio, as_of: NaiveDate, most: usize) -> bool {
    portfolio.orders().catch_up(portfolio, as_of, most)
}

/// Orders that still hold, the one that was asked for last at the end.
#[derive(Debug, Default)]
pub(crate) struct KeptOrders(Mutex<VecDeque<Arc<KeptOrder>>>);

/// One of them. Whoever asks for it while it is made waits, and nobody who asks for another.
#[derive(Debug)]
struct KeptOrder {
    of: OrderOf,
    key: KeyOf,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    order: Order,
    /// The key by which each project has its place.
    keys: HashMap<ProjectNumber, SortKey<'static>>,
    /// Projects whose places may be others since.
    outdated: BTreeSet<ProjectNumber>,
    /// Projects that were looked at since somebody read it.
    unread: usize,
}

impl Held {
    fn anew(portfolio: &Portfolio, of: &OrderOf, key: &KeyOf) -> Self {
        let mut keys = HashMap::with_capacity(portfolio.project_count());
        let keyed = placed(portfolio, of, key).map(|(number, place)| {
            keys.insert(number, place.key.clone());
            place
        });
        Self {
            order: keyed.collect(),
            keys,
            outdated: BTreeSet::new(),
            unread: 0,
        }
    }
}

impl KeptOrder {
    /// Moves at most so many projects; how many it looked at.
    fn correct(&self, held: &mut Held, portfolio: &Portfolio, most: usize) -> usize {
        let (mut looked_at, mut left, mut come_to) = (0, Vec::new(), Vec::new());
        while looked_at < most
            && let Some(number) = held.outdated.pop_first()
        {
            looked_at += 1;
            let Some(project) = portfolio.numbered(number) else {
                continue;
            };
            let key = self.key.of(portfolio, project, self.of.as_of);
            let before = match &key {
                Some(key) => held.keys.insert(number, key.clone()),
                None => held.keys.remove(&number),
            };
            if before != key {
                let place = |key| self.of.place(project, key);
                left.extend(before.map(place));
                come_to.extend(key.map(place));
            }
        }
        held.order.change(left, come_to);
        looked_at
    }
}

impl KeptOrders {
    fn read<T>(&self, portfolio: &Portfolio, of: &OrderOf, key: KeyOf, read: impl FnOnce(&Order) -> T) -> T {
        let kept = self.find_or_begin(of, key);
        let mut place = kept.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Put back when it is right again: a panic meanwhile leaves none.
        let mut held = place
            .take()
            .unwrap_or_else(|| Held::anew(portfolio, of, &kept.key));
        kept.correct(&mut held, portfolio, usize::MAX);
        held.unread = 0;
        let answer = read(&held.order);
        *place = Some(held);
        answer
    }

    fn catch_up(&self, portfolio: &Portfolio, as_of: NaiveDate, most: usize) -> bool {
        let orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_day: Vec<_> = orders
            .iter()
            .filter(|kept| kept.of.as_of == as_of)
            .cloned()
            .collect();
        drop(orders);
        let mut left = most;
        for kept in of_day {
            // Whoever reads it now corrects it.
            let Ok(mut place) = kept.held.try_lock() else {
                continue;
            };
            let is_read = |held: &mut Held| held.unread / MOVED_UNREAD < portfolio.project_count();
            let Some(mut held) = place.take_if(is_read) else {
                continue;
            };
            let looked_at = kept.correct(&mut held, portfolio, left);
            held.unread = held.unread.saturating_add(looked_at);
            *place = Some(held);
            left = left.saturating_sub(looked_at);
        }
        left == 0
    }

    fn find_or_begin(&self, of: &OrderOf, key: KeyOf) -> Arc<KeptOrder> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = orders.iter().position(|kept| kept.of == *of);
        let kept = place.and_then(|place| orders.remove(place)).unwrap_or_else(|| {
            Arc::new(KeptOrder {
                of: of.clone(),
                key,
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
    pub(crate) fn outdate_from(&mut self, day: NaiveDate, project: ProjectNumber) {
        let orders = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for kept in orders.iter().filter(|kept| kept.of.as_of >= day) {
            let mut held = kept.held.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(held) = held.as_mut() {
                held.outdated.insert(project);
            }
        }
    }

    /// Drops everything: an event may change any place.
    pub(crate) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
