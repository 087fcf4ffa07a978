//! F10 and the tranches: fiscal money at the unit.

use serde_json::json;

use crate::given::{Fact, approved, arrived, day, fact, given, spent, yuan};

fn tranche(on: &str, no: &str, amount: &str) -> Fact {
    fact(on, "funds_arrived", json!({"amount": amount, "tranche_no": no}))
}

/// The worked example of ST-01, domain.md §4.1: 30万 arrives, 0.5万 is spent, then nothing.
fn stalled() -> Vec<Fact> {
    vec![
        approved("2024-01-01"),
        arrived("2024-03-01", "300000"),
        spent("2024-04-10", "3000"),
        spent("2024-05-20", "2000"),
    ]
}

#[test]
fn token_spending_does_not_restart_the_clock() {
    let known = given(stalled());
    let idle_on = |on: &str| known.at(on).idle_days().unwrap();
    assert_eq!(
        ["2024-05-30", "2024-08-28", "2024-11-26", "2025-03-01"].map(idle_on),
        [90, 180, 270, 365]
    );
}

#[test]
fn a_supplier_s_refund_does_not_restart_it_either() {
    let refund = fact("2024-10-08", "expenditure_refunded", json!({"amount": "3000"}));
    let known = given(stalled().into_iter().chain([refund]));
    assert_eq!(known.at("2024-11-26").idle_days(), Some(270));
    assert_eq!(known.at("2024-11-26").amounts.idle(), yuan("298000"));
}

#[test]
fn a_back_dated_posting_counts_from_its_business_date() {
    let known = given(stalled().into_iter().chain([spent("2024-05-25", "10000")]));
    assert_eq!(known.at("2024-05-30").idle_days(), Some(5));
    assert_eq!(known.at("2024-08-28").idle_days(), Some(95));
}

#[test]
fn a_window_of_any_length_reads_from_the_curve() {
    let measures = given(stalled()).at("2024-05-30");
    let start = measures.clock.window_start(measures.as_of, 90);
    assert_eq!(
        (start, measures.curve.balance_on(start)),
        (day("2024-03-01"), yuan("300000"))
    );
    assert_eq!(
        measures.curve.net_spent_between(start, measures.as_of),
        yuan("5000")
    );
    assert_eq!(measures.curve.first_arrival_on(), Some(day("2024-03-01")));
}

#[test]
fn yuan_days_add_up_each_day_s_balance() {
    let facts = [
        approved("2024-01-01"),
        arrived("2024-03-01", "100"),
        arrived("2024-03-11", "50"),
    ];
    let idle = given(facts).at("2024-03-21").figures.idle.unwrap();
    assert_eq!((idle.days, idle.yuan_days), (20, yuan("2500")));
}

#[test]
fn a_suspension_freezes_the_clock() {
    let suspended = fact("2024-06-01", "project_suspended", json!({}));
    let resumed = fact("2024-07-01", "project_resumed", json!({}));
    let known = given(stalled().into_iter().chain([suspended, resumed]));
    assert_eq!(known.at("2024-05-31").idle_days(), Some(91));
    assert_eq!(known.at("2024-06-20").idle_days(), Some(91));
    assert_eq!(known.at("2024-07-01").idle_days(), Some(92));
}

#[test]
fn money_returned_or_recovered_is_idle_no_more() {
    let returned = fact("2024-06-01", "funds_returned", json!({"amount": "100000"}));
    let recovered = fact("2024-07-01", "funds_recovered", json!({"amount": "195000"}));
    let known = given(stalled().into_iter().chain([returned, recovered]));
    assert_eq!(known.at("2024-06-30").amounts.idle(), yuan("195000"));
    let measures = known.at("2024-07-01");
    assert_eq!((measures.amounts.idle(), &measures.idle), (yuan("0"), &None));
    assert_eq!(
        (measures.amounts.returned, measures.amounts.recovered),
        (yuan("100000"), yuan("195000"))
    );
}

#[test]
fn awards_and_reimbursements_have_no_idle_money_and_no_progress() {
    for kind in ["award", "reimbursement"] {
        let approval = json!({"title": "Prize", "unit": "U1", "kind": kind, "amount": "300000"});
        let facts = stalled().into_iter().skip(1);
        let measures = given(
            [fact("2024-01-01", "project_approved", approval)]
                .into_iter()
                .chain(facts),
        )
        .at("2025-03-01");
        assert!(
            measures.is_exempt
                && measures.idle.is_none()
                && measures.benchmark.is_none()
                && measures.forecast.is_none()
        );
        assert_eq!(measures.amounts.idle(), yuan("295000"));
    }
}

