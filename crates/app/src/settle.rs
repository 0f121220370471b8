//! Settles a batch: lock, load, decide, save, commit. The one place where the axes meet, and the
//! one place that tries again.
//!
//! What must be locked is known for certain only when the rows are loaded: a payment names its
//! reservation, and that the seats. So a lock is taken on what is named so far; when the rows
//! name more, all of it is let go and the larger set is taken, in one call and sorted as ever.

mod journeys;
mod loading;
mod pause;
mod sorted;
mod strays;

use self::journeys::Journeys;
use self::loading::{behind, load, load_keys};
use self::pause::{in_turn_ms, pause_ms};
use self::sorted::Sorted;
#[cfg(doc)]
use crate::delivery::journey;
use crate::lock::LockScope;
use crate::ports::clock::Clock;
use crate::ports::delivery::Reply;
use crate::ports::lock::{Guard, Lock, Turn};
use crate::ports::store::{Mode, Store};
use crate::ports::tap::Tap;
use crate::{Trouble, TroubleKind};
use admitone_domain::command::Expire;
use admitone_domain::id::ReservationId;
use admitone_domain::pass::Admission;
use admitone_domain::{
    Action, Actor, Command, CommandId, Fingerprint, Key, Moment, Rows, Verdict, decide,
};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// How often a batch is tried again after a conflict, how long a lock is waited for, and what one
/// of its keys covers.
#[derive(Debug, Clone, Copy)]
pub struct SettleLimits {
    /// Most tries of one batch, the first one included; of one that has its turn, and tries again at once, four times
    /// as many.
    pub tries_max: u32,
    /// How long to wait for a lock, in milliseconds.
    pub lock_wait_ms: u64,
    /// What one key of a lock covers.
    pub lock_scope: LockScope,
    /// Whether every answer is kept, also one that invites to ask again: under the name of the
    /// command's [`journey`]. Who waits for a command that travels finds it there, and delivered
    /// twice it is decided once whatever it was answered.
    pub keeps_journeys: bool,
    /// Whether who locks rows, and finds holds that are over, lets all go and locks these with the others, in the order
    /// of everybody. Else somebody who has them and wants what is locked here waits in a circle, until the server ends it.
    pub goes_back: bool,
}

impl Default for SettleLimits {
    /// Two dozen tries, one second, every row by itself, answers as they are kept of who asks here.
    fn default() -> Self {
        Self {
            tries_max: 24,
            lock_wait_ms: 1_000,
            lock_scope: LockScope::default(),
            keeps_journeys: false,
            goes_back: true,
        }
    }
}

/// How often the keys of a lock may turn out to be too few. A payment needs two rounds; more only
/// when holds run out meanwhile.
const LOCK_ROUNDS_MAX: u32 = 8;

/// How often a batch begins again because of holds that ran out, of which there may be new ones each time.
const BACK_MAX: u32 = 3;

/// Settles batches with one strategy's lock and mode.
#[derive(Clone)]
pub struct Settler {
    /// Where rows are.
    pub store: Arc<dyn Store>,
    /// What is held around the transaction.
    pub lock: Arc<dyn Lock>,
    /// How the transaction protects itself.
    pub mode: Mode,
    /// Waits between tries.
    pub clock: Arc<dyn Clock>,
    /// Who follows what is committed.
    pub taps: Vec<Arc<dyn Tap>>,
    /// What bounds it.
    pub limits: SettleLimits,
}

/// So many times as many tries has a batch in its turn, none of which waits for long.
const IN_TURN_TIMES: u32 = 4;

type Replies = Vec<Result<Reply, Trouble>>;

impl Settler {
    /// Settles a batch; one reply for each command, in their order. One command's refusal never
    /// disturbs the rest, nor does one that is astray. After two conflicts, or when something in it contradicts itself, the
    /// batch is halved, so that a command that cannot be settled stops only itself.
    pub async fn settle(&self, batch: Vec<Command>) -> Replies {
        let mut replies: Replies = Vec::with_capacity(batch.len());
        let mut rest = vec![batch];
        while let Some(mut part) = rest.pop() {
            let tries = if part.len() > 1 { 2 } else { self.limits.tries_max };
            match self.try_to_settle(&part, tries).await {
                Ok(answered) => replies.extend(answered),
                Err(trouble) if may_lie_in_one(&trouble) && part.len() > 1 => {
                    // The later half goes below the earlier one: the order of replies stays.
                    rest.push(part.split_off(part.len() / 2));
                    rest.push(part);
                }
                Err(trouble) => replies.extend(part.iter().map(|_| Err(trouble.clone()))),
            }
        }
        replies
    }

