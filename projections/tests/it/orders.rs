//! Orders that are kept, and corrected before somebody asks.

use karez_events::ProjectId;
use karez_projections::Portfolio;
use karez_projections::measures::{KeyOf, Order, OrderOf, SortKey, catch_up_orders, read_order};
use rstest::rstest;
use rust_decimal::Decimal;
use serde_json::json;

use crate::given::{day, fact};

const PROJECTS: u64 = 12;
const TODAY: &str = "2024-06-30";

/// Each has spent as many yuan as its number.
fn projects(count: u64) -> Portfolio {
    let mut portfolio = Portfolio::default();
    for number in 1..=count {
        let position = number * 2;
        let approved = json!({"title": "t", "unit": "U1"});
        let approved = fact("2024-01-01", "project_approved", approved).of_project(&id(number));
        portfolio.apply(&approved.recorded(position - 1));
        spend(&mut portfolio, number, number, position);
    }
    portfolio
}

fn twelve_projects() -> Portfolio {
    projects(PROJECTS)
}

fn spend(portfolio: &mut Portfolio, project: u64, yuan: u64, position: u64) {
    let spent = json!({"amount": format!("{yuan}.00")});
    let spent = fact("2024-02-01", "expenditure_recorded", spent).of_project(&id(project));
    portfolio.apply(&spent.recorded(position));
}

fn id(number: u64) -> String {
    format!("P{number:02}")
}

/// Those that have spent at least so many yuan, the largest first.
fn from(portfolio: &Portfolio, yuan: u64) -> Vec<ProjectId> {
    listed(portfolio, (yuan, u64::MAX), true)
}

/// Those that have spent so many yuan.
fn listed(portfolio: &Portfolio, (least, most): (u64, u64), descending: bool) -> Vec<ProjectId> {
    let of = OrderOf {
        name: format!("{least} to {most}"),
        descending,
        as_of: day(TODAY),
    };
    let key = KeyOf::new(move |_, project, brief| {
        let spent = brief.amounts(project.currency()).spent;
        let is_listed = (Decimal::from(least)..=Decimal::from(most)).contains(&spent);
        is_listed.then_some(SortKey::Figure(Some(spent)))
    });
    let ids = |order: &Order| order.places().iter().map(|place| place.id.clone()).collect();
    read_order(portfolio, &of, key, ids)
}

#[rstest]
#[case::all(1)]
#[case::one(12)]
#[case::none(1_000)]
fn what_has_changed_is_moved_before_somebody_asks_however_few_are_in_the_order(#[case] from_yuan: u64) {
    let mut portfolio = twelve_projects();
    from(&portfolio, from_yuan);
    assert!(!catch_up_orders(&portfolio, day(TODAY), 1), "nothing has changed");
    spend(&mut portfolio, 3, 100, 100);
    spend(&mut portfolio, 5, 1_000, 101);
    assert!(catch_up_orders(&portfolio, day(TODAY), 1), "one of two is moved");
    assert!(catch_up_orders(&portfolio, day(TODAY), 1), "so is the other");
    assert!(!catch_up_orders(&portfolio, day(TODAY), 1), "nothing is left");
    assert_eq!(from(&portfolio, from_yuan), from(&portfolio.clone(), from_yuan));
}

#[test]
fn what_was_not_moved_yet_is_moved_for_whoever_asks() {
    let mut portfolio = twelve_projects();
    from(&portfolio, 1);
    spend(&mut portfolio, 3, 100, 100);
    let first = from(&portfolio, 1);
    assert_eq!(first.first().map(ProjectId::as_str), Some("P03"));
    assert_eq!(first, from(&portfolio.clone(), 1));
}

#[test]
fn an_order_that_nobody_reads_is_left_alone_in_the_end_and_right_when_it_is_read() {
    let mut portfolio = twelve_projects();
    from(&portfolio, 1);
    let mut moved = 0;
    for position in 100..100 + PROJECTS * 20 {
        spend(&mut portfolio, position % PROJECTS + 1, position, position);
        moved += u64::from(catch_up_orders(&portfolio, day(TODAY), 1));
    }
    assert_eq!(moved, PROJECTS * 10);
    assert_eq!(from(&portfolio, 1), from(&portfolio.clone(), 1));
    // Somebody reads it again.
    spend(&mut portfolio, 1, 1, 1_000);
    assert!(catch_up_orders(&portfolio, day(TODAY), 1));
}

/// They come, go, pass each other and meet at the same sum.
#[rstest]
fn few_and_many_are_moved_to_where_an_order_made_anew_has_them(
    #[values(1, 2, 3, 20, 40)] changed: u64,
    #[values(1, 7)] apart: u64,
    #[values(true, false)] descending: bool,
) {
    let lists = |portfolio: &Portfolio| {
        let listed = |range| listed(portfolio, range, descending);
        [listed((1, u64::MAX)), listed((20, 45)), listed((1, 30))]
    };
    let mut portfolio = projects(40);
    lists(&portfolio);
    for round in 0..3 {
        for turn in 0..changed {
            let (project, position) = (turn * apart % 40 + 1, 100 + round * 40 + turn);
            let to_the_same = 41 - project;
            let more = [to_the_same, turn % 3, project * 5];
            spend(
                &mut portfolio,
                project,
                more[usize::try_from(round).unwrap()],
                position,
            );
        }
        assert_eq!(lists(&portfolio), lists(&portfolio.clone()));
    }
    // One of which nothing but its spending is known comes to the orders that are kept.
    spend(&mut portfolio, 41, 30, 500);
    assert_eq!(lists(&portfolio), lists(&portfolio.clone()));
}
