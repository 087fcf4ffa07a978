//! Corrections: refunds, reversals, reclassifications, withdrawals.

use karez_events::event::fund::FundSource;
use karez_projections::Wording;
use serde_json::json;

use crate::given::{Fact, approved, budget, fact, given, id_of, spent, yuan};

fn lined(on: &str, amount: &str, category: &str) -> Fact {
    fact(
        on,
        "expenditure_recorded",
        json!({"amount": amount, "category": category, "source": "self_raised"}),
    )
}

fn reversed(on: &str, name: &str) -> Fact {
    fact(on, "expenditure_reversed", json!({"reverses": id_of(name)}))
}

fn refunded(on: &str, name: &str, amount: &str) -> Fact {
    fact(
        on,
        "expenditure_refunded",
        json!({"refunds": id_of(name), "amount": amount}),
    )
}

#[test]
fn a_refund_takes_source_and_category_from_the_expenditure_it_names() {
    let known = given([
        approved("2024-01-01"),
        lined("2024-02-01", "100", "travel").named("E"),
        refunded("2024-03-01", "E", "30"),
    ]);
    let measures = known.at("2024-12-31");
    assert_eq!(
        (measures.amounts.spent_self_raised, measures.lines.len()),
        (yuan("70"), 1)
    );
    assert_eq!(
        (measures.lines[0].source, measures.lines[0].spent),
        (FundSource::SelfRaised, yuan("70"))
    );
    assert_eq!(
        known.at("2024-02-28").amounts.spent,
        yuan("100"),
        "the refund's own date counts"
    );
}

#[test]
fn what_moves_an_expenditure_says_what_its_voucher_says() {
    let paid = json!({
        "amount": "100", "category": "travel", "voucher_no": "0012", "line_no": 3, "invoice_no": "24650001",
        "payee": {"name": "张三"}, "purpose": "差旅", "tags": ["会议"],
    });
    let moved = json!({"reclassifies": id_of("E"), "to_category": "labour"});
    let known = given([
        approved("2024-01-01"),
        fact("2024-02-01", "expenditure_recorded", paid).named("E"),
        fact("2024-02-02", "expenditure_reclassified", moved),
    ]);
    let [posting, out, into] = known.project().entries.as_slice() else {
        panic!("a posting, out of its line and into another");
    };
    let said = posting.wording();
    assert_eq!((said.payee, said.invoice_no), (Some("张三"), Some("24650001")));
    assert_eq!((out.wording(), out.line_no), (said, Some(3)));
    let category = Some("labour");
    assert_eq!(into.wording(), Wording { category, ..said });
    assert_eq!((&into.on_voucher, into.line_no), (&posting.on_voucher, Some(3)));
}

#[test]
fn a_refund_follows_an_expenditure_that_was_moved() {
    let moved = json!({"reclassifies": id_of("E"), "to_category": "labour", "to_source": "fiscal_current"});
    let facts = [
        approved("2024-01-01"),
        lined("2024-02-01", "100", "travel").named("E"),
        fact("2024-02-02", "expenditure_reclassified", moved),
        refunded("2024-03-01", "E", "30"),
    ];
    let amounts = given(facts).at("2024-12-31").amounts;
    assert_eq!(
        (amounts.spent_self_raised, amounts.spent_fiscal),
        (yuan("0"), yuan("70"))
    );
}

#[test]
fn moving_the_rest_of_an_expenditure_moves_what_was_not_moved_before() {
    let moved = |amount: Option<&str>, to: &str| {
        let mut data = json!({"reclassifies": id_of("E"), "to_category": to});
        if let Some(amount) = amount {
            data["amount"] = json!(amount);
        }
        fact("2024-03-01", "expenditure_reclassified", data)
    };
    let facts = [
        approved("2024-01-01"),
        lined("2024-02-01", "100", "travel").named("E"),
        moved(Some("60"), "labour"),
        moved(None, "material"),
    ];
    let lines = given(facts).at("2024-12-31").lines;
    let spent = |category| {
        lines
            .iter()
            .find(|line| line.category.as_ref().unwrap().as_str() == category)
            .unwrap()
            .spent
    };
    assert_eq!(
        ["travel", "labour", "material"].map(spent),
        ["0", "60", "40"].map(yuan)
    );
}

