//! Waiting for conditions, never for time.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};

/// Asks again and again until there is an answer, or fails with what was waited for.
///
/// # Errors
/// The time is up.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(within, asking).await {
        Ok(answer) => Ok(answer),
        Err(_) => bail!("{what}: not within {within:?}"),
    }
}
