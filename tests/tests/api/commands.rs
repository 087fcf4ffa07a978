//! Commands: what they print, and how they end.

use karez_tests::program::run;

use crate::world::{World, facts};

fn in_folder(folder: &tempfile::TempDir, arguments: &[&str], input: &str) -> karez_tests::program::Ended {
    run(
        &[arguments, &["--data", folder.path().to_str().unwrap()]].concat(),
        input,
    )
    .unwrap()
}

#[test]
fn what_is_posted_twice_lands_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = in_folder(&folder, &["post", "-"], &facts());
    assert_eq!(
        (first.code, first.output.trim()),
        (0, "16 lines read: 16 recorded, 0 known already, 0 refused")
    );
    let again = in_folder(&folder, &["post", "-"], &facts());
    assert_eq!(
        (again.code, again.output.trim()),
        (0, "16 lines read: 0 recorded, 16 known already, 0 refused")
    );
    let verified = in_folder(&folder, &["audit", "verify"], "");
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn refused_lines_are_named_and_the_others_land() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = facts()
        .lines()
        .nth(1)
        .unwrap()
        .replace("project_approved", "project_started");
    let lines = format!("{unknown}\nnot json\n\n{}", facts());
    let posted = in_folder(&folder, &["post", "-"], &lines);
    assert_eq!(
        (posted.code, posted.output.trim()),
        (1, "18 lines read: 16 recorded, 0 known already, 2 refused")
    );
    assert!(
        posted.errors.contains("stdin:1: ") && posted.errors.contains("stdin:2: malformed"),
        "{posted:?}"
    );
    let kept = in_folder(&folder, &["show", "rejections", "--format", "csv"], "");
    assert_eq!(kept.output.lines().count(), 3, "{kept:?}");
}

#[test]
fn wrong_use_ends_with_2_and_what_cannot_run_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let missing = in_folder(&folder, &["show", "overview"], "");
    assert_eq!(missing.code, 3, "{missing:?}");
    assert!(missing.errors.contains("karez demo"), "{missing:?}");
    assert_eq!(in_folder(&folder, &["post", "-"], &facts()).code, 0);
    for (arguments, code, said) in [
        (vec!["show", "nothing"], 2, "unrecognized subcommand"),
        (vec!["show", "project", "P9"], 2, "check the identifier"),
        (vec!["show", "overview", "--as-of", "soon"], 2, "2024-12-31"),
        (
            vec!["show", "projects", "--state", "runing"],
            2,
            "did you mean running?",
        ),
        (vec!["serve", "--listen", "0.0.0.0:0"], 3, "in the clear"),
        (vec!["serve", "--listen", "nowhere"], 2, "HOST:PORT"),
        (vec!["post", "no-such-file"], 3, "cannot be read"),
        (vec!["demo"], 2, "holds facts already"),
    ] {
        let ended = in_folder(&folder, &arguments, "");
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(ended.errors.contains(said), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn an_unknown_setting_is_refused_with_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("karez.toml"),
        "[http]\nlissten = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let ended = in_folder(&folder, &["serve"], "");
    assert_eq!(ended.code, 2);
    assert!(ended.errors.contains("did you mean listen?"), "{ended:?}");
}

#[test]
fn a_table_states_its_unit_its_level_and_its_date() {
    let folder = tempfile::tempdir().unwrap();
    in_folder(&folder, &["post", "-"], &facts());
    let shown = in_folder(
        &folder,
        &["show", "overview", "--as-of", "2024-12-31", "--lang", "zh"],
        "",
    );
    for said in [
        "金额单位：万元",
        "财政口径",
        "单位口径",
        "18.00",
        "截至2024年12月31日",
    ] {
        assert!(shown.output.contains(said), "{said}: {}", shown.output);
    }
    let exact = in_folder(
        &folder,
        &["show", "projects", "--as-of", "2024-12-31", "--format", "csv"],
        "",
    );
    let first = exact.output.lines().nth(1).unwrap();
    assert!(
        first.starts_with("P1,项目0,单位0,running,CNY,100000,60000,60000,0,0.00,"),
        "{first}"
    );
}

#[test]
fn totals_have_the_columns_of_the_published_check() {
    let folder = tempfile::tempdir().unwrap();
    in_folder(&folder, &["post", "-"], &facts());
    let totals = in_folder(&folder, &["show", "totals", "--format", "csv"], "");
    let mut lines = totals.output.lines();
    assert_eq!(
        lines.next().unwrap(),
        "activity_index,iati_identifier,currency,budget_original,budget_revised,budget_effective,incoming,commitment,\
         disbursement,expenditure,first_spend,last_spend,n_prestart,n_postend,n_negative_spend"
    );
    assert_eq!(
        lines.next().unwrap(),
        ",P1,CNY,100000,0,100000,60000,0,60000,0,2024-03-02,2024-03-02,0,0,0"
    );
}

#[tokio::test]
async fn a_store_that_is_served_is_not_written_by_a_command() {
    let world = World::new().await;
    let posted = world.command(&["post", "-"]);
    assert_eq!(posted.code, 3, "{posted:?}");
    assert!(
        posted.errors.contains("records into this store") && posted.errors.contains("--nats"),
        "{posted:?}"
    );
    assert_eq!(world.command(&["show", "overview"]).code, 0);
}

#[test]
fn the_demonstration_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let told = in_folder(&folder, &["demo"], "");
    assert_eq!(told.code, 0, "{told:?}");
    let shown = in_folder(
        &folder,
        &["show", "overview", "--as-of", "2024-12-31", "--format", "csv"],
        "",
    );
    assert!(shown.output.contains("99.99"), "{}", shown.output);
    // What was known in June does not hold the voucher that was recorded in September.
    let known = [
        "show",
        "projects",
        "--as-of",
        "2024-08-31",
        "--known-at",
        "2024-08-31",
        "-q",
        "TLF-2024-006",
    ];
    let later = ["show", "projects", "--as-of", "2024-08-31", "-q", "TLF-2024-006"];
    let then = in_folder(&folder, &[&known[..], &["--format", "csv"]].concat(), "");
    let now = in_folder(&folder, &[&later[..], &["--format", "csv"]].concat(), "");
    assert_ne!(then.output, now.output);
}

