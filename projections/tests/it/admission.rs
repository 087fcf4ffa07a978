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
        approved("2024-01-01").named("approval"),
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
        fact(
            "2024-03-03",
            "commitment_signed",
            json!({"amount": "100", "commitment_no": "C1"}),
        ),
        about("warning/W1", "2024-03-04", "warning_raised", raised()),
        about("warning/W2", "2024-03-04", "warning_raised", raised()),
        about("warning/W2", "2024-03-05", "warning_lifted", lifted()),
        about("calendar", "2024-03-06", "rules_proposed", proposed("li")).named("open"),
        about("calendar", "2024-03-06", "rules_proposed", proposed("li")).named("taken back"),
        about(
            "calendar",
            "2024-03-07",
            "rules_proposal_withdrawn",
            json!({"proposal": id_of("taken back"), "cause": "another follows"}),
        ),
    ])
}

fn raised() -> Value {
    json!({
        "rule": "idle_funds", "rule_version": 1, "thresholds_hash": "", "project": "P1", "episode": 1, "level": "red",
        "as_of": "2024-03-04", "known_at_position": 1, "sentence_zh": "句子", "sentence_en": "a sentence",
    })
}

fn lifted() -> Value {
    json!({"cause": "gone", "as_of": "2024-03-05"})
}

fn moved(amount: &str) -> Fact {
    let data = json!({"reclassifies": id_of("E"), "amount": amount, "to_source": "self_raised"});
    fact("2024-05-01", "expenditure_reclassified", data)
}

fn released(commitment_no: &str, amount: &str) -> Fact {
    let data = json!({"commitment_no": commitment_no, "amount": amount});
    fact("2024-05-01", "commitment_released", data)
}

