//! Funds, units, everything: sums first, then rates; a part is never added to its whole.

use karez_events::Currency;
use karez_projections::measures::{Census, census, fund_measures, overview, unit_measures};
use karez_projections::{Portfolio, RollUp};
use serde_json::{Value, json};

use crate::given::{Fact, Given, about, day, given, id_of, yuan};

fn of(project: &str, on: &str, kind: &str, data: Value) -> Fact {
    about(&format!("project/{project}"), on, kind, data)
}

fn approval(project: &str, more: &Value) -> Fact {
    let mut data = json!({"title": project, "unit": "U1"});
    data.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    of(project, "2024-01-01", "project_approved", data)
}

/// A project with a budget of 2024 and spending in it.
fn project(id: &str, more: &Value, budget: Option<&str>, spent: Option<&str>) -> Vec<Fact> {
    let budget = budget.map(|amount| {
        of(
            id,
            "2024-01-01",
            "budget_approved",
            json!({"fiscal_year": 2024, "lines": [{"amount": amount}]}),
        )
    });
    let spent = spent.map(|amount| {
        of(
            id,
            "2024-06-01",
            "expenditure_recorded",
            json!({"amount": amount}),
        )
    });
    [approval(id, more)]
        .into_iter()
        .chain(budget)
        .chain(spent)
        .collect()
}

fn everything(known: &Given, as_of: &str) -> RollUp {
    overview(&known.0, Currency::CNY, day(as_of))
}

fn printed(of: &RollUp, figure: &str) -> String {
    of.rate(figure)
        .unwrap()
        .percent()
        .map_or_else(|| "—".to_owned(), |percent| percent.to_string())
}

#[test]
fn f21_is_the_rate_of_the_sums_and_not_the_mean_of_the_rates() {
    let facts = [
        project("A", &json!({}), Some("1000000"), Some("1000000")),
        project("B", &json!({}), Some("100000"), None),
    ];
    let known = given(facts.concat());
    assert_eq!(printed(&everything(&known, "2024-12-31"), "F21"), "90.91");
    let unit = unit_measures(&known.0, &"U1".parse().unwrap(), Currency::CNY, day("2024-12-31"));
    assert_eq!((printed(&unit, "F21"), unit.projects), ("90.91".to_owned(), 2));
    assert_eq!(unit.deviation_pp().unwrap().to_string(), "-9.09");
}

#[test]
fn the_fund_s_rate_and_the_units_rate_stand_side_by_side() {
    let adjusted = json!({"amount": "100000", "fiscal_year": 2024, "effective_on": "2024-09-01"});
    let money = |kind, data| of("A", "2024-03-01", kind, data);
    let facts = [
        about(
            "fund/F",
            "2024-01-01",
            "fund_established",
            json!({"name": "Science"}),
        ),
        about(
            "fund/F",
            "2024-01-10",
            "appropriation_approved",
            json!({"amount": "900000", "fiscal_year": 2024}),
        ),
        about("fund/F", "2024-08-01", "appropriation_adjusted", adjusted),
        about(
            "fund/F",
            "2024-02-01",
            "quota_issued",
            json!({"quota_no": "Q", "amount": "1000000", "origin_budget_year": 2024, "project": "A"}),
        ),
        approval("A", &json!({"fund": "F"})),
        money("funds_disbursed", json!({"amount": "999900"})),
        money("funds_arrived", json!({"amount": "999900"})),
        of(
            "A",
            "2024-11-01",
            "expenditure_recorded",
            json!({"amount": "499950"}),
        ),
    ];
    let known = given(facts);
    let fund = fund_measures(&known.0, &"F".parse().unwrap(), Currency::CNY, day("2024-12-31"));
    let paid_over = fund.rate("F5").unwrap();
    assert_eq!(
        (
            printed(&fund, "F5"),
            paid_over.level.as_str(),
            paid_over.denominator_name
        ),
        ("99.99".to_owned(), "fund", "appropriation")
    );
    let spent = fund.rate("F3").unwrap();
    assert_eq!(
        (printed(&fund, "F3"), spent.level.as_str(), spent.denominator_name),
        ("50.00".to_owned(), "unit", "fiscal_arrived")
    );
    assert_eq!(
        (fund.amounts.issued, fund.amounts.appropriation_opening),
        (yuan("1000000"), yuan("900000"))
    );
    assert_eq!(everything(&known, "2024-12-31").rates, fund.rates);
    assert_eq!(
        everything(&known, "2024-08-31").amounts.appropriation,
        yuan("900000")
    );
}

