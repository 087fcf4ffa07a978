//! `karez user`: the accounts of people.

use clap::{Args, Subcommand};
use karez_events::UnitId;

use super::context::Context;
use super::output;
use super::sheet::{Cell, Look, Sheet, column};
use super::show::Shape;
use super::words;
use crate::accounts::{
    AccountError, NO_PASSWORD, check_name, check_unit, first_password, hash_password, unknown_unit,
    without_administrator,
};
use crate::authorization::{Action, Role, reach_in_words};
use crate::language::Language;
use crate::store::{Change, EventLog, NewAccount, RoleChange};
use crate::trouble::{Exit, Trouble};
use crate::views::accounts::{AccountState, UserView};

#[derive(Debug, Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make an account; its first password is shown once
    Add {
        /// The name to sign in with
        name: String,
        /// finance, unit, auditor, supervisor or admin
        #[arg(long)]
        role: Role,
        /// The unit's number, for the role unit
        #[arg(long)]
        unit: Option<UnitId>,
        /// Signs in through the office's directory, and has no password here
        #[arg(long)]
        oidc: bool,
    },
    /// Every account
    List {
        #[command(flatten)]
        shape: Shape,
    },
    /// What each role may do, and how far, as a Markdown table
    Roles,
    /// Let an account in no more, and end its sessions; `reset-password` opens it again
    Disable {
        /// Its name
        name: String,
    },
    /// Give an account another role, and end its sessions: its owner signs in again with it
    ChangeRole {
        /// Its name
        name: String,
        /// finance, unit, auditor, supervisor or admin
        #[arg(long)]
        role: Role,
        /// The unit's number, for the role unit
        #[arg(long)]
        unit: Option<UnitId>,
    },
    /// Give an account a new first password, shown once, and end its sessions
    ResetPassword {
        /// Its name
        name: String,
    },
    /// Let an account in again after wrong passwords
    Unlock {
        /// Its name
        name: String,
    },
}

pub(super) async fn run(context: &Context, args: &UserArgs) -> Result<Exit, Trouble> {
    match &args.what {
        What::Add {
            name,
            role,
            unit,
            oidc,
        } => add(context, name, (*role, unit.as_ref()), *oidc).await,
        What::List { shape } => list(context, shape).await,
        What::Roles => roles(),
        What::Disable { name } => {
            let done = context.open().await?.disable_account(name, context.by()).await?;
            let (zh, en) = (format!("账户 {name} 已停用"), format!("{name} is disabled"));
            tell(context, name, done, (&zh, &en))
        }
        What::ChangeRole { name, role, unit } => change_role(context, name, (*role, unit.as_ref())).await,
        What::ResetPassword { name } => reset(context, name).await,
        What::Unlock { name } => {
            let done = context.open().await?.unlock_account(name, context.by()).await?;
            let (zh, en) = (format!("账户 {name} 已解锁"), format!("{name} is unlocked"));
            tell(context, name, done, (&zh, &en))
        }
    }
}

fn roles() -> Result<Exit, Trouble> {
    let names = Role::ALL.map(|role| format!("`{role}`")).join(" | ");
    output::line(&format!("| | {names} |\n|---|---|---|---|---|---|"))?;
    for action in Action::ALL {
        let reaches = Role::ALL.map(|role| reach_in_words(role, action)).join(" | ");
        output::line(&format!("| `{}` | {reaches} |", action.as_str()))?;
    }
    Ok(Exit::Done)
}

async fn add(
    context: &Context,
    name: &str,
    (role, unit): (Role, Option<&UnitId>),
    by_directory: bool,
) -> Result<Exit, Trouble> {
    check_name(name)
        .and_then(|()| check_unit(role, unit))
        .map_err(|error| unfit(context, &error))?;
    let log = context.create_or_open().await?;
    let is_first = !log.has_accounts().await?;
    let (password, password_hash) = if by_directory {
        (None, NO_PASSWORD.to_owned())
    } else {
        let (password, hash) = fresh_password(context)?;
        (Some(password), hash)
    };
    let new = NewAccount {
        name,
        role,
        unit,
        password_hash: &password_hash,
        must_change_password: !by_directory,
    };
    if !log.create_account(new, context.by()).await? {
        let (zh, en) = (
            format!("账户 {name} 已存在"),
            format!("there is an account {name} already"),
        );
        return Err(Trouble::wrong_use(context.say(&zh, &en)).advise(context.say(
            "另取名称，或用 karez user reset-password",
            "take another name, or `karez user reset-password`",
        )));
    }
    match password {
        Some(password) => hand_over(context, name, &password)?,
        None => output::line(context.say(
            &format!("账户 {name} 经统一身份认证登录"),
            &format!("{name} signs in through the directory"),
        ))?,
    }
    warn_of_unknown(context, &log, unit).await?;
    if is_first {
        output::line(context.say(
            "这是第一个账户：正在运行的服务须重新启动，此后须登录才能使用",
            "this is the first account: start a running server again, from then on callers must sign in",
        ))?;
    }
    Ok(Exit::Done)
}

