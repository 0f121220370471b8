//! A job: a command as it travels, in bytes. What an older or newer house wrote is told apart by
//! the first byte, never guessed.

use admitone_domain::command::Operate;
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, Command, CommandId, Fingerprint, Moment};
use serde::{Deserialize, Serialize};

/// What the first byte says: the form in which the command is written. A kind of command whose form
/// changes gets the next number in [`form_of`], and what still waits in the form before is named in
/// [`changed_since_first`]. The other kinds keep theirs: houses of both versions understand them.
const FIRST: u8 = 1;
/// Keys have roles, accounts passwords, and who closes one names the payments on their way.
const SECOND: u8 = 2;

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
        let form = form_of(&self.command.action);
        postcard::to_extend(self, vec![form]).map_err(|error| NoJob(error.to_string()))
    }

    /// From bytes.
    ///
    /// # Errors
    /// The bytes are of a form that is not known, of one that another house's version wrote
    /// otherwise, or no job.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoJob> {
        let Some((form, body)) = bytes.split_first() else { return Err(NoJob("empty".into())) };
        if !(FIRST..=SECOND).contains(form) {
            let known = format!("{FIRST} to {SECOND} are known");
            return Err(NoJob(format!("another version wrote it: form {form}, and {known}")));
        }
        if let Some(what) = changed_since_first(body).filter(|_| *form == FIRST) {
            let advice = "what it says is not guessed: have it asked for again";
            return Err(NoJob(format!(
                "an older version wrote it, and {what} otherwise; {advice}"
            )));
        }
        match postcard::take_from_bytes(body) {
            Ok((job, [])) => Ok(job),
            Ok((_, rest)) => Err(NoJob(format!("{} bytes too many", rest.len()))),
            Err(error) => Err(NoJob(error.to_string())),
        }
    }
}

fn form_of(action: &Action) -> u8 {
    let is_changed = matches!(
        action,
        Action::Operate(
            Operate::SaveOperator(_) | Operate::OpenAccount(_) | Operate::CloseAccount(_)
        )
    );
    if is_changed { SECOND } else { FIRST }
}

/// What is in every command before what is wanted, then the number of that.
type Head = (CommandId, Fingerprint, u64, Actor, Admission, Option<Moment>, u32);

/// The numbers of the kinds that are written otherwise now: they stand before anything that is.
const OPERATE: u32 = 10;
const CHANGED: [(u32, &str); 3] =
    [(6, "changes of keys"), (7, "accounts that are opened"), (8, "accounts that are closed")];

/// Whether it is a command of a kind that the first form has otherwise than this version, and which.
fn changed_since_first(body: &[u8]) -> Option<&'static str> {
    let (head, rest) = postcard::take_from_bytes::<Head>(body).ok()?;
    let (kind, _) = postcard::take_from_bytes::<u32>(rest).ok().filter(|_| head.6 == OPERATE)?;
    CHANGED.iter().find(|(number, _)| *number == kind).map(|(_, what)| *what)
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
    use admitone_domain::command::operate::{CloseAccount, OpenAccount, SaveOperator};
    use admitone_domain::id::{BuyerId, OperatorId, PaymentId, ReservationId};
    use admitone_domain::party::{Buyer, Operator, Role};

    const SENT: Moment = Moment(1_700_000_000_000_000);

    fn job() -> Job {
        let command = Command { deadline: Some(Moment(9)), ..sweep(ReservationId(7)) };
        Job { command, sent_at: SENT }
    }

    fn operating(operate: Operate) -> Job {
        let Job { command, sent_at } = job();
        Job { command: Command { action: Action::Operate(operate), ..command }, sent_at }
    }

    /// The three kinds that are written otherwise now.
    fn of_accounts() -> [Job; 3] {
        let operator = Operator {
            id: OperatorId(3),
            name: "Opal".to_owned(),
            key_hash: [7; 32],
            created_at: Moment(5),
            disabled: false,
            role: Role::Door,
        };
        let buyer = Buyer {
            id: BuyerId(7),
            name: "Ann".to_owned(),
            created_at: Moment(5),
            disabled: false,
            password: Some("hash".to_owned()),
        };
        [
            operating(Operate::SaveOperator(SaveOperator { operator, expected: Some(0) })),
            operating(Operate::OpenAccount(OpenAccount { buyer })),
            operating(Operate::CloseAccount(CloseAccount {
                buyer: BuyerId(7),
                payments: vec![PaymentId(4)],
            })),
        ]
    }

    /// What a house wrote before: this command, of that kind, and what stood in it then.
    fn written_before(kind: u32, what: impl Serialize) -> Vec<u8> {
        let Command { id, fingerprint, fresh, actor, admission, deadline, .. } = job().command;
        let command = (id, fingerprint, fresh, actor, admission, deadline, OPERATE, kind, what);
        postcard::to_extend(&(command, SENT), vec![FIRST]).unwrap()
    }

    #[test]
    fn a_job_is_read_as_it_was_written() {
        for job in of_accounts().into_iter().chain([job()]) {
            assert_eq!(Job::decode(&job.encode().unwrap()), Ok(job));
        }
    }

    #[test]
    fn what_is_no_job_is_refused() {
        let good = job().encode().unwrap();
        let other = [&[SECOND + 1], &good[1..]].concat();
        let longer = [&good[..], &[0]].concat();
        for bad in [&[][..], b"junk", &good[..good.len() - 1], &other, &longer] {
            assert!(Job::decode(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_an_older_house_wrote_otherwise_is_said_and_not_misread() {
        let key = (OperatorId(3), "Opal", [7_u8; 32], Moment(5), false);
        let account = (BuyerId(7), "Ann", Moment(5), false);
        for ((kind, what), old) in CHANGED.into_iter().zip([
            // That it is new would be read as its role, and nothing as what it is based on.
            written_before(6, (key, Some(0_u64))),
            written_before(7, account),
            written_before(8, BuyerId(7)),
        ]) {
            let said = Job::decode(&old).unwrap_err().to_string();
            assert!(said.contains("an older version") && said.contains(what), "{kind}: {said}");
        }
    }

    #[test]
    fn without_its_first_byte_a_key_of_an_older_house_would_be_misread() {
        let key = (OperatorId(3), "Opal", [7_u8; 32], Moment(5), false);
        let mut old = written_before(6, (key, Some(0_u64)));
        old[0] = SECOND;
        let Action::Operate(Operate::SaveOperator(read)) =
            Job::decode(&old).unwrap().command.action
        else {
            panic!("it is a key")
        };
        assert_eq!((read.operator.role, read.expected), (Role::Operator, None), "the harm");
    }

    #[test]
    fn what_is_written_as_before_is_understood_whichever_house_wrote_it() {
        let job = job();
        let old = postcard::to_extend(&job, vec![FIRST]).unwrap();
        assert_eq!((Job::decode(&old), job.encode()), (Ok(job), Ok(old)));
    }

    #[test]
    fn the_kinds_that_changed_have_their_numbers_and_the_new_form() {
        for (job, (_, what)) in of_accounts().into_iter().zip(CHANGED) {
            let bytes = job.encode().unwrap();
            assert_eq!((bytes[0], changed_since_first(&bytes[1..])), (SECOND, Some(what)));
        }
        let bytes = job().encode().unwrap();
        assert_eq!((bytes[0], changed_since_first(&bytes[1..])), (FIRST, None));
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
