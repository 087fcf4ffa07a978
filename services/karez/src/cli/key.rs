//! `karez key`: the keys of programs.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use clap::{Args, Subcommand};
use karez_events::UnitId;
use serde::Serialize;

use super::context::Context;
use super::output;
use super::sheet::{Cell, Look, Sheet, column};
use super::show::Shape;
use super::user::unfit;
use super::words;
use crate::accounts::{check_name, check_unit, fresh_key};
use crate::authorization::Role;
use crate::store::ApiKey;
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a key; it is shown once
    Create {
        /// The program's name; what it records has the actor key:LABEL
        label: String,
        /// finance, unit, auditor, supervisor or admin
        #[arg(long)]
        role: Role,
        /// The unit's number, for the role unit
        #[arg(long)]
        unit: Option<UnitId>,
        /// The last day on which it opens anything, such as 2025-12-31; without it, until it is revoked
        #[arg(long, value_name = "DATE")]
        expires_on: Option<NaiveDate>,
    },
    /// Every key, without its secret
    List {
        #[command(flatten)]
        shape: Shape,
    },
    /// Let a key open nothing more, from now on
    Revoke {
        /// Its id or label
        key: String,
    },
    /// Revoke a key and make its successor with the same rights, which is shown once
    Rotate {
        /// Its id or label
        key: String,
        /// The last day of the new one; without it, that of the old one
        #[arg(long, value_name = "DATE")]
        expires_on: Option<NaiveDate>,
    },
}

pub(super) async fn run(context: &Context, args: &KeyArgs) -> Result<Exit, Trouble> {
    match &args.what {
        What::Create {
            label,
            role,
            unit,
            expires_on,
        } => create(context, label, (*role, unit.as_ref()), *expires_on).await,
        What::List { shape } => list(context, shape).await,
        What::Revoke { key } => revoke(context, key).await,
        What::Rotate { key, expires_on } => rotate(context, key, *expires_on).await,
    }
}

async fn create(
    context: &Context,
    label: &str,
    (role, unit): (Role, Option<&UnitId>),
    expires_on: Option<NaiveDate>,
) -> Result<Exit, Trouble> {
    check_name(label)
        .and_then(|()| check_unit(role, unit))
        .map_err(|error| unfit(context, &error))?;
    let expires_at = expires_on.map(|on| end_of(context, on)).transpose()?;
    let now = context.clock.now();
    let made = fresh_key(label, role, unit.cloned(), now, expires_at);
    let (shown, kept) = made.map_err(|error| unfit(context, &error))?;
    let log = context.create_or_open().await?;
    if !log.create_key(&kept).await? {
        let zh = format!("名为 {label} 的密钥仍有效");
        let en = format!("a key with the label {label} is in force already");
        return Err(Trouble::wrong_use(context.say(&zh, &en)).advise(context.say(
            "另取名称，或用 karez key rotate、karez key revoke",
            "take another label, or `karez key rotate` or `karez key revoke`",
        )));
    }
    hand_over(context, &kept, &shown)
}

async fn revoke(context: &Context, wanted: &str) -> Result<Exit, Trouble> {
    let key = find(context, wanted).await?;
    let log = context.open().await?;
    log.revoke_key(&key.key_id, context.clock.now()).await?;
    let (zh, en) = (
        format!("密钥 {}（{}）已撤销", key.label, key.key_id),
        format!("the key {} ({}) is revoked", key.label, key.key_id),
    );
    output::line(context.say(&zh, &en))?;
    Ok(Exit::Done)
}

async fn rotate(context: &Context, wanted: &str, expires_on: Option<NaiveDate>) -> Result<Exit, Trouble> {
    let before = find(context, wanted).await?;
    let expires_at = match expires_on {
        Some(on) => Some(end_of(context, on)?),
        None => before.expires_at,
    };
    let now = context.clock.now();
    let made = fresh_key(&before.label, before.role, before.unit, now, expires_at);
    let (shown, kept) = made.map_err(|error| unfit(context, &error))?;
    if !context.open().await?.replace_key(&before.key_id, &kept).await? {
        return Err(none_in_force(context, wanted));
    }
    hand_over(context, &kept, &shown)
}

