//! `/v1/users`: the accounts of people, for those who run the service. A first password is in the answer that makes it
//! and nowhere else.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use karez_events::UnitId;
use serde::{Deserialize, Serialize};

use super::Gateway;
use super::administration::{read, unfit};
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use super::session::never_stored;
use crate::accounts::{NO_PASSWORD, check_name, check_unit, first_password, without_administrator};
use crate::authorization::{Caller, Role};
use crate::store::{Account, Change, NewAccount, RoleChange};
use crate::views::accounts::UserView;

/// An account that is to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// The name to sign in with.
    name: String,
    /// What its owner may do.
    role: Role,
    /// The unit's number, for the role unit.
    unit: Option<UnitId>,
    /// It signs in through the office's directory, and has no password here.
    #[serde(default)]
    oidc: bool,
}

/// Another role for an account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherRole {
    /// What its owner may do from now on.
    role: Role,
    /// The unit's number, for the role unit.
    unit: Option<UnitId>,
}

/// Every account.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UserList {
    /// The accounts, by name.
    items: Vec<UserView>,
}

/// An account whose first password is handed over.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct HandedOver {
    /// The account.
    #[serde(flatten)]
    user: UserView,
    /// Shown this once; it must be changed when signing in. Absent where the directory knows the password.
    first_password: Option<String>,
    /// What to check: no record names its unit yet. Absent where nothing is.
    notice: Option<String>,
}

/// An account with its other role.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ChangedUser {
    /// The account.
    #[serde(flatten)]
    user: UserView,
    /// What to check: no record names its unit yet. Absent where nothing is.
    notice: Option<String>,
}