#[tokio::test]
async fn a_year_without_a_budget_shows_no_rate_of_the_year_and_says_why() {
    let world = World::new().await;
    for (language, reason) in [
        (
            "en",
            "paid over of the budget is \"—\" where the projects' budget",
        ),
        ("zh", "预算拨付率为“—”：项目全年预算（不含自筹、配套）为零"),
    ] {
        let shown = world.command(&["show", "overview", "--as-of", "2031-06-30", "--lang", language]);
        assert!(shown.output.contains(reason), "{}", shown.output);
        let with_budget = world.command(&["show", "overview", "--as-of", "2024-06-30", "--lang", language]);
        assert!(!with_budget.output.contains(reason), "{}", with_budget.output);
    }
    let shown = world
        .command(&["show", "overview", "--as-of", "2024-06-30", "--lang", "en"])
        .output;
    for heading in [
        "Arrived (to date)",
        "Spent (to date)",
        "Balance (to date)",
        "paid over of the budget (fund level) = paid over this year ÷ the projects' budget of the year less own and matching money",
    ] {
        assert!(shown.contains(heading), "{heading}: {shown}");
    }
}

#[test]
fn a_folder_in_place_of_a_file_is_named_with_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("bundle");
    std::fs::create_dir(&given).unwrap();
    let given = given.to_str().unwrap();
    for (command, files) in [
        (&["import", "iati"][..], "*.xml"),
        (&["import", "xlsx"], "*.xlsx"),
        (&["post"], "*.ndjson"),
    ] {
        let ended = in_folder(&folder, &[command, &[given]].concat(), "");
        assert_eq!(ended.code, 2, "{ended:?}");
        for part in [given, "is a folder", files] {
            assert!(ended.errors.contains(part), "{part}: {ended:?}");
        }
    }
}
