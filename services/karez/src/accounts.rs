//! What accounts rest on: passwords (argon2id), session ids, keys of programs, and the lock after wrong passwords.
//! Nothing here is ever printed or logged but by the command that hands it over, once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use karez_events::UnitId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::authorization::Role;
use crate::store::ApiKey;

/// How long somebody stays signed in.
pub const SESSION_HOLDS: TimeDelta = TimeDelta::hours(12);
/// What a name of an account or a key can be at most, in bytes.
const LONGEST_NAME_BYTES: usize = 100;
/// The fewest letters of a password.
const SHORTEST_PASSWORD: usize = 12;
/// The longest password that is hashed, in bytes: nobody can make the service hash a book.
const LONGEST_PASSWORD_BYTES: usize = 1024;
/// Wrong passwords in a row that lock nothing yet.
const FREE_ATTEMPTS: u32 = 4;
/// The first lock; each further wrong password doubles it.
const FIRST_LOCK: TimeDelta = TimeDelta::minutes(1);
/// The most that it is doubled: about a day.
const MOST_DOUBLINGS: u32 = 10;
/// The letters of first passwords, without those that are mistaken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How long a rotated key goes on beside its successor where nobody says, in hours: a program is given its new key within
/// a day.
pub const OVERLAP_HOURS: u32 = 24;
/// How every key of a program begins, so that scanners for lost secrets find it.
const KEY_BEGINS: &str = "karez";

/// Why something about an account cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A name that cannot be one.
    #[error(
        "{0:?} cannot be a name: give 1 to {LONGEST_NAME_BYTES} bytes of letters, digits and . _ - @, no spaces"
    )]
    Name(String),
    /// A password that is too easy to find.
    #[error("the password is too short: give {SHORTEST_PASSWORD} characters or more")]
    ShortPassword,
    /// A password that is a text.
    #[error("the password is too long: give at most {LONGEST_PASSWORD_BYTES} bytes")]
    LongPassword,
    /// A unit's account without a unit, or another one with one.
    #[error("a unit belongs to the role unit and to no other: give --unit with --role unit, and only there")]
    Unit,
    /// A key that would have ended before it began.
    #[error("{0} is past: give today or a later day")]
    Past(NaiveDate),
    /// The successor of a key that has ended by itself would end with it.
    #[error("the key has expired: say until when its successor holds")]
    Expired,
    /// The system or the hash function refuses.
    #[error("no secret can be made: {0}")]
    System(String),
}

impl AccountError {
    /// The same in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Self::Name(name) => format!(
                "{name:?} 不能作名称：应为 1 至 {LONGEST_NAME_BYTES} 字节的字母、数字及 . _ - @，不含空格"
            ),
            Self::ShortPassword => format!("密码过短：至少 {SHORTEST_PASSWORD} 个字符"),
            Self::LongPassword => format!("密码过长：至多 {LONGEST_PASSWORD_BYTES} 字节"),
            Self::Unit => "单位只属于角色 unit：--role unit 须给 --unit，其他角色不得给".to_owned(),
            Self::Past(on) => format!("{on} 已过：请给今天或以后的日期"),
            Self::Expired => "密钥已过期：请给出新密钥的有效期".to_owned(),
            Self::System(what) => format!("无法生成密钥：{what}"),
        }
    }
}

/// Checks the name of an account or a key. Names stand in the log as actors, and a colon tells keys from people.
///
/// # Errors
/// [`AccountError::Name`].
pub fn check_name(name: &str) -> Result<(), AccountError> {
    let is_taken = |letter: char| letter.is_alphanumeric() || "._-@".contains(letter);
    let fits = (1..=LONGEST_NAME_BYTES).contains(&name.len()) && name.chars().all(is_taken);
    if fits {
        Ok(())
    } else {
        Err(AccountError::Name(name.to_owned()))
    }
}

/// Checks that a unit is given for a unit's account and for no other.
///
/// # Errors
/// [`AccountError::Unit`].
pub fn check_unit(role: Role, unit: Option<&UnitId>) -> Result<(), AccountError> {
    if (role == Role::Unit) == unit.is_some() {
        Ok(())
    } else {
        Err(AccountError::Unit)
    }
}

/// What to say of an account or a key of a unit that no record names, in Chinese and English. It is no refusal: the unit's
/// first project may be to come.
#[must_use]
pub fn unknown_unit(unit: &UnitId) -> (String, String) {
    (
        format!(
            "账本中还没有单位 {unit} 的记录：请核对统一社会信用代码。如该单位的第一个项目尚未入账，入账后即可查看和填报"
        ),
        format!(
            "no record names the unit {unit} yet: check its number. If its first project is still to be recorded, it sees and posts from then on"
        ),
    )
}

/// Why the last administrator stays one, in Chinese and English.
#[must_use]
pub fn without_administrator(name: &str) -> (String, String) {
    (
        format!("{name} 是唯一可登录的管理员：请先指定另一位管理员"),
        format!("{name} is the last administrator who can sign in: make another one first"),
    )
}

/// Checks a password that its owner chose.
///
/// # Errors
/// [`AccountError::ShortPassword`] or [`AccountError::LongPassword`].
pub fn check_password(password: &str) -> Result<(), AccountError> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(AccountError::ShortPassword);
    }
    if password.len() > LONGEST_PASSWORD_BYTES {
        return Err(AccountError::LongPassword);
    }
    Ok(())
}

