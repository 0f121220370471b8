//! One attempt at all keys on all nodes, under an owner of its own. It waits for nothing but the
//! nodes: for a majority of them, and for no single one longer than its patience.

use crate::node::{Node, script};
use crate::{chance, monotonic};
use admitone_app::{Trouble, TroubleKind};
use redis::Script;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// However fast a lease is, a node takes this long to notice that it is over.
const DRIFT_MS: u64 = 2;

/// A node that did not let go is asked again after so many times its patience; then the lease
/// has to do.
const RELEASE_AGAIN: [u32; 3] = [1, 2, 4];

/// The scripts of a lock.
pub(super) struct Scripts {
    acquire: Script,
    release: Script,
    renew: Script,
    leave: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            acquire: script(concat!(include_str!("wake.lua"), include_str!("acquire.lua"))),
            release: script(concat!(include_str!("wake.lua"), include_str!("release.lua"))),
            renew: script(include_str!("renew.lua")),
            leave: script(concat!(include_str!("wake.lua"), include_str!("leave.lua"))),
        }
    }
}

/// Keys that are wanted or held.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) nodes: Arc<[Node]>,
    pub(super) scripts: Arc<Scripts>,
    pub(super) tracker: TaskTracker,
    /// Sorted, each once.
    pub(super) names: Arc<[String]>,
    pub(super) owner: String,
    pub(super) prefix: String,
    pub(super) lease_ms: u64,
    pub(super) drift_permille: u64,
    /// So long a key that is let go is kept for whoever is woken for it.
    pub(super) kept_ms: u64,
    pub(super) turns: Turns,
}

/// Of each node, the end of what it was asked last under this owner. Whoever asks it next waits for
/// that: a release that overtook its acquire would leave the key to nobody, for a whole lease.
#[derive(Clone)]
pub(super) struct Turns(Arc<[Mutex<Option<oneshot::Receiver<()>>>]>);

impl Turns {
    pub(super) fn of(nodes: usize) -> Self {
        Self((0..nodes).map(|_| Mutex::new(None)).collect())
    }

    /// Joins the line of a node: what to wait for, and what to drop when it is done.
    fn join(&self, node: usize) -> (Option<oneshot::Receiver<()>>, oneshot::Sender<()>) {
        let (done, ended) = oneshot::channel();
        let mut last = self.0[node].lock().unwrap_or_else(PoisonError::into_inner);
        (last.replace(ended), done)
    }
}

/// Who waits, as a server that wakes him is told; by default nobody does.
#[derive(Clone, Default)]
pub(super) struct Waits {
    pub(super) id: String,
    pub(super) waited_us: u64,
    /// Whether a key that is kept for him stays that though another one stops him.
    pub(super) keeps: bool,
}

/// What came of an attempt.
pub(super) enum Attempt {
    /// Held on a majority until then.
    Won { valid_until: Instant },
    /// Somebody else has a key; the lease in the way is over by then. Where some of the nodes would have
    /// given it, it may be nobody's, with the votes split.
    Taken { free_in_ms: u64, is_split: bool },
    /// No majority can be reached.
    Away(Trouble),
}

/// What the nodes said.
#[derive(Default)]
struct Tally {
    yes: usize,
    no: Vec<u64>,
    away: Option<Trouble>,
}

/// An attempt that nobody may be waiting for any more: what it took is let go.
struct Unsettled<'a> {
    claim: &'a Claim,
    is_settled: bool,
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.claim.release_later();
        }
    }
}

/// What one node is asked.
#[derive(Clone, Copy)]
enum Question {
    Acquire,
    Release,
    Renew,
}

