//! What the pages of a year are drawn from: months, flows, sums of rows, jumps into a list, and days before a warning.

use karez_tests::program::run;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::world::{World, read};

fn exact(amount: &Value) -> Decimal {
    amount.as_str().unwrap().parse().unwrap()
}

fn items<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().unwrap()
}

async fn spending() -> World {
    let world = World::new().await;
    for (key, on, amount) in [
        ("a", "2024-02-29", "15000.00"),
        ("b", "2024-05-06", "0.01"),
        ("c", "2024-05-31", "999.99"),
    ] {
        let voucher = json!({"occurred_on": on, "amount": amount, "category": "labour"});
        let (status, _) = read(world.spend("P1", key, &voucher.to_string())).await;
        assert_eq!(status, 201);
    }
    world
}

#[tokio::test]
async fn the_months_are_the_figures_of_their_days() {
    let world = spending().await;
    for path in ["/v1/overview", "/v1/projects/P1"] {
        let (_, year) = world.get(&format!("{path}/months?as_of=2024-05-20")).await;
        let months = items(&year["currencies"][0], "months");
        assert_eq!(months.len(), 12);
        let days: Vec<&str> = months.iter().map(|month| month["on"].as_str().unwrap()).collect();
        assert_eq!(
            (days[1], days[4], days[11]),
            ("2024-02-29", "2024-05-20", "2024-12-31")
        );
        for month in months {
            let day = month["on"].as_str().unwrap();
            if day > "2024-05-20" {
                assert!(month["executed"].is_null(), "{path} {month}");
                continue;
            }
            let (_, then) = world.get(&format!("{path}?as_of={day}")).await;
            let figures = &then["currencies"][0];
            let name = figures["execution_figure"].as_str().unwrap_or("F21");
            let rate = items(figures, "rates")
                .iter()
                .find(|rate| rate["figure"] == name)
                .unwrap();
            assert_eq!(month["executed"]["percent"], rate["rate_percent"], "{path} {day}");
            assert_eq!(month["executed"]["spent"], rate["numerator"], "{path} {day}");
            assert_eq!(
                month["executed"]["deviation_pp"], figures["deviation_pp"],
                "{path} {day}"
            );
            assert_eq!(
                month["benchmark_percent"], figures["benchmark"]["percent"],
                "{path} {day}"
            );
        }
    }
}

#[tokio::test]
async fn a_row_tells_its_year_and_how_fresh_it_is() {
    let world = spending().await;
    let (_, list) = world.get("/v1/projects?as_of=2024-05-20").await;
    let row = items(&list, "items")
        .iter()
        .find(|row| row["id"] == "P1")
        .unwrap();
    let course = &row["currencies"][0]["course"];
    assert_eq!(course["last_spent_on"], "2024-05-06");
    assert_eq!(
        (&course["spent_by_month"][1], &course["spent_by_month"][4]),
        (&json!("15000"), &json!("0.01"))
    );
    let (_, units) = world.get("/v1/units?as_of=2024-05-20").await;
    let of_all = items(&units, "items")
        .iter()
        .flat_map(|unit| items(unit, "currencies"))
        .map(|sum| exact(&sum["course"]["spent_by_month"][1]));
    assert_eq!(of_all.sum::<Decimal>(), "15000".parse().unwrap());
}

#[tokio::test]
async fn subtotals_are_the_sums_of_the_rows() {
    let world = spending().await;
    let (_, list) = world.get("/v1/projects?as_of=2024-12-31").await;
    let (_, subtotals) = world.get("/v1/projects/subtotals?as_of=2024-12-31").await;
    assert_eq!(subtotals["total"], list["total"]);
    for name in ["arrived", "spent", "life_budget"] {
        let rows = items(&list, "items")
            .iter()
            .flat_map(|row| items(row, "currencies"));
        let of_rows: Decimal = rows.map(|sum| exact(&sum["amounts"][name])).sum();
        let of = |sums: &[Value]| -> Decimal { sums.iter().map(|sum| exact(&sum["amounts"][name])).sum() };
        assert_eq!(of(items(&subtotals, "sums")), of_rows, "{name}");
        let units = items(&subtotals, "units");
        assert_eq!(
            units.iter().map(|unit| of(items(unit, "sums"))).sum::<Decimal>(),
            of_rows,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_reader_jumps_into_a_list_that_does_not_move() {
    let world = spending().await;
    let (_, all) = world.get("/v1/projects?sort=-spent").await;
    let (_, first) = world.get("/v1/projects?sort=-spent&limit=1").await;
    assert_eq!(first["items"][0]["id"], all["items"][0]["id"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, jumped) = world
        .get(&format!(
            "/v1/projects?sort=-spent&limit=1&skip=1&cursor={cursor}"
        ))
        .await;
    assert_eq!(jumped["items"][0]["id"], all["items"][2]["id"]);
    assert_eq!(jumped["position"], first["position"]);
    let (status, _) = world.get("/v1/projects?skip=-1").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn what_arrived_is_spent_given_back_or_still_there() {
    let world = spending().await;
    let (_, flows) = world.get("/v1/overview/flows?as_of=2024-12-31").await;
    let flows = &flows["currencies"][0];
    let arrived: Decimal = items(flows, "arrivals")
        .iter()
        .map(|flow| exact(&flow["arrived"]))
        .sum();
    let mut used = Decimal::ZERO;
    for unit in items(flows, "units") {
        used += exact(&unit["taken_back"]) + exact(&unit["balance"]);
        used += items(unit, "spent")
            .iter()
            .map(|spent| exact(&spent["amount"]))
            .sum::<Decimal>();
    }
    assert!(arrived > Decimal::ZERO);
    assert_eq!(arrived, used);
}

#[tokio::test]
async fn a_past_day_knows_no_warning_that_came_later() {
    let mut world = World::new().await;
    world.server.stop().await.unwrap();
    let raised = json!({"rule": "idle_funds", "rule_version": 1, "thresholds_hash": "ab", "project": "P1",
        "unit": "U0", "fund": "KJ", "episode": 1, "level": "blue", "as_of": "2024-06-30", "known_at_position": 7,
        "sentence_zh": "闲置", "sentence_en": "idle"});
    let line = json!({"stream": "warning/W-9", "type": "warning_raised", "occurred_on": "2024-06-30", "data": raised,
        "metadata": {"idempotency_key": "w"}});
    let [option, place] = &world.store;
    assert_eq!(
        run(&["post", "-", option, place], &line.to_string())
            .unwrap()
            .code,
        0
    );
    world.server.restart().await.unwrap();
    for (day, wanted) in [("2024-06-29", 0), ("2024-06-30", 1)] {
        let (_, project) = world.get(&format!("/v1/projects/P1?as_of={day}")).await;
        assert_eq!(items(&project, "warnings").len(), wanted, "{day}");
    }
    let (_, overview) = world.get("/v1/overview?as_of=2024-06-30").await;
    let blue = items(&overview, "warnings")
        .iter()
        .find(|count| count["level"] == "blue")
        .unwrap();
    assert_eq!(
        (&blue["open"], &blue["open_the_day_before"]),
        (&1.into(), &0.into())
    );
}
