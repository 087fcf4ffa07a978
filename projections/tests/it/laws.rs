//! Laws that hold for every history.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate};
use karez_events::{Currency, FundId};
use karez_projections::measures::{
    Basis, Brief, Course, KeyOf, Order, OrderOf, Outcome, Place, SortKey, amounts, catch_up, catch_up_orders,
    census, fund_measures, measures, overview, read_order, with_parts,
};
use karez_projections::{Amounts, PaperShelf, Portfolio, Project};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::given::{Fact, about, day, fact, given, id_of, spent};

const CATEGORIES: [&str; 3] = ["equipment", "labour", "travel"];
const SOURCES: [&str; 4] = ["fiscal_current", "fiscal_carryover", "self_raised", "other"];

fn a_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..730).prop_map(|days| day("2024-01-01") + Days::new(days))
}

fn an_amount() -> impl Strategy<Value = String> {
    (1_i64..1_000_000_000).prop_map(|fen| Decimal::new(fen, 2).to_string())
}

fn dated(on: NaiveDate, kind: &str, data: Value) -> Fact {
    fact(&on.to_string(), kind, data)
}

/// A posting of project P1: money in, money out, promises, budgets; each with a positive amount.
fn a_posting() -> impl Strategy<Value = Fact> {
    let picks = (0_usize..7, 0_usize..CATEGORIES.len(), 0_usize..SOURCES.len());
    (a_day(), an_amount(), picks).prop_map(|(on, amount, (kind, category, source))| {
        let (category, source) = (CATEGORIES[category], SOURCES[source]);
        let money = json!({"amount": amount, "source": source});
        match kind {
            0 => dated(on, "funds_disbursed", money),
            1 | 2 => dated(on, "funds_arrived", money),
            3 => dated(
                on,
                "commitment_signed",
                json!({"amount": amount, "source": source, "category": category}),
            ),
            4 => dated(
                on,
                "budget_adjusted",
                json!({"amount": amount, "source": source, "category": category, "fiscal_year": 2024}),
            ),
            _ => dated(
                on,
                "expenditure_recorded",
                json!({"amount": amount, "source": source, "category": category}),
            ),
        }
    })
}

/// Something else that happens to P1; corrections name postings "E0" to "E9", which may not exist.
fn a_happening() -> impl Strategy<Value = Fact> {
    let others = (a_day(), an_amount(), 0_usize..10, 0_usize..10).prop_map(|(on, amount, kind, which)| {
        let named = format!("E{which}");
        let posting = id_of(&named);
        match kind {
            0 => dated(
                on,
                "expenditure_recorded",
                json!({
                    "amount": amount, "category": "labour", "voucher_no": "", "line_no": 2,
                    "invoice_no": format!("a \"b\" 发票{}", which % 4),
                    "payee": {"name": "张\t三"}, "purpose": "咨询", "tags": ["购置"], "person_days": "1.5", "old_category": "劳务费",
                }),
            )
            .named(&named),
            1 => dated(on, "expenditure_reversed", json!({"reverses": posting})),
            2 => dated(
                on,
                "expenditure_refunded",
                json!({"refunds": posting, "amount": amount}),
            ),
            3 => dated(
                on,
                "expenditure_reclassified",
                json!({"reclassifies": posting, "to_source": "self_raised"}),
            ),
            4 => dated(on, "fact_withdrawn", json!({"withdraws": posting})),
            5 => dated(on, "project_suspended", json!({})),
            6 => dated(on, "project_resumed", json!({})),
            7 => dated(on, "funds_recovered", json!({"amount": amount})),
            8 => dated(on, "project_extended", json!({"end_on": "2027-12-31"})),
            _ => about(
                "fund/F",
                &on.to_string(),
                "quota_issued",
                json!({"quota_no": "Q", "amount": amount, "origin_budget_year": 2024, "project": "P1"}),
            ),
        }
    });
    prop_oneof![a_posting(), others]
}