impl Claim {
    /// Asks all nodes at once. If a majority did not say yes in time, everything is let go again,
    /// also where the answer was lost: the node may have said yes.
    pub(super) async fn attempt(&self, waits: Waits) -> Attempt {
        let begun = monotonic::now();
        let mut unsettled = Unsettled { claim: self, is_settled: false };
        let tally = self.ask(Question::Acquire, waits).await;
        let valid_until = self.valid_until(begun);
        if tally.yes >= self.quorum() && monotonic::now() < valid_until {
            unsettled.is_settled = true;
            return Attempt::Won { valid_until };
        }
        // Whoever has not answered yet may say yes as well.
        unsettled.is_settled = tally.no.len() == self.nodes.len();
        let reached = tally.yes + tally.no.len();
        match tally.away {
            Some(trouble) if reached < self.quorum() => Attempt::Away(trouble),
            Some(_) | None => {
                let free_in_ms = tally.no.into_iter().min().unwrap_or(1);
                Attempt::Taken { free_in_ms, is_split: tally.yes > 0 }
            }
        }
    }

    /// Whether one of the nodes, which chance chooses, knows that somebody has a key. If it is away nobody is seen.
    pub(super) async fn is_seen(&self) -> bool {
        let among = u64::try_from(self.nodes.len()).unwrap_or(1);
        let at = usize::try_from(chance::below(among)).unwrap_or(0);
        let keys: Vec<String> = self.names.iter().map(|name| self.key(name)).collect();
        self.nodes[at].has_any(&keys).await.unwrap_or(false)
    }

    /// Makes the lease new on a majority; until when it is held then. `Ok(None)`: another one has
    /// a key, it is lost.
    pub(super) async fn renew(&self) -> Result<Option<Instant>, Trouble> {
        let begun = monotonic::now();
        let tally = self.ask(Question::Renew, Waits::default()).await;
        if tally.yes >= self.quorum() {
            return Ok(Some(self.valid_until(begun)));
        }
        let may_be_held = self.nodes.len() - tally.no.len() >= self.quorum();
        match tally.away {
            Some(trouble) if may_be_held => Err(trouble),
            Some(_) | None => Ok(None),
        }
    }

    /// Lets go everywhere; returns when a majority has.
    pub(super) async fn release(&self) {
        let patience = self.nodes.iter().map(Node::patience).max().unwrap_or_default();
        let asked = self.ask(Question::Release, Waits::default());
        let asked = tokio::time::timeout(patience, asked);
        let tally = asked.await.unwrap_or_default();
        if tally.yes < self.quorum() {
            tracing::debug!(names = ?self.names, "a lock was not let go by a majority");
        }
    }

    /// Lets go everywhere while nobody waits for it.
    pub(super) fn release_later(&self) {
        let claim = self.clone();
        self.tracker.spawn(async move { claim.release().await });
    }

    /// Takes a waiter out of the lines while nobody waits for it.
    pub(super) fn leave(&self, waiter: &str) {
        let (claim, waiter) = (self.clone(), waiter.to_owned());
        self.tracker.spawn(async move {
            let mut call = claim.scripts.leave.prepare_invoke();
            for name in &*claim.names {
                call.key(claim.key(name));
            }
            for name in &*claim.names {
                call.key(claim.line(name));
            }
            call.arg(waiter).arg(claim.channels()).arg(claim.kept_ms);
            for node in &*claim.nodes {
                // A line that is kept ends by itself, and who is not there is not woken.
                let _ = node.run::<u64>("leave a line", &call).await;
            }
        });
    }

