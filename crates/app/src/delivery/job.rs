//! A job: a command as it travels, in bytes. What an older or newer house wrote is told apart by
//! the first byte, never guessed.

use admitone_domain::{Command, CommandId, Moment};
use serde::{Deserialize, Serialize};

/// What the first byte says.
const VERSION: u8 = 1;

/// A command that travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What is wanted, with its name and its deadline.
    pub command: Command,
    /// When it was handed over, by the clock of who did.
    pub sent_at: Moment,
}

/// Bytes that are no job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot be read as a job: {0}")]
pub struct NoJob(String);

impl Job {
    /// As bytes.
    ///
    /// # Errors
    /// Something in it has no form in bytes, which is a bug.
    pub fn encode(&self) -> Result<Vec<u8>, NoJob> {
        postcard::to_extend(self, vec![VERSION]).map_err(|error| NoJob(error.to_string()))
    }

    /// From bytes.
    ///
    /// # Errors
    /// The bytes are of another version, or no job.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoJob> {
        let Some((version, body)) = bytes.split_first() else { return Err(NoJob("empty".into())) };
        if *version != VERSION {
            return Err(NoJob(format!("version {version}, and {VERSION} is known")));
        }
        match postcard::take_from_bytes(body) {
            Ok((job, [])) => Ok(job),
            Ok((_, rest)) => Err(NoJob(format!("{} bytes too many", rest.len()))),
            Err(error) => Err(NoJob(error.to_string())),
        }
    }
}

/// The name of one journey of a command: for the answer of one that may be asked again under its
/// own name. Delivered twice, a journey has one answer; another journey is another wish.
pub fn journey(command: &Command) -> CommandId {
    journey_of(command.id, command.fresh)
}

/// The same, of a command's name and fresh number.
pub fn journey_of(id: CommandId, fresh: u64) -> CommandId {
    let mut name = blake3::Hasher::new_derive_key("admitone journey of a command");
    let name = name.update(&id.0.to_le_bytes()).update(&fresh.to_le_bytes());
    let bytes = name.finalize();
    CommandId(bytes.as_bytes().first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::sweep;
    use admitone_domain::id::ReservationId;

    fn job() -> Job {
        let command = Command { deadline: Some(Moment(9)), ..sweep(ReservationId(7)) };
        Job { command, sent_at: Moment(5) }
    }

    #[test]
    fn a_job_is_read_as_it_was_written() {
        assert_eq!(Job::decode(&job().encode().unwrap()), Ok(job()));
    }

    #[test]
    fn what_is_no_job_is_refused() {
        let good = job().encode().unwrap();
        let other = [&[VERSION + 1], &good[1..]].concat();
        let longer = [&good[..], &[0]].concat();
        for bad in [&[][..], b"junk", &good[..good.len() - 1], &other, &longer] {
            assert!(Job::decode(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_journey_has_a_name_of_its_own() {
        let Job { command, .. } = job();
        let again = Command { fresh: command.fresh + 1, ..command.clone() };
        assert_eq!(journey(&command), journey(&command.clone()));
        assert_ne!(journey(&command), journey(&again));
        assert_ne!(journey(&command), command.id);
    }
}
