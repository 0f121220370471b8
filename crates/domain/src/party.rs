//! Who takes part: buyers with an account of the house, and operators.

use crate::Moment;
use crate::id::{BuyerId, OperatorId};
use serde::{Deserialize, Serialize};

/// A buyer with a local account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The id.
    pub id: BuyerId,
    /// What the buyer wants to be called.
    pub name: String,
    /// Since when.
    pub created_at: Moment,
    /// Whether the account is closed: its tokens are refused.
    pub disabled: bool,
    /// A slow hash of the password in the form of PHC; none for an account without one. Last, because
    /// rows that were written before there were passwords end before it.
    #[serde(deserialize_with = "or_none")]
    pub password: Option<String>,
}

/// What is not there is none.
#[expect(clippy::unnecessary_wraps, reason = "serde asks for a result")]
fn or_none<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(Option::deserialize(source).unwrap_or(None))
}

/// An operator of the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The id.
    pub id: OperatorId,
    /// What people call them; stands in the audit trail.
    pub name: String,
    /// SHA-256 of the key; the key itself is shown once and never stored.
    pub key_hash: [u8; 32],
    /// Since when.
    pub created_at: Moment,
    /// Whether the key is refused.
    pub disabled: bool,
}