    fn quorum(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    fn valid_until(&self, begun: Instant) -> Instant {
        let drift_ms = self.lease_ms * self.drift_permille / 1_000 + DRIFT_MS;
        begun + Duration::from_millis(self.lease_ms.saturating_sub(drift_ms))
    }

    /// Asks all nodes at once, each in a task of its own, so that a slow one holds up nobody and
    /// is asked all the same. Returns when the majority is clear.
    async fn ask(&self, question: Question, waits: Waits) -> Tally {
        let (answers, mut answered) = mpsc::channel(self.nodes.len());
        for at in 0..self.nodes.len() {
            let (claim, waits, answers) = (self.clone(), waits.clone(), answers.clone());
            let (before, done) = self.turns.join(at);
            self.tracker.spawn(async move {
                if let Some(before) = before {
                    // It ends by being dropped.
                    let _ = before.await;
                }
                let node = &claim.nodes[at];
                let answer = match claim.ask_one(node, question, &waits).await {
                    Err(_) if matches!(question, Question::Release) => claim.insist(node).await,
                    answer => answer,
                };
                drop(done);
                // Who asked may know enough already.
                let _ = answers.send(answer).await;
            });
        }
        drop(answers);
        let mut tally = Tally::default();
        while let Some(answer) = answered.recv().await {
            match answer {
                Ok(None) => tally.yes += 1,
                Ok(Some(free_in_ms)) => tally.no.push(free_in_ms),
                Err(trouble) => tally.away = Some(trouble),
            }
            if tally.yes >= self.quorum() || tally.no.len() >= self.quorum() {
                break;
            }
        }
        if tally.yes + tally.no.len() == 0 && tally.away.is_none() {
            let detail = "the house is closing";
            tally.away = Some(Trouble::new(TroubleKind::Unavailable, "ask for a lock", detail));
        }
        tally
    }

    /// Lets go on a node that did not answer: it may hear the acquire yet that it slept through.
    async fn insist(&self, node: &Node) -> Result<Option<u64>, Trouble> {
        let mut answer = Ok(None);
        for times in RELEASE_AGAIN {
            let _ =
                tokio::time::timeout(node.patience() * times, std::future::pending::<()>()).await;
            answer = self.ask_one(node, Question::Release, &Waits::default()).await;
            if answer.is_ok() {
                break;
            }
        }
        answer
    }

    /// `None`: yes. Else in how many ms it may be worth asking again.
    async fn ask_one(
        &self,
        node: &Node,
        question: Question,
        waits: &Waits,
    ) -> Result<Option<u64>, Trouble> {
        let script = match question {
            Question::Acquire => &self.scripts.acquire,
            Question::Release => &self.scripts.release,
            Question::Renew => &self.scripts.renew,
        };
        let mut call = script.prepare_invoke();
        for name in &*self.names {
            call.key(self.key(name));
        }
        let lines = if matches!(question, Question::Renew) { &[][..] } else { &*self.names };
        for name in lines {
            call.key(self.line(name));
        }
        call.arg(&self.owner);
        match question {
            Question::Acquire => {
                let lasts_ms = self.lease_ms.saturating_mul(4);
                call.arg(self.lease_ms).arg(&waits.id).arg(lasts_ms);
                call.arg(self.channels()).arg(self.kept_ms);
                call.arg(waits.waited_us).arg(u8::from(waits.keeps));
                let free_in_ms: u64 = node.run("acquire a lock", &call).await?;
                Ok((free_in_ms > 0).then_some(free_in_ms))
            }
            Question::Release => {
                call.arg(self.channels()).arg(self.kept_ms);
                let owned: usize = node.run("release a lock", &call).await?;
                Ok((owned == 0).then_some(1))
            }
            Question::Renew => {
                let is_owned: u64 = node.run("renew a lock", call.arg(self.lease_ms)).await?;
                Ok((is_owned == 0).then_some(1))
            }
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}:lock:{name}", self.prefix)
    }

    fn line(&self, name: &str) -> String {
        format!("{}:line:{name}", self.prefix)
    }

    fn channels(&self) -> String {
        channels(&self.prefix)
    }
}

/// What the channels of instances begin with.
pub(super) fn channels(prefix: &str) -> String {
    format!("{prefix}:wake:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_a_node_next_waits_until_the_one_before_is_done() {
        let turns = Turns::of(2);
        let (nobody, acquiring) = turns.join(0);
        assert!(nobody.is_none());
        assert!(turns.join(1).0.is_none(), "another node is another line");
        let (before, _releasing) = turns.join(0);
        let mut before = before.unwrap();
        assert_eq!(before.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        drop(acquiring);
        assert_eq!(before.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
