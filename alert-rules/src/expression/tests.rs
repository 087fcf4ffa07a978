//! What the language says, what it refuses, and that nothing makes it fail.

use karez_events::Ratio;
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::measure_names::{self, Read};

/// A text in a project with an execution rate of 34.15 %, 120 idle days, 50,000 yuan in hand and no benchmark.
fn given(slots: &Slots) -> Vec<Option<Value>> {
    let number = |text: &str| Some(Value::Number(Ratio::exact(text.parse().unwrap())));
    let value = |name| match name {
        "execution_rate" => number("0.3415"),
        "idle_days" => number("120"),
        "balance" => number("50000"),
        "spent" => number("0"),
        "catch_up" => number("3.62"),
        "as_of" => Some(Value::Date("2024-02-28".parse().unwrap())),
        "end_on" => Some(Value::Date("2024-12-31".parse().unwrap())),
        "programme" => Some(Value::Text("重大专项".into())),
        "is_lump_sum" => Some(Value::Truth(false)),
        _ => None,
    };
    slots.measures().map(|measure| value(measure.name)).collect()
}

fn holds(text: &str) -> Option<bool> {
    let mut slots = Slots::default();
    let condition = Expression::condition(text, &mut slots).unwrap_or_else(|error| panic!("{text}: {error}"));
    condition.holds(&given(&slots))
}

fn refused(text: &str) -> ExpressionError {
    match Expression::condition(text, &mut Slots::default()) {
        Ok(condition) => panic!("{text} is read as {condition:?}"),
        Err(error) => error,
    }
}

#[rstest]
#[case("执行率 < 60% 且 闲置天数 > 90")]
#[case("执行率<60%且闲置天数>90")]
#[case("execution_rate < 60% and idle_days > 90 days")]
#[case("(执行率 ＜ 60％) && 非 包干制")]
#[case("在户余额 >= 5万 并且 在户余额 = 5万元 且 balance <= 0.0005亿元 且 balance > 49_999.99")]
#[case("在户余额 - 1万 = 40000 and -balance < -4万元")]
#[case("1 + 2 * 3 = 7 且 (1 + 2) * 3 = 9 且 7 - 2 - 1 = 4 且 8 / 4 / 2 = 1")]
#[case("0.1 + 0.2 == 0.3 且 1 / 3 * 3 = 1")]
#[case("在户余额 / 10万元 = 50% 且 10万元 * 50% = 在户余额 且 在户余额 / 120天 < 500")]
#[case("追赶倍数 > 3.5 且 追赶倍数 <= 3.62倍 且 追赶倍数 != 3")]
#[case("截止日期 + 2 = 2024-03-01 且 到期日期 - 截止日期 = 307 且 截止日期 < 2024年12月31日")]
#[case("截止日期 - 28天 = 2024-01-31")]
#[case("计划类别 = '重大专项' 且 programme != \"x\" 且 计划类别 = “重大专项”")]
#[case("包干制 = 否 and not is_lump_sum")]
#[case("max(执行率, 60%) = 60% 且 最小值(闲置天数, 30, 365) = 30 且 abs(-5) = 5")]
#[case("非 执行率 > 60% 且 非 (闲置天数 < 90 或 包干制)")]
#[case("执行率 < 35% - 0.84个百分点")]
#[case("已知(执行率) 且 非 已知(序时进度) 且 非 known(1 / 0)")]
fn it_holds(#[case] text: &str) {
    assert_eq!(holds(text), Some(true), "{text}");
}

#[rstest]
#[case("序时进度 < 60%", None)]
#[case("序时进度 < 60% 且 闲置天数 > 90", None)]
#[case("序时进度 < 60% 且 闲置天数 > 900", Some(false))]
#[case("闲置天数 > 900 且 序时进度 < 60%", Some(false))]
#[case("序时进度 < 60% 或 闲置天数 > 90", Some(true))]
#[case("闲置天数 > 90 或 序时进度 < 60%", Some(true))]
#[case("序时进度 < 60% 或 闲置天数 > 900", None)]
#[case("非 序时进度 < 60%", None)]
#[case("在户余额 / 累计支出 > 1%", None)]
#[case("max(序时进度, 10%) > 5%", None)]
#[case("已知(序时进度) 且 序时进度 < 60%", Some(false))]
#[case("截止日期 + 99999999999999999 > 2024-01-01", None)]
fn what_is_missing_leaves_it_undecided(#[case] text: &str, #[case] expected: Option<bool>) {
    assert_eq!(holds(text), expected, "{text}");
}

