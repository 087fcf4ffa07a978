//! The accounts of the demonstration, one a role. Their password is printed and published, so that a service which other
//! machines can reach refuses to start while one of them is active.

use karez_events::{IdError, UnitId};

use super::names::unit_id;
use crate::authorization::Role;

/// What all of them sign in with.
pub const PASSWORD: &str = "karez-demo-2024";
/// How all of their names begin.
const BEGINS: &str = "demo-";
/// The project whose unit has an account: the one that is far behind.
const OF_2024: u32 = 2;

/// Name, role and unit of each.
///
/// # Errors
/// The number of the demonstration's unit is none: a fault of the program.
pub fn accounts() -> Result<[(String, Role, Option<UnitId>); 5], IdError> {
    let unit = UnitId::try_new(&unit_id(2024, OF_2024))?;
    Ok(Role::ALL.map(|role| {
        let unit = (role == Role::Unit).then(|| unit.clone());
        (format!("{BEGINS}{role}"), role, unit)
    }))
}

/// Whether a name is that of such an account.
#[must_use]
pub fn is_of_demonstration(name: &str) -> bool {
    name.strip_prefix(BEGINS)
        .is_some_and(|role| Role::ALL.iter().any(|known| known.as_str() == role))
}
