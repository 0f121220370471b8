//! Who waits for answers to commands that travel. The stored answer is the reply: it comes from
//! whoever settled it in this process, from a hint of another one, or from looking.

use crate::Trouble;
use crate::delivery::journey;
use crate::ports::clock::Clock;
use crate::ports::delivery::Reply;
use crate::ports::hints::Hints;
use crate::ports::reads::Reads;
use admitone_domain::{Command, CommandId, CommandMap, Fingerprint, Moment, StoredAnswer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// How often an instance looks for all it waits for.
const LOOK_MS: u64 = 50;

/// All who wait in this process.
#[derive(Default)]
pub struct Callers {
    waiting: Mutex<CommandMap<Vec<Arc<Caller>>>>,
}

struct Caller {
    names: [CommandId; 2],
    fingerprint: Fingerprint,
    since: Moment,
    reply: Mutex<Option<oneshot::Sender<Reply>>>,
}

/// A place among those who wait; given up when it is dropped.
pub struct Call {
    callers: Arc<Callers>,
    caller: Arc<Caller>,
    answered: oneshot::Receiver<Reply>,
}

impl Callers {
    /// Waits for a command from now on, under its own name and that of this journey.
    pub fn expect(self: &Arc<Self>, command: &Command, now: Moment) -> Call {
        let (reply, answered) = oneshot::channel();
        let caller = Arc::new(Caller {
            names: [command.id, journey(command)],
            fingerprint: command.fingerprint,
            since: now,
            reply: Mutex::new(Some(reply)),
        });
        let mut waiting = self.waiting();
        for name in caller.names {
            waiting.entry(name).or_default().push(Arc::clone(&caller));
        }
        drop(waiting);
        Call { callers: Arc::clone(self), caller, answered }
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.waiting().len() / 2
    }

    /// Hands an answer to who waits for it. Whoever asked something else under its name is told so.
    pub fn answered(&self, answer: &Arc<StoredAnswer>, replayed: bool) {
        let called = self.waiting().remove(&answer.id).unwrap_or_default();
        for caller in called {
            let reply = if answer.fingerprint == caller.fingerprint {
                Reply::Answered { answer: Arc::clone(answer), replayed }
            } else {
                Reply::KeyReused
            };
            caller.hand(reply);
        }
    }

    /// Hands the reply to one journey of a command to who waits for that.
    pub fn settled(&self, command: &Command, reply: &Reply) {
        let called = self.waiting().remove(&journey(command)).unwrap_or_default();
        for caller in called {
            caller.hand(reply.clone());
        }
    }

    /// Of these names those that somebody waits for.
    fn wanted(&self, names: Vec<CommandId>) -> Vec<CommandId> {
        let waiting = self.waiting();
        names.into_iter().filter(|name| waiting.contains_key(name)).collect()
    }

    /// The names for which somebody has waited since before a moment.
    fn since_before(&self, moment: Moment) -> Vec<CommandId> {
        let waiting = self.waiting();
        let old = |callers: &[Arc<Caller>]| callers.iter().any(|caller| caller.since <= moment);
        let old = waiting.iter().filter(|(_, callers)| old(callers));
        old.map(|(name, _)| *name).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, CommandMap<Vec<Arc<Caller>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    fn hand(&self, reply: Reply) {
        let waiting = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever asked may have gone.
        let _ = waiting.map(|waiting| waiting.send(reply));
    }
}

impl Call {
    /// The reply, when it is there.
    pub async fn reply(&mut self) -> Option<Reply> {
        (&mut self.answered).await.ok()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut waiting = self.callers.waiting();
        for name in self.caller.names {
            let Some(callers) = waiting.get_mut(&name) else { continue };
            callers.retain(|caller| !Arc::ptr_eq(caller, &self.caller));
            if callers.is_empty() {
                waiting.remove(&name);
            }
        }
    }
}

/// Looks for answers: at once for those of which a hint says that they are there, and every so
/// often for all.
pub struct Lookout {
    /// Who waits.
    pub callers: Arc<Callers>,
    /// Where answers are kept.
    pub reads: Arc<dyn Reads>,
    /// Where hints come from.
    pub hints: Arc<dyn Hints>,
    /// Waits between looks.
    pub clock: Arc<dyn Clock>,
}

impl Lookout {
    /// Looks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let names = tokio::select! {
                () = stop.cancelled() => return,
                told = self.hints.heard() => self.callers.wanted(told),
                () = self.clock.sleep_ms(LOOK_MS) => {
                    let before = self.clock.now().0 - i64::try_from(LOOK_MS).unwrap_or(0) * 1_000;
                    self.callers.since_before(Moment(before))
                }
            };
            if let Err(trouble) = self.look(&names).await {
                tracing::debug!(%trouble, "cannot look for answers");
            }
        }
    }

    /// Looks for these answers in one question.
    pub async fn look(&self, names: &[CommandId]) -> Result<(), Trouble> {
        if names.is_empty() {
            return Ok(());
        }
        for answer in self.reads.answers(names).await? {
            self.callers.answered(&answer, false);
        }
        Ok(())
    }
}
