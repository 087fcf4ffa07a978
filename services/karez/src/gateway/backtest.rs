//! POST /v1/rules/{id}/backtest: what other thresholds of one rule would have said over the whole history. One at a time;
//! the request's own time limit ends it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use chrono::NaiveDate;
use karez_alert_rules::RuleSet;
use karez_alert_rules::backtest::Change;
use karez_alert_rules::rule_set::change::amended;
use serde::Deserialize;

use super::Gateway;
use super::envelope::unreadable;
use super::problem::Problem;
use super::proposals::unusable;
use super::question::Asked;
use super::submit::is_json;
use crate::backtest::{Question, Report, backtest};
use crate::views::proposals::text_in_force;
use crate::views::warnings::rules_in_force;

/// Seconds after which another may have ended.
const RETRY_AFTER_SECONDS: u64 = 10;

/// Other thresholds, and the days whose warnings are compared.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BacktestBody {
    /// TOML: the rule's thresholds with other values, as `GET /v1/rules/{id}` gives them, or a rule of the office's own.
    thresholds: String,
    /// First day; the log's first where absent.
    #[serde(default)]
    from: Option<NaiveDate>,
    /// Last day; yesterday where absent.
    #[serde(default)]
    to: Option<NaiveDate>,
}

/// Tells the history again under the rules in force with these thresholds, day by day as it was known then, and holds this
/// rule's warnings against those that were raised. Nothing is recorded.
#[utoipa::path(
    post,
    path = "/v1/rules/{id}/backtest",
    tag = "rules",
    params(("id" = String, Path, description = "规则名或编号.")),
    request_body = BacktestBody,
    responses((status = 200, description = "The warnings that differ.", body = Report))
)]
pub(crate) async fn post(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Report>, Problem> {
    asked.none(&gateway)?;
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !is_json(media_type.unwrap_or_default()) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let body: BacktestBody = serde_json::from_slice(&body).map_err(|error| unreadable(&body, &error))?;
    let parts = gateway.parts();
    let (text, in_force, real) = {
        let portfolio = parts.follower.read();
        let text = text_in_force(&portfolio).to_owned();
        (text, rules_in_force(&portfolio), portfolio.warnings().clone())
    };
    let rules = amended(&text, &body.thresholds)
        .and_then(|text| RuleSet::try_from_toml(&text))
        .map_err(|error| unusable(&error.to_string()).at("/thresholds"))?;
    // A rule of the office's own may be new.
    let rule = rules.general().rule(&id).or_else(|| in_force.general().rule(&id));
    let rule = rule.ok_or_else(|| Problem::not_found("规则", "rule", &id))?;
    let name = rule.about().name.to_owned();
    let today = gateway.today();
    let question = Question {
        rules,
        from: body.from,
        to: body.to.unwrap_or_else(|| today.pred_opt().unwrap_or(today)),
    };
    let _turn = gateway.0.backtests.try_acquire().map_err(|_| busy())?;
    let sources = (&parts.log, parts.daily.clone(), &real);
    let mut report = backtest(sources, question, Some(&name), |_, _| ())
        .await
        .map_err(super::answer::broken)?;
    report.items.retain(|case| case.change != Change::Same);
    Ok(Json(report))
}

fn busy() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "backtest_under_way",
        "另一次回测正在进行：请稍后重试".to_owned(),
        "another back-test is under way: try again a little later".to_owned(),
    )
    .retry_after(RETRY_AFTER_SECONDS)
}
