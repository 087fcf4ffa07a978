//! Every number that domain.md §2 works out.

use karez_events::{Currency, Ratio};
use karez_projections::RateLevel;
use karez_projections::measures::{BenchmarkMode, Checkpoint, benchmark, last_week_multiple};
use rust_decimal::Decimal;
use serde_json::json;

use crate::given::{Fact, approved, budget, day, fact, given, printed, spent, yuan};

fn percent(ratio: Option<Ratio>) -> String {
    ratio.unwrap().percent().unwrap().to_string()
}

fn benchmark_of(facts: Vec<Fact>, as_of: &str, mode: &BenchmarkMode) -> Option<String> {
    let found = benchmark(given(facts).project(), Currency::CNY, day(as_of), mode);
    found.map(|found| percent(Some(found.share)))
}

#[test]
fn f1_and_f2_name_level_numerator_and_denominator() {
    let facts = [
        approved("2023-01-01"),
        budget("2023-01-01", 2023, "100"),
        budget("2024-01-01", 2024, "300"),
        spent("2023-06-01", "80"),
        spent("2024-06-01", "120"),
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(printed(&measures, "F1"), "50.00");
    assert_eq!(printed(&measures, "F2"), "40.00");
    let rate = measures.rate("F2").unwrap();
    assert_eq!(
        (rate.level, rate.numerator_name, rate.denominator_name),
        (RateLevel::Unit, "net_expenditure_of_year", "adjusted_budget")
    );
    assert_eq!((rate.numerator, rate.denominator), (yuan("120"), yuan("300")));
}

#[test]
fn f3_and_f5_show_the_two_levels_side_by_side() {
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "10000000"),
        fact(
            "2024-03-01",
            "funds_disbursed",
            json!({"amount": "9999000", "tranche_no": "1", "due_on": "2024-03-31"}),
        ),
        fact(
            "2024-03-20",
            "funds_arrived",
            json!({"amount": "9999000", "tranche_no": "1"}),
        ),
        spent("2024-11-01", "999900"),
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(
        (printed(&measures, "F5"), measures.rate("F5").unwrap().level),
        ("99.99".to_owned(), RateLevel::Fund)
    );
    assert_eq!(
        (printed(&measures, "F3"), measures.rate("F3").unwrap().level),
        ("10.00".to_owned(), RateLevel::Unit)
    );
    assert_eq!(
        (printed(&measures, "F4"), printed(&measures, "F4t")),
        ("100.00".to_owned(), "100.00".to_owned())
    );
}

#[test]
fn f4_measures_arrival_against_the_cash_plan_and_its_timeliness_by_tranche() {
    let plan = json!({"payments": [{"due_on": "2024-03-31", "amount": "60"}, {"due_on": "2024-09-30", "amount": "40"}]});
    let disbursed = |on, no, amount, due| {
        fact(
            on,
            "funds_disbursed",
            json!({"amount": amount, "tranche_no": no, "due_on": due}),
        )
    };
    let facts = [
        approved("2024-01-01"),
        fact("2024-01-05", "cash_plan_approved", plan),
        disbursed("2024-03-20", "1", "30", "2024-03-31"),
        disbursed("2024-04-20", "2", "15", "2024-03-31"),
        fact(
            "2024-03-25",
            "funds_arrived",
            json!({"amount": "30", "tranche_no": "1"}),
        ),
        fact(
            "2024-04-25",
            "funds_arrived",
            json!({"amount": "15", "tranche_no": "2"}),
        ),
    ];
    let measures = given(facts).at("2024-06-30");
    assert_eq!(
        (printed(&measures, "F4"), printed(&measures, "F4t")),
        ("75.00".to_owned(), "66.67".to_owned())
    );
}

#[test]
fn f6_by_days_months_and_checkpoints_on_30_september_2024() {
    let facts = || vec![approved("2024-01-01"), budget("2024-01-01", 2024, "100")];
    let table = [(6, "50"), (9, "75"), (12, "100")].map(|(month, due)| Checkpoint {
        month,
        due_percent: yuan(due),
    });
    let table = BenchmarkMode::Checkpoints(table.to_vec());
    assert_eq!(
        benchmark_of(facts(), "2024-09-30", &BenchmarkMode::DayOfYear).unwrap(),
        "74.86"
    );
    assert_eq!(
        benchmark_of(facts(), "2024-09-30", &BenchmarkMode::MonthOfYear).unwrap(),
        "75.00"
    );
    assert_eq!(benchmark_of(facts(), "2024-09-30", &table).unwrap(), "75.00");
    assert_eq!(benchmark_of(facts(), "2024-09-29", &table).unwrap(), "50.00");
    assert_eq!(benchmark_of(facts(), "2024-06-29", &table).unwrap(), "0.00");
    assert_eq!(
        given(facts()).at("2024-09-30").figures.benchmark.unwrap().mode,
        BenchmarkMode::DayOfYear
    );
}

