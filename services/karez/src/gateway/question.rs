//! What a GET asks: the two clocks, filters, order and page. A parameter that an address does not take, or that is
//! given twice, is refused, so that a slip never silently shows the wrong figures.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{DateTime, NaiveDate, Utc};
use karez_events::UnitId;

use super::Gateway;
use super::problem::Problem;
use crate::authorization::Caller;
use crate::nearest::nearest;
use crate::views::moment::{MomentError, read_as_of, read_known_at};
use crate::views::page::{Cursor, CursorError, LARGEST_PAGE_ROWS, ListMark, Mark, Paging};
use crate::views::projects::Filter;

/// Rows of a page where nobody says.
const PAGE_ROWS: usize = 100;
/// The parameters of every read: the two clocks.
pub(crate) const CLOCKS: [&str; 2] = ["as_of", "known_at"];
/// The parameters that choose a page and not what the list is of.
const PAGE: [&str; 4] = ["cursor", "skip", "limit", "after"];

/// The parameters of a request as they came, and where they came to.
#[derive(Debug)]
pub(crate) struct Asked {
    path: String,
    pairs: Vec<(String, String)>,
    caller: Option<Caller>,
}

impl Asked {
    /// Reads them at an address that takes these and no others.
    pub(crate) fn read(self, taken: &[&str], gateway: &Gateway) -> Result<Question, Problem> {
        let mut question = Question {
            list: self.list(),
            ..Question::default()
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &self.pairs {
            if !taken.contains(&name.as_str()) {
                return Err(not_taken(name, taken));
            }
            if seen.contains(&name.as_str()) {
                return Err(given_twice(name));
            }
            seen.push(name);
            question.take(name, value.clone(), gateway)?;
        }
        if let Some(own) = self.caller.as_ref().and_then(Caller::only_unit) {
            question.narrow_to(own)?;
        }
        Ok(question)
    }

    /// Refuses every parameter, where an address takes none.
    pub(crate) fn none(self, gateway: &Gateway) -> Result<(), Problem> {
        self.read(&[], gateway).map(|_| ())
    }

    /// The same at an address that must know who asks.
    pub(crate) fn caller(self, gateway: &Gateway) -> Result<Caller, Problem> {
        let caller = self.caller.clone();
        self.none(gateway)?;
        caller.ok_or_else(Problem::internal)
    }

    fn list(&self) -> ListMark {
        let chooses = |(name, _): &&(String, String)| !PAGE.contains(&name.as_str());
        let mut chosen: Vec<_> = self.pairs.iter().filter(chooses).collect();
        chosen.sort();
        ListMark::of(&format!("{} {chosen:?}", self.path))
    }
}

/// The parameters of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) known_at: Option<DateTime<Utc>>,
    pub(crate) filter: Filter,
    pub(crate) level: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) sort: String,
    pub(crate) cursor: Option<String>,
    pub(crate) skip: usize,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<u64>,
    /// Since which checkpoint, by its size.
    pub(crate) since: Option<u64>,
    /// Only events of these types.
    pub(crate) types: Option<String>,
    /// All rows or none.
    pub(crate) atomic: bool,
    /// Only say what would be done.
    pub(crate) dry_run: bool,
    /// Of which list a page is asked for.
    list: ListMark,
}

impl Question {
    /// Another unit than the caller's own is not there to be asked about.
    fn narrow_to(&mut self, own: &UnitId) -> Result<(), Problem> {
        match self.filter.unit.replace(own.to_string()) {
            Some(other) if other != own.as_str() => Err(Problem::not_found("单位", "unit", &other)),
            Some(_) | None => Ok(()),
        }
    }

    fn take(&mut self, name: &str, value: String, gateway: &Gateway) -> Result<(), Problem> {
        let wrong_moment =
            |error: MomentError| Problem::bad_query(name, error.in_chinese(), error.to_string());
        match name {
            "as_of" => self.as_of = Some(read_as_of(&value).map_err(wrong_moment)?),
            "known_at" => {
                self.known_at =
                    Some(read_known_at(&value, gateway.0.settings.time_zone).map_err(wrong_moment)?);
            }
            "fund" => self.filter.fund = Some(value),
            "unit" => self.filter.unit = Some(value),
            "state" => self.filter.state = Some(value),
            "level" => self.level = Some(value),
            "rule" => self.rule = Some(value),
            "project" => self.project = Some(value),
            "programme" => self.filter.programme = Some(value),
            "q" => self.filter.text = Some(value),
            "sort" => self.sort = value,
            "cursor" => self.cursor = Some(value),
            "skip" => self.skip = value.parse().map_err(|_| not_a_number("skip", &value))?,
            "limit" => self.limit = Some(read_limit(&value)?),
            "after" => self.after = Some(value.parse().map_err(|_| not_a_number("after", &value))?),
            "since" => self.since = Some(value.parse().map_err(|_| not_a_number("since", &value))?),
            "type" => self.types = Some(value),
            "atomic" => self.atomic = read_switch(name, &value)?,
            "dry_run" => self.dry_run = read_switch(name, &value)?,
            other => return Err(not_taken(other, &[])),
        }
        Ok(())
    }