#[rstest]
#[case("disbursd > 0", 1, "did you mean \"disbursed\"?")]
#[case("执行律<60%且闲置天数>90", 1, "did you mean \"执行率\"?")]
#[case("执行率 < 60% 且 闲置天教 > 90", 13, "是否指“闲置天数”")]
#[case("执行率 < 60", 5, "write shares with %, as in 60%")]
#[case("执行率 < 闲置天数", 5, "a share cannot be compared with or added to days")]
#[case("在户余额 > 90天", 6, "an amount cannot be compared with")]
#[case("60% < 执行率 < 80%", 11, "comparisons do not chain")]
#[case("执行率 且 包干制", 1, "compare it")]
#[case("执行率", 1, "a condition must be true or false, this is a share")]
#[case("计划类别 < 'x'", 6, "can only be compared with = or !=")]
#[case("计划类别 + 'x' = 'x'", 6, "cannot be added or subtracted")]
#[case("在户余额 * 在户余额 > 1", 6, "cannot be multiplied")]
#[case("1 / 在户余额 > 1", 3, "cannot be divided")]
#[case("截止日期 + 到期日期 > 2024-01-01", 6, "cannot be added")]
#[case(
    "(执行率 < 60%",
    11,
    "expected \")\" for what begins at line 1, column 1, found the end"
)]
#[case("执行率 <", 6, "expected a name, a number")]
#[case("执行率 < 60% 执行率", 11, "expected an operator")]
#[case("执行率 < 60% 且\n  闲置天数 ? 90", 8, "line 2, column 8: unknown sign")]
#[case("截止日期 > 2023-02-29", 8, "there is no day 2023-02-29")]
#[case("计划类别 = '重大", 8, "the text does not end")]
#[case("闲置天数 > 1.2.3", 11, "unknown sign")]
#[case("闲置天数 > 99999999999999999999999999999", 8, "is no number")]
#[case(
    "执行率 > 0.000000000000000000000000001%",
    7,
    "is no number, or has too many digits"
)]
#[case("科目支出 > 5", 1, "科目支出 wants a category")]
#[case("科目支出(5) > 5", 6, "expected the name of a category in quotes")]
#[case("执行率(1) > 5%", 1, "takes no parentheses")]
#[case("max() > 5", 1, "at least one")]
#[case("known(1, 2)", 1, "wants one value")]
#[case("max > 5", 1, "wants parentheses")]
#[case("max(包干制) = 包干制", 5, "neither less nor more")]
#[case("", 1, "found the end")]
#[case("且", 1, "expected a name")]
fn what_is_wrong_is_named_with_its_place(#[case] text: &str, #[case] column: usize, #[case] says: &str) {
    let error = refused(text);
    assert_eq!(error.column, column, "{text}: {error}");
    assert!(error.to_string().contains(says), "{text}: {error}");
}

#[test]
fn limits_are_said_and_kept() {
    let sum = |terms: usize| vec!["1"; terms].join("+") + " > 0";
    assert_eq!(holds(&sum(250)), Some(true));
    assert!(refused(&sum(260)).en.contains("more than 512 parts"));
    let nested = |depth: usize| format!("{}1 > 0{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(holds(&nested(DEEPEST)), Some(true));
    assert!(refused(&nested(DEEPEST + 1)).en.contains("64 levels"));
    for begin in ["非", "-", "not ", "max("] {
        assert!(refused(&begin.repeat(500)).en.contains("64 levels"), "{begin}");
    }
    let long = format!("计划类别 = '{}'", "长".repeat(2_000));
    assert!(refused(&long).en.contains("4096 at most"));
}

#[test]
fn a_measure_named_twice_in_two_languages_is_one_slot() {
    let mut slots = Slots::default();
    let text = "执行率 < 60% 或 execution_rate > 90% 或 科目支出('差旅') > 科目支出('会议')";
    Expression::condition(text, &mut slots).unwrap();
    let names: Vec<String> = slots.names().collect();
    assert_eq!(names, ["执行率", "科目支出(“差旅”)", "科目支出(“会议”)"]);
}

/// Pieces that make texts which are often nearly right.
fn piece() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = measure_names::names().collect();
    let fixed = [
        "且",
        "或",
        "非",
        "and",
        "or",
        "not",
        "(",
        ")",
        "（",
        "）",
        "<",
        "<=",
        ">",
        ">=",
        "=",
        "!=",
        "+",
        "-",
        "*",
        "/",
        ",",
        "60%",
        "90",
        "5万",
        "3亿元",
        "30天",
        "2024-02-29",
        "2024年1月1日",
        "'x'",
        "“",
        "known(",
        "max(",
        "abs(",
        "科目支出('差旅费')",
        "0",
        "0.0000000000000000000000000001",
        "79228162514264337593543950335",
        " ",
        "\n",
        "1/0",
        "-",
        "是",
        "否",
    ];
    prop_oneof![
        proptest::sample::select(names).prop_map(str::to_owned),
        proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        "\\PC{0,3}",
    ]
}