/// Every account.
#[utoipa::path(get, path = "/v1/users", tag = "administration", responses((status = 200, description = "The answer.", body = UserList)))]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<UserList>, Problem> {
    asked.none(&gateway)?;
    let now = gateway.parts().clock.now();
    let accounts = gateway.parts().log.accounts().await?;
    let items = accounts.into_iter().map(|account| UserView::of(account, now));
    Ok(Json(UserList {
        items: items.collect(),
    }))
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "administration",
    request_body = NewUser,
    responses((status = 201, description = "The account with its first password.", body = HandedOver), (status = 409, description = "The name is taken, or it is the caller's own account.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn add(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let new: NewUser = read(&headers, &body)?;
    check_name(&new.name)
        .and_then(|()| check_unit(new.role, new.unit.as_ref()))
        .map_err(unfit)?;
    let (first_password, password_hash) = if new.oidc {
        (None, NO_PASSWORD.to_owned())
    } else {
        let (password, hash) = gateway.fresh_password().await?;
        (Some(password), hash)
    };
    let account = NewAccount {
        name: &new.name,
        role: new.role,
        unit: new.unit.as_ref(),
        password_hash: &password_hash,
        must_change_password: !new.oidc,
    };
    let log = &gateway.parts().log;
    if !log.create_account(account, gateway.by(&caller)).await? {
        return Err(taken(&new.name));
    }
    gateway
        .handed_over(StatusCode::CREATED, &new.name, first_password, &headers)
        .await
}

/// Gives an account another role and unit, and ends its sessions: its owner signs in again with it.
#[utoipa::path(
    post,
    path = "/v1/users/{name}/change-role",
    tag = "administration",
    params(("name" = String, Path, description = "The account.")),
    request_body = OtherRole,
    responses((status = 200, description = "The account.", body = ChangedUser), (status = 409, description = "It is the caller's own account, or the last administrator.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn change_role(
    State(gateway): State<Gateway>,
    Path(name): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ChangedUser>, Problem> {
    let caller = asked.caller(&gateway)?;
    refuse_own(&caller, &name)?;
    let OtherRole { role, unit } = read(&headers, &body)?;
    check_unit(role, unit.as_ref()).map_err(unfit)?;
    let log = &gateway.parts().log;
    let change = log
        .change_role(&name, (role, unit.as_ref()), gateway.by(&caller))
        .await?;
    if change == RoleChange::LastAdministrator {
        return Err(last_administrator(&name));
    }
    let user = gateway.user(change == RoleChange::Done, &name).await?;
    let notice = gateway.notice(unit.as_ref(), &headers);
    Ok(Json(ChangedUser { user, notice }))
}

/// Lets an account in no more, and ends its sessions.
#[utoipa::path(
    post,
    path = "/v1/users/{name}/disable",
    tag = "administration",
    params(("name" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = UserView), (status = 409, description = "It is the caller's own account.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn disable(
    State(gateway): State<Gateway>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Json<UserView>, Problem> {
    let caller = asked.caller(&gateway)?;
    refuse_own(&caller, &name)?;
    let done = gateway
        .parts()
        .log
        .disable_account(&name, gateway.by(&caller))
        .await?;
    gateway.user(done, &name).await.map(Json)
}

/// Lets an account in again after wrong passwords.
#[utoipa::path(
    post,
    path = "/v1/users/{name}/unlock",
    tag = "administration",
    params(("name" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = UserView))
)]
pub(crate) async fn unlock(
    State(gateway): State<Gateway>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Json<UserView>, Problem> {
    let caller = asked.caller(&gateway)?;
    let done = gateway
        .parts()
        .log
        .unlock_account(&name, gateway.by(&caller))
        .await?;
    gateway.user(done, &name).await.map(Json)
}

/// Gives an account a new first password and ends its sessions; one that was disabled lets in again.
#[utoipa::path(
    post,
    path = "/v1/users/{name}/reset-password",
    tag = "administration",
    params(("name" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account with its first password.", body = HandedOver), (status = 409, description = "The name is taken, or it is the caller's own account.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn reset_password(
    State(gateway): State<Gateway>,
    Path(name): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    refuse_own(&caller, &name)?;
    let (password, hash) = gateway.fresh_password().await?;
    let log = &gateway.parts().log;
    if !log
        .set_password(&name, &hash, Change::PasswordReset, gateway.by(&caller))
        .await?
    {
        return Err(unknown(&name));
    }
    gateway
        .handed_over(StatusCode::OK, &name, Some(password), &headers)
        .await
}

impl Gateway {
    async fn fresh_password(&self) -> Result<(String, String), Problem> {
        let password = first_password().map_err(unfit)?;
        let hash = self.hashed(password.clone()).await?;
        Ok((password, hash))
    }

    async fn user(&self, is_known: bool, name: &str) -> Result<UserView, Problem> {
        let account = self.account(is_known, name).await?;
        Ok(UserView::of(account, self.parts().clock.now()))
    }

    async fn account(&self, is_known: bool, name: &str) -> Result<Account, Problem> {
        let accounts = self.parts().log.accounts().await?;
        let account = accounts
            .into_iter()
            .find(|account| is_known && account.name == name);
        account.ok_or_else(|| unknown(name))
    }

    async fn handed_over(
        &self,
        status: StatusCode,
        name: &str,
        first_password: Option<String>,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let account = self.account(true, name).await?;
        let notice = self.notice(account.unit.as_ref(), headers);
        let handed_over = HandedOver {
            user: UserView::of(account, self.parts().clock.now()),
            first_password,
            notice,
        };
        Ok(never_stored((status, Json(handed_over)).into_response()))
    }
}

/// Whoever shuts themselves out may be the last who could open again.
fn refuse_own(caller: &Caller, name: &str) -> Result<(), Problem> {
    if caller.known().is_none_or(|(own, _, _)| own != name) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "own_account",
        "不能停用、重置自己的账户或变更自己的角色：修改密码用 POST /v1/session/password，其余请另一管理员办理".to_owned(),
        "nobody disables or resets their own account or changes its role: POST /v1/session/password changes your password, another administrator does the rest"
            .to_owned(),
    ))
}

/// Without an administrator nobody could make one.
fn last_administrator(name: &str) -> Problem {
    let (zh, en) = without_administrator(name);
    Problem::new(StatusCode::CONFLICT, "last_administrator", zh, en).at("/role")
}

fn taken(name: &str) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "name_taken",
        format!("账户 {name} 已存在：另取名称，或重置其密码"),
        format!("there is an account {name} already: take another name, or reset its password"),
    )
    .at("/name")
}

fn unknown(name: &str) -> Problem {
    Problem::not_found("账户", "account", name)
}
