//! Which budget is the denominator.

use karez_events::{Currency, Ratio};
use karez_projections::measures::{Basis, BenchmarkMode, benchmark};
use serde_json::json;

use crate::given::{Fact, about, approved, arrived, budget, day, fact, given, printed, spent, yuan};

fn adjusted(on: &str, amount: &str) -> Fact {
    fact(
        on,
        "budget_adjusted",
        json!({"amount": amount, "fiscal_year": 2024}),
    )
}

fn revised(on: &str, amount: &str) -> Fact {
    let data = json!({"fiscal_year": 2024, "standing": "revised", "lines": [{"amount": amount}]});
    fact(on, "budget_approved", data)
}

fn published(from: Option<&str>, to: Option<&str>, standing: &str, amount: &str) -> Fact {
    let mut data = json!({"standing": standing, "lines": [{"amount": amount}]});
    if let (Some(from), Some(to)) = (from, to) {
        data["period_start_on"] = json!(from);
        data["period_end_on"] = json!(to);
    }
    fact("2025-01-01", "budget_approved", data).imported()
}

#[test]
fn a_later_approval_replaces_the_earlier_with_its_adjustments_and_later_ones_add() {
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        adjusted("2024-03-01", "20"),
        revised("2024-06-01", "150"),
        adjusted("2024-09-01", "5"),
    ];
    let known = given(facts);
    let at = |on| known.at(on).amounts.adjusted_budget;
    assert_eq!(
        ["2024-02-28", "2024-03-01", "2024-06-01", "2024-09-01"].map(at),
        ["100", "120", "150", "155"].map(yuan)
    );
    let measures = known.at("2024-12-31");
    assert_eq!(measures.amounts.opening_budget, yuan("100"));
    assert_eq!(
        (measures.changes.len(), measures.amounts.budget_changes),
        (3, yuan("55"))
    );
}

#[test]
fn a_change_effective_on_the_day_of_the_approval_adds_to_it_whichever_is_known_first() {
    let first = [
        approved("2024-01-01"),
        adjusted("2024-01-01", "20"),
        budget("2024-01-01", 2024, "100"),
    ];
    let last = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        adjusted("2024-01-01", "20"),
    ];
    assert_eq!(
        given(first).at("2024-12-31").amounts,
        given(last).at("2024-12-31").amounts
    );
}

#[test]
fn a_correction_of_the_opening_budget_is_no_adjustment() {
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        budget("2024-01-01", 2024, "110"),
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(
        (measures.amounts.opening_budget, measures.amounts.adjusted_budget),
        (yuan("110"), yuan("110"))
    );
    assert!(measures.changes.is_empty());
}

#[test]
fn a_change_counts_from_its_effective_date_however_early_it_is_known() {
    let facts = [
        approved("2024-01-01"),
        fact(
            "2024-11-15",
            "budget_adjusted",
            json!({"amount": "60", "fiscal_year": 2024, "effective_on": "2024-11-01"}),
        ),
        budget("2023-12-20", 2024, "100").effective("2024-01-01"),
    ];
    let known = given(facts);
    assert_eq!(known.at("2023-12-31").amounts.life_budget, yuan("0"));
    assert_eq!(known.at("2024-10-31").amounts.adjusted_budget, yuan("100"));
    assert_eq!(known.at("2024-11-01").amounts.adjusted_budget, yuan("160"));
}

#[test]
fn a_life_budget_is_never_added_to_annual_ones() {
    let life = || {
        fact(
            "2024-01-01",
            "budget_approved",
            json!({"lines": [{"amount": "500"}]}),
        )
    };
    let annual = || {
        [
            approved("2024-01-01"),
            budget("2024-01-01", 2024, "100"),
            budget("2025-01-01", 2025, "200"),
        ]
    };
    assert_eq!(given(annual()).at("2025-12-31").amounts.life_budget, yuan("300"));
    assert_eq!(given(annual()).at("2024-12-31").amounts.life_budget, yuan("100"));
    let both = given(annual().into_iter().chain([life()])).at("2025-12-31");
    assert_eq!(
        (both.amounts.life_budget, both.amounts.adjusted_budget),
        (yuan("500"), yuan("200"))
    );
}