/// The argon2id hash of a password, with a salt of its own. It takes tens of milliseconds by intent.
///
/// # Errors
/// [`AccountError::System`].
pub fn hash_password(password: &str) -> Result<String, AccountError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| AccountError::System(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password is the one of a hash; it takes as long where there is no hash, so that the time says nothing
/// about which names exist.
#[must_use]
pub fn is_password(password: &str, hash: Option<&str>) -> bool {
    if password.len() > LONGEST_PASSWORD_BYTES {
        return false;
    }
    let Some(hash) = hash.and_then(|hash| PasswordHash::new(hash).ok()) else {
        drop(hash_password(password));
        return false;
    };
    Argon2::default()
        .verify_password(password.as_bytes(), &hash)
        .is_ok()
}

/// In place of the hash of a password, for an account that signs in through the directory: no password is its.
pub const NO_PASSWORD: &str = "none";

/// A first password: twenty letters that can be read out, in groups.
///
/// # Errors
/// [`AccountError::System`].
pub fn first_password() -> Result<String, AccountError> {
    let letters: Vec<char> = random::<20>()?
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect();
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// Until when an account is locked after so many wrong passwords in a row; `None` while it is not.
#[must_use]
pub fn locked_until(failed_attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let over = failed_attempts.checked_sub(FREE_ATTEMPTS + 1)?;
    let doubled = 1_i32 << over.min(MOST_DOUBLINGS);
    Some(now + FIRST_LOCK * doubled)
}

/// A fresh session id, as the cookie holds it.
///
/// # Errors
/// [`AccountError::System`].
pub fn session_id() -> Result<String, AccountError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// What is kept of a session id or of a key's secret. Both are random and long, so one hash is enough.
#[must_use]
pub fn fingerprint(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A fresh key of a program: what is shown once, and what is kept.
///
/// # Errors
/// [`AccountError::System`].
pub fn fresh_key(
    label: &str,
    role: Role,
    unit: Option<UnitId>,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(String, ApiKey), AccountError> {
    let key_id = hexadecimal(&random::<6>()?);
    let secret = hexadecimal(&random::<32>()?);
    let shown = format!("{KEY_BEGINS}_{key_id}_{secret}");
    let kept = ApiKey {
        key_id,
        secret_hash: fingerprint(&secret),
        label: label.to_owned(),
        role,
        unit,
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    Ok((shown, kept))
}

/// The end of the last day on which a key opens anything.
///
/// # Errors
/// [`AccountError::Past`].
pub fn end_of_day(on: NaiveDate, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, AccountError> {
    let next = on
        .checked_add_days(Days::new(1))
        .map(|day| day.and_time(NaiveTime::MIN));
    let end = next.and_then(|next| zone.from_local_datetime(&next).earliest());
    end.map(|end| end.with_timezone(&Utc))
        .filter(|end| *end > now)
        .ok_or(AccountError::Past(on))
}

/// A key with the rights of another one, as [`fresh_key`]; it ends as given, or with that one.
///
/// # Errors
/// [`AccountError::Expired`] where it would have ended already, [`AccountError::System`].
pub fn successor_of(
    before: &ApiKey,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(String, ApiKey), AccountError> {
    let expires_at = expires_at.or(before.expires_at);
    if expires_at.is_some_and(|end| end <= now) {
        return Err(AccountError::Expired);
    }
    fresh_key(&before.label, before.role, before.unit.clone(), now, expires_at)
}

/// The public part of a key and its secret; `None` for what is no key.
#[must_use]
pub fn key_parts(shown: &str) -> Option<(&str, &str)> {
    let (key_id, secret) = shown
        .strip_prefix(KEY_BEGINS)?
        .strip_prefix('_')?
        .split_once('_')?;
    (!key_id.is_empty() && !secret.is_empty()).then_some((key_id, secret))
}

/// Whether a secret is the one of a key, in a time that does not depend on how much of it is right.
#[must_use]
pub fn is_secret_of(secret: &str, key: &ApiKey) -> bool {
    fingerprint(secret).ct_eq(&key.secret_hash).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn random<const N: usize>() -> Result<[u8; N], AccountError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| AccountError::System(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_stored_as_argon2id() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(is_password("correct horse battery", Some(&hash)));
        assert!(!is_password("correct horse", Some(&hash)));
        assert!(!is_password("correct horse battery", None));
    }

    #[test]
    fn first_passwords_differ_and_are_long_enough() {
        let (one, other) = (first_password().unwrap(), first_password().unwrap());
        assert_ne!(one, other);
        check_password(&one).unwrap();
        assert_eq!(one.len(), 23);
    }

    #[test]
    fn the_lock_begins_with_the_fifth_wrong_password_and_doubles() {
        let now: DateTime<Utc> = "2024-06-01T00:00:00Z".parse().unwrap();
        let minutes = |failed| locked_until(failed, now).map(|until| (until - now).num_minutes());
        assert_eq!(
            [4, 5, 6, 7, 100].map(minutes),
            [None, Some(1), Some(2), Some(4), Some(1024)]
        );
    }

    #[test]
    fn a_key_opens_only_with_its_secret() {
        let now = "2024-06-01T00:00:00Z".parse().unwrap();
        let (shown, kept) = fresh_key("erp", Role::Finance, None, now, None).unwrap();
        let (key_id, secret) = key_parts(&shown).unwrap();
        assert_eq!(key_id, kept.key_id);
        assert!(is_secret_of(secret, &kept));
        assert!(!is_secret_of(&format!("{secret}0"), &kept));
        assert!(!format!("{kept:?}").contains(secret));
        assert_eq!(key_parts("karez_only"), None);
    }

    #[test]
    fn names_are_words() {
        for name in ["li.wei", "阿依古丽", "erp-7@unit"] {
            check_name(name).unwrap();
        }
        for name in ["", "a b", "key:erp", "a/b", &"x".repeat(101)] {
            check_name(name).unwrap_err();
        }
    }
}
