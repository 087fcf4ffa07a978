//! `karez key`: the keys of programs.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::{Args, Subcommand};
use karez_events::UnitId;

use super::context::Context;
use super::output;
use super::sheet::{Cell, Look, Sheet, column};
use super::show::Shape;
use super::user::{unfit, warn_of_unknown};
use super::words;
use crate::accounts::{OVERLAP_HOURS, check_name, check_unit, end_of_day, fresh_key, successor_of};
use crate::authorization::Role;
use crate::print;
use crate::store::ApiKey;
use crate::trouble::{Exit, Trouble};
use crate::views::accounts::{KeyState, KeyView};

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
        /// Its id, or a label for every key that has it
        key: String,
    },
    /// Make a key's successor with the same rights, which is shown once; the key itself ends a little later
    Rotate {
        /// Its id or label
        key: String,
        /// How long the old key goes on, so that its program never stands before a closed door; 0 ends it now
        #[arg(long, value_name = "HOURS", default_value_t = OVERLAP_HOURS)]
        overlap: u32,
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
        What::Rotate {
            key,
            overlap,
            expires_on,
        } => rotate(context, key, *overlap, *expires_on).await,
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
    if !log.create_key(&kept, context.by()).await? {
        let zh = format!("名为 {label} 的密钥仍有效");
        let en = format!("a key with the label {label} is in force already");
        return Err(Trouble::wrong_use(context.say(&zh, &en)).advise(context.say(
            "另取名称，或用 karez key rotate、karez key revoke",
            "take another label, or `karez key rotate` or `karez key revoke`",
        )));
    }
    hand_over(context, &kept, &shown)?;
    warn_of_unknown(context, &log, unit).await?;
    Ok(Exit::Done)
}

async fn revoke(context: &Context, wanted: &str) -> Result<Exit, Trouble> {
    let (log, by) = (context.open().await?, context.by());
    let keys = log.keys().await?;
    let is_meant = |key: &&ApiKey| !key.is_revoked(by.at) && (key.key_id == wanted || key.label == wanted);
    let mut found = keys.iter().filter(is_meant).peekable();
    if found.peek().is_none() {
        return Err(none_in_force(context, wanted));
    }
    for key in found {
        log.revoke_key(key, by).await?;
        let (zh, en) = (
            format!("密钥 {}（{}）已撤销", key.label, key.key_id),
            format!("the key {} ({}) is revoked", key.label, key.key_id),
        );
        output::line(context.say(&zh, &en))?;
    }
    Ok(Exit::Done)
}

async fn rotate(
    context: &Context,
    wanted: &str,
    overlap: u32,
    expires_on: Option<NaiveDate>,
) -> Result<Exit, Trouble> {
    let (log, by) = (context.open().await?, context.by());
    let keys = log.keys().await?;
    let mut in_force = keys.into_iter().filter(|key| key.revoked_at.is_none());
    let before = in_force
        .find(|key| key.key_id == wanted || key.label == wanted)
        .ok_or_else(|| none_in_force(context, wanted))?;
    let expires_at = expires_on.map(|on| end_of(context, on)).transpose()?;
    let (shown, kept) = successor_of(&before, expires_at, by.at).map_err(|error| unfit(context, &error))?;
    let until = by.at + TimeDelta::hours(overlap.into());
    if !log.replace_key(&before.key_id, until, &kept, by).await? {
        return Err(none_in_force(context, wanted));
    }
    let exit = hand_over(context, &kept, &shown)?;
    if overlap > 0 {
        let at = print::instant(until, context.config.office.time_zone);
        let (zh, en) = (
            format!("原密钥 {} 于 {at} 失效", before.key_id),
            format!("the one before, {}, ends at {at}", before.key_id),
        );
        output::line(context.say(&zh, &en))?;
    }
    Ok(exit)
}

fn none_in_force(context: &Context, wanted: &str) -> Trouble {
    let (zh, en) = (
        format!("没有有效的密钥 {wanted}"),
        format!("there is no key {wanted} in force"),
    );
    Trouble::wrong_use(context.say(&zh, &en))
        .advise(context.say("karez key list 列出全部密钥", "`karez key list` shows all"))
}

fn end_of(context: &Context, on: NaiveDate) -> Result<DateTime<Utc>, Trouble> {
    end_of_day(on, context.config.office.time_zone, context.clock.now())
        .map_err(|error| unfit(context, &error))
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

async fn list(context: &Context, shape: &Shape) -> Result<Exit, Trouble> {
    let now = context.clock.now();
    let keys = context.open().await?.keys().await?;
    let rows: Vec<KeyView> = keys.into_iter().map(|key| KeyView::of(key, now)).collect();
    shape.print(context, &rows, sheet)?;
    Ok(Exit::Done)
}

fn sheet(rows: &Vec<KeyView>, look: Look) -> Vec<Sheet> {
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
            KeyState::Revoked => look.language.pick("已撤销", "revoked"),
            KeyState::Expired => look.language.pick("已过期", "expired"),
            KeyState::Rotated => look.language.pick("将失效", "rotated"),
            KeyState::Active => look.language.pick("有效", "active"),
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