#[test]
fn f6_by_the_project_s_own_period_and_by_its_cash_plan() {
    let contract = json!({"start_on": "2024-01-01", "end_on": "2024-04-10"});
    let plan = json!({"payments": [{"due_on": "2024-01-31", "amount": "30"}, {"due_on": "2024-03-31", "amount": "90"}]});
    let facts = || {
        let signed = fact("2024-01-01", "contract_signed", contract.clone());
        vec![
            approved("2024-01-01"),
            signed,
            fact("2024-01-02", "cash_plan_approved", plan.clone()),
        ]
    };
    assert_eq!(
        benchmark_of(facts(), "2024-01-26", &BenchmarkMode::ProjectPeriod).unwrap(),
        "25.00"
    );
    assert_eq!(
        benchmark_of(facts(), "2024-01-26", &BenchmarkMode::CashPlan).unwrap(),
        "0.00"
    );
    assert_eq!(
        benchmark_of(facts(), "2024-01-31", &BenchmarkMode::CashPlan).unwrap(),
        "25.00"
    );
    assert_eq!(
        benchmark_of(
            vec![approved("2024-01-01")],
            "2024-01-31",
            &BenchmarkMode::CashPlan
        ),
        None
    );
}

#[test]
fn f6w_weighs_a_late_top_up_by_the_days_it_had() {
    let topped_up = json!({"amount": "600000", "fiscal_year": 2023, "effective_on": "2023-11-01"});
    let facts = [
        approved("2023-01-01"),
        budget("2023-01-01", 2023, "1000000"),
        fact("2023-10-20", "budget_adjusted", topped_up),
    ];
    let measures = given(facts).at("2023-11-30");
    assert_eq!(
        percent(measures.figures.benchmark.map(|found| found.share)),
        "91.51"
    );
    assert_eq!(percent(measures.figures.weighted_benchmark), "75.63");
}

#[test]
fn f7_is_the_distance_from_the_benchmark_in_percentage_points() {
    let executed = Ratio::of(yuan("34.15"), Decimal::ONE_HUNDRED).unwrap();
    let due = Ratio::of(yuan("74.97"), Decimal::ONE_HUNDRED).unwrap();
    assert_eq!(percent(Some(executed.minus(&due))), "-40.82");
}

#[test]
fn f8_variance_of_the_composition() {
    let categories = [
        ("equipment", "50", "48"),
        ("business", "40", "20"),
        ("labour", "20", "22"),
        ("indirect", "10", "10"),
    ];
    let lines = categories.map(|(category, budget, _)| json!({"category": category, "amount": budget}));
    let mut facts = vec![
        approved("2024-01-01"),
        fact(
            "2024-01-01",
            "budget_approved",
            json!({"fiscal_year": 2024, "lines": lines}),
        ),
    ];
    facts.extend(categories.map(|(category, _, amount)| {
        fact(
            "2024-06-01",
            "expenditure_recorded",
            json!({"category": category, "amount": amount}),
        )
    }));
    let measures = given(facts).at("2024-12-31");
    assert_eq!(percent(measures.composition_variance()), "26.67");
    let business = measures
        .lines
        .iter()
        .find(|line| line.category.as_ref().is_some_and(|id| id.as_str() == "business"));
    assert_eq!(percent(business.unwrap().deviation()), "-50.00");
    assert_eq!(business.unwrap().rate().level, RateLevel::Line);
}

#[test]
fn f9_splits_what_is_left_at_the_end_of_the_year() {
    let confirmed = |amount, kind| {
        let data = json!({"amount": amount, "origin_budget_year": 2024, "into_year": 2025, "kind": kind});
        fact("2024-12-31", "carryover_confirmed", data)
    };
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "200"),
        spent("2024-06-01", "150"),
        confirmed("40", "carryover"),
        confirmed("10", "surplus"),
    ];
    let known = given(facts);
    let measures = known.at("2024-12-31");
    assert_eq!(
        ["F9", "F9c", "F9s"].map(|figure| printed(&measures, figure)),
        ["25.00", "20.00", "5.00"]
    );
    assert!(known.at("2024-12-30").rate("F9").is_none());
}

#[test]
fn f11_and_f12_at_the_end_of_august() {
    let facts = [
        approved("2023-01-01"),
        budget("2023-01-01", 2023, "1200000"),
        spent("2023-03-01", "202000"),
        spent("2023-07-10", "224000"),
        fact(
            "2023-08-01",
            "commitment_signed",
            json!({"amount": "50000", "commitment_no": "C1"}),
        ),
    ];
    let measures = given(facts).at("2023-08-31");
    assert_eq!(printed(&measures, "F2"), "35.50");
    assert_eq!(
        percent(measures.benchmark.clone().map(|found| found.share)),
        "66.58"
    );
    assert_eq!(measures.deviation_pp().unwrap().to_string(), "-31.08");
    let forecast = measures.forecast.clone().unwrap();
    assert_eq!(
        forecast.linear().unwrap().rounded(0).unwrap().to_string(),
        "639877"
    );
    let (low, high) = forecast.range().unwrap();
    assert_eq!(
        (percent(Some(low)), percent(Some(high))),
        ("53.32".to_owned(), "60.80".to_owned())
    );
    assert_eq!(forecast.committed_floor(), Ratio::exact(yuan("476000")));
    assert_eq!(
        measures.catch_up().unwrap().rounded(2).unwrap().to_string(),
        "3.62"
    );
}