async fn change_role(
    context: &Context,
    name: &str,
    (role, unit): (Role, Option<&UnitId>),
) -> Result<Exit, Trouble> {
    check_unit(role, unit).map_err(|error| unfit(context, &error))?;
    let log = context.open().await?;
    match log.change_role(name, (role, unit), context.by()).await? {
        RoleChange::UnknownAccount => return Err(unknown(context, name)),
        RoleChange::LastAdministrator => {
            let (zh, en) = without_administrator(name);
            return Err(Trouble::wrong_use(context.say(&zh, &en)));
        }
        RoleChange::Done => {}
    }
    let (zh, en) = (
        format!("账户 {name} 的角色已变更为 {role}，须重新登录"),
        format!("{name} has the role {role} now, and must sign in again"),
    );
    output::line(context.say(&zh, &en))?;
    warn_of_unknown(context, &log, unit).await?;
    Ok(Exit::Done)
}

/// Says so where no record names the unit that an account or a key was given.
pub(super) async fn warn_of_unknown(
    context: &Context,
    log: &EventLog,
    unit: Option<&UnitId>,
) -> Result<(), Trouble> {
    let Some(unit) = unit else { return Ok(()) };
    if context.portfolio(log, None).await?.unit(unit).is_none() {
        let (zh, en) = unknown_unit(unit);
        output::line(context.say(&format!("注意：{zh}"), &format!("note: {en}")))?;
    }
    Ok(())
}

async fn reset(context: &Context, name: &str) -> Result<Exit, Trouble> {
    let log = context.open().await?;
    let (password, hash) = fresh_password(context)?;
    if !log
        .set_password(name, &hash, Change::PasswordReset, context.by())
        .await?
    {
        return Err(unknown(context, name));
    }
    hand_over(context, name, &password)?;
    Ok(Exit::Done)
}

fn fresh_password(context: &Context) -> Result<(String, String), Trouble> {
    let made = first_password().and_then(|password| Ok((hash_password(&password)?, password)));
    let (hash, password) = made.map_err(|error| unfit(context, &error))?;
    Ok((password, hash))
}

fn hand_over(context: &Context, name: &str, password: &str) -> Result<(), Trouble> {
    let zh = format!("账户 {name} 的首次密码：{password}\n只显示这一次，首次登录须修改");
    let en = format!(
        "the first password of {name}: {password}\nit is shown this once, and must be changed when signing in"
    );
    output::line(context.say(&zh, &en))
}

fn tell(context: &Context, name: &str, done: bool, said: (&str, &str)) -> Result<Exit, Trouble> {
    if !done {
        return Err(unknown(context, name));
    }
    output::line(context.say(said.0, said.1))?;
    Ok(Exit::Done)
}

fn unknown(context: &Context, name: &str) -> Trouble {
    let (zh, en) = (format!("没有账户 {name}"), format!("there is no account {name}"));
    Trouble::wrong_use(context.say(&zh, &en))
        .advise(context.say("karez user list 列出全部账户", "`karez user list` shows all"))
}

/// What is wrong with a name, a unit or a password, in the language of the command.
pub(super) fn unfit(context: &Context, error: &AccountError) -> Trouble {
    Trouble::wrong_use(context.say(&error.in_chinese(), &error.to_string()))
}

async fn list(context: &Context, shape: &Shape) -> Result<Exit, Trouble> {
    let now = context.clock.now();
    let accounts = context.open().await?.accounts().await?;
    let rows: Vec<UserView> = accounts
        .into_iter()
        .map(|account| UserView::of(account, now))
        .collect();
    shape.print(context, &rows, sheet)?;
    Ok(Exit::Done)
}

fn sheet(rows: &Vec<UserView>, look: Look) -> Vec<Sheet> {
    let columns = [
        column("name", "名称", "Name"),
        column("role", "角色", "Role"),
        column("unit", "单位", "Unit"),
        column("state", "状态", "State"),
        column("created_at", "建立时间", "Created"),
    ];
    let mut sheet = Sheet::new(look.language.pick("账户", "Accounts"), &columns);
    for row in rows {
        sheet.rows.push(vec![
            Cell::text(&row.name),
            Cell::text(words::role(row.role, look.language)),
            Cell::optional(row.unit.as_deref()),
            Cell::text(state(row.state, look.language)),
            Cell::Instant(row.created_at),
        ]);
    }
    vec![sheet]
}

fn state(state: AccountState, language: Language) -> &'static str {
    match state {
        AccountState::Disabled => language.pick("停用", "disabled"),
        AccountState::Locked => language.pick("锁定", "locked"),
        AccountState::FirstPassword => language.pick("待改密码", "first password"),
        AccountState::Active => language.pick("正常", "active"),
    }
}