    /// The most rows of the page.
    pub(crate) fn rows(&self) -> usize {
        self.limit.unwrap_or(PAGE_ROWS)
    }

    /// Order and page of a list; a cursor belongs to one list.
    pub(crate) fn paging(&self) -> Result<Paging, Problem> {
        let read = |text: &String| Cursor::from_text(text).map_err(|error| wrong_cursor(&error.to_string()));
        let after = self.cursor.as_ref().map(read).transpose()?;
        self.is_of_this_list(after.as_ref().map(|cursor| cursor.list))?;
        Ok(Paging {
            sort: self.sort.clone(),
            after,
            skip: self.skip,
            limit: Some(self.rows()),
            list: self.list,
        })
    }

    /// The place reached in a list that only grows at its end, where the place is the whole cursor.
    pub(crate) fn mark<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        let read = |text: &String| Mark::from_text(text).map_err(|error| wrong_cursor(&error.to_string()));
        let mark: Option<Mark<T>> = self.cursor.as_ref().map(read).transpose()?;
        self.is_of_this_list(mark.as_ref().map(|mark| mark.list))?;
        Ok(mark.map(|mark| mark.place))
    }

    /// The cursor at a place of such a list.
    pub(crate) fn cursor_at<T: Display>(&self, place: T) -> String {
        let list = self.list;
        Mark { list, place }.to_text()
    }

    fn is_of_this_list(&self, list: Option<ListMark>) -> Result<(), Problem> {
        if list.is_none_or(|list| list == self.list) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "cursor_of_another_list",
            "翻页标记属于另一份清单：翻页时请保持地址、筛选、sort、as_of 与 known_at 不变，或去掉 cursor 从第一页开始"
                .to_owned(),
            "the cursor belongs to another list: keep the address, filters, sort, as_of and known_at while turning pages, or leave the cursor out to begin at the first page"
                .to_owned(),
        )
        .with("parameter", "cursor"))
    }
}

pub(crate) fn wrong_cursor(detail_en: &str) -> Problem {
    Problem::bad_query(
        "cursor",
        CursorError.in_chinese().to_owned(),
        detail_en.to_owned(),
    )
}

impl FromRequestParts<Gateway> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, Problem> {
        let wrong = |error: axum::extract::rejection::QueryRejection| {
            Problem::bad_query(
                "",
                format!("查询参数无法读取：{error}"),
                format!("the query cannot be read: {error}"),
            )
        };
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, gateway)
            .await
            .map_err(wrong)?;
        Ok(Self {
            path: parts.uri.path().to_owned(),
            pairs,
            caller: parts.extensions.get().cloned(),
        })
    }
}

fn read_limit(value: &str) -> Result<usize, Problem> {
    match value.parse() {
        Ok(limit) if (1..=LARGEST_PAGE_ROWS).contains(&limit) => Ok(limit),
        Ok(_) | Err(_) => Err(Problem::bad_query(
            "limit",
            format!("每页行数 {value:?} 不在 1 至 {LARGEST_PAGE_ROWS} 之间"),
            format!("limit {value:?} is not a number from 1 to {LARGEST_PAGE_ROWS}"),
        )),
    }
}

fn read_switch(name: &str, value: &str) -> Result<bool, Problem> {
    value.parse().map_err(|_| {
        Problem::bad_query(
            name,
            format!("{name} 应为 true 或 false，收到 {value:?}"),
            format!("{name} is true or false, found {value:?}"),
        )
    })
}

fn not_a_number(name: &str, value: &str) -> Problem {
    Problem::bad_query(
        name,
        format!("{name} 应为整数，收到 {value:?}"),
        format!("{name} must be a whole number, found {value:?}"),
    )
}

fn not_taken(name: &str, taken: &[&str]) -> Problem {
    let (hint_zh, hint_en, near) = match nearest(name, taken.iter().copied()) {
        Some(near) => (
            format!("是否指 {near}？"),
            format!("did you mean {near}?"),
            Some(near),
        ),
        None if taken.is_empty() => (
            "此处不接受查询参数，请去掉".to_owned(),
            "leave it out, nothing is taken from the query here".to_owned(),
            None,
        ),
        None => (
            format!("可用参数为 {}", taken.join("、")),
            format!("the parameters are {}", taken.join(", ")),
            None,
        ),
    };
    let problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "unknown_parameter",
        format!("该地址没有查询参数 {name:?}：{hint_zh}"),
        format!("this address has no parameter {name:?}: {hint_en}"),
    )
    .with("parameter", name)
    .with("parameters", taken);
    match near {
        Some(near) => problem.with("nearest", near),
        None => problem,
    }
}

fn given_twice(name: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "repeated_parameter",
        format!("查询参数 {name} 给出了两次：只给一次"),
        format!("the parameter {name} is given twice: give it once"),
    )
    .with("parameter", name)
}
