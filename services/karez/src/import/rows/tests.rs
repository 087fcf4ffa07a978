use super::*;
use crate::import::table::Table;

const POSTED: &str = "source = \"t\"\n[project]\nid = [\"项目\"]\nknown = true\n[[fact]]\ntype = \"expenditure\"\namount = \"金额\"\n\
                      date = \"日期\"\nline = \"行号\"\n";

fn read(mapping: &str, text: &str) -> Vec<Result<StatedRow, Vec<CellFault>>> {
    let mapping = Mapping::parse(mapping).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    let mut table = Table::csv(&path, &mapping, std::sync::Arc::default()).unwrap();
    let rows: Vec<_> = table.by_ref().map(Result::unwrap).collect();
    rows.iter()
        .map(|row| state(&mapping, &table.header, row))
        .collect()
}

fn codes(found: &[Result<StatedRow, Vec<CellFault>>]) -> Vec<Vec<&'static str>> {
    let of_row = |row: &Result<StatedRow, Vec<CellFault>>| {
        let faults = row.as_ref().err().into_iter().flatten();
        faults.map(|fault| fault.code).collect()
    };
    found.iter().map(of_row).collect()
}

#[test]
fn a_posted_row_needs_an_amount_and_a_date() {
    let found = read(
        POSTED,
        "项目,金额,日期,行号\nP1,5.00,2024-03-01,1\nP1,,2024-03-01,1\nP1,5.00,,1\nP1,x,y,z\n",
    );
    let expected: [&[&str]; 4] = [&[], &["missing_amount"], &["missing_date"], &["bad_amount"]];
    assert_eq!(codes(&found), expected);
}

#[test]
fn a_published_row_may_leave_out_what_it_does_not_know() {
    let published = format!("published = true\n{POSTED}");
    let found = read(&published, "项目,金额,日期,行号\nP1,,,\nP1,0.005,,\n");
    assert_eq!(codes(&found), [Vec::<&str>::new(), Vec::new()]);
    let facts: Vec<usize> = found.iter().flatten().map(|row| row.facts.len()).collect();
    assert_eq!(facts, [0, 1]);
    assert_eq!(
        found[1].as_ref().unwrap().facts[0].0,
        None,
        "it is marked as undated"
    );
}

#[test]
fn a_condition_tells_the_first_budget_from_the_revised() {
    let mapping = "source = \"t\"\n[project]\nid = [\"P\"]\n\
        [[fact]]\ntype = \"budget_original\"\namount = \"A\"\nyear = \"Y\"\nonly = { V = [\"first\"] }\n\
        [[fact]]\ntype = \"budget_revised\"\namount = \"A\"\nyear = \"Y\"\nonly = { V = [\"second\", \"third\"] }\n";
    let found = read(
        mapping,
        "P,A,Y,V\nP1,5,2024,first\nP1,6,2024,third\nP1,7,2024,draft\n",
    );
    let budgets: Vec<(BudgetStanding, Option<i32>)> = found
        .iter()
        .flatten()
        .flat_map(|row| &row.facts)
        .map(|(_, event)| {
            let Event::BudgetApproved(budget) = event else {
                panic!("{event:?}")
            };
            (budget.standing, budget.fiscal_year)
        })
        .collect();
    let expected = [
        (BudgetStanding::Original, Some(2024)),
        (BudgetStanding::Revised, Some(2024)),
    ];
    assert_eq!(budgets, expected);
}

#[test]
fn a_column_may_have_other_names() {
    let mapping =
        format!("{POSTED}[also_called]\n\"项目\" = [\"Project\", \"工程\"]\n\"金额\" = [\"Amount\"]\n");
    let found = read(&mapping, "Amount,日期,Project\n5.00,2024-03-01,P1\n");
    assert_eq!(found[0].as_ref().unwrap().project.to_string(), "P1");
}

#[test]
fn a_failed_formula_is_no_text_in_any_column() {
    let found = read(
        POSTED,
        "项目,金额,日期,行号,别的\n#REF!,5.00,2024-03-01,1,\nP1,#DIV/0!,#N/A,1,\nP1,5.00,2024-03-01,1,#REF!\n",
    );
    let expected: [&[&str]; 3] = [&["failed_formula"], &["failed_formula"; 2], &[]];
    assert_eq!(codes(&found), expected);
    let published = format!("none = [\"\", \"#N/A\"]\npublished = true\n{POSTED}");
    let found = read(&published, "项目,金额,日期,行号\nP1,5.00,#N/A,\n");
    assert_eq!(codes(&found), [Vec::<&str>::new()]);
}
