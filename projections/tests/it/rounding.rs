//! The rounding rules of domain.md §2: exact until print, then once, half-up.

use karez_events::Ratio;
use karez_projections::measures::{Basis, MoneyUnit, in_unit, printed_in_unit};
use karez_projections::{Rate, RateLevel};
use rust_decimal::Decimal;
use serde_json::json;

use crate::given::{approved, arrived, budget, fact, given, printed, spent, yuan};

fn percent(ratio: Option<Ratio>) -> String {
    ratio.unwrap().percent().unwrap().to_string()
}

fn rate(numerator: &str, denominator: &str) -> Rate {
    Rate {
        figure: "F2",
        level: RateLevel::Unit,
        numerator_name: "net_expenditure_of_year",
        denominator_name: "adjusted_budget",
        numerator: yuan(numerator),
        denominator: yuan(denominator),
        is_denominator_incomplete: false,
    }
}

#[test]
fn rule_2_what_prints_99_99_of_ten_million() {
    let printed = |spent| rate(spent, "10000000").percent().unwrap().to_string();
    assert_eq!(["9998500", "9999499.99"].map(printed), ["99.99", "99.99"]);
    assert_eq!(["9998499.99", "9999500"].map(printed), ["99.98", "100.00"]);
}

#[test]
fn rule_3_rounding_happens_once_and_never_from_wan() {
    let spent = yuan("9999499.99");
    assert_eq!(
        rate("9999499.99", "10000000").percent().unwrap().to_string(),
        "99.99"
    );
    let through_wan = Ratio::of(printed_in_unit(spent, MoneyUnit::Wan), yuan("1000"));
    assert_eq!(percent(through_wan), "100.00");
    assert_eq!(
        percent(Ratio::of(in_unit(spent, MoneyUnit::Wan), yuan("1000"))),
        "99.99"
    );
}

#[test]
fn rule_5_a_printed_hundred_keeps_its_residue_and_more_than_a_hundred_is_shown() {
    assert_eq!(rate("9999500.01", "10000000").residue(), yuan("499.99"));
    assert_eq!(rate("10000000", "10000000").residue(), Decimal::ZERO);
    assert_eq!(rate("9999499.99", "10000000").residue(), Decimal::ZERO);
    assert_eq!(rate("110", "100").percent().unwrap().to_string(), "110.00");
}

#[test]
fn rule_6_without_a_budget_there_is_no_rate_and_spending_makes_it_incomplete() {
    let nothing = given([approved("2024-01-01")]).at("2024-12-31");
    assert_eq!(
        (
            printed(&nothing, "F2"),
            nothing.rate("F2").unwrap().is_denominator_incomplete
        ),
        ("—".to_owned(), false)
    );
    let unbudgeted = given([approved("2024-01-01"), spent("2024-05-01", "5")]).at("2024-12-31");
    assert_eq!(
        (
            printed(&unbudgeted, "F2"),
            unbudgeted.rate("F2").unwrap().is_denominator_incomplete
        ),
        ("—".to_owned(), true)
    );
    assert!(unbudgeted.rate("F1").unwrap().is_denominator_incomplete);
    assert_eq!((unbudgeted.deviation_pp(), unbudgeted.basis), (None, Basis::Year));
}

#[test]
fn rule_7_columns_in_wan_have_two_decimals_half_up() {
    assert_eq!(
        printed_in_unit(yuan("1180350"), MoneyUnit::Wan).to_string(),
        "118.04"
    );
    assert_eq!(
        printed_in_unit(yuan("-1180350"), MoneyUnit::Wan).to_string(),
        "-118.04"
    );
    assert_eq!(
        printed_in_unit(yuan("1180349.99"), MoneyUnit::Wan).to_string(),
        "118.03"
    );
    assert_eq!(
        printed_in_unit(yuan("250000000"), MoneyUnit::Yi).to_string(),
        "2.50"
    );
    assert_eq!(in_unit(yuan("118034.50"), MoneyUnit::Wan), yuan("11.80345"));
    assert_eq!(in_unit(yuan("118034.50"), MoneyUnit::Yuan), yuan("118034.50"));
}

#[test]
fn rule_8_negative_figures_are_real() {
    let refund = fact("2024-05-02", "expenditure_refunded", json!({"amount": "30"}));
    let facts = [
        approved("2024-01-01"),
        budget("2024-01-01", 2024, "100"),
        arrived("2024-02-01", "50"),
        refund,
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(printed(&measures, "F2"), "-30.00");
    assert_eq!(measures.amounts.idle(), yuan("80"));
}

#[test]
fn rule_4_half_is_rounded_up_where_a_float_would_round_down() {
    assert_eq!(rate("118.03", "200").percent().unwrap().to_string(), "59.02");
    assert_eq!(rate("-118.03", "200").percent().unwrap().to_string(), "-59.02");
}
