//! Lists a page at a time. A cursor holds the place reached and the pinned position of the log, so that turning
//! pages shows one unmoving list while facts go on arriving.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Display;
use std::ops::Bound;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use karez_events::{Position, ProjectId};
use karez_projections::measures::{Order, Place, SortKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most rows that one page can have.
pub const LARGEST_PAGE_ROWS: usize = 1000;

/// How a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paging {
    /// The name of the field that orders it, with "-" in front for descending; by identifier where empty.
    pub sort: String,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Rows left out after that place.
    pub skip: usize,
    /// Most rows; all where absent.
    pub limit: Option<usize>,
    /// Of which list.
    pub list: ListMark,
}

/// What tells one list from another: its address, filters, order and dates. A cursor is of one list only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListMark(Uuid);

impl ListMark {
    /// The mark of the list that a text describes completely.
    #[must_use]
    pub fn of(description: &str) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, description.as_bytes()))
    }
}

/// The end of a page of a list that only grows at its end: the place alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<T> {
    /// Of which list.
    pub list: ListMark,
    /// The place reached.
    pub place: T,
}

impl<T: Display> Mark<T> {
    /// The mark as callers carry it.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}.{}", self.place, self.list.0.simple())
    }
}

impl<T: FromStr> Mark<T> {
    /// Reads a mark that [`Mark::to_text`] wrote.
    ///
    /// # Errors
    /// [`CursorError`] for anything else.
    pub fn from_text(text: &str) -> Result<Self, CursorError> {
        let (place, list) = text.rsplit_once('.').ok_or(CursorError)?;
        Ok(Self {
            list: ListMark(list.parse().map_err(|_| CursorError)?),
            place: place.parse().map_err(|_| CursorError)?,
        })
    }
}

impl Paging {
    /// The field and whether it descends.
    #[must_use]
    pub fn field(&self) -> (&str, bool) {
        match self.sort.strip_prefix('-') {
            Some(field) => (field, true),
            None => (&self.sort, false),
        }
    }
}

/// The end of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The position of the log to which every page of the list is pinned.
    #[serde(rename = "p")]
    pub position: Position,
    /// The business date to which every page is pinned.
    #[serde(rename = "d")]
    pub as_of: NaiveDate,
    /// The list.
    #[serde(rename = "l")]
    pub list: ListMark,
    /// Key of the last row.
    #[serde(rename = "k")]
    key: SortKey<'static>,
    /// Identifier of the last row.
    #[serde(rename = "i")]
    id: String,
}

/// A text that is no cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no cursor: take next_cursor of the page before, or leave it out to begin at the first page")]
pub struct CursorError;

impl CursorError {
    /// The same in Chinese.
    #[must_use]
    pub fn in_chinese(self) -> &'static str {
        "翻页标记无法识别：请使用上一页给出的 next_cursor，或去掉它从第一页开始"
    }
}

impl Cursor {
    /// The cursor as callers carry it.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a cursor that [`Cursor::to_text`] wrote.
    ///
    /// # Errors
    /// [`CursorError`] for anything else.
    pub fn from_text(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        serde_json::from_slice(&bytes).map_err(|_| CursorError)
    }
}

/// A row that can be ordered: its key, its identifier, and itself.
#[derive(Debug, Clone)]
pub struct Sortable<'a, T> {
    /// By what it is ordered.
    pub key: SortKey<'a>,
    /// By what ties are broken.
    pub id: Cow<'a, str>,
    /// The row.
    pub row: T,
}

/// One page of rows.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many rows the whole list has.
    pub total: u64,
    /// Key and identifier of the last row, where more follow.
    end: Option<(SortKey<'static>, String)>,
}

impl<T> Page<T> {
    /// Cuts a page out of a list.
    #[must_use]
    pub fn cut(mut list: Vec<Sortable<'_, T>>, paging: &Paging) -> Self {
        let (_, descending) = paging.field();
        let total = u64::try_from(list.len()).unwrap_or(u64::MAX);
        let order = |mine: (&SortKey<'_>, &str), theirs: (&SortKey<'_>, &str)| {
            mine.0
                .compare(theirs.0, descending)
                .then_with(|| mine.1.cmp(theirs.1))
        };
        if let Some(cursor) = &paging.after {
            list.retain(|row| order((&row.key, &row.id), (&cursor.key, &cursor.id)) == Ordering::Greater);
        }
        let compare = |mine: &Sortable<'_, T>, theirs: &Sortable<'_, T>| {
            order((&mine.key, &mine.id), (&theirs.key, &theirs.id))
        };
        if paging.skip >= list.len() {
            list.clear();
        } else if paging.skip > 0 {
            list.select_nth_unstable_by(paging.skip, compare);
            list.drain(..paging.skip);
        }
        let limit = paging.limit.unwrap_or(list.len());
        let more = list.len() > limit;
        if more && limit > 0 {
            // Only the rows of the page are put in order: a list may have a hundred thousand.
            list.select_nth_unstable_by(limit - 1, compare);
        }
        list.truncate(limit);
        list.sort_unstable_by(compare);
        let end = list
            .last()
            .filter(|_| more)
            .map(|row| (row.key.clone().into_owned(), row.id.clone().into_owned()));
        Self {
            rows: list.into_iter().map(|row| row.row).collect(),
            total,
            end,
        }
    }

    /// The cursor of the next page, pinned to where this one stands.
    #[must_use]
    pub fn next_cursor(&self, stand: &super::Stand, paging: &Paging) -> Option<String> {
        let (key, id) = self.end.clone()?;
        Some(
            Cursor {
                position: stand.position,
                as_of: stand.as_of,
                list: paging.list,
                key,
                id,
            }
            .to_text(),
        )
    }
}