    async fn try_to_settle(&self, part: &[Command], tries: u32) -> Result<Replies, Trouble> {
        let mut conflicts = 0;
        // Whoever locks rows meets others there, and nobody tells him: he asks at once.
        let mut turn = self.turn(part, self.mode == Mode::Pessimistic).await;
        loop {
            let times = if matches!(turn, Turn::Come(_)) { IN_TURN_TIMES } else { 1 };
            match self.settle_locked(part).await {
                Err(failed) if failed.may_pass() && conflicts + 1 < tries.saturating_mul(times) => {
                    conflicts += 1;
                    metrics::counter!("admitone_conflicts_total").increment(1);
                    if matches!(turn, Turn::Unneeded) && conflicts == 1 {
                        turn = self.turn(part, true).await;
                    }
                    let pause_ms = match &mut turn {
                        Turn::Come(turn) => {
                            turn.met();
                            in_turn_ms(part, conflicts)
                        }
                        Turn::Unneeded | Turn::Missed => pause_ms(part, conflicts),
                    };
                    if pause_ms > 0 {
                        self.clock.sleep_ms(pause_ms).await;
                    }
                }
                settled => {
                    if let (Turn::Come(turn), Ok(_)) = (&mut turn, &settled) {
                        turn.settled();
                    }
                    return settled.map_err(|failed| failed.trouble);
                }
            }
        }
    }

    /// Where there are turns: one among those who met, if this batch is one of them or comes behind them. It
    /// goes by what commands name, and does without what only rows tell.
    async fn turn(&self, part: &[Command], has_met: bool) -> Turn {
        if !self.lock.has_turns() {
            return Turn::Unneeded;
        }
        let mut keys = LockScope::Seat.keys(part, &Rows::default());
        if self.mode == Mode::Conditional {
            // These are added to and taken from, and nobody meets there.
            keys.retain(|key| !matches!(key, Key::TicketType(_)));
        }
        let began = self.clock.now();
        let turn = self.lock.turn(&keys, has_met, self.limits.lock_wait_ms).await;
        if !matches!(turn, Turn::Unneeded) {
            metrics::histogram!("admitone_turn_wait_seconds").record(self.seconds_since(began));
        }
        turn
    }

    async fn settle_locked(&self, part: &[Command]) -> Result<Replies, FailedTry> {
        let mut keys = BTreeSet::new();
        if self.lock.wants_keys() {
            keys = self.limits.lock_scope.keys(part, &Rows::default());
        }
        let (mut ahead, mut back) = (Vec::new(), 0);
        for _ in 0..LOCK_ROUNDS_MAX + BACK_MAX {
            let mut guard = self.take(&keys).await.map_err(|trouble| self.failed(trouble))?;
            let mode = guard.mode(self.mode);
            let since = self.clock.now();
            let may_go_back = self.limits.goes_back && back < BACK_MAX;
            let round = Round { locked: &keys, ahead: &ahead, may_go_back };
            let attempted = self.attempt(part, &round, guard.as_ref()).await;
            if attempted.is_ok() {
                guard.settled();
            }
            guard.release().await;
            self.held(since);
            let failed = |trouble| FailedTry { trouble: self.as_conflict_if_lost(trouble), mode };
            match attempted.map_err(failed)? {
                Attempt::Settled(replies) => return Ok(replies),
                Attempt::Uncovered(needed) => keys.extend(needed),
                Attempt::Behind(due) => {
                    ahead.extend(due);
                    back += 1;
                }
            }
        }
        let detail = "the rows named more keys with every load";
        Err(self.failed(Trouble::new(TroubleKind::Conflict, "lock", detail)))
    }

    fn failed(&self, trouble: Trouble) -> FailedTry {
        FailedTry { trouble, mode: self.mode }
    }

    /// Takes the lock, and writes down how long that took if there is one to wait for.
    async fn take(&self, keys: &BTreeSet<Key>) -> Result<Box<dyn Guard>, Trouble> {
        if !self.lock.wants_keys() {
            return self.lock.acquire(keys, self.limits.lock_wait_ms).await;
        }
        let began = self.clock.now();
        let taken = self.lock.acquire(keys, self.limits.lock_wait_ms).await;
        metrics::histogram!("admitone_lock_wait_seconds").record(self.seconds_since(began));
        taken
    }

    /// Writes down how long a lock was held, if there is one that others wait for.
    fn held(&self, since: Moment) {
        if self.lock.wants_keys() {
            metrics::histogram!("admitone_lock_hold_seconds").record(self.seconds_since(since));
        }
    }

    fn seconds_since(&self, began: Moment) -> f64 {
        let us = u32::try_from(self.clock.now().0 - began.0).unwrap_or(u32::MAX);
        f64::from(us) / 1e6
    }

