//! What is in an activity, and what is reported about it.

use std::io::{Cursor, Read};

use chrono::NaiveDate;

use super::{
    Activity, ActivityDateKind, ActivityReader, ActivityStatus, BudgetKind, DateBasis, Limits, Problem,
    ProblemCode, ReadError, Relation, TransactionType, preferred,
};

pub(super) fn read(bytes: impl Into<Vec<u8>>) -> (Vec<Activity>, Option<ReadError>) {
    read_from(Cursor::new(bytes.into()), Limits::default())
}

pub(super) fn read_from(input: impl Read, limits: Limits) -> (Vec<Activity>, Option<ReadError>) {
    let reader = match ActivityReader::open(input, limits) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut activities = Vec::new();
    let mut stopped = None;
    for next in reader {
        match next {
            Ok(activity) => activities.push(activity),
            Err(error) => stopped = Some(error),
        }
    }
    (activities, stopped)
}

fn read_one(body: &str) -> Activity {
    let (mut activities, stopped) = read(format!(
        "<iati-activities version=\"2.03\"><iati-activity default-currency=\"usd\">{body}</iati-activity></iati-activities>"
    ));
    assert!(stopped.is_none(), "{stopped:?}");
    assert_eq!(activities.len(), 1);
    activities.remove(0)
}

/// Every problem as `code path "found"`.
pub(super) fn told(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|p| format!("{} {} {:?}", p.code.as_str(), p.path, p.found))
        .collect()
}