#[test]
fn a_part_is_never_added_to_its_whole_whichever_has_the_figure() {
    let part = json!({"parent": "W"});
    let facts = [
        project("W", &json!({}), Some("100"), None),
        project("A", &part, Some("60"), Some("20")),
        project("B", &part, Some("50"), Some("30")),
        project("Z", &json!({"parent": "unknown"}), Some("7"), None),
    ];
    let all = everything(&given(facts.concat()), "2024-12-31");
    assert_eq!(
        (all.amounts.adjusted_budget, all.amounts.spent),
        (yuan("107"), yuan("50"))
    );
    assert_eq!(all.projects, 4);
}

#[test]
fn parents_that_run_in_a_circle_do_not_hang_and_are_counted_once() {
    let facts = [
        project("A", &json!({"parent": "B"}), Some("10"), None),
        project("B", &json!({"parent": "C"}), Some("20"), Some("3")),
        project("C", &json!({"parent": "A"}), None, Some("4")),
        project("D", &json!({"parent": "C"}), Some("1000"), None),
    ];
    // The circle is opened at A, whose part is then C, whose parts are B and D.
    let all = everything(&given(facts.concat()), "2024-12-31");
    assert_eq!(
        (all.amounts.adjusted_budget, all.amounts.spent),
        (yuan("10"), yuan("4"))
    );
    let fund = |id: &str, parent: &str| {
        about(
            &format!("fund/{id}"),
            "2024-01-01",
            "fund_established",
            json!({"name": id, "parent": parent}),
        )
    };
    let circle = given([fund("F", "G"), fund("G", "F")]);
    let of_fund = fund_measures(&circle.0, &"F".parse().unwrap(), Currency::CNY, day("2024-12-31"));
    assert_eq!(of_fund.amounts, everything(&circle, "2024-12-31").amounts);
}

#[test]
fn a_chain_of_ten_thousand_parents_is_added_up_without_recursion() {
    let facts =
        (1..10_000).map(|at| approval(&format!("{at:05}"), &json!({"parent": format!("{:05}", at - 1)})));
    let last = project("00000", &json!({}), None, None).into_iter().chain(facts);
    let spent = of(
        "09999",
        "2024-06-01",
        "expenditure_recorded",
        json!({"amount": "5"}),
    );
    assert_eq!(
        everything(&given(last.chain([spent])), "2024-12-31")
            .amounts
            .spent,
        yuan("5")
    );
}

#[test]
fn the_parts_of_a_fund_belong_to_it_and_its_own_budget_is_not_added_to_theirs() {
    let fund = |id: &str, parent: Option<&str>| {
        about(
            &format!("fund/{id}"),
            "2024-01-01",
            "fund_established",
            json!({"name": id, "parent": parent}),
        )
    };
    let appropriation = |id: &str, amount| {
        about(
            &format!("fund/{id}"),
            "2024-01-01",
            "appropriation_approved",
            json!({"amount": amount, "fiscal_year": 2024}),
        )
    };
    let facts = [
        vec![fund("F", None), fund("F1", Some("F")), fund("F2", Some("F"))],
        vec![
            appropriation("F", "100"),
            appropriation("F1", "60"),
            appropriation("F2", "70"),
        ],
        project("A", &json!({"fund": "F"}), Some("1"), None),
        project("B", &json!({"fund": "F2"}), Some("2"), None),
    ];
    let known = given(facts.concat());
    let amounts =
        |id: &str| fund_measures(&known.0, &id.parse().unwrap(), Currency::CNY, day("2024-12-31")).amounts;
    assert_eq!(
        (amounts("F").appropriation, amounts("F").adjusted_budget),
        (yuan("100"), yuan("3"))
    );
    assert_eq!(
        (amounts("F2").appropriation, amounts("F2").adjusted_budget),
        (yuan("70"), yuan("2"))
    );
    assert_eq!(
        everything(&known, "2024-12-31").amounts.appropriation,
        yuan("100")
    );
}

