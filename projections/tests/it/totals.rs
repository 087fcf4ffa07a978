//! Totals by the plain rules of the independent oracle.

use karez_events::Currency;
use karez_projections::{TotalsRow, totals};
use serde_json::{Value, json};

use crate::given::{Fact, about, day, given, id_of, yuan};

fn of(project: &str, on: &str, kind: &str, data: Value) -> Fact {
    about(&format!("project/{project}"), on, kind, data).imported()
}

fn approval(project: &str, more: &Value) -> Fact {
    let mut data = json!({"title": project, "unit": "U1", "currency": "EUR"});
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    of(project, "2020-01-01", "project_approved", data)
}

fn in_euro(kind: &str, on: &str, amount: &str) -> Fact {
    of("A", on, kind, json!({"amount": amount, "currency": "EUR"}))
}

fn rows(facts: Vec<Fact>) -> Vec<TotalsRow> {
    totals(&given(facts).0)
}

#[test]
fn budgets_are_summed_as_published_and_as_effective() {
    let budget = |from, to, standing, amount| {
        let data = json!({"currency": "EUR", "period_start_on": from, "period_end_on": to, "standing": standing, "lines": [{"amount": amount}]});
        of("A", "2020-01-01", "budget_approved", data)
    };
    let found = rows(vec![
        approval("A", &json!({})),
        budget("2020-01-01", "2020-12-31", "original", "100"),
        budget("2021-01-01", "2021-12-31", "original", "200"),
        budget("2021-12-31", "2022-12-31", "revised", "50.125"),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].budget_original, found[0].budget_revised),
        (yuan("300"), yuan("50.125"))
    );
    assert_eq!(found[0].budget_effective, yuan("150.125"));
}

#[test]
fn spending_is_dated_by_what_is_not_zero_and_not_undated() {
    let found = rows(vec![
        approval("A", &json!({"planned_start_on": "2020-02-01"})),
        of("A", "2020-03-01", "project_started", json!({})),
        of("A", "2020-12-31", "project_closed", json!({})),
        in_euro("expenditure_recorded", "2019-01-01", "0"),
        in_euro("expenditure_recorded", "2018-01-01", "5").undated(),
        in_euro("funds_disbursed", "2020-02-15", "10"),
        in_euro("expenditure_recorded", "2020-06-01", "-3"),
        in_euro("funds_disbursed", "2021-01-01", "7"),
        in_euro("funds_arrived", "2020-01-02", "11"),
        in_euro("commitment_signed", "2020-01-02", "13"),
    ]);
    let row = &found[0];
    assert_eq!(
        (row.disbursement, row.expenditure, row.incoming, row.commitment),
        (yuan("17"), yuan("2"), yuan("11"), yuan("13"))
    );
    assert_eq!(
        (row.first_spend, row.last_spend),
        (Some(day("2020-02-15")), Some(day("2021-01-01")))
    );
    assert_eq!((row.n_prestart, row.n_postend, row.n_negative_spend), (1, 1, 1));
}

#[test]
fn without_an_actual_start_the_planned_one_counts() {
    let found = rows(vec![
        approval("A", &json!({"planned_start_on": "2020-02-20"})),
        in_euro("funds_disbursed", "2020-02-15", "10"),
    ]);
    assert_eq!((found[0].n_prestart, found[0].n_postend), (1, 0));
}

#[test]
fn an_expenditure_that_was_reversed_stays_out() {
    let posted = in_euro("expenditure_recorded", "2020-06-01", "9").named("E");
    let found = rows(vec![
        approval("A", &json!({})),
        posted,
        of(
            "A",
            "2021-06-01",
            "expenditure_reversed",
            json!({"reverses": id_of("E")}),
        ),
    ]);
    assert_eq!((found[0].expenditure, found[0].last_spend), (yuan("0"), None));
}

#[test]
fn each_currency_has_a_row_in_the_order_of_budgets_plans_and_entries() {
    let payment = json!({"currency": "USD", "payments": [{"amount": "1"}]});
    let other = json!({"flow": "loan_repayment", "amount": "1", "currency": "GBP"});
    let budget = json!({"currency": "XXX", "lines": [{"amount": "5"}]});
    let found = rows(vec![
        approval("A", &json!({})),
        of("A", "2020-01-01", "other_flow_recorded", other),
        of("A", "2020-01-01", "cash_plan_approved", payment),
        of("A", "2020-01-01", "budget_approved", budget),
        approval("B", &json!({})),
    ]);
    let currencies: Vec<String> = found.iter().map(|row| row.currency.to_string()).collect();
    assert_eq!(currencies, ["XXX", "USD", "GBP", "EUR"]);
    assert_eq!(found[0].currency, Currency::UNSTATED);
}

#[test]
fn rows_come_in_the_order_of_the_files_and_carry_the_published_id() {
    let import = |projects: &[&str]| {
        let data = json!({"file": "f.xml", "format": "iati", "sha256": "00", "read": 1, "recorded": 1, "already_known": 0, "withdrawn": 0, "refused": 0, "projects": projects});
        about("calendar", "2024-01-01", "import_completed", data)
    };
    let found = rows(vec![
        approval("A", &json!({})),
        approval("B", &json!({"published_id": ""})),
        approval("C", &json!({"published_id": "twin"})),
        approval("D", &json!({})),
        import(&["C", "A"]),
        import(&["B"]),
    ]);
    let seen: Vec<_> = found
        .iter()
        .map(|row| (row.import, row.listed, row.published_id.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(0), Some(0), "twin"),
            (Some(0), Some(1), "A"),
            (Some(1), Some(0), ""),
            (None, None, "D")
        ]
    );
}