/// The lines of a list, without indentation.
pub(super) fn lines(list: &str) -> Vec<&str> {
    list.trim().lines().map(str::trim).collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn an_activity_of_version_1_is_read_in_full() {
    let activity = read_one(
        r#"<iati-identifier> GB-1 </iati-identifier>
        <title xml:lang="en">Water</title><title xml:lang="zh-CN">供水</title>
        <reporting-org ref="GB-1" type="10">DFID</reporting-org>
        <participating-org role="Implementing" ref="X">Works Ltd</participating-org>
        <activity-status code="2">Implementation</activity-status>
        <activity-date type="start-planned" iso-date="2012-02-01"/><activity-date type="start-planned">2012-01-01</activity-date>
        <budget type="2"><period-start iso-date="2012-01-01"/><period-end iso-date="2012-12-31"/><value>1,000.50</value></budget>
        <transaction ref="T9"><transaction-type code="e"/><transaction-date iso-date="2012-03-04"/>
          <value currency="gbp" value-date="2012-03-05">-7.5</value><provider-org ref="GB-1">DFID</provider-org>
          <receiver-org>Works Ltd</receiver-org><description>Pipes  and
          taps</description></transaction>
        <related-activity ref="GB-0" type="1"/>"#,
    );
    assert_eq!(activity.identifier.as_deref(), Some("GB-1"));
    assert_eq!(preferred(&activity.titles), Some("供水"));
    assert_eq!(activity.status, Some(ActivityStatus::Implementation));
    assert_eq!(
        activity
            .implementing_orgs()
            .next()
            .and_then(|org| org.name.as_deref()),
        Some("Works Ltd")
    );
    assert_eq!(
        activity.date_of(ActivityDateKind::PlannedStart),
        Some(day("2012-01-01"))
    );
    assert_eq!(activity.related[0].relation, Some(Relation::Parent));
    let budget = &activity.budgets[0];
    assert_eq!(
        (budget.kind, budget.period_end_on),
        (BudgetKind::Revised, Some(day("2012-12-31")))
    );
    let value = budget.value.as_ref().unwrap();
    assert_eq!(
        (value.amount.to_string(), value.currency.as_deref()),
        ("1000.50".to_owned(), Some("USD"))
    );
    let transaction = &activity.transactions[0];
    assert_eq!(transaction.kind, Some(TransactionType::Expenditure));
    assert_eq!(
        (transaction.dated_on, transaction.date_basis),
        (Some(day("2012-03-04")), DateBasis::TransactionDate)
    );
    assert_eq!(
        transaction.value.as_ref().unwrap().currency.as_deref(),
        Some("GBP")
    );
    assert_eq!(transaction.description.as_deref(), Some("Pipes and taps"));
    assert_eq!(
        (transaction.reference.as_deref(), transaction.number),
        (Some("T9"), 1)
    );
    assert_eq!(told(&activity.problems), [""; 0]);
}

#[test]
fn letter_and_number_codes_are_the_same_types() {
    let codes = [
        "IF", "C", "D", "E", "IR", "LR", "R", "QP", "QS", "CG", "11", "12", "13",
    ];
    for (number, letters) in (1..).zip(codes) {
        let kind = |code: &str| {
            let body =
                format!("<transaction><transaction-type code='{code}'/><value>1</value></transaction>");
            read_one(&body).transactions[0].kind
        };
        assert!(kind(letters).is_some(), "{letters}");
        assert_eq!(kind(letters), kind(&number.to_string()), "{letters}");
    }
}

#[test]
fn what_cannot_be_read_is_reported_and_the_rest_stays() {
    let activity = read_one(
        r#"<iati-identifier>A</iati-identifier>
        <budget type="9"><value>46678,00</value></budget>
        <budget><period-start iso-date="2012-04-01"/><period-end iso-date="2012-03-31"/><value currency="EURO">1</value></budget>
        <transaction><transaction-type code="ZZ"/><transaction-date>2010</transaction-date></transaction>
        <transaction><transaction-type code="3"/><transaction-date iso-date="2010-6-1"/>
          <value value-date="2010-06-02">1e999</value><value>2</value></transaction>
        <activity-date type="start" iso-date="2010-01-01"/><activity-date type="2" iso-date="3010-01-01"/>"#,
    );
    let want = r#"
        unknown_budget_type iati-activity[1]/budget[1]/@type "9"
        period_missing iati-activity[1]/budget[1] ""
        bad_amount iati-activity[1]/budget[1]/value "46678,00"
        period_reversed iati-activity[1]/budget[2] "2012-04-01..2012-03-31"
        odd_currency iati-activity[1]/budget[2]/value/@currency "EURO"
        unknown_transaction_type iati-activity[1]/transaction[1]/transaction-type/@code "ZZ"
        missing_value iati-activity[1]/transaction[1] ""
        undated iati-activity[1]/transaction[1]/transaction-date "2010"
        several_values iati-activity[1]/transaction[2]/value "2"
        amount_out_of_range iati-activity[1]/transaction[2]/value "1e999"
        bad_date iati-activity[1]/transaction[2]/transaction-date/@iso-date "2010-6-1"
        dated_by_value_date iati-activity[1]/transaction[2]/transaction-date ""
        unknown_activity_date_type iati-activity[1]/activity-date[1]/@type "start"
        date_out_of_range iati-activity[1]/activity-date[2] "3010-01-01""#;
    assert_eq!(told(&activity.problems), lines(want));
    assert_eq!(activity.transactions[1].dated_on, Some(day("2010-06-02")));
    assert_eq!(
        activity.date_of(ActivityDateKind::ActualStart),
        Some(day("3010-01-01"))
    );
}

#[test]
fn a_problem_tells_its_place_and_itself_in_two_languages() {
    let activity =
        read_one("\n<iati-identifier>A</iati-identifier><transaction><value>46678,00</value></transaction>");
    let code = ProblemCode::BadAmount;
    let problem = activity
        .problems
        .iter()
        .find(|problem| problem.code == code)
        .unwrap();
    assert_eq!((problem.place.line, problem.place.column), (2, 50));
    let english = problem.message_en();
    assert!(english.starts_with("“46678,00” is not an amount"), "{english}");
    let chinese = problem.message_zh();
    assert!(chinese.starts_with("“46678,00”不是有效金额"), "{chinese}");
}

#[test]
fn a_root_that_is_an_activity_is_one() {
    let (activities, stopped) = read(
        "<x:iati-activity xmlns:x='urn:x' version='1.01' generated-datetime='2011-02-03'><x:iati-identifier>S</x:iati-identifier></x:iati-activity>",
    );
    assert!(stopped.is_none(), "{stopped:?}");
    assert_eq!(activities[0].identifier.as_deref(), Some("S"));
}

#[test]
fn an_activity_inside_another_is_read_after_it() {
    let (activities, stopped) = read(
        "<r><a><iati-activity><iati-identifier>1</iati-identifier><x><iati-activity><iati-identifier>2</iati-identifier>\
         </iati-activity></x></iati-activity></a><iati-activity><iati-identifier>3</iati-identifier></iati-activity></r>",
    );
    assert!(stopped.is_none(), "{stopped:?}");
    let ids: Vec<_> = activities
        .iter()
        .map(|a| (a.index, a.identifier.clone().unwrap()))
        .collect();
    assert_eq!(
        ids,
        [(0, "1".to_owned()), (1, "2".to_owned()), (2, "3".to_owned())]
    );
}

#[test]
fn the_header_comes_from_the_root_or_the_first_activity() {
    let mut reader = ActivityReader::open(
        Cursor::new("<iati-activities><iati-activity version='1.03' generated-datetime='2014-01-02T03:04:05'/></iati-activities>"),
        Limits::default(),
    )
    .unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.header().version.as_deref(), Some("1.03"));
    assert_eq!(reader.header().generated_on, Some(day("2014-01-02")));
}
