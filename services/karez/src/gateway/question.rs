//! What a GET asks: the two clocks, filters, order and page. A parameter that does not exist is refused, so that
//! a slip never silently shows the wrong figures.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use chrono::{DateTime, NaiveDate, Utc};

use super::Gateway;
use super::problem::Problem;
use crate::nearest::nearest;
use crate::views::moment::{MomentError, read_as_of, read_known_at};
use crate::views::page::{Cursor, LARGEST_PAGE_ROWS, Paging};
use crate::views::projects::Filter;

/// Rows of a page where nobody says.
const PAGE_ROWS: usize = 100;
/// Every parameter that some endpoint takes.
const KNOWN: [&str; 11] = [
    "as_of",
    "known_at",
    "fund",
    "unit",
    "state",
    "programme",
    "q",
    "sort",
    "cursor",
    "limit",
    "after",
];

/// The parameters of a GET.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) known_at: Option<DateTime<Utc>>,
    pub(crate) filter: Filter,
    pub(crate) sort: String,
    pub(crate) cursor: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<u64>,
}

impl Question {
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
            "programme" => self.filter.programme = Some(value),
            "q" => self.filter.text = Some(value),
            "sort" => self.sort = value,
            "cursor" => self.cursor = Some(value),
            "limit" => self.limit = Some(read_limit(&value)?),
            "after" => self.after = Some(value.parse().map_err(|_| not_a_number("after", &value))?),
            unknown => return Err(unknown_parameter(unknown)),
        }
        Ok(())
    }

    /// The most rows of the page.
    pub(crate) fn rows(&self) -> usize {
        self.limit.unwrap_or(PAGE_ROWS)
    }

    /// Order and page of a list; a cursor belongs to one order and one business date.
    pub(crate) fn paging(&self) -> Result<Paging, Problem> {
        let after = self.read_cursor()?;
        if let Some(cursor) = &after
            && (cursor.sort != self.sort || self.as_of.is_some_and(|as_of| as_of != cursor.as_of))
        {
            return Err(Problem::bad_query(
                "cursor",
                "翻页标记属于另一种排序或另一截止日：请保持 sort 与 as_of 不变".to_owned(),
                "the cursor belongs to another order or date: keep sort and as_of while turning pages"
                    .to_owned(),
            ));
        }
        Ok(Paging {
            sort: self.sort.clone(),
            after,
            limit: Some(self.rows()),
        })
    }

    pub(crate) fn read_cursor(&self) -> Result<Option<Cursor>, Problem> {
        let read = |text: &String| Cursor::from_text(text).map_err(|error| wrong_cursor(&error.to_string()));
        self.cursor.as_ref().map(read).transpose()
    }
}

pub(crate) fn wrong_cursor(detail_en: &str) -> Problem {
    let detail_zh = "翻页标记无法识别：请使用上一页给出的 next_cursor，或去掉它从第一页开始";
    Problem::bad_query("cursor", detail_zh.to_owned(), detail_en.to_owned())
}

impl FromRequestParts<Gateway> for Question {
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
        let mut question = Self::default();
        for (name, value) in pairs {
            question.take(&name, value, gateway)?;
        }
        Ok(question)
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

fn not_a_number(name: &str, value: &str) -> Problem {
    Problem::bad_query(
        name,
        format!("{name} 应为整数，收到 {value:?}"),
        format!("{name} must be a whole number, found {value:?}"),
    )
}

fn unknown_parameter(name: &str) -> Problem {
    let (zh, en) = match nearest(name, KNOWN) {
        Some(near) => (format!("：是否指 {near}？"), format!(": did you mean {near}?")),
        None => (
            format!("：可用参数为 {}", KNOWN.join("、")),
            format!(": the parameters are {}", KNOWN.join(", ")),
        ),
    };
    Problem::bad_query(
        name,
        format!("没有查询参数 {name:?}{zh}"),
        format!("there is no parameter {name:?}{en}"),
    )
}