/// The key that an id or a label names, and that has not been revoked.
async fn find(context: &Context, wanted: &str) -> Result<ApiKey, Trouble> {
    let keys = context.open().await?.keys().await?;
    let mut in_force = keys.into_iter().filter(|key| key.revoked_at.is_none());
    in_force
        .find(|key| key.key_id == wanted || key.label == wanted)
        .ok_or_else(|| none_in_force(context, wanted))
}

fn none_in_force(context: &Context, wanted: &str) -> Trouble {
    let (zh, en) = (
        format!("没有有效的密钥 {wanted}"),
        format!("there is no key {wanted} in force"),
    );
    Trouble::wrong_use(context.say(&zh, &en))
        .advise(context.say("karez key list 列出全部密钥", "`karez key list` shows all"))
}

/// The end of a business day.
fn end_of(context: &Context, on: NaiveDate) -> Result<DateTime<Utc>, Trouble> {
    let next = on
        .checked_add_days(Days::new(1))
        .map(|day| day.and_time(NaiveTime::MIN));
    let zone = context.config.office.time_zone;
    let end = next.and_then(|next| zone.from_local_datetime(&next).earliest());
    end.map(|end| end.with_timezone(&Utc))
        .filter(|end| *end > context.clock.now())
        .ok_or_else(|| {
            let (zh, en) = (
                format!("{on} 已过：请给今天或以后的日期"),
                format!("{on} is past: give today or a later day"),
            );
            Trouble::wrong_use(context.say(&zh, &en))
        })
}

fn hand_over(context: &Context, key: &ApiKey, shown: &str) -> Result<Exit, Trouble> {
    let zh = format!(
        "密钥 {}：{shown}\n只显示这一次，程序以 Authorization: Bearer 发送",
        key.label
    );
    let en = format!(
        "the key {}: {shown}\nit is shown this once; send it as Authorization: Bearer",
        key.label
    );
    output::line(context.say(&zh, &en))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Row {
    key_id: String,
    label: String,
    role: Role,
    unit: Option<String>,
    state: &'static str,
    #[serde(serialize_with = "crate::views::instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "crate::views::optional_instant")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "crate::views::optional_instant")]
    last_used_at: Option<DateTime<Utc>>,
}

async fn list(context: &Context, shape: &Shape) -> Result<Exit, Trouble> {
    let now = context.clock.now();
    let row = |key: ApiKey| Row {
        state: match (key.revoked_at, key.is_in_force(now)) {
            (Some(_), _) => "revoked",
            (None, false) => "expired",
            (None, true) => "active",
        },
        key_id: key.key_id,
        label: key.label,
        role: key.role,
        unit: key.unit.map(|unit| unit.to_string()),
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
    };
    let keys = context.open().await?.keys().await?;
    let rows: Vec<Row> = keys.into_iter().map(row).collect();
    shape.print(context, &rows, sheet)?;
    Ok(Exit::Done)
}

fn sheet(rows: &Vec<Row>, look: Look) -> Vec<Sheet> {
    let columns = [
        column("key_id", "编号", "Id"),
        column("label", "名称", "Label"),
        column("role", "角色", "Role"),
        column("unit", "单位", "Unit"),
        column("state", "状态", "State"),
        column("created_at", "建立时间", "Created"),
        column("expires_at", "失效时间", "Expires"),
        column("last_used_at", "最近使用", "Last used"),
    ];
    let mut sheet = Sheet::new(look.language.pick("密钥", "Keys"), &columns);
    let instant = |at: Option<DateTime<Utc>>| at.map_or(Cell::Blank, Cell::Instant);
    for row in rows {
        let state = match row.state {
            "revoked" => look.language.pick("已撤销", "revoked"),
            "expired" => look.language.pick("已过期", "expired"),
            _ => look.language.pick("有效", "active"),
        };
        sheet.rows.push(vec![
            Cell::text(&row.key_id),
            Cell::text(&row.label),
            Cell::text(words::role(row.role, look.language)),
            Cell::optional(row.unit.as_deref()),
            Cell::text(state),
            Cell::Instant(row.created_at),
            instant(row.expires_at),
            instant(row.last_used_at),
        ]);
    }
    vec![sheet]
}