#[test]
fn with_a_life_budget_only_progress_is_that_of_the_project_s_life() {
    let facts = [
        approved("2024-01-01"),
        fact(
            "2024-01-01",
            "contract_signed",
            json!({"start_on": "2024-01-01", "end_on": "2024-04-10"}),
        ),
        fact(
            "2024-01-01",
            "budget_approved",
            json!({"lines": [{"amount": "100"}]}),
        ),
        fact(
            "2024-02-01",
            "budget_adjusted",
            json!({"amount": "20", "fiscal_year": 2024}),
        ),
        fact("2024-02-01", "funds_disbursed", json!({"amount": "60"})),
        spent("2024-02-10", "30"),
    ];
    let measures = given(facts).at("2024-02-20");
    assert_eq!(
        (measures.basis, measures.amounts.life_budget),
        (Basis::Life, yuan("120"))
    );
    assert_eq!(
        measures.execution().unwrap().percent().unwrap().to_string(),
        "25.00"
    );
    assert_eq!(measures.deviation_pp().unwrap().to_string(), "-25.00");
    assert_eq!(
        (
            printed(&measures, "F5"),
            measures.rate("F5").unwrap().denominator_name
        ),
        ("50.00".to_owned(), "funded_life_budget")
    );
    assert!(measures.forecast.is_none());
}

#[test]
fn the_amount_of_the_approval_stands_for_a_life_budget_until_one_is_approved() {
    let approval = fact(
        "2024-01-01",
        "project_approved",
        json!({"title": "t", "unit": "U1", "amount": "300"}),
    );
    assert_eq!(
        given([approval.clone()]).at("2024-12-31").amounts.life_budget,
        yuan("300")
    );
    let topped_up = fact("2024-05-01", "budget_adjusted", json!({"amount": "20"}));
    assert_eq!(
        given([approval.clone(), topped_up])
            .at("2024-12-31")
            .amounts
            .life_budget,
        yuan("320")
    );
    assert_eq!(
        given([approval, budget("2024-02-01", 2024, "100")])
            .at("2024-12-31")
            .amounts
            .life_budget,
        yuan("100")
    );
}

#[test]
fn carry_over_belongs_to_the_year_it_goes_into_and_to_the_life_once() {
    let carried = json!({"amount": "40", "origin_budget_year": 2024, "into_year": 2025});
    let facts = |budget_2025: Option<Fact>| {
        let mut facts = vec![
            approved("2024-01-01"),
            budget("2024-01-01", 2024, "100"),
            spent("2024-06-01", "60"),
            fact("2025-01-10", "carryover_confirmed", carried.clone()),
            fact(
                "2025-05-01",
                "expenditure_recorded",
                json!({"amount": "30", "source": "fiscal_carryover"}),
            ),
        ];
        facts.extend(budget_2025);
        facts
    };
    let without = given(facts(None)).at("2025-12-31");
    assert_eq!(
        (without.amounts.adjusted_budget, without.amounts.life_budget),
        (yuan("40"), yuan("100"))
    );
    assert_eq!(
        (printed(&without, "F1"), printed(&without, "F2")),
        ("90.00".to_owned(), "75.00".to_owned())
    );
    assert!(without.lines.iter().all(|line| line.is_budgeted));
    let lines = json!([{"source": "fiscal_carryover", "amount": "40"}, {"amount": "50"}]);
    let with_lines = fact(
        "2025-01-15",
        "budget_approved",
        json!({"fiscal_year": 2025, "lines": lines}),
    );
    let with = given(facts(Some(with_lines))).at("2025-12-31");
    assert_eq!(
        (with.amounts.adjusted_budget, with.amounts.life_budget),
        (yuan("90"), yuan("150"))
    );
    assert_eq!(with.amounts.carried_in, yuan("40"));
}

