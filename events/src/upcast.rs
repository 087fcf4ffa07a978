//! Old wire shapes brought to today's. This file only grows: recorded bytes never change, so every shape
//! that was ever written must stay readable.

use chrono::{Months, NaiveDate};
use serde_json::Value;

use crate::event::EventType;

/// Brings the data of an event from `schema` to the shape written today.
///
/// # Errors
/// A sentence saying which field of the old shape is missing or wrong.
pub fn to_today(event_type: EventType, schema: i16, data: Value) -> Result<Value, String> {
    match (event_type, schema) {
        (EventType::ExpenditureRecorded, 1) => service_month_to_days(data),
        (_, other) => Err(format!("there has never been a schema {other}")),
    }
}

/// Schema 1 gave the service period as a month (`"service_month": "2024-02"`). The pre-start rules split a
/// cost by days (domain.md §4.3), so schema 2 gives its first and last day.
fn service_month_to_days(mut data: Value) -> Result<Value, String> {
    let fields = data.as_object_mut().ok_or("the data is not an object")?;
    let Some(month) = fields.remove("service_month") else {
        return Ok(data);
    };
    let text = month.as_str().ok_or("service_month is not text")?;
    let first: NaiveDate = format!("{text}-01")
        .parse()
        .map_err(|_| format!("service_month {text:?} is not a month such as 2024-02"))?;
    let last = first
        .checked_add_months(Months::new(1))
        .and_then(|next| next.pred_opt())
        .ok_or("service_month is out of range")?;
    fields.insert("service_from_on".to_owned(), Value::String(first.to_string()));
    fields.insert("service_to_on".to_owned(), Value::String(last.to_string()));
    Ok(data)
}

#[cfg(test)]
mod tests {
    use crate::event::{Event, EventType};

    #[test]
    fn an_expenditure_recorded_with_a_service_month_reads_as_days() {
        let recorded =
            br#"{"amount":"12000.00","source":"self_raised","voucher_no":"0012","service_month":"2024-02"}"#;
        let Event::ExpenditureRecorded(data) =
            Event::decode(EventType::ExpenditureRecorded, 1, recorded).unwrap()
        else {
            panic!("another type");
        };
        assert_eq!(data.service_from_on, "2024-02-01".parse().ok());
        assert_eq!(data.service_to_on, "2024-02-29".parse().ok());
        assert_eq!(data.amount.to_string(), "12000.00");
    }

    #[test]
    fn a_schema_that_never_was_is_refused() {
        assert!(Event::decode(EventType::ProjectStarted, 0, b"{}").is_err());
    }

    #[test]
    fn a_wrong_month_is_named() {
        let refused = Event::decode(
            EventType::ExpenditureRecorded,
            1,
            br#"{"amount":"1","service_month":"2024-13"}"#,
        );
        assert!(refused.unwrap_err().to_string().contains("2024-13"));
    }
}
