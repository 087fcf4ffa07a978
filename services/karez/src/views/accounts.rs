//! Accounts, keys and who changed them, without any secret.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{instant, optional_instant};
use crate::authorization::Role;
use crate::store::{Account, AdministrationRow, ApiKey};

/// How an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It lets its owner in.
    Active,
    /// Its owner has not chosen a password yet.
    FirstPassword,
    /// It lets nobody in for a while, after wrong passwords.
    Locked,
    /// It lets nobody in.
    Disabled,
}

/// An account of a person.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UserView {
    /// The name to sign in with.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// The unit of a unit's account.
    pub unit: Option<String>,
    /// How it is now.
    pub state: AccountState,
    /// When it was made.
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// Until when it lets nobody in.
    #[serde(serialize_with = "optional_instant")]
    pub locked_until: Option<DateTime<Utc>>,
    /// Whether it signs in through the office's directory.
    pub oidc: bool,
}

impl UserView {
    /// An account as it is at an instant.
    #[must_use]
    pub fn of(account: Account, now: DateTime<Utc>) -> Self {
        let locked_until = account.locked_until.filter(|until| now < *until);
        let state = match (account.is_active, locked_until, account.must_change_password) {
            (false, _, _) => AccountState::Disabled,
            (true, Some(_), _) => AccountState::Locked,
            (true, None, true) => AccountState::FirstPassword,
            (true, None, false) => AccountState::Active,
        };
        Self {
            name: account.name,
            role: account.role,
            unit: account.unit.map(|unit| unit.to_string()),
            state,
            created_at: account.created_at,
            locked_until,
            oidc: account.is_of_directory,
        }
    }
}

/// How a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It opens what its role may.
    Active,
    /// The same until `revoked_at`: it has a successor.
    Rotated,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// A key of a program.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeyView {
    /// Its public part.
    pub key_id: String,
    /// The program's name; what it records has the actor `key:LABEL`.
    pub label: String,
    /// What the program may do.
    pub role: Role,
    /// The unit of a unit's key.
    pub unit: Option<String>,
    /// How it is now.
    pub state: KeyState,
    /// When it was made.
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    #[serde(serialize_with = "optional_instant")]
    pub expires_at: Option<DateTime<Utc>>,
    /// From when it is revoked; still to come where it was rotated.
    #[serde(serialize_with = "optional_instant")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    #[serde(serialize_with = "optional_instant")]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl KeyView {
    /// A key as it is at an instant.
    #[must_use]
    pub fn of(key: ApiKey, now: DateTime<Utc>) -> Self {
        let state = match (key.is_revoked(now), key.is_in_force(now), key.revoked_at) {
            (true, _, _) => KeyState::Revoked,
            (false, false, _) => KeyState::Expired,
            (false, true, Some(_)) => KeyState::Rotated,
            (false, true, None) => KeyState::Active,
        };
        Self {
            key_id: key.key_id,
            label: key.label,
            role: key.role,
            unit: key.unit.map(|unit| unit.to_string()),
            state,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// One change of an account, a key or a person.
#[derive(Debug, Serialize, utoipa::ToSchema)]
// In the API's description a change of a warning has the bare name.
#[schema(as = AdministrationChange)]
pub struct ChangeView {
    /// Its number, from 1.
    pub change_no: i64,
    /// When.
    #[serde(serialize_with = "instant")]
    pub changed_at: DateTime<Utc>,
    /// The account, `key:LABEL`, or `console` for a command on the machine itself.
    pub actor: String,
    /// What was done, such as `account_added` or `key_rotated`.
    pub what: String,
    /// The account, `key:LABEL` or person that was changed.
    pub subject: String,
    /// What else is worth knowing, such as a role.
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl From<AdministrationRow> for ChangeView {
    fn from(row: AdministrationRow) -> Self {
        Self {
            change_no: row.change_no,
            changed_at: row.changed_at,
            actor: row.actor,
            what: row.what,
            subject: row.subject,
            detail: row.detail,
        }
    }
}