#[test]
fn spending_of_a_project_without_a_budget_marks_the_sum_s_rate() {
    let complete = project("A", &json!({}), Some("100"), Some("50"));
    let unbudgeted = project("B", &json!({}), None, Some("10"));
    let is_marked = |facts: Vec<Fact>| {
        everything(&given(facts), "2024-12-31")
            .rate("F21")
            .unwrap()
            .is_denominator_incomplete
    };
    assert!(!is_marked(complete.clone()));
    assert!(is_marked([complete, unbudgeted].concat()));
    let of_a_whole = [
        project("W", &json!({}), Some("100"), None),
        project("P", &json!({"parent": "W"}), None, Some("5")),
    ];
    assert!(
        !is_marked(of_a_whole.concat()),
        "the whole's budget covers its parts"
    );
}

#[test]
fn a_part_belongs_to_the_whole_that_its_last_approval_names() {
    let parts = |facts: &[Fact], whole: &str| -> Vec<String> {
        let known = given(facts.to_vec()).0;
        let whole = whole.parse().unwrap();
        known.parts_of(&whole).map(|part| part.id.to_string()).collect()
    };
    let mut facts = vec![
        approval("P", &json!({"parent": "A"})),
        approval("Q", &json!({"parent": "A"})),
    ];
    assert_eq!(parts(&facts, "A"), ["P", "Q"]);
    facts.push(approval("P", &json!({"parent": "B"})).named("moved"));
    assert_eq!(
        (parts(&facts, "A"), parts(&facts, "B")),
        (vec!["Q".to_owned()], vec!["P".to_owned()])
    );
    facts.push(approval("P", &json!({})).named("alone"));
    assert_eq!(parts(&facts, "B"), [""; 0]);
}

#[test]
fn a_sum_that_was_asked_for_loses_its_mark_with_the_spending_that_made_it() {
    let unbudgeted = project("B", &json!({}), None, Some("10"));
    let mut known = given([project("A", &json!({}), Some("100"), Some("50")), unbudgeted].concat()).0;
    let is_marked = |known: &Portfolio| {
        let sums = overview(known, Currency::CNY, day("2024-12-31"));
        sums.rate("F21").unwrap().is_denominator_incomplete
    };
    assert!(is_marked(&known));
    let taken_back = of(
        "B",
        "2024-06-01",
        "expenditure_recorded",
        json!({"amount": "-10"}),
    );
    known.apply(&taken_back.recorded(known.position() + 1));
    assert!(!is_marked(&known));
}

#[test]
fn the_benchmark_of_a_sum_is_weighted_by_when_the_budgets_came() {
    let late = of(
        "B",
        "2023-11-01",
        "budget_approved",
        json!({"fiscal_year": 2023, "lines": [{"amount": "60"}]}),
    );
    let early = of(
        "A",
        "2023-01-01",
        "budget_approved",
        json!({"fiscal_year": 2023, "lines": [{"amount": "100"}]}),
    );
    let all = everything(
        &given([approval("A", &json!({})), approval("B", &json!({})), early, late]),
        "2023-11-30",
    );
    assert_eq!(
        all.weighted_benchmark.unwrap().percent().unwrap().to_string(),
        "75.63"
    );
    assert_eq!(
        all.benchmark.unwrap().share.percent().unwrap().to_string(),
        "91.51"
    );
}