#[test]
fn f11_has_what_is_promised_as_its_floor() {
    let facts = [
        approved("2023-01-01"),
        budget("2023-01-01", 2023, "1200000"),
        spent("2023-03-01", "100000"),
        fact(
            "2023-08-01",
            "commitment_signed",
            json!({"amount": "900000", "commitment_no": "C1"}),
        ),
    ];
    let (low, high) = given(facts)
        .at("2023-08-31")
        .figures
        .forecast
        .unwrap()
        .range()
        .unwrap();
    assert_eq!(
        (percent(Some(low)), percent(Some(high))),
        ("83.33".to_owned(), "83.33".to_owned())
    );
}

#[test]
fn f17_self_raised_arrived_of_planned_and_its_share_in_spending() {
    let contract = json!({"start_on": "2024-01-01", "end_on": "2025-12-31", "planned_self_raised": "200000"});
    let facts = [
        approved("2024-01-01"),
        fact("2024-01-01", "contract_signed", contract),
        fact(
            "2024-03-01",
            "matching_funds_arrived",
            json!({"amount": "50000", "source": "self_raised"}),
        ),
        fact(
            "2024-03-01",
            "matching_funds_arrived",
            json!({"amount": "70000", "source": "matching"}),
        ),
        fact(
            "2024-04-01",
            "expenditure_recorded",
            json!({"amount": "30000", "source": "self_raised"}),
        ),
        spent("2024-04-02", "90000"),
    ];
    let measures = given(facts).at("2024-06-30");
    assert_eq!(
        ["F17", "F17s"].map(|figure| printed(&measures, figure)),
        ["25.00", "25.00"]
    );
    assert_eq!(measures.amounts.matching_arrived, yuan("120000"));
}

#[test]
fn f18_shares_of_december_and_of_the_last_week() {
    let facts = [
        approved("2023-01-01"),
        budget("2023-01-01", 2023, "100"),
        spent("2023-06-01", "60"),
        spent("2023-12-10", "20"),
        spent("2023-12-28", "20"),
    ];
    let measures = given(facts).at("2023-12-31");
    assert_eq!(printed(&measures, "F18"), "40.00");
    // 20 in seven days; the mean week of 365 days is 100 · 7/365.
    assert_eq!(
        measures
            .last_week_multiple()
            .unwrap()
            .rounded(2)
            .unwrap()
            .to_string(),
        "10.43"
    );
    assert_eq!(
        last_week_multiple(&measures.amounts, measures.as_of),
        measures.last_week_multiple()
    );
}

#[test]
fn f19_adds_up_changes_in_both_directions_and_counts_them() {
    let adjusted = |on, amount| {
        fact(
            on,
            "budget_adjusted",
            json!({"amount": amount, "fiscal_year": 2024}),
        )
    };
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        adjusted("2024-05-01", "30"),
        adjusted("2024-11-02", "-10"),
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(
        (printed(&measures, "F19"), measures.changes.len()),
        ("40.00".to_owned(), 2)
    );
    assert_eq!(
        (measures.amounts.opening_budget, measures.amounts.adjusted_budget),
        (yuan("100"), yuan("120"))
    );
}

#[test]
fn f20_splits_costs_that_span_the_start_by_days() {
    let contract = json!({"start_on": "2024-06-01", "end_on": "2026-05-31", "planned_self_raised": "200000"});
    let salary = |on, from, to| {
        let data =
            json!({"amount": "12000", "source": "self_raised", "service_from_on": from, "service_to_on": to});
        fact(on, "expenditure_recorded", data)
    };
    let facts = [
        approved("2024-02-01"),
        fact("2024-05-20", "contract_signed", contract),
        salary("2024-03-05", "2024-02-01", "2024-02-29"),
        salary("2024-04-05", "2024-03-01", "2024-03-31"),
        salary("2024-05-05", "2024-04-01", "2024-04-30"),
        salary("2024-06-05", "2024-05-01", "2024-05-31"),
        spent("2024-06-10", "48000"),
        fact("2024-07-15", "pre_start_approved", json!({"days": 60})),
    ];
    let known = given(facts);
    let measures = known.at("2024-07-31");
    assert_eq!(printed(&measures, "F20"), "50.00");
    assert_eq!(
        (measures.pre_start.total(), measures.pre_start.grace_days),
        (yuan("48000"), 60)
    );
    // February, March and one day of April stay out of the 60 days: 2.44 of 4.8万.
    assert_eq!(measures.pre_start.uncovered_from(|_| true), yuan("24400"));
    assert_eq!(
        known.at("2024-07-14").pre_start.uncovered_from(|_| true),
        yuan("48000")
    );
}
