//! Reads whose answer is known beforehand: seats, no-op answers.

use crate::audit::Audited;
use crate::client::Answer;
use crate::history::{History, Outcome};
use crate::workload::{Workload, refused};

/// The same request again and again.
pub(crate) struct Same {
    pub(crate) request: Vec<u8>,
    /// How long the answer is.
    pub(crate) length: usize,
    /// How it begins.
    pub(crate) begins: Vec<u8>,
}

impl Workload for Same {
    fn ask(&self, _number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.request);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 200 {
            return refused(answer);
        }
        if answer.length == self.length && answer.body.starts_with(&self.begins) {
            Outcome::Done { named: 0, value: 0 }
        } else {
            Outcome::Wrong
        }
    }
}

/// Reads leave nothing behind that could be compared: each was checked when it was answered.
pub(crate) fn audit(history: &History) -> Audited {
    let checked = u64::try_from(history.events.len()).unwrap_or(u64::MAX);
    Audited { checked, ..Audited::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_answer_than_the_known_one_is_wrong() {
        let same = Same { request: Vec::new(), length: 4, begins: b"ab".to_vec() };
        let hear = |status, body: &[u8]| same.hear(0, &Answer { status, body, length: body.len() });
        assert_eq!(hear(200, b"abcd"), Outcome::Done { named: 0, value: 0 });
        assert_eq!(hear(200, b"abc"), Outcome::Wrong);
        assert_eq!(hear(200, b"bbcd"), Outcome::Wrong);
        assert!(matches!(hear(304, b"abcd"), Outcome::Refused { status: 304, .. }));
    }
}