#[test]
fn published_budgets_stand_beside_each_other_and_revised_ones_replace_what_they_overlap() {
    let facts = [
        approved("2024-01-01").imported(),
        published(Some("2023-01-01"), Some("2023-12-31"), "original", "10"),
        published(Some("2024-01-01"), Some("2024-12-31"), "original", "20"),
        published(Some("2024-04-01"), Some("2024-12-31"), "revised", "25"),
        published(None, None, "original", "3"),
    ];
    let measures = given(facts).at("2024-06-30");
    assert_eq!(measures.amounts.life_budget, yuan("38"));
    assert_eq!(
        (measures.amounts.opening_budget, measures.amounts.adjusted_budget),
        (yuan("20"), yuan("25"))
    );
    assert_eq!(measures.amounts.budget_changes, yuan("5"));
}

#[test]
fn spending_before_any_published_budget_begins_has_an_incomplete_denominator() {
    let facts = |from, to| {
        vec![
            approved("2024-01-01").imported(),
            published(Some(from), Some(to), "original", "100"),
            spent("2024-03-01", "10").imported(),
        ]
    };
    let future = given(facts("2025-01-01", "2025-12-31")).at("2024-06-30");
    assert!(future.rate("F1").unwrap().is_denominator_incomplete);
    let begun = given(facts("2024-01-01", "2024-12-31")).at("2024-06-30");
    assert!(!begun.rate("F1").unwrap().is_denominator_incomplete);
}

#[test]
fn a_reallocation_moves_between_lines_and_leaves_the_total() {
    let lines = json!([{"category": "equipment", "amount": "50"}, {"category": "labour", "amount": "30"}]);
    let moved =
        json!({"amount": "20", "fiscal_year": 2024, "from_category": "equipment", "to_category": "labour"});
    let facts = [
        approved("2024-01-01"),
        fact(
            "2024-01-01",
            "budget_approved",
            json!({"fiscal_year": 2024, "lines": lines}),
        ),
        fact("2024-05-01", "budget_reallocated", moved),
    ];
    let measures = given(facts).at("2024-12-31");
    let budgets: Vec<_> = measures.lines.iter().map(|line| line.budget).collect();
    assert_eq!(budgets, [yuan("30"), yuan("50")]);
    assert_eq!(
        (measures.amounts.adjusted_budget, measures.changes.len()),
        (yuan("80"), 0)
    );
}

#[test]
fn under_a_lump_sum_only_the_total_of_a_source_counts() {
    let approval = json!({"title": "t", "unit": "U1", "lump_sum": true});
    let facts = [
        fact("2024-01-01", "project_approved", approval),
        budget("2024-01-01", 2024, "100"),
        fact(
            "2024-05-01",
            "expenditure_recorded",
            json!({"amount": "40", "category": "labour"}),
        ),
        fact(
            "2024-05-02",
            "commitment_signed",
            json!({"amount": "15", "category": "equipment", "commitment_no": "C"}),
        ),
        fact(
            "2024-05-09",
            "commitment_released",
            json!({"amount": "5", "commitment_no": "C"}),
        ),
    ];
    let lines = given(facts).at("2024-12-31").lines;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].spent, lines[0].committed, lines[0].is_budgeted),
        (yuan("40"), yuan("10"), true)
    );
}

