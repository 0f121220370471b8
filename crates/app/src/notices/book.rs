//! The book of notices: what became of each, kept where the rows are, so that an operator is told by any
//! instance whether a buyer was.

use crate::ports::notes::{Kind, Mark, Note, Notes};
use crate::ports::notices::{Notice, Subject};
use crate::{Trouble, TroubleKind};
use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, ReservationId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often one is written again that somebody else wrote of meanwhile.
const WRITES_MAX: u32 = 8;

/// Reads and writes what became of notices.
#[derive(Clone)]
pub struct NoticeBook(pub Arc<dyn Notes>);

/// A notice, and what became of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The notice's id: that of the event it tells of, or of the wish to send it again.
    pub id: String,
    /// What it is about.
    pub what: Subject,
    /// To whom.
    pub buyer: BuyerId,
    /// Of which reservation, if of one.
    pub reservation: Option<ReservationId>,
    /// When that happened which it tells of.
    pub at: Moment,
    /// How often it was tried; 0 while others before it are.
    pub attempts: u32,
    /// When it was looked at last.
    pub tried_at: Moment,
    /// How it stands.
    pub standing: Standing,
}

/// How a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Whoever sends it has it.
    Taken,
    /// It was answered with this number, and will never be taken.
    Refused {
        /// The number.
        status: u16,
    },
    /// It was not taken yet, and is tried again.
    Trying {
        /// What came of it last.
        why: String,
    },
    /// It was not taken, and nobody tries it any more.
    GivenUp {
        /// What came of it last.
        why: String,
    },
}

/// What is written of one beside what every note has.
#[derive(Serialize, Deserialize)]
struct Written {
    what: Subject,
    buyer: String,
    attempts: u32,
    tried_us: i64,
    #[serde(flatten)]
    standing: Standing,
}

impl Standing {
    /// Whether nothing will change about it.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Taken | Self::Refused { .. })
    }

    /// How much it says: the buyer was told, he never will be, or nothing for certain.
    fn rank(&self) -> u8 {
        match self {
            Self::Taken => 2,
            Self::Refused { .. } => 1,
            Self::Trying { .. } | Self::GivenUp { .. } => 0,
        }
    }
}

impl NoticeBook {
    /// Notices, the newest first, at most `limit`: of one reservation, or of all.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn list(
        &self,
        of: Option<ReservationId>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Told>, Trouble> {
        let about = of.map(|id| id.to_string());
        let found = self.0.notes_about(Kind::Notice, about.as_deref(), behind, limit).await?;
        found.iter().map(told).collect()
    }