impl Page<ProjectId> {
    /// Cuts a page out of an order of projects.
    ///
    /// # Errors
    /// [`CursorError`] after a cursor that no such page has given.
    pub fn of_order(order: &Order, paging: &Paging) -> Result<Self, CursorError> {
        let places = order.places();
        let reached = match &paging.after {
            Some(cursor) => Some(Place {
                key: cursor.key.clone(),
                id: ProjectId::try_new(&cursor.id).map_err(|_| CursorError)?,
                descending: paging.field().1,
            }),
            None => None,
        };
        let from = reached.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = places.range((from, Bound::Unbounded)).skip(paging.skip);
        let limit = paging.limit.unwrap_or(places.len());
        let on_page: Vec<&Place> = rest.by_ref().take(limit).collect();
        let end = on_page.last().filter(|_| rest.next().is_some());
        Ok(Self {
            total: u64::try_from(places.len()).unwrap_or(u64::MAX),
            end: end.map(|place| (place.key.clone(), place.id.as_str().to_owned())),
            rows: on_page.into_iter().map(|place| place.id.clone()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::Stand;
    use rust_decimal::Decimal;

    fn list() -> Vec<Sortable<'static, u32>> {
        let amounts = [(1, Some(5)), (2, None), (3, Some(7)), (4, Some(5)), (5, None)];
        let key = |amount: Option<i64>| SortKey::Figure(amount.map(Decimal::from));
        amounts
            .map(|(id, amount)| Sortable {
                key: key(amount),
                id: format!("P{id}").into(),
                row: id,
            })
            .to_vec()
    }

    fn turn(sort: &str, limit: usize) -> Vec<Vec<u32>> {
        let stand = Stand {
            position: 9,
            as_of: "2024-12-31".parse().unwrap(),
            known_at: chrono::DateTime::UNIX_EPOCH,
            data_as_at: None,
        };
        let mut paging = Paging {
            sort: sort.to_owned(),
            after: None,
            skip: 0,
            limit: Some(limit),
            list: ListMark::of(sort),
        };
        let mut pages = Vec::new();
        loop {
            let page = Page::cut(list(), &paging);
            let next = page.next_cursor(&stand, &paging);
            assert_eq!(page.total, 5);
            pages.push(page.rows);
            let Some(next) = next else { return pages };
            paging.after = Some(Cursor::from_text(&next).unwrap());
        }
    }

    #[test]
    fn ties_are_broken_by_id_and_what_is_undefined_comes_last() {
        assert_eq!(turn("spent", 10), [[1, 4, 3, 2, 5]]);
        assert_eq!(turn("-spent", 10), [[3, 1, 4, 2, 5]]);
    }

    #[test]
    fn pages_together_are_the_list() {
        for limit in 1..6 {
            assert_eq!(turn("-spent", limit).concat(), [3, 1, 4, 2, 5]);
            assert!(turn("-spent", limit).iter().all(|page| !page.is_empty()));
        }
    }

    #[test]
    fn a_reader_jumps_into_the_list() {
        let jump = |skip| {
            let paging = Paging {
                sort: "-spent".to_owned(),
                skip,
                limit: Some(2),
                ..Paging::default()
            };
            Page::cut(list(), &paging).rows
        };
        assert_eq!(
            [jump(0), jump(2), jump(4), jump(5), jump(9)],
            [vec![3, 1], vec![4, 2], vec![5], vec![], vec![]]
        );
    }

    #[test]
    fn a_page_of_an_order_is_the_page_of_its_rows() {
        let ids: Vec<ProjectId> = (1..=5).map(|id| format!("P{id}").parse().unwrap()).collect();
        let key_of = |place: usize| list().swap_remove(place).key;
        let asked = (0..84).map(|asked| (["spent", "-spent"][asked % 2], asked / 2 % 6, asked / 12));
        for (sort, limit, skip) in asked {
            let mut paging = Paging {
                sort: sort.to_owned(),
                limit: Some(limit),
                skip,
                ..Paging::default()
            };
            let descending = paging.field().1;
            let place = |(place, id): (usize, &ProjectId)| Place {
                key: key_of(place),
                id: id.clone(),
                descending,
            };
            let order: Order = ids.iter().enumerate().map(place).collect();
            for after in [None, Some("P1"), Some("P3"), Some("P5")] {
                paging.after = after.map(|id: &str| Cursor {
                    position: 9,
                    as_of: NaiveDate::MIN,
                    list: paging.list,
                    key: key_of(ids.iter().position(|known| known.as_str() == id).unwrap()),
                    id: id.to_owned(),
                });
                let (cut, found) = (
                    Page::cut(list(), &paging),
                    Page::of_order(&order, &paging).unwrap(),
                );
                let rows: Vec<String> = cut.rows.iter().map(|row| format!("P{row}")).collect();
                assert_eq!(found.rows.iter().map(ProjectId::as_str).collect::<Vec<_>>(), rows);
                assert_eq!((found.total, found.end), (cut.total, cut.end));
            }
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        assert_eq!(Cursor::from_text("abc"), Err(CursorError));
        assert_eq!(Cursor::from_text("é"), Err(CursorError));
        assert_eq!(Mark::<u64>::from_text("7"), Err(CursorError));
        let forged = Cursor {
            position: 9,
            as_of: NaiveDate::MIN,
            list: ListMark::default(),
            key: SortKey::Figure(None),
            id: " ".to_owned(),
        };
        let paging = Paging {
            after: Some(forged),
            ..Paging::default()
        };
        let page = Page::of_order(&Order::default(), &paging);
        assert_eq!(page.err(), Some(CursorError));
        let mark = Mark {
            list: ListMark::of("/v1/events []"),
            place: 7_u64,
        };
        assert_eq!(Mark::from_text(&mark.to_text()), Ok(mark));
    }
}
