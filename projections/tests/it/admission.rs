//! What cannot be a fact is refused with code, place and a sentence in both languages; bad news is recorded.

use karez_projections::RefusalCode;
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{Fact, Given, about, approved, budget, fact, given, id_of, spent};

fn known() -> Given {
    given([
        about(
            "fund/F1",
            "2024-01-01",
            "fund_established",
            json!({"name": "Science"}),
        ),
        approved("2024-01-01"),
        fact(
            "2024-01-15",
            "contract_signed",
            json!({"start_on": "2024-02-01", "end_on": "2025-12-31"}),
        ),
        budget("2024-01-20", 2024, "1000"),
        spent("2024-03-01", "10").named("E"),
        spent("2024-03-01", "10").named("reversed"),
        fact(
            "2024-03-02",
            "expenditure_reversed",
            json!({"reverses": id_of("reversed")}),
        ),
    ])
}

fn with_amount(amount: &str, currency: &str) -> Fact {
    fact(
        "2024-05-01",
        "expenditure_recorded",
        json!({"amount": amount, "currency": currency}),
    )
}

fn quota() -> Value {
    json!({"quota_no": "Q", "amount": "1", "origin_budget_year": 2024})
}

fn january() -> Value {
    json!({"from_on": "2024-01-01", "to_on": "2024-01-31"})
}

fn contract(start_on: &str, end_on: &str) -> Fact {
    fact(
        "2024-05-01",
        "contract_signed",
        json!({"start_on": start_on, "end_on": end_on}),
    )
}

fn approval(more: &Value) -> Fact {
    let mut data = json!({"title": "t", "unit": "U1"});
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    fact("2024-05-01", "project_approved", data)
}

fn reversal_of(name: &str) -> Fact {
    fact(
        "2024-05-01",
        "expenditure_reversed",
        json!({"reverses": id_of(name)}),
    )
}

#[rstest]
#[case::wrong_stream(
    RefusalCode::WrongStream,
    "/stream",
    about("project/P1", "2024-05-01", "quota_issued", quota())
)]
#[case::project_of_a_dot(RefusalCode::UnusableId, "/stream", approval(&json!({})).of_project("."))]
#[case::project_of_two_dots(RefusalCode::UnusableId, "/stream", approval(&json!({})).of_project(".."))]
#[case::fund_of_two_dots(
    RefusalCode::UnusableId,
    "/stream",
    about("fund/..", "2024-05-01", "fund_established", json!({"name": "n"}))
)]
#[case::unit_of_a_dot(RefusalCode::UnusableId, "/data/unit", approval(&json!({"unit": " . "})))]
#[case::unknown_project(RefusalCode::UnknownProject, "/stream", spent("2024-05-01", "1").of_project("P9"))]
#[case::unknown_fund(
    RefusalCode::UnknownFund,
    "/stream",
    about("fund/F9", "2024-05-01", "quota_issued", quota())
)]
#[case::unknown_payer(RefusalCode::UnknownFund, "/data/fund", approval(&json!({"fund": "F9"})))]
#[case::unknown_unit(
    RefusalCode::UnknownUnit,
    "/stream",
    about("unit/U9", "2024-05-01", "period_closed", january())
)]
#[case::unknown_warning(RefusalCode::UnknownWarning, "/stream", about("warning/W9", "2024-05-01", "warning_acknowledged", json!({})))]
#[case::not_your_project(RefusalCode::NotYourProject, "/stream", spent("2024-05-01", "1").by_unit("U2"))]
#[case::wrong_currency(RefusalCode::WrongCurrency, "/data/currency", with_amount("1", "USD"))]
#[case::unknown_currency(RefusalCode::UnknownCurrency, "/data/currency", with_amount("1", "QQQ"))]
#[case::wrong_precision(RefusalCode::WrongPrecision, "/data/amount", with_amount("0.005", "CNY"))]
#[case::not_positive(RefusalCode::NotPositive, "/data/amount", fact("2024-05-01", "expenditure_refunded", json!({"amount": "-1"})))]
#[case::date_out_of_range(RefusalCode::DateOutOfRange, "/occurred_on", spent("0204-05-01", "1"))]
#[case::period_reversed(
    RefusalCode::PeriodReversed,
    "/data/end_on",
    contract("2024-02-01", "2024-01-31")
)]
#[case::nothing_to_correct(RefusalCode::NothingToCorrect, "/data/reverses", reversal_of("nothing"))]
#[case::already_reversed(RefusalCode::AlreadyReversed, "/data/reverses", reversal_of("reversed"))]
#[case::malformed(RefusalCode::Malformed, "/data/lines", fact("2024-05-01", "budget_approved", json!({"lines": []})))]
#[case::its_own_parent(RefusalCode::Malformed, "/data/parent", approval(&json!({"parent": "P1"})))]
fn a_refusal_names_its_code_its_place_and_a_sentence_in_both_languages(
    #[case] code: RefusalCode,
    #[case] pointer: &str,
    #[case] submitted: Fact,
) {
    let refusal = known().when(&submitted).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.pointer.as_str()),
        (code, pointer),
        "{}",
        refusal.message_en
    );
    let is_chinese = |text: &str| text.chars().any(|letter| letter > '\u{4e00}');
    assert!(is_chinese(&refusal.message_zh), "{}", refusal.message_zh);
    assert!(!is_chinese(&refusal.message_en) && refusal.message_en.contains(' '));
}

#[test]
fn bad_news_is_recorded() {
    let known = known();
    let before_the_start =
        json!({"amount": "5", "service_from_on": "2023-11-01", "service_to_on": "2023-11-30"});
    let without_a_line = json!({"amount": "5", "category": "banquets", "source": "self_raised"});
    let bad_news = [
        ("overspending", spent("2024-05-01", "999999999.99")),
        (
            "before the start",
            fact("2024-01-02", "expenditure_recorded", before_the_start),
        ),
        (
            "without a budget line",
            fact("2024-05-01", "expenditure_recorded", without_a_line),
        ),
        ("before anything was approved", spent("2019-05-01", "5")),
        ("a negative posting", spent("2024-05-01", "-5")),
        ("after the end", spent("2027-05-01", "5")),
        (
            "a cut below what was spent",
            fact(
                "2024-06-01",
                "budget_adjusted",
                json!({"amount": "-5000", "fiscal_year": 2024}),
            ),
        ),
        (
            "more refunded than spent",
            fact(
                "2024-06-01",
                "expenditure_refunded",
                json!({"refunds": id_of("E"), "amount": "50"}),
            ),
        ),
    ];
    for (what, submitted) in bad_news {
        assert_eq!(known.when(&submitted), Ok(()), "{what}");
    }
}

#[test]
fn what_others_published_keeps_its_precision_currency_and_dates() {
    let known = known();
    let odd = fact(
        "0204-05-01",
        "expenditure_recorded",
        json!({"amount": "0.0051", "currency": "QQQ"}),
    );
    assert_eq!(known.when(&odd.clone().imported()), Ok(()));
    assert!(known.when(&odd).is_err());
}

#[test]
fn a_unit_posts_to_its_own_project_and_only_there() {
    let known = known();
    assert_eq!(known.when(&spent("2024-05-01", "1").by_unit("U1")), Ok(()));
    assert_eq!(
        known
            .when(&spent("2024-05-01", "1").by_unit("U10"))
            .unwrap_err()
            .code,
        RefusalCode::NotYourProject
    );
}