    /// What was written of these, by their ids.
    pub(super) async fn known(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<String, (u64, Told)>, Trouble> {
        let found = self.0.notes(Kind::Notice, ids).await?;
        let known = |note: &Note| Ok((note.id.clone(), (note.version, told(note)?)));
        found.iter().map(known).collect()
    }

    /// Writes down how some stand, each with the version that was read of it, 0 for none. Of one that
    /// somebody else wrote of meanwhile his word stays, unless ours says more: two who send the same
    /// notice may come to different ends, and it was taken if either of them had it taken.
    ///
    /// # Errors
    /// The store cannot be read or written, or others write of the same without end.
    pub(super) async fn write(&self, all: &[(u64, Told)]) -> Result<(), Trouble> {
        let mut left = all.to_vec();
        for _ in 0..WRITES_MAX {
            left = self.write_once(left).await?;
            if left.is_empty() {
                return Ok(());
            }
        }
        let detail = "others write of the same notices";
        Err(Trouble::new(TroubleKind::Conflict, "write the book of notices", detail))
    }

    /// Writes what nobody wrote of meanwhile; what is left says more than what he wrote.
    async fn write_once(&self, all: Vec<(u64, Told)>) -> Result<Vec<(u64, Told)>, Trouble> {
        if all.is_empty() {
            return Ok(all);
        }
        let notes = all.iter().map(|(version, told)| note(*version, told));
        let kept = self.0.put_notes(&notes.collect::<Result<Vec<_>, _>>()?).await?;
        let mut left = all;
        left.retain(|(_, told)| !kept.contains(&told.id));
        if left.is_empty() {
            return Ok(left);
        }
        let ids: Vec<String> = left.iter().map(|(_, told)| told.id.clone()).collect();
        let known = self.known(&ids).await?;
        let says_more = left.into_iter().filter_map(|(_, ours)| match known.get(&ours.id) {
            None => Some((0, ours)),
            Some((version, his)) => {
                let attempts = his.attempts + 1;
                let ours = Told { attempts, ..ours };
                (ours.standing.rank() > his.standing.rank()).then_some((*version, ours))
            }
        });
        Ok(says_more.collect())
    }

    /// Forgets what happened before a moment.
    pub(super) async fn forget(&self, before: Moment) -> Result<(), Trouble> {
        self.0.drop_notes(Kind::Notice, before).await
    }
}

impl Told {
    /// A notice of which nothing was written yet.
    pub(super) fn of(notice: &Notice, tried_at: Moment, standing: Standing) -> Self {
        Self {
            id: notice.id.clone(),
            what: notice.what,
            buyer: notice.buyer,
            reservation: notice.reservation,
            at: notice.at,
            attempts: 0,
            tried_at,
            standing,
        }
    }
}

fn note(version: u64, told: &Told) -> Result<Note, Trouble> {
    let written = Written {
        what: told.what,
        buyer: told.buyer.to_string(),
        attempts: told.attempts,
        tried_us: told.tried_at.0,
        standing: told.standing.clone(),
    };
    let text = serde_json::to_string(&written).map_err(unreadable)?;
    let about = told.reservation.map(|id| id.to_string()).unwrap_or_default();
    let (id, at) = (told.id.clone(), told.at);
    Ok(Note { kind: Kind::Notice, id, about, version: version + 1, at, text })
}

fn told(note: &Note) -> Result<Told, Trouble> {
    let written: Written = serde_json::from_str(&note.text).map_err(unreadable)?;
    Ok(Told {
        id: note.id.clone(),
        what: written.what,
        buyer: written.buyer.parse().map_err(unreadable)?,
        reservation: note.about.parse().ok(),
        at: note.at,
        attempts: written.attempts,
        tried_at: Moment(written.tried_us),
        standing: written.standing,
    })
}

fn unreadable(error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "read the book of notices", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HandClock;
    use crate::memory::MemoryStore;

    fn told(standing: Standing) -> Told {
        Told {
            id: "again_res_1_key".to_owned(),
            what: Subject::Confirmed,
            buyer: BuyerId(1),
            reservation: Some(ReservationId(1)),
            at: Moment(5),
            attempts: 1,
            tried_at: Moment(6),
            standing,
        }
    }

    fn given_up() -> Standing {
        Standing::GivenUp { why: "nobody answered".to_owned() }
    }

    fn book() -> NoticeBook {
        NoticeBook(Arc::new(MemoryStore::new(Arc::new(HandClock::at(Moment(1))))))
    }

    /// What the book says after two wrote who both had read nothing.
    async fn after(first: Standing, second: Standing) -> (Standing, u32) {
        let book = book();
        for standing in [first, second] {
            book.write(&[(0, told(standing))]).await.unwrap();
        }
        let found = book.list(None, None, 9).await.unwrap().remove(0);
        (found.standing, found.attempts)
    }

    #[tokio::test]
    async fn of_two_who_sent_the_same_the_word_stands_that_says_more() {
        let refused = || Standing::Refused { status: 410 };
        for (first, second, stands, attempts) in [
            (given_up(), Standing::Taken, Standing::Taken, 2),
            (Standing::Taken, given_up(), Standing::Taken, 1),
            (refused(), Standing::Taken, Standing::Taken, 2),
            (given_up(), refused(), refused(), 2),
            (refused(), given_up(), refused(), 1),
            (given_up(), Standing::Trying { why: "later".to_owned() }, given_up(), 1),
        ] {
            assert_eq!(after(first, second).await, (stands, attempts));
        }
    }

    /// The twin: who writes once, and takes no for an answer.
    #[tokio::test]
    async fn written_once_it_is_given_up_though_it_was_taken() {
        let book = book();
        for standing in [given_up(), Standing::Taken] {
            book.0.put_notes(&[note(0, &told(standing)).unwrap()]).await.unwrap();
        }
        assert_eq!(book.list(None, None, 9).await.unwrap()[0].standing, given_up());
    }
}
