//! What is said of something that may be missing: to leave it, to take it away, or what it is.

use serde::{Deserialize, Deserializer};

/// A field of a change. In JSON one that is left out stays, and `null` takes away what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optional<T> {
    /// Nothing is said: it stays.
    #[default]
    Stay,
    /// There shall be none.
    Away,
    /// This is what it shall be.
    Be(T),
}

impl<T> Optional<T> {
    /// What comes of what there was.
    pub fn over(self, was: Option<T>) -> Option<T> {
        match self {
            Self::Stay => was,
            Self::Away => None,
            Self::Be(value) => Some(value),
        }
    }

    /// The same with its value read.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Optional<U>, E> {
        Ok(match self {
            Self::Stay => Optional::Stay,
            Self::Away => Optional::Away,
            Self::Be(value) => Optional::Be(read(value)?),
        })
    }
}

/// As a form has it: an empty field takes away what is there.
impl<T> From<Option<T>> for Optional<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Away, Self::Be)
    }
}

/// For fields with `serde(default)`: what is not there at all is never read.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Change {
        #[serde(default)]
        limit: Optional<u32>,
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        for (text, expected) in
            [("{}", Some(4)), (r#"{"limit":null}"#, None), (r#"{"limit":7}"#, Some(7))]
        {
            let change: Change = serde_json::from_str(text).unwrap();
            assert_eq!(change.limit.over(Some(4)), expected, "{text}");
        }
    }
}
