//! From where consumers go on, and how an operator writes that.

use crate::ports::carrier::Lane;
use admitone_domain::Moment;
use std::collections::BTreeMap;
use std::str::FromStr;

/// From where consumers go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With all that is kept.
    Beginning,
    /// With what comes from now on: leftovers are passed over.
    End,
    /// With what was handed over since a moment.
    Since(Moment),
    /// In every lane with the job of this offset, where lanes are logs that number their jobs.
    Offset(u64),
    /// In each of these lanes with the job of an offset. The others stay where they are.
    Offsets(BTreeMap<Lane, u64>),
}

/// What is no start, and what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no start: write `beginning`, `end`, an instant such as 2026-11-25T10:00:00Z, an offset for \
     all lanes such as 120, or LANE-OFFSET for each lane that is to move, such as 0-120,3-57"
)]
pub struct NoStart(String);

impl From<NoStart> for String {
    fn from(wrong: NoStart) -> Self {
        wrong.to_string()
    }
}

impl FromStr for Start {
    type Err = NoStart;

    fn from_str(text: &str) -> Result<Self, NoStart> {
        match text {
            "beginning" => return Ok(Self::Beginning),
            "end" => return Ok(Self::End),
            _ => {}
        }
        if let Some(offset) = number(text) {
            return Ok(Self::Offset(offset));
        }
        if let Some(offsets) = offsets(text) {
            return Ok(Self::Offsets(offsets));
        }
        let instant = text.parse::<jiff::Timestamp>().map_err(|_| NoStart(text.to_owned()))?;
        Ok(Self::Since(Moment::from(instant)))
    }
}

/// Digits and nothing else: no sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Jobs by the names under which a log lists them, none of a lane that was named before.
fn offsets(text: &str) -> Option<BTreeMap<Lane, u64>> {
    let mut offsets = BTreeMap::new();
    for job in text.split(',') {
        let (lane, offset) = job.trim().split_once('-')?;
        if offsets.insert(Lane(number(lane)?), number(offset)?).is_some() {
            return None;
        }
    }
    Some(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_word_a_moment_or_offsets() {
        let start = |text: &str| text.parse::<Start>().unwrap();
        assert_eq!(start("beginning"), Start::Beginning);
        assert_eq!(start("end"), Start::End);
        assert_eq!(start("1970-01-01T00:00:01Z"), Start::Since(Moment(1_000_000)));
        assert_eq!(start("120"), Start::Offset(120));
        assert_eq!(start("3-57"), Start::Offsets([(Lane(3), 57)].into()));
        assert_eq!(start("0-120, 3-57"), Start::Offsets([(Lane(0), 120), (Lane(3), 57)].into()));
    }

    #[test]
    fn what_is_no_start_is_told_what_would_be_one() {
        let wrong =
            ["", "now", "-1", "+1", "1-", "-1-2", "0-1,0-2", "0-1,", "1,2", "70000-1", "0--1"];
        for text in wrong {
            let said = text.parse::<Start>().unwrap_err().to_string();
            assert!(said.contains("LANE-OFFSET"), "{text}: {said}");
        }
        "99999999999999999999".parse::<Start>().unwrap_err();
    }
}