#[test]
fn spending_on_a_line_that_the_budget_does_not_know_is_visible_as_such() {
    let lines = json!([{"category": "equipment", "amount": "50"}]);
    let facts = [
        approved("2024-01-01"),
        fact(
            "2024-01-01",
            "budget_approved",
            json!({"fiscal_year": 2024, "lines": lines}),
        ),
        fact(
            "2024-05-01",
            "expenditure_recorded",
            json!({"amount": "40", "category": "travel"}),
        ),
    ];
    let lines = given(facts).at("2024-12-31").lines;
    let travel = lines.iter().find(|line| !line.is_budgeted).unwrap();
    assert_eq!(
        (travel.spent, travel.rate().percent(), travel.deviation()),
        (yuan("40"), None, None)
    );
    assert!(travel.rate().is_denominator_incomplete);
}

#[test]
fn a_suspension_freezes_the_benchmark_and_a_termination_stops_it() {
    let base = || vec![approved("2024-01-01"), budget("2024-01-01", 2024, "366")];
    let at = |extra: Vec<Fact>, as_of: &str| {
        given(base().into_iter().chain(extra))
            .at(as_of)
            .figures
            .benchmark
            .unwrap()
            .share
    };
    let suspended = || fact("2024-03-01", "project_suspended", json!({}));
    assert_eq!(
        at(vec![suspended()], "2024-08-01"),
        Ratio::of_counts(60, 366).unwrap()
    );
    let resumed = fact("2024-03-11", "project_resumed", json!({}));
    assert_eq!(
        at(vec![suspended(), resumed], "2024-03-20"),
        Ratio::of_counts(70, 366).unwrap()
    );
    let terminated = fact("2024-02-29", "project_terminated", json!({}));
    assert_eq!(
        at(vec![terminated], "2024-12-31"),
        Ratio::of_counts(60, 366).unwrap()
    );
}

#[test]
fn an_extension_never_takes_the_benchmark_back() {
    let facts = [
        approved("2024-01-01"),
        fact(
            "2024-01-01",
            "contract_signed",
            json!({"start_on": "2024-01-01", "end_on": "2024-04-10"}),
        ),
        fact("2024-02-20", "project_extended", json!({"end_on": "2024-07-19"})),
    ];
    let known = given(facts);
    let at = |on| {
        benchmark(
            known.project(),
            Currency::CNY,
            day(on),
            &BenchmarkMode::ProjectPeriod,
        )
        .unwrap()
        .share
    };
    assert_eq!(at("2024-02-20"), Ratio::of_counts(1, 2).unwrap());
    assert_eq!(at("2024-05-05"), Ratio::of_counts(3, 4).unwrap());
    assert_eq!(at("2024-12-31"), Ratio::whole(1));
}

#[test]
fn two_currencies_are_never_added() {
    let dollars = |kind, on| fact(on, kind, json!({"amount": "7", "currency": "USD"})).imported();
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        arrived("2024-02-01", "50"),
        dollars("funds_arrived", "2024-02-01"),
        dollars("expenditure_recorded", "2024-03-01"),
    ];
    let amounts = given(facts).at("2024-12-31").amounts;
    assert_eq!((amounts.arrived, amounts.spent), (yuan("50"), yuan("0")));
}

#[test]
fn a_quota_reaches_its_project_whichever_is_known_first() {
    let issued = || {
        about(
            "fund/F",
            "2024-02-01",
            "quota_issued",
            json!({"quota_no": "Q", "amount": "80", "origin_budget_year": 2024, "project": "P1"}),
        )
    };
    let withdrawn = about(
        "fund/F",
        "2024-06-01",
        "quota_withdrawn",
        json!({"quota_no": "Q", "amount": "30", "project": "P1"}),
    );
    let fund = || {
        about(
            "fund/F",
            "2024-01-01",
            "fund_established",
            json!({"name": "Science"}),
        )
    };
    let before = given([
        fund(),
        issued(),
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        withdrawn,
    ]);
    let after = given([
        fund(),
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        issued(),
    ]);
    assert_eq!(before.at("2024-05-31").amounts.issued, yuan("80"));
    assert_eq!(printed(&after.at("2024-12-31"), "F5i"), "80.00");
    assert_eq!(before.at("2024-12-31").amounts.issued, yuan("50"));
}
