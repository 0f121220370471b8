//! The words of the waiting room that are numbers: user key, place, generation. They are types
//! of their own so that two of them never change places unseen.

use serde::{Deserialize, Serialize};

/// Who stands in line: the first 16 bytes of a keyed hash of the user's id, so that a token
/// neither reveals the user nor lets anybody guess another one's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserKey(pub [u8; 16]);

/// A place in line: 1, 2, 3, … Given once in an epoch, to one user.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Place(pub u64);

/// How often the token of a place has been made anew; an older token is worth nothing. 14 bits
/// are used, because the UUID form of a token has no more.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u16);

impl Generation {
    /// The last one; a token is not renewed beyond it.
    pub const MAX: Self = Self((1 << 14) - 1);

    /// The one after this, or this if there is none.
    pub(crate) fn next(self) -> Self {
        Self((self.0 + 1).min(Self::MAX.0))
    }
}