fn beginning() -> Vec<Fact> {
    let lines = CATEGORIES.map(|category| json!({"category": category, "amount": "50000.00"}));
    vec![
        about(
            "fund/F",
            "2024-01-01",
            "fund_established",
            json!({"name": "Science"}),
        ),
        fact(
            "2024-01-01",
            "project_approved",
            json!({"title": "t", "unit": "U1", "fund": "F"}),
        ),
        fact(
            "2024-01-01",
            "contract_signed",
            json!({"start_on": "2024-03-01", "end_on": "2025-12-31"}),
        ),
        fact(
            "2024-01-01",
            "budget_approved",
            json!({"fiscal_year": 2024, "lines": lines}),
        ),
    ]
}

fn a_history(of: impl Strategy<Value = Fact>) -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(of, 0..40).prop_map(|rest| beginning().into_iter().chain(rest).collect())
}

fn fold(facts: &[Fact], first_position: u64, mut portfolio: Portfolio) -> Portfolio {
    for (position, fact) in (first_position..).zip(facts) {
        portfolio.apply(&fact.recorded(position));
    }
    portfolio
}

fn of_project(project: &Project, as_of: NaiveDate) -> Amounts {
    amounts(project, Currency::CNY, as_of)
}

fn at(facts: impl IntoIterator<Item = Fact>, as_of: NaiveDate) -> Amounts {
    of_project(given(facts).project(), as_of)
}