#[test]
fn each_currency_has_its_own_roll_up() {
    let dollars = of(
        "A",
        "2024-06-01",
        "expenditure_recorded",
        json!({"amount": "9", "currency": "USD"}),
    )
    .imported();
    let known = given(
        project("A", &json!({}), Some("100"), Some("50"))
            .into_iter()
            .chain([dollars]),
    );
    let in_dollars = overview(&known.0, "USD".parse().unwrap(), day("2024-12-31"));
    assert_eq!(
        (
            in_dollars.amounts.spent,
            everything(&known, "2024-12-31").amounts.spent
        ),
        (yuan("9"), yuan("50"))
    );
    assert_eq!(in_dollars.amounts.adjusted_budget, yuan("0"));
}

#[test]
fn the_months_of_a_year_add_up_to_what_was_spent_in_it_and_a_part_is_not_added_to_its_whole() {
    let part = json!({"parent": "A"});
    let facts = [
        project("A", &json!({}), Some("1000"), Some("300")),
        project("B", &part, Some("500"), Some("200.01")),
        project("C", &json!({}), Some("500"), Some("70")),
    ];
    let sums = everything(&given(facts.concat()), "2024-12-31");
    let months = sums.course.spent_by_month;
    assert_eq!(months[5], yuan("370"));
    assert_eq!(
        months.iter().sum::<rust_decimal::Decimal>(),
        sums.amounts.spent_year
    );
    assert_eq!(sums.course.last_spent_on, Some(day("2024-06-01")));
    let facts = [
        project("A", &json!({}), Some("1000"), None),
        project("B", &part, None, Some("200.01")),
    ];
    let sums = everything(&given(facts.concat()), "2024-12-31");
    assert_eq!(sums.course.spent_by_month[5], yuan("200.01"));
    assert_eq!(sums.amounts.spent_year, yuan("200.01"));
}

#[test]
fn a_project_counts_in_the_currency_of_its_approval_and_in_those_it_spends() {
    let euros = json!({"amount": "5", "currency": "EUR"});
    let known = given([
        approval("P1", &json!({})),
        of("P1", "2024-06-01", "expenditure_recorded", euros),
    ]);
    let counted = |currency: &str| overview(&known.0, currency.parse().unwrap(), day("2024-12-31")).projects;
    assert_eq!([counted("CNY"), counted("EUR"), counted("USD")], [1, 1, 0]);
}

fn spent(amount: &str, currency: &str, on: &str) -> Fact {
    of(
        "P1",
        on,
        "expenditure_recorded",
        json!({"amount": amount, "currency": currency}),
    )
}

/// Asks after each fact, as dashboards do, and gives what is said at last and what a portfolio that was never asked says.
fn asked_after_each(facts: &[Fact], currency: &str) -> [(RollUp, Census); 2] {
    let (currency, on) = (currency.parse().unwrap(), day("2024-12-31"));
    let ask = |portfolio: &Portfolio| (overview(portfolio, currency, on), census(portfolio, on));
    let mut portfolio = Portfolio::default();
    let mut said = ask(&portfolio);
    for (position, fact) in (1..).zip(facts) {
        portfolio.apply(&fact.recorded(position));
        said = ask(&portfolio);
    }
    [said, ask(&portfolio.clone())]
}

#[test]
fn the_last_posting_of_all_that_is_withdrawn_is_no_longer_the_last() {
    let withdrawn = json!({"withdraws": id_of("june")});
    let facts = [
        approval("P1", &json!({})),
        spent("5", "CNY", "2024-05-01"),
        spent("6", "CNY", "2024-06-01").named("june"),
        of("P1", "2024-07-01", "fact_withdrawn", withdrawn),
    ];
    let [asked, fresh] = asked_after_each(&facts, "CNY");
    assert_eq!(asked, fresh);
    assert_eq!(asked.0.course.last_spent_on, Some(day("2024-05-01")));
}

#[test]
fn a_project_that_begins_to_use_the_currency_of_its_approval_brings_it() {
    let facts = [
        approval("P1", &json!({"currency": "USD"})),
        spent("5", "CNY", "2024-05-01"),
        spent("6", "USD", "2024-06-01"),
    ];
    let [asked, fresh] = asked_after_each(&facts, "USD");
    assert_eq!(asked, fresh);
    assert!(asked.1.currencies.contains(&"USD".parse().unwrap()));
}