    async fn attempt(
        &self,
        part: &[Command],
        round: &Round<'_>,
        guard: &dyn Guard,
    ) -> Result<Attempt, Trouble> {
        let mode = guard.mode(self.mode);
        let mut transaction = self.store.begin(mode, &guard.fences()).await?;
        let mut rows = Rows::default();
        let journeys = Journeys::of(part, self.limits.keeps_journeys);
        let known = load(transaction.as_mut(), part, (&journeys, round.ahead), &mut rows).await?;
        if round.may_go_back && mode == Mode::Pessimistic {
            let behind = behind(&rows);
            if !behind.is_empty() {
                return Ok(Attempt::Behind(behind));
            }
        }
        let known = journeys.by_command(known);
        let mut sorted = Sorted::new(part, known);
        let mut sweeps: Vec<Command> = rows.due.iter().map(|due| sweep(*due)).collect();
        let all = || sweeps.iter().chain(sorted.fresh.iter().copied());
        load_keys(transaction.as_mut(), all, &mut rows).await?;
        let strays = strays::find(transaction.as_mut(), guard, all, &mut rows).await?;
        sweeps.retain(|sweep| !strays.contains_key(&sweep.id));
        sorted.set_apart(&strays);
        let batch = || sweeps.iter().chain(sorted.fresh.iter().copied());
        if self.lock.wants_keys() {
            let needed = self.limits.lock_scope.keys(batch(), &rows);
            if !needed.is_subset(round.locked) {
                return Ok(Attempt::Uncovered(needed));
            }
        }

        let mut verdict = decide_safely(&rows, batch())?;
        verdict.answers.drain(..sweeps.len());
        let replies = sorted.replies(part, &verdict.answers);
        verdict.answers = journeys.kept(verdict.answers, &sorted.fresh, part);
        if is_empty(&verdict) {
            return Ok(Attempt::Settled(replies));
        }
        let verdict = Arc::new(verdict);
        if self.lock.wants_keys() {
            transaction.save(&verdict).await?;
            if guard.is_lost() {
                let detail = "its lease was over before the commit";
                return Err(Trouble::new(TroubleKind::Fenced, "lock", detail));
            }
            transaction.commit().await?;
        } else {
            transaction.finish(&verdict).await?;
        }
        self.taps.iter().for_each(|tap| tap.committed(&verdict));
        Ok(Attempt::Settled(replies))
    }

    /// The tokens of a batch are those of its lock. A stale one says that the lock was lost on the
    /// way: nothing is saved, and the batch is decided anew under a new one, if there can be one.
    fn as_conflict_if_lost(&self, trouble: Trouble) -> Trouble {
        match trouble.kind {
            TroubleKind::Fenced if self.lock.can_be_had_again() => {
                metrics::counter!("admitone_locks_lost_total").increment(1);
                tracing::warn!(%trouble, "a lock was lost before its batch was saved");
                Trouble { kind: TroubleKind::Conflict, ..trouble }
            }
            _ => trouble,
        }
    }
}

/// A try that failed, and in which mode it was made: where no lock could be had it may have been
/// another one than the strategy's.
struct FailedTry {
    trouble: Trouble,
    mode: Mode,
}

impl FailedTry {
    /// Whether another try may go better. Rows that are read while others commit may show what
    /// never was: a rule that breaks on them is no bug as long as they are read anew. The save
    /// would have found out.
    fn may_pass(&self) -> bool {
        match self.trouble.kind {
            TroubleKind::Conflict => true,
            TroubleKind::Inconsistent => matches!(self.mode, Mode::Optimistic | Mode::Conditional),
            TroubleKind::Fenced
            | TroubleKind::Busy
            | TroubleKind::Unavailable
            | TroubleKind::Astray(_) => false,
        }
    }
}

/// What is known when a round begins.
struct Round<'a> {
    /// What the lock covers.
    locked: &'a BTreeSet<Key>,
    /// Rows to load with those that are named, which nobody names.
    ahead: &'a [Key],
    /// Whether to begin anew where rows would have to be locked out of their order.
    may_go_back: bool,
}

/// What one round under a lock comes to.
enum Attempt {
    /// It is committed.
    Settled(Replies),
    /// The rows name these keys, which are not all locked: nothing was saved.
    Uncovered(BTreeSet<Key>),
    /// These are due and come before rows that are locked already: nothing was saved.
    Behind(Vec<Key>),
}

/// Whether the trouble may be one command's alone: then the batch is halved, until only that one
/// is left with it. Trouble that all share (a store that is away) is everybody's at once.
fn may_lie_in_one(trouble: &Trouble) -> bool {
    match trouble.kind {
        TroubleKind::Conflict | TroubleKind::Inconsistent => true,
        TroubleKind::Fenced
        | TroubleKind::Busy
        | TroubleKind::Unavailable
        | TroubleKind::Astray(_) => false,
    }
}

/// Decides; a bug in a rule is the trouble of the command that met it, not the end of the writer.
/// Nothing that was borrowed here is used again after a panic.
fn decide_safely<'a>(
    rows: &Rows,
    batch: impl Iterator<Item = &'a Command>,
) -> Result<Verdict, Trouble> {
    std::panic::catch_unwind(AssertUnwindSafe(|| decide(rows, batch)))
        .map_err(|_| Trouble::new(TroubleKind::Inconsistent, "decide", "a rule panicked"))
}

/// The command that sweeps a hold away. Its answer is not kept: swept twice, it is refused.
pub fn sweep(reservation: ReservationId) -> Command {
    Command {
        id: CommandId(u128::from(reservation.0)),
        fingerprint: Fingerprint(0),
        fresh: 0,
        actor: Actor::House,
        admission: Admission::Staff,
        deadline: None,
        action: Action::Expire(Expire { reservation }),
    }
}

fn is_empty(verdict: &Verdict) -> bool {
    verdict.answers.is_empty() && verdict.changes.is_empty() && verdict.entries.is_empty()
}
