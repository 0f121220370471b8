//! Gates: behind which room each show stands, for every request that wants through. Kept in memory
//! beside what is committed, so that nobody asks the store for it. Never the truth: whether a pass
//! is good is decided on rows.

use crate::Trouble;
use crate::ports::reads::Reads;
use crate::ports::tap::Tap;
use admitone_domain::id::{RoomId, ShowId};
use admitone_domain::{Key, Row, Verdict};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The gates of all shows that were asked for.
pub struct Gates {
    reads: Arc<dyn Reads>,
    known: RwLock<HashMap<ShowId, Gate>>,
}

/// The room of a show, and in which version of the show.
#[derive(Clone, Copy)]
struct Gate {
    version: u64,
    room: Option<RoomId>,
}

impl Gates {
    /// No gates yet.
    pub fn new(reads: Arc<dyn Reads>) -> Self {
        Self { reads, known: RwLock::default() }
    }

    /// The room of a show, if it stands behind one; nothing when there is no such show.
    ///
    /// # Errors
    /// The show is asked for the first time, and the store cannot say.
    pub async fn room(&self, show: ShowId) -> Result<Option<Option<RoomId>>, Trouble> {
        if let Some(gate) = self.known(show) {
            return Ok(Some(gate.room));
        }
        let Some(loaded) = self.reads.rows(&[Key::Show(show)]).await?.pop().flatten() else {
            return Ok(None);
        };
        self.learn(&loaded.row, loaded.version);
        // What was committed while the store was asked is newer.
        Ok(self.known(show).map(|gate| gate.room))
    }

    fn known(&self, show: ShowId) -> Option<Gate> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&show).copied()
    }

    fn learn(&self, row: &Row, version: u64) {
        let Row::Show(show) = row else { return };
        let learnt = Gate { version, room: show.room };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let gate = known.entry(show.id).or_insert(learnt);
        if gate.version < version {
            *gate = learnt;
        }
    }
}

impl Tap for Gates {
    /// Also learns of shows that nobody asked for: whoever asks the store meanwhile must not put
    /// the old one over the new.
    fn committed(&self, verdict: &Arc<Verdict>) {
        for change in &verdict.changes {
            self.learn(&change.row, change.seen + 1);
        }
    }
}
