//! What is asked, and what an answer means.

use crate::client::Answer;
use crate::history::Outcome;

/// Requests by number. The same number is always the same request, so that whoever audits a
/// history can say what was asked without having kept it.
pub trait Workload: Send + Sync {
    /// How many different requests there are; a load ends when they are used up.
    fn stock(&self) -> u64 {
        u64::MAX
    }

    /// Writes a request.
    fn ask(&self, number: u64, out: &mut Vec<u8>);

    /// What the answer to a request means.
    fn hear(&self, number: u64, answer: &Answer<'_>) -> Outcome;
}

/// An answer that was not the wanted one.
pub fn refused(answer: &Answer<'_>) -> Outcome {
    Outcome::Refused { status: answer.status, code: answer.code().map(Into::into) }
}
