//! Who was shown a payee, and what for.

use karez_events::Event;

use super::{Refusal, RefusalCode, words};
use crate::portfolio::Portfolio;

pub(super) fn check(portfolio: &Portfolio, event: &Event) -> Result<(), Refusal> {
    let Event::PersonDisclosed(data) = event else {
        return Ok(());
    };
    words::needed("/data/cause", &data.cause)?;
    if portfolio.project(&data.project).is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::UnknownProject,
        "/data/project",
        format!("没有项目 {}：请核对编号", data.project),
        format!("there is no project {}: check the number", data.project),
    ))
}
