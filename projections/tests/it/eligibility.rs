//! S and what an approval covers: contracts that change, phases, caps, projects of others, books opened again.

use rstest::rstest;
use serde_json::json;

use super::given::{Fact, about, approved, day, fact, given, spent, yuan};

fn contract(on: &str, start_on: &str, end_on: &str) -> Fact {
    fact(
        on,
        "contract_signed",
        json!({"start_on": start_on, "end_on": end_on}),
    )
}

fn begun(on: &str) -> [Fact; 3] {
    [
        approved("2024-01-10"),
        contract("2024-01-20", "2024-02-01", "2024-12-31"),
        fact(on, "project_started", json!({})),
    ]
}

#[rstest]
#[case::put_off("2024-05-01", "2024-06-01", "2025-05-31", ("2024-06-01", Some("2024-02-01"), None))]
#[case::brought_forward("2024-05-01", "2024-01-15", "2024-12-31", ("2024-01-15", None, None))]
#[case::next_phase_at_once("2024-12-20", "2025-01-01", "2025-12-31", ("2024-02-01", None, None))]
#[case::next_phase_behind_a_gap("2025-02-01", "2025-03-01", "2025-12-31", ("2025-03-01", None, Some("2024-12-31")))]
fn a_later_contract_moves_the_start_or_begins_a_phase(
    #[case] on: &str,
    #[case] start_on: &str,
    #[case] end_on: &str,
    #[case] (from_on, postponed_from_on, previous): (&str, Option<&str>, Option<&str>),
) {
    let known = given(
        begun("2024-02-01")
            .into_iter()
            .chain([contract(on, start_on, end_on)]),
    );
    let found = known.at("2025-06-30").pre_start.eligibility.unwrap();
    assert_eq!(found.from_on, day(from_on));
    assert_eq!(found.postponed_from_on, postponed_from_on.map(day));
    assert_eq!(found.previous_phase_end_on, previous.map(day));
    let before = known.at("2024-04-30").pre_start;
    assert_eq!(
        before.eligible_from_on(),
        Some(day("2024-02-01")),
        "not known before its day"
    );
}

#[test]
fn a_start_put_off_behind_the_end_of_a_task_that_never_began_is_no_phase() {
    let known = given([
        approved("2024-01-10"),
        contract("2024-01-20", "2024-02-01", "2024-12-31"),
        contract("2025-02-01", "2025-03-01", "2025-12-31"),
    ]);
    let found = known.at("2025-06-30").pre_start.eligibility.unwrap();
    assert_eq!(found.postponed_from_on, Some(day("2024-02-01")));
    assert_eq!(found.previous_phase_end_on, None);
}

#[test]
fn an_extension_closes_the_gap_between_phases() {
    let extended = fact("2024-12-01", "project_extended", json!({"end_on": "2025-02-28"}));
    let next = contract("2025-02-01", "2025-03-01", "2025-12-31");
    let known = given(begun("2024-02-01").into_iter().chain([extended, next]));
    let found = known.at("2025-06-30").pre_start.eligibility.unwrap();
    assert_eq!(
        (found.from_on, found.previous_phase_end_on),
        (day("2024-02-01"), None)
    );
}

#[test]
fn only_what_was_spent_in_the_gap_lies_before_the_next_phase() {
    let facts = [
        spent("2024-06-10", "900"),
        contract("2025-02-01", "2025-03-01", "2025-12-31"),
        spent("2025-02-10", "60"),
        spent("2025-03-01", "5"),
    ];
    let known = given(begun("2024-02-01").into_iter().chain(facts));
    let measures = known.at("2025-06-30");
    assert_eq!(measures.pre_start.total(), yuan("60"));
    assert_eq!(measures.amounts.spent_pre_start, yuan("60"));
}

#[test]
fn a_cap_covers_what_became_known_first() {
    let cap = json!({"days": 60, "cap": "5000"});
    let facts = [
        approved("2024-01-10"),
        contract("2024-01-20", "2024-06-01", "2024-12-31"),
        fact("2024-04-20", "pre_start_approved", cap),
        spent("2024-03-01", "10"),
        spent("2024-05-20", "3000").named("first"),
        spent("2024-05-10", "2500"),
        fact(
            "2024-07-01",
            "expenditure_refunded",
            json!({"refunds": super::given::id_of("first"), "amount": "400"}),
        ),
    ];
    let known = given(facts);
    let uncovered = |on| known.at(on).pre_start.uncovered_from(|_| true);
    assert_eq!(uncovered("2024-06-30"), yuan("510"), "10 too early, 500 beyond");
    assert_eq!(uncovered("2024-07-01"), yuan("110"), "a refund makes room");
}

#[test]
fn a_project_is_published_when_its_approval_was() {
    let project = |approval: Fact| given([approval]).project().is_published;
    assert!(project(approved("2024-01-10").imported()));
    assert!(!project(approved("2024-01-10")));
}

#[test]
fn what_was_posted_into_closed_books_is_no_longer_so_once_they_are_opened_with_an_approver() {
    let january = json!({"from_on": "2024-01-01", "to_on": "2024-01-31"});
    let reopened = json!({"from_on": "2024-01-01", "to_on": "2024-01-31", "approver": "Finance"});
    let mut facts = vec![
        approved("2024-01-01"),
        about("unit/U1", "2024-02-10", "period_closed", january.clone()),
        spent("2024-01-20", "10"),
    ];
    let is_into_closed = |facts: &[Fact]| given(facts.to_vec()).project().entries[0].is_into_closed_period;
    assert!(is_into_closed(&facts));
    facts.push(about("unit/U1", "2024-02-20", "period_reopened", reopened));
    facts.push(about("unit/U1", "2024-02-25", "period_closed", january));
    assert!(!is_into_closed(&facts));
}
