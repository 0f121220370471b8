//! Who takes part: buyers with an account of the house, and operators.

use crate::Moment;
use crate::id::{BuyerId, OperatorId};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

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
    /// What the key allows. Last, because rows that were written before there were roles end
    /// before it: those keys allow everything.
    #[serde(deserialize_with = "or_owner")]
    pub role: Role,
}

impl Operator {
    /// Whether the key is good and makes others.
    pub fn is_owner(&self) -> bool {
        !self.disabled && self.role.may(Right::Appoint)
    }
}

/// What is not there allows everything. What is there and cannot be read allows nothing: it is a role of
/// a later version, and less than everything.
fn or_owner<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Role, D::Error> {
    // Roles are written as one byte, their number. Reading it fails only where the row has ended.
    let Ok(number) = u8::deserialize(source) else { return Ok(Role::Owner) };
    let role = Role::ALL.get(usize::from(number)).copied();
    role.ok_or_else(|| serde::de::Error::custom(format_args!("{number} is no role")))
}

/// What an operator's key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Everything, and who else may do what.
    Owner,
    /// Everything but that.
    Operator,
    /// To let people in at the door, and nothing else.
    Door,
    /// To see everything, and to change nothing.
    ReadOnly,
}

/// What a key is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To see how it goes, and what is whose.
    Look,
    /// To change something, or to do something to what is a buyer's.
    Change,
    /// To let somebody in at the door.
    Admit,
    /// To make keys and to refuse them.
    Appoint,
}

impl Role {
    /// All of them, the mightiest first; each stands at the number under which it is written.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Operator, Self::Door, Self::ReadOnly];

    /// Whether a key of this role allows something.
    pub fn may(self, right: Right) -> bool {
        match self {
            Self::Owner => true,
            Self::Operator => right != Right::Appoint,
            Self::Door => right == Right::Admit,
            Self::ReadOnly => right == Right::Look,
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Door => "door",
            Self::ReadOnly => "read-only",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| format!("{text} is no role: {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_allows_its_own_and_no_more() {
        use Right::{Admit, Appoint, Change, Look};
        let of = |role: Role| [Look, Change, Admit, Appoint].map(|right| role.may(right));
        assert_eq!(of(Role::Owner), [true, true, true, true]);
        assert_eq!(of(Role::Operator), [true, true, true, false]);
        assert_eq!(of(Role::Door), [false, false, true, false]);
        assert_eq!(of(Role::ReadOnly), [true, false, false, false]);
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert!("boss".parse::<Role>().is_err());
    }
}