/// Papers name projects by their numbers: in another order they would name others.
#[test]
fn projects_are_given_back_in_the_order_in_which_they_became_known_or_refused() {
    let one_of = |id| spent("2024-03-01", "1").of_project(id);
    let known = given([one_of("P2"), one_of("P1")]).0;
    let by_number: Vec<Project> = known.projects_by_number().cloned().collect();
    let by_id: Vec<Project> = known.projects().cloned().collect();
    let with = |projects| Portfolio::default().with(projects, []);
    assert_eq!(
        with(by_number.clone()).unwrap().projects().collect::<Vec<_>>(),
        by_id.iter().collect::<Vec<_>>()
    );
    assert_eq!(with(by_id).unwrap_err().id.as_str(), "P1");
    assert_eq!(
        with([by_number.clone(), by_number].concat()).unwrap_err().place,
        2
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_snapshot_and_the_tail_give_what_the_whole_gives(facts in a_history(a_happening()), cut in 0_usize..44) {
        let (head, tail) = facts.split_at(cut.min(facts.len()));
        let whole = fold(&facts, 1, Portfolio::default());
        let next = u64::try_from(head.len()).unwrap() + 1;
        let snapshot = fold(head, 1, Portfolio::default());
        let projects: Vec<&Project> = snapshot.projects_by_number().collect();
        let papers: Vec<&PaperShelf> = snapshot.papers().collect();
        let json: Portfolio = serde_json::from_slice(&serde_json::to_vec(&snapshot).unwrap()).unwrap();
        let json_projects: Vec<Project> = serde_json::from_slice(&serde_json::to_vec(&projects).unwrap()).unwrap();
        let json_papers: Vec<PaperShelf> = serde_json::from_slice(&serde_json::to_vec(&papers).unwrap()).unwrap();
        // Absent fields are left out, so that only the form with field names reads back.
        let packed: Portfolio = rmp_serde::from_slice(&rmp_serde::to_vec_named(&snapshot).unwrap()).unwrap();
        let packed_projects: Vec<Project> = rmp_serde::from_slice(&rmp_serde::to_vec_named(&projects).unwrap()).unwrap();
        let packed_papers: Vec<PaperShelf> = rmp_serde::from_slice(&rmp_serde::to_vec_named(&papers).unwrap()).unwrap();
        prop_assert_eq!(&fold(tail, next, json.with(json_projects, json_papers).unwrap()), &whole);
        prop_assert_eq!(&fold(tail, next, packed.with(packed_projects, packed_papers).unwrap()), &whole);
        prop_assert_eq!(&fold(tail, next, snapshot), &whole);
    }

    #[test]
    fn amounts_of_two_projects_add_up_to_those_of_both(one in a_history(a_posting()), two in a_history(a_posting()), as_of in a_day()) {
        let in_second = two.iter().map(|fact| fact.clone().of_project("P2"));
        let both = given(one.iter().cloned().chain(in_second));
        let sum = at(one, as_of).plus(&at(two, as_of));
        prop_assert_eq!(overview(&both.0, Currency::CNY, as_of).amounts, sum);
    }

    #[test]
    fn reallocations_conserve_the_total(
        facts in a_history(a_posting()),
        moves in prop::collection::vec((a_day(), an_amount(), 0_usize..3, 0_usize..3), 1..8),
        as_of in a_day(),
    ) {
        let moved = moves.iter().map(|(on, amount, from, to)| {
            let data = json!({"amount": amount, "fiscal_year": 2024, "from_category": CATEGORIES[*from], "to_category": CATEGORIES[*to]});
            dated(*on, "budget_reallocated", data)
        });
        let with = given(facts.iter().cloned().chain(moved));
        let before = at(facts.clone(), as_of);
        let after = measures(with.project(), Currency::CNY, as_of);
        prop_assert_eq!(after.amounts, before);
        if after.basis == Basis::Year && as_of < day("2025-01-01") {
            let lines: Decimal = after.lines.iter().map(|line| line.budget).sum();
            prop_assert_eq!(lines, before.adjusted_budget);
        }
    }

    #[test]
    fn a_reversal_leaves_nothing_behind(facts in a_history(a_posting()), on in a_day(), amount in an_amount(), moves in any::<bool>()) {
        let as_of = day("2026-12-31");
        let before = measures(given(facts.clone()).project(), Currency::CNY, as_of);
        let posted = dated(on, "expenditure_recorded", json!({"amount": amount, "category": "labour"})).named("E");
        let moved = dated(on, "expenditure_reclassified", json!({"reclassifies": id_of("E"), "to_category": "travel"}));
        let reversed = dated(day("2026-05-01"), "expenditure_reversed", json!({"reverses": id_of("E")}));
        let corrected = [posted].into_iter().chain(moves.then_some(moved)).chain([reversed]);
        let after = measures(given(facts.into_iter().chain(corrected)).project(), Currency::CNY, as_of);
        prop_assert_eq!(after.amounts, before.amounts);
        prop_assert_eq!(after.lines.iter().map(|line| line.spent).collect::<Vec<_>>(), before.lines.iter().map(|line| line.spent).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_within_a_day_does_not_change_the_day_s_amounts(facts in a_history(a_posting()), seed in any::<u64>(), as_of in a_day()) {
        let mut shuffled: Vec<(NaiveDate, u64, Fact)> = facts
            .iter()
            .zip(0_u64..)
            .map(|(fact, place)| (fact.on(), (place ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15), fact.clone()))
            .collect();
        shuffled.sort_by_key(|(on, place, _)| (*on, *place));
        let mut in_order = facts.clone();
        in_order.sort_by_key(Fact::on);
        // The beginning names fund and project and stays in front.
        let shuffled = beginning().into_iter().chain(shuffled.into_iter().map(|(_, _, fact)| fact));
        let in_order = beginning().into_iter().chain(in_order);
        prop_assert_eq!(at(shuffled, as_of), at(in_order, as_of));
    }

    #[test]
    fn without_corrections_amounts_only_grow(facts in a_history(a_posting()), first in a_day(), second in a_day()) {
        let known = given(facts);
        let (earlier, later) = (first.min(second), first.max(second));
        let (before, after) = (of_project(known.project(), earlier), of_project(known.project(), later));
        let growing = |of: Amounts| [of.disbursed, of.arrived, of.spent, of.spent_pre_start, of.committed_open, of.life_budget];
        prop_assert!(growing(before).iter().zip(growing(after)).all(|(before, after)| *before <= after));
    }

    #[test]
    fn lines_tranches_and_curve_say_what_the_amounts_say(facts in a_history(a_happening()), as_of in a_day()) {
        let known = given(facts);
        let found = measures(known.project(), Currency::CNY, as_of);
        let spent: Decimal = found.lines.iter().map(|line| line.spent).sum();
        prop_assert_eq!(spent, if found.basis == Basis::Year { found.amounts.spent_year } else { found.amounts.spent });
        prop_assert_eq!(found.curve.balance_on(as_of), found.amounts.idle());
        prop_assert_eq!(found.pre_start.total(), found.amounts.spent_pre_start);
        if !found.tranches.is_empty() {
            let balances: Decimal = found.tranches.iter().map(|tranche| tranche.balance).sum();
            prop_assert_eq!(balances, found.amounts.idle());
        }
        prop_assert_eq!(found.idle.is_some(), found.amounts.idle() > Decimal::ZERO);
    }

    #[test]
    fn a_project_s_changes_reach_no_other_project(facts in a_history(a_happening()), as_of in a_day()) {
        let second = beginning().into_iter().skip(1).map(|fact| fact.of_project("P2"));
        let alone = given(beginning().into_iter().take(1).chain(second.clone()));
        let beside = given(facts.into_iter().chain(second));
        let amounts_of = |known: &crate::given::Given| of_project(known.0.project(&"P2".parse().unwrap()).unwrap(), as_of);
        prop_assert_eq!(amounts_of(&alone), amounts_of(&beside));
    }

    #[test]
    fn what_was_kept_is_what_a_portfolio_that_was_never_asked_says(
        facts in a_history(prop_oneof![a_happening(), a_part(), a_change_of_course()]),
        days in prop::collection::vec(a_day(), 1..5),
        asked_every in 1_usize..4,
    ) {
        let (euro, fund) = ("EUR".parse().unwrap(), "F".parse().unwrap());
        let mut asked = Portfolio::default();
        for (position, fact) in (1..).zip(&facts) {
            asked.apply(&fact.recorded(position));
            if !position.is_multiple_of(asked_every as u64) {
                continue;
            }
            // A copy has kept nothing.
            let fresh = asked.clone();
            for day in &days {
                // Some of what has changed, or all, is taken in before somebody asks.
                while catch_up(&asked, *day, 1) && asked_every > 1 {}
                while catch_up_orders(&asked, *day, 1) && asked_every > 1 {}
            }
            for (day, currency) in days.iter().flat_map(|day| [(*day, Currency::CNY), (*day, euro)]) {
                prop_assert_eq!(overview(&asked, currency, day), overview(&fresh, currency, day));
                prop_assert_eq!(fund_measures(&asked, &fund, currency, day), fund_measures(&fresh, &fund, currency, day));
                prop_assert_eq!(census(&asked, day), census(&fresh, day));
                prop_assert_eq!(by_amount_spent(&asked, currency, day), by_amount_spent(&fresh, currency, day));
                prop_assert_eq!(by_unit(&asked, day), by_unit(&fresh, day));
                for (kept, anew) in asked.projects().zip(fresh.projects()) {
                    let brief = Brief::of(kept, day);
                    prop_assert_eq!(*brief.amounts(currency), amounts(anew, currency, day));
                    prop_assert_eq!(brief.course(currency).cloned().unwrap_or_default(), Course::of(anew, currency, day));
                    let anew_measured = measures(anew, currency, day).figures;
                    prop_assert_eq!(brief.outcome(kept, currency), Outcome::from(&anew_measured));
                    prop_assert_eq!(brief.figures(kept, currency), anew_measured);
                    prop_assert_eq!((brief.state, brief.is_known, brief.is_approved), (anew.state(day), anew.is_known_by(day), anew.is_approved_by(day)));
                }
                prop_assert_eq!(kept_currencies(&asked), kept_currencies(&fresh));
            }
        }
    }
}

/// Those that have spent anything, the largest first.
fn by_amount_spent(portfolio: &Portfolio, currency: Currency, as_of: NaiveDate) -> Vec<Place> {
    let of = OrderOf {
        name: currency.to_string(),
        descending: true,
        as_of,
    };
    let key = KeyOf::new(move |_, _, brief| {
        let spent = brief.amounts(currency).spent;
        (!spent.is_zero()).then_some(SortKey::Figure(Some(spent)))
    });
    let places = |order: &Order| order.places().iter().cloned().collect();
    read_order(portfolio, &of, key, places)
}

/// Those that a fund or its parts pay, by the name of their unit.
fn by_unit(portfolio: &Portfolio, as_of: NaiveDate) -> Vec<Place> {
    let of = OrderOf {
        name: "unit".to_owned(),
        descending: false,
        as_of,
    };
    let fund = "F".parse().unwrap();
    let funds: BTreeSet<FundId> = with_parts(portfolio, &fund).into_iter().cloned().collect();
    let key = KeyOf::new(move |portfolio, project, _| {
        let unit = portfolio.unit(project.unit()?)?;
        let is_paid = project.fund().is_some_and(|fund| funds.contains(fund));
        is_paid.then(|| SortKey::Text(format!("{} {:?}", unit.id, unit.name).into()))
    });
    read_order(portfolio, &of, key, |order| {
        order.places().iter().cloned().collect()
    })
}

fn kept_currencies(portfolio: &Portfolio) -> Vec<Vec<Currency>> {
    portfolio
        .projects()
        .map(|project| project.currencies().to_vec())
        .collect()
}

/// Something that happens to P2, which is a part of P1.
fn a_part() -> impl Strategy<Value = Fact> {
    let part = json!({"title": "part", "unit": "U1", "fund": "F", "parent": "P1"});
    let approved = move |on| dated(on, "project_approved", part.clone()).of_project("P2");
    prop_oneof![
        a_day().prop_map(approved),
        a_posting().prop_map(|fact| fact.of_project("P2"))
    ]
}

/// What changes figures of days before it, or brings a currency that was not there.
fn a_change_of_course() -> impl Strategy<Value = Fact> {
    (a_day(), an_amount(), 0_usize..11).prop_map(|(on, amount, kind)| match kind {
        0 => dated(on, "expenditure_recorded", json!({"amount": amount, "currency": "EUR"})),
        8 => dated(on, "project_approved", json!({"title": "t", "unit": "U1", "unit_name": amount, "kind": "award"})),
        5 => dated(on, "expenditure_recorded", json!({"amount": amount, "service_from_on": "2024-02-10", "service_to_on": "2024-03-19"})),
        1 => dated(on, "contract_signed", json!({"start_on": "2024-06-01", "end_on": "2025-06-30", "planned_self_raised": amount, "currency": "EUR"})),
        2 => dated(on, "project_started", json!({})),
        3 => dated(on, "carryover_confirmed", json!({"amount": amount, "origin_budget_year": 2024, "into_year": 2025, "currency": "EUR"})),
        4 => dated(on, "project_approved", json!({"title": "t", "unit": "U2", "unit_name": amount, "fund": if on.day() > 15 { "F1" } else { "F" }})),
        6 => about("fund/F1", &on.to_string(), "fund_established", json!({"name": "part", "parent": "F"})),
        7 => dated(on, "project_approved", json!({"title": "t", "unit": "U1", "unit_name": amount})).of_project("P3"),
        _ => about("fund/F", &on.to_string(), "appropriation_approved", json!({"fiscal_year": 2024, "amount": amount})),
    })
}
