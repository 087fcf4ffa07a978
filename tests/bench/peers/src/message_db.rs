//! message-db: `PostgreSQL` functions, which its npm package installs.

use anyhow::Result;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, Postgres, Row as _};

use crate::measure::{Ends, Store};
use crate::rows::{Row, Totals};

/// Messages that its own function reads at once, as it does where it is not told.
const PAGE: i64 = 1_000;

pub struct MessageDb {
    pool: PgPool,
}

impl MessageDb {
    pub async fn open(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let pool = crate::pool(options.options([("search_path", "message_store,public")])).await?;
        Ok(Self { pool })
    }
}

async fn write(to: impl sqlx::Executor<'_, Database = Postgres>, row: &Row, end: Option<i64>) -> Result<i64> {
    let fact = &row.fact;
    let position = sqlx::query("SELECT write_message($1, $2, $3, $4, $5, $6)")
        .bind(row.id.to_string())
        .bind(format!("project-{}", row.project()))
        .bind(&fact.r#type)
        .bind(json!({"occurred_on": fact.occurred_on, "data": fact.data}))
        .bind(json!(fact.metadata))
        .bind(end.unwrap_or(-1))
        .fetch_one(to)
        .await?;
    Ok(position.get(0))
}

impl Store for MessageDb {
    async fn append(&self, row: &Row, end: Option<i64>) -> Result<i64> {
        write(&self.pool, row, end).await
    }

    async fn append_batch(&self, rows: &[Row], ends: &mut Ends) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        for row in rows {
            let end = write(&mut *transaction, row, ends.get(row.project()).copied()).await?;
            ends.insert(row.project().to_owned(), end);
        }
        Ok(transaction.commit().await?)
    }

    async fn totals(&self) -> Result<Totals> {
        let (mut totals, mut next) = (Totals::default(), 1_i64);
        loop {
            let page = sqlx::query(
                "SELECT stream_name, data, global_position FROM get_category_messages('project', $1, $2)",
            )
            .bind(next)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await?;
            let Some(last) = page.last() else {
                return Ok(totals);
            };
            next = last.get::<i64, _>(2) + 1;
            for message in &page {
                let stream: &str = message.get(0);
                let data: Value = serde_json::from_str(message.get(1))?;
                totals.add(stream.trim_start_matches("project-"), &data["data"])?;
            }
        }
    }
}