#[test]
fn a_refund_of_an_earlier_year_stays_out_of_the_year_but_not_out_of_the_life() {
    let facts = |refund| {
        vec![
            approved("2023-01-01"),
            budget("2023-01-01", 2023, "100"),
            budget("2024-01-01", 2024, "100"),
            spent("2023-06-01", "50").named("E"),
            spent("2024-06-01", "40"),
            refund,
        ]
    };
    let flagged = fact(
        "2024-07-01",
        "expenditure_refunded",
        json!({"amount": "10", "prior_year": true}),
    );
    for refund in [flagged, refunded("2024-07-01", "E", "10")] {
        let amounts = given(facts(refund)).at("2024-12-31").amounts;
        assert_eq!((amounts.spent_year, amounts.spent), (yuan("40"), yuan("80")));
    }
    let of_this_year = fact("2024-07-01", "expenditure_refunded", json!({"amount": "10"}));
    assert_eq!(
        given(facts(of_this_year)).at("2024-12-31").amounts.spent_year,
        yuan("30")
    );
}

#[test]
fn a_reversal_undoes_the_expenditure_on_every_line_it_was_moved_to() {
    let moved = json!({"reclassifies": id_of("E"), "amount": "60", "to_category": "labour"});
    let facts = [
        approved("2024-01-01"),
        lined("2024-02-01", "100", "travel").named("E"),
        fact("2024-02-02", "expenditure_reclassified", moved),
        reversed("2024-03-01", "E"),
    ];
    let known = given(facts);
    assert!(
        known
            .at("2024-12-31")
            .lines
            .iter()
            .all(|line| line.spent.is_zero())
    );
    assert_eq!(known.at("2024-02-28").amounts.spent, yuan("100"));
}

#[test]
fn corrections_of_pre_start_costs_are_pre_start_too() {
    let contract = fact(
        "2024-06-01",
        "contract_signed",
        json!({"start_on": "2024-06-01", "end_on": "2025-06-01"}),
    );
    let facts = [
        approved("2024-01-01"),
        contract,
        spent("2024-02-01", "100").named("E"),
        spent("2024-03-01", "10"),
        reversed("2024-07-01", "E"),
    ];
    let measures = given(facts).at("2024-12-31");
    assert_eq!(
        (measures.pre_start.total(), measures.amounts.spent_pre_start),
        (yuan("10"), yuan("10"))
    );
}

#[test]
fn a_withdrawn_fact_is_gone_and_a_withdrawn_reversal_gives_the_posting_back() {
    let withdrawn = |name| fact("2024-08-01", "fact_withdrawn", json!({"withdraws": id_of(name)}));
    let base = || {
        vec![
            approved("2024-01-01"),
            spent("2024-02-01", "100").named("E"),
            reversed("2024-03-01", "E").named("R"),
        ]
    };
    let restored = given(base().into_iter().chain([withdrawn("R")]));
    assert_eq!(restored.at("2024-12-31").amounts.spent, yuan("100"));
    assert!(restored.when(&reversed("2024-09-01", "E")).is_ok());
    let gone = given(base().into_iter().chain([withdrawn("E")]));
    assert_eq!(gone.at("2024-12-31").amounts.spent, yuan("0"));
    assert!(gone.project().entries.is_empty());
}

#[test]
fn passing_money_on_to_a_partner_is_no_new_money() {
    let paid = |data| fact("2024-02-01", "funds_disbursed", data);
    let facts = [
        approved("2024-01-01"),
        paid(json!({"amount": "100"})),
        paid(json!({"amount": "40", "passed_on_to": "U2"})),
    ];
    assert_eq!(given(facts).at("2024-12-31").amounts.disbursed, yuan("100"));
}

#[test]
fn sums_beyond_28_digits_stay_at_the_largest_number() {
    let huge = || spent("2024-02-01", "70000000000000000000000000000").imported();
    let amounts = given([approved("2024-01-01"), huge(), huge()])
        .at("2024-12-31")
        .amounts;
    assert_eq!(amounts.spent, rust_decimal::Decimal::MAX);
}