fn reallocated(from_category: &str) -> Fact {
    let data =
        json!({"amount": "5", "fiscal_year": 2024, "from_category": from_category, "to_category": "b"});
    fact("2024-05-01", "budget_reallocated", data)
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

fn withdrawn(name: &str) -> Fact {
    fact("2024-05-01", "fact_withdrawn", json!({"withdraws": id_of(name)}))
}

fn proposed(author: &str) -> Value {
    json!({"content_hash": "ab", "author": author, "rules": "off = []"})
}

fn published(author: &str, publisher: &str, more: &Value) -> Fact {
    let mut data =
        json!({"content_hash": "ab", "author": author, "publisher": publisher, "rules": "off = []"});
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    about("calendar", "2024-05-01", "rules_published", data)
}

fn silence(data: Value) -> Fact {
    about("calendar", "2024-05-01", "warnings_silenced", data)
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
#[case::moved_more_than_was_spent(RefusalCode::ExceedsOriginal, "/data/amount", moved("10.01"))]
#[case::moved_the_other_way(RefusalCode::ExceedsOriginal, "/data/amount", moved("-1"))]
#[case::moved_too_precisely(RefusalCode::WrongPrecision, "/data/amount", moved("0.001"))]
#[case::refund_of_a_reversed_posting(RefusalCode::AlreadyReversed, "/data/refunds", fact("2024-05-01", "expenditure_refunded", json!({"amount": "1", "refunds": id_of("reversed")})))]
#[case::reversed_before_it_was_spent(RefusalCode::BeforeOriginal, "/occurred_on", fact("2024-02-29", "expenditure_reversed", json!({"reverses": id_of("E")})))]
#[case::release_of_no_commitment(RefusalCode::NothingToCorrect, "/data/commitment_no", released("C9", "1"))]
#[case::release_of_more_than_was_promised(
    RefusalCode::ExceedsOriginal,
    "/data/amount",
    released("C1", "100.01")
)]
#[case::reallocation_from_no_line(
    RefusalCode::NothingToCorrect,
    "/data/from_category",
    reallocated("banquets")
)]
#[case::withdrawn_by_a_unit(RefusalCode::NothingToCorrect, "/data/withdraws", withdrawn("E"))]
#[case::withdrawn_approval(RefusalCode::NothingToCorrect, "/data/withdraws", withdrawn("approval").imported())]
#[case::too_large(RefusalCode::TooLarge, "/data/amount", with_amount("1000000000000000", "CNY"))]
#[case::too_large_a_promise(RefusalCode::TooLarge, "/data/planned_self_raised", fact("2024-05-01", "contract_signed", json!({"start_on": "2024-01-01", "end_on": "2024-12-31", "planned_self_raised": "1000000000000000"})))]
#[case::too_large_for_anybody(RefusalCode::TooLarge, "/data/amount", with_amount("1000000000000000000", "CNY").imported())]
#[case::another_currency_in_the_middle(RefusalCode::WrongCurrency, "/data/currency", approval(&json!({"currency": "USD"})))]
#[case::warning_ended(RefusalCode::WarningEnded, "/stream", about("warning/W2", "2024-05-01", "warning_acknowledged", json!({})))]
#[case::not_for_units(RefusalCode::NotForUnits, "/type", about("warning/W1", "2024-05-01", "warning_lifted", lifted()).by_unit("U1"))]
#[case::lifted_without_a_word(RefusalCode::WordsMissing, "/data/cause", about("warning/W1", "2024-05-01", "warning_lifted", json!({"cause": " ", "as_of": "2024-05-01"})))]
#[case::answered_without_a_word(RefusalCode::WordsMissing, "/data/text", about("warning/W1", "2024-05-01", "warning_answered", json!({})).by_unit("U1"))]
#[case::ordered_nothing(RefusalCode::WordsMissing, "/data/items", about("warning/W1", "2024-05-01", "rectification_ordered", json!({"items": [], "due_on": "2024-06-01"})))]
#[case::reported_on_no_order(RefusalCode::NothingToCorrect, "/stream", about("warning/W1", "2024-05-01", "rectification_reported", json!({"text": "done"})))]
#[case::silence_of_everything(RefusalCode::TooBroad, "/data", silence(json!({"until_on": "2024-05-02", "cause": "quiet"})))]
#[case::silence_of_two_months(RefusalCode::TooBroad, "/data/until_on", silence(json!({"rule": "late_entry", "until_on": "2024-06-30", "cause": "quiet"})))]
#[case::silence_that_is_over(RefusalCode::PeriodReversed, "/data/until_on", silence(json!({"rule": "late_entry", "until_on": "2024-04-30", "cause": "quiet"})))]
#[case::silence_without_a_word(RefusalCode::WordsMissing, "/data/cause", silence(json!({"rule": "late_entry", "until_on": "2024-05-02", "cause": ""})))]
#[case::rules_of_one_person(RefusalCode::SamePerson, "/data/publisher", published("li", " li", &json!({})))]
#[case::rules_of_nobody(RefusalCode::SamePerson, "/data/publisher", published(" ", "li", &json!({})))]
#[case::rules_that_were_taken_back(RefusalCode::NothingToCorrect, "/data/proposal", published("li", "wang", &json!({"proposal": id_of("taken back")})))]
#[case::rules_that_nobody_proposed(RefusalCode::NothingToCorrect, "/data/proposal", published("li", "wang", &json!({"proposal": id_of("nothing")})))]
#[case::other_rules_than_proposed(RefusalCode::Malformed, "/data/rules", published("li", "wang", &json!({"proposal": id_of("open"), "rules": "off = [\"ST\"]"})))]
#[case::rules_of_another_author(RefusalCode::Malformed, "/data/rules", published("zhao", "wang", &json!({"proposal": id_of("open")})))]
#[case::proposal_without_a_reason(
    RefusalCode::WordsMissing,
    "/metadata/reason",
    about("calendar", "2024-05-01", "rules_proposed", proposed("li"))
)]
#[case::proposal_of_nobody(
    RefusalCode::Malformed,
    "/data/author",
    about("calendar", "2024-05-01", "rules_proposed", proposed(""))
)]
#[case::withdrawal_without_a_word(RefusalCode::WordsMissing, "/data/cause", about("calendar", "2024-05-01", "rules_proposal_withdrawn", json!({"proposal": id_of("open"), "cause": " "})))]
#[case::end_of_no_silence(RefusalCode::NothingToCorrect, "/data/silence", about("calendar", "2024-05-01", "silence_ended", json!({"silence": id_of("nothing"), "cause": "over"})))]
#[case::another_units_warning(RefusalCode::NotYourProject, "/stream", about("warning/W1", "2024-05-01", "warning_answered", json!({})).by_unit("U2"))]
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

#[test]
fn what_a_publisher_may_withdraw_is_gone_afterwards() {
    let stated = [
        ("spent", spent("2024-03-01", "10")),
        ("budget", budget("2024-01-20", 2024, "1000")),
        ("contract", contract("2024-02-01", "2025-01-31")),
        ("started", fact("2024-02-01", "project_started", json!({}))),
        (
            "plan",
            fact(
                "2024-02-01",
                "cash_plan_approved",
                json!({"payments": [{"amount": "5"}]}),
            ),
        ),
        (
            "carried",
            fact(
                "2024-12-31",
                "carryover_confirmed",
                json!({"amount": "5", "origin_budget_year": 2024, "into_year": 2025}),
            ),
        ),
    ];
    for (name, stated) in stated {
        let approval = approved("2024-01-01").imported();
        let stated = stated.named(name).imported();
        let withdrawal = withdrawn(name).imported();
        let before = given([approval.clone(), stated.clone()]);
        assert_eq!(before.when(&withdrawal), Ok(()), "{name}");
        let after = given([approval, stated, withdrawal.clone()]);
        assert!(after.when(&withdrawal).is_err(), "{name} is withdrawn once");
    }
}

#[test]
fn a_unit_answers_the_warnings_about_its_projects() {
    let answer = about(
        "warning/W1",
        "2024-05-01",
        "warning_answered",
        json!({"text": "late invoice"}),
    );
    assert_eq!(known().when(&answer.by_unit("U1")), Ok(()));
}
