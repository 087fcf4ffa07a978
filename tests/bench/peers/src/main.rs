//! Other event stores, each through its own client and each append durable when it is answered, on the rows that karez
//! is measured with (`karez bench rows`): one by one, by many callers, in batches, and read back into totals.
//!
//! `karez-peers STORE PLACE ROWS ONE MANY` prints one JSON object. ONE and MANY are how many of the rows are appended by one
//! and by many callers; the others are appended in batches.

mod cqrs;
mod disintegrate_store;
mod measure;
mod message_db;
mod rows;
#[cfg(feature = "umadb")]
mod uma;

use anyhow::{Context, Result, bail};
use measure::measured;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// More connections make none of these stores faster on two cores.
const CONNECTIONS: u32 = 8;
/// Callers wait for a connection as long as it takes.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(600);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(feature = "umadb")]
    if let Some("umadb-serve") = arguments.first().map(String::as_str) {
        return uma::serve(&arguments);
    }
    let [store, place, rows, one, many] = arguments.as_slice() else {
        bail!("use: karez-peers STORE PLACE ROWS ONE MANY");
    };
    let rows = rows::read(rows)?;
    let parts = rows::Parts::of(&rows, one.parse()?, many.parse()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        match store.as_str() {
            "message-db" => measured(message_db::MessageDb::open(place).await?, parts).await,
            "cqrs-es" => measured(cqrs::Cqrs::open(pool(place.parse()?).await?).await?, parts).await,
            "disintegrate" => measured(disintegrate_store::Disintegrate::open(place).await?, parts).await,
            #[cfg(feature = "umadb")]
            "umadb" => measured(uma::Uma::open(place).await?, parts).await,
            other => bail!("{other} is not a store that this program was built with"),
        }
    })?;
    println!("{report}");
    Ok(())
}

async fn pool(options: PgConnectOptions) -> Result<PgPool> {
    let pool = PgPoolOptions::new()
        .min_connections(CONNECTIONS)
        .max_connections(CONNECTIONS)
        .acquire_timeout(LONGEST_WAIT)
        .test_before_acquire(false);
    pool.connect_with(options)
        .await
        .context("connecting to PostgreSQL")
}