/// A value of a kind, or a missing one.
fn value_of(kind: Kind) -> impl Strategy<Value = Option<Value>> {
    let number = prop_oneof![
        Just(0_i64),
        Just(i64::MAX),
        Just(i64::MIN),
        any::<i64>(),
        -1_000_i64..1_000
    ];
    (number, 1_i64..1_000, any::<bool>(), 0_u8..4).prop_map(move |(number, over, truth, missing)| {
        let value = match kind {
            Kind::Money | Kind::Share | Kind::Days | Kind::Number => {
                Value::Number(Ratio::of_counts(number, over)?)
            }
            Kind::Date if truth => Value::Date(chrono::NaiveDate::MAX),
            Kind::Date => Value::Date("2024-02-29".parse().unwrap()),
            Kind::Truth => Value::Truth(truth),
            Kind::Text => Value::Text("x".into()),
        };
        (missing > 0).then_some(value)
    })
}

/// A number of a kind that takes plain numbers, as text.
fn number_text() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = measure_names::MEASURES
        .iter()
        .filter(|measure| matches!(measure.read, Read::Number(_)))
        .map(|measure| measure.zh)
        .collect();
    let leaf = prop_oneof![
        proptest::sample::select(names).prop_map(str::to_owned),
        (0_u32..1_000).prop_map(|number| number.to_string()),
        (0_u32..1_000).prop_map(|number| format!("{number}.5倍")),
    ];
    leaf.prop_recursive(4, 32, 3, |inner| {
        let sign = proptest::sample::select(vec!["+", "-", "*", "/"]);
        prop_oneof![
            (inner.clone(), sign, inner.clone()).prop_map(|(one, sign, two)| format!("({one}{sign}{two})")),
            inner.clone().prop_map(|one| format!("-{one}")),
            (inner.clone(), inner).prop_map(|(one, two)| format!("max({one}, {two})")),
        ]
    })
}

/// A condition that is right, as text.
fn condition_text() -> impl Strategy<Value = String> {
    let sign = proptest::sample::select(vec!["<", "<=", ">", ">=", "=", "!="]);
    let compared =
        (number_text(), sign, number_text()).prop_map(|(one, sign, two)| format!("{one} {sign} {two}"));
    compared.prop_recursive(4, 24, 2, |inner| {
        let join = proptest::sample::select(vec!["且", "或", "and", "or"]);
        prop_oneof![
            (inner.clone(), join, inner.clone())
                .prop_map(|(one, join, two)| format!("({one}) {join} ({two})")),
            inner.clone().prop_map(|one| format!("非({one})")),
            inner.prop_map(|one| format!("已知({one})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        if let Err(error) = Expression::condition(&text, &mut Slots::default()) {
            prop_assert!(error.offset <= text.len());
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }

    #[test]
    fn what_is_read_can_be_evaluated_on_any_values(
        pieces in proptest::collection::vec(piece(), 0..12),
        seed in proptest::collection::vec(any::<prop::sample::Index>(), 16),
        pool in proptest::collection::vec(
            (
                value_of(Kind::Number),
                value_of(Kind::Date),
                value_of(Kind::Truth),
                value_of(Kind::Text),
            ),
            4,
        ),
    ) {
        let mut slots = Slots::default();
        if let Ok(expression) = Expression::try_new(&pieces.concat(), &mut slots) {
            let mut picks = seed.iter().cycle();
            let values: Vec<Option<Value>> = slots
                .measures()
                .map(|measure| {
                    let (number, date, truth, text) = picks.next().unwrap().get(&pool);
                    match measure.read.kind() {
                        Kind::Money | Kind::Share | Kind::Days | Kind::Number => number.clone(),
                        Kind::Date => date.clone(),
                        Kind::Truth => truth.clone(),
                        Kind::Text => text.clone(),
                    }
                })
                .collect();
            let value = expression.value(&values);
            prop_assert!(expression.kind() != Kind::Truth || matches!(value, None | Some(Value::Truth(_))));
        }
    }

    #[test]
    fn a_decided_condition_stays_decided_when_more_becomes_known(
        text in condition_text(),
        known in proptest::collection::vec(value_of(Kind::Number), 8),
        more in proptest::collection::vec(value_of(Kind::Number), 8),
    ) {
        // Asking what is known is the one thing that more knowledge may change.
        let text = text.replace("已知", "");
        let mut slots = Slots::default();
        if let Ok(condition) = Expression::condition(&text, &mut slots) {
            let later: Vec<Option<Value>> =
                known.iter().zip(&more).map(|(known, more)| known.clone().or_else(|| more.clone())).collect();
            if let Some(holds) = condition.holds(&known) {
                prop_assert_eq!(condition.holds(&later), Some(holds), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_right_is_read(text in condition_text()) {
        prop_assume!(text.len() <= LONGEST);
        let read = Expression::condition(&text, &mut Slots::default());
        let is_too_large = |error: &ExpressionError| error.en.contains("parts") || error.en.contains("levels");
        prop_assert!(read.as_ref().err().is_none_or(is_too_large), "{text}: {read:?}");
    }
}
