//! Fields that belong to a person. They are sealed before they reach the log, each person under a key of
//! their own; destroying the key erases the person while amounts, hashes and totals stay.

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;

/// A personal text: open as it was sent, or sealed as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Personal {
    /// Plain text, as sent by a unit.
    Open(String),
    /// Sealed under the person's key.
    Sealed {
        /// base64 of nonce and ciphertext.
        sealed: String,
    },
}

/// 收款人: who was paid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    /// Pseudonym of the payee, set when the fields are sealed: equal payees have equal pseudonyms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal>,
    /// Bank account number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Personal>,
    /// Identity number, or 统一社会信用代码 of a company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<Personal>,
}