#[test]
fn self_raised_money_is_never_idle_fiscal_money() {
    let own = fact(
        "2024-03-01",
        "matching_funds_arrived",
        json!({"amount": "100", "source": "self_raised"}),
    );
    let paid = fact(
        "2024-04-01",
        "expenditure_recorded",
        json!({"amount": "60", "source": "self_raised"}),
    );
    let measures = given([approved("2024-01-01"), own, paid]).at("2024-12-31");
    assert_eq!((measures.amounts.idle(), &measures.idle), (yuan("0"), &None));
}

#[test]
fn tranches_are_used_up_in_the_order_of_arrival() {
    let facts = [
        approved("2024-01-01"),
        tranche("2024-06-01", "2", "100"),
        tranche("2024-03-01", "1", "100"),
        spent("2024-07-01", "130"),
    ];
    let tranches = given(facts).at("2024-07-31").tranches;
    let seen: Vec<_> = tranches
        .iter()
        .map(|of| (of.tranche_no.as_deref().unwrap(), of.spent, of.balance, of.days))
        .collect();
    assert_eq!(
        seen,
        [
            ("1", yuan("100"), yuan("0"), 0),
            ("2", yuan("30"), yuan("70"), 60)
        ]
    );
}

#[test]
fn money_taken_back_leaves_the_tranche_it_names_and_else_the_oldest() {
    let facts = [
        approved("2024-01-01"),
        tranche("2024-03-01", "1", "100"),
        tranche("2024-06-01", "2", "100"),
        fact(
            "2024-07-01",
            "funds_recovered",
            json!({"amount": "40", "tranche_no": "2"}),
        ),
        fact("2024-07-02", "funds_returned", json!({"amount": "10"})),
        spent("2024-08-01", "95"),
    ];
    let measures = given(facts).at("2024-12-31");
    let seen: Vec<_> = measures
        .tranches
        .iter()
        .map(|of| (of.taken_back, of.spent, of.balance))
        .collect();
    assert_eq!(
        seen,
        [
            (yuan("10"), yuan("90"), yuan("0")),
            (yuan("40"), yuan("5"), yuan("55"))
        ]
    );
    assert_eq!(
        measures
            .tranches
            .iter()
            .map(|of| of.balance)
            .sum::<rust_decimal::Decimal>(),
        measures.amounts.idle()
    );
}

#[test]
fn spending_beyond_everything_that_arrived_stands_with_the_last_tranche() {
    let facts = [
        approved("2024-01-01"),
        tranche("2024-03-01", "1", "10"),
        tranche("2024-04-01", "2", "10"),
        spent("2024-05-01", "25"),
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(
        (measures.tranches[1].spent, measures.tranches[1].balance),
        (yuan("15"), yuan("-5"))
    );
    assert_eq!((measures.amounts.idle(), &measures.idle), (yuan("-5"), &None));
}

#[test]
fn the_two_year_rule_counts_from_the_first_budgeting_and_spares_running_research() {
    let approval = |regime| {
        fact(
            "2024-01-01",
            "project_approved",
            json!({"title": "t", "unit": "U1", "carryover_regime": regime}),
        )
    };
    let facts = |regime| {
        let paid = json!({"amount": "100", "tranche_no": "1", "origin_budget_year": 2023});
        vec![
            approval(regime),
            fact("2024-02-20", "funds_disbursed", paid),
            tranche("2024-03-01", "1", "100"),
            tranche("2024-04-01", "2", "100"),
            fact(
                "2025-01-10",
                "carryover_confirmed",
                json!({"amount": "200", "origin_budget_year": 2024, "into_year": 2025}),
            ),
        ]
    };
    for regime in ["fiscal", "department"] {
        let tranches = given(facts(regime)).at("2025-06-30").tranches;
        let seen: Vec<_> = tranches
            .iter()
            .map(|of| (of.origin_budget_year, of.two_year_deadline))
            .collect();
        assert_eq!(
            seen,
            [(2023, Some(day("2024-12-31"))), (2024, Some(day("2025-12-31")))]
        );
    }
    let spared = given(facts("research_project")).at("2025-06-30").tranches;
    assert!(spared.iter().all(|tranche| tranche.two_year_deadline.is_none()));
}
