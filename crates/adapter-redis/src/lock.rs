//! Locks that hold across instances: `pubsub` on one Redis, `redlock` on a majority of several
//! that know nothing of each other.
//!
//! Those of one instance stand in line for a key, so that the nodes have one contender of each instance:
//! without that, whoever tries at the right moment overtakes all who have waited for longer. Where one is woken, the lock
//! is kept for him until he comes. Where nobody is, the first of a line looks the more often the longer it has tried, the
//! lock goes from hand to hand in a line for some turns, and then those of other instances have a look ([`rivals`]).
//!
//! Both take all keys of a batch in one script per node, all or nothing, and only the owner's
//! script lets go. A lease that ran out is lost whatever its holder believes, so every key also
//! draws a fencing token from the *store*, and the store refuses a holder who woke up too late.
//! Counters of Redis would not do: a node that loses its memory would count anew.

mod away;
mod claim;
mod held;
mod rivals;
mod wakers;

use crate::node::Node;
use crate::{chance, monotonic};
use admitone_app::clock::SystemClock;
use admitone_app::lock::{LineLock, LineTurn};
use admitone_app::ports::lock::{Guard, Lock};
use admitone_app::ports::store::{Fences, Mode, Store};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Key;
use async_trait::async_trait;
use away::{Outage, Tokens};
use claim::{Attempt, Claim, Scripts, Turns, Waits};
use futures_util::future::try_join_all;
use held::{Held, Nothing, Passed, Place, Watch, Won};
use rivals::{Rivals, Tries};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wakers::{Waiter, Wakers};

/// How a lock behaves. How long it is waited for is the caller's patience.
#[derive(Debug, Clone)]
pub struct LockOptions {
    /// A lock whose holder is gone ends after so many ms. Default 10,000.
    pub lease_ms: u64,
    /// The lease is made new so often, in ms; `None`: never. Default 3,000.
    pub renew_every_ms: Option<u64>,
    /// Whoever waits tries again after so many ms, though nobody woke him; where nobody is woken and nobody
    /// stands in line, after a random time that grows, and begins here. Default 100.
    pub poll_ms: u64,
    /// The clocks of the nodes may run apart by so many thousandths. Default 10.
    pub drift_permille: u64,
    /// Whether tokens are drawn from the store. Off only to show what happens then. Default true.
    pub fencing: bool,
    /// Whether those of this instance stand in line for a key. Off only to show what happens then.
    /// Default true.
    pub in_line: bool,
    /// Whether instances have their turns: where one is woken the lock is kept for him; where nobody is, it goes from
    /// hand to hand in a line, and instances leave each other a look. Off only to show what happens then. Default true.
    pub in_turn: bool,
    /// Whoever wants several keys and was stopped so often by one of them does not give on any more what is kept for
    /// him, where one is woken. Default 8.
    pub keeps_after: u32,
    /// What becomes of a batch whose lock cannot be reached: it is refused, or goes on in this
    /// mode, with a token of each of its keys, so that nobody who holds the lock all the same
    /// overwrites it, nor it him. Default: it is refused.
    pub fallback: Option<Mode>,
    /// What its keys in Redis begin with. Default `admitone`.
    pub prefix: String,
}

impl Default for LockOptions {
    fn default() -> Self {
        Self {
            lease_ms: 10_000,
            renew_every_ms: Some(3_000),
            poll_ms: 100,
            drift_permille: 10,
            fencing: true,
            in_line: true,
            in_turn: true,
            keeps_after: 8,
            fallback: None,
            prefix: "admitone".to_owned(),
        }
    }
}

/// What a lock needs.
pub struct LockSetup {
    /// How it behaves.
    pub options: LockOptions,
    /// Where its tokens come from.
    pub store: Arc<dyn Store>,
    /// Shutdown waits for the tasks in it.
    pub tracker: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
}

/// A lock on Redis.
pub struct RedisLock {
    setup: LockSetup,
    nodes: Arc<[Node]>,
    scripts: Arc<Scripts>,
    /// Where there are none, whoever waits tries again after a random time.
    wakers: Option<Wakers>,
    /// The line of this instance for each key.
    line: Option<LineLock<Passed>>,
    rivals: Rivals,
    outage: Outage,
}

impl RedisLock {
    /// A lock on one server, whose waiters are woken one at a time.
    pub async fn pubsub(node: Node, setup: LockSetup) -> Self {
        let wakers = Wakers::open(&node, &setup).await;
        Self::new(vec![node], setup, Some(wakers))
    }

    /// A lock on a majority of independent servers.
    ///
    /// # Errors
    /// Fewer than three servers: a majority of one or two survives nothing.
    pub fn redlock(nodes: Vec<Node>, setup: LockSetup) -> Result<Self, Trouble> {
        if nodes.len() < 3 {
            let detail = format!("redlock needs three servers or more, not {}", nodes.len());
            return Err(Trouble::new(TroubleKind::Inconsistent, "open redlock", detail));
        }
        Ok(Self::new(nodes, setup, None))
    }

    fn new(nodes: Vec<Node>, setup: LockSetup, wakers: Option<Wakers>) -> Self {
        let line =
            setup.options.in_line.then(|| LineLock::leaving(Arc::new(SystemClock::default())));
        let (nodes, scripts, outage) = (nodes.into(), Arc::default(), Outage::default());
        Self { setup, nodes, scripts, wakers, line, rivals: Rivals::default(), outage }
    }

    /// An attempt has an owner of its own: letting go of a failed one that is still under way on
    /// a slow node cannot touch the next.
    fn claim(&self, names: &Arc<[String]>) -> Claim {
        Claim {
            nodes: Arc::clone(&self.nodes),
            scripts: Arc::clone(&self.scripts),
            tracker: self.setup.tracker.clone(),
            names: Arc::clone(names),
            owner: chance::name(),
            prefix: self.setup.options.prefix.clone(),
            lease_ms: self.setup.options.lease_ms,
            drift_permille: self.setup.options.drift_permille,
            kept_ms: if self.setup.options.in_turn { wakers::KEPT_MS } else { 0 },
            turns: Turns::of(self.nodes.len()),
        }
    }

    /// The next place in this instance's line for the keys. While the nodes are away nobody stands in line:
    /// all find that out at once, or one after the other would wait for them in vain.
    async fn place(&self, keys: &BTreeSet<Key>, patience_ms: u64) -> Result<Place, Trouble> {
        match self.line.as_ref().filter(|_| !self.outage.is_known()) {
            Some(line) => line.turn(keys, patience_ms).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether those who wait for a lock look by themselves, and leave each other a look.
    fn goes_in_turn(&self) -> bool {
        self.wakers.is_none() && self.setup.options.in_turn
    }

    /// Leaves those of other instances a look, if it is time for that.
    async fn leave_a_look(&self, place: &mut Place) {
        let Some(turn) = place.as_mut().filter(|turn| rivals::are_due_after(turn.before())) else {
            return;
        };
        if self.goes_in_turn() && self.rivals.have_a_look(turn.before()) {
            self.sleep(rivals::LOOK).await;
            turn.begins_anew();
        }
    }

    /// Waits so long, or until the house closes; who waits while it closes waits as long as ever.
    async fn sleep(&self, pause: Duration) {
        if self.setup.stop.is_cancelled() {
            drop(tokio::time::timeout(pause, std::future::pending::<()>()).await);
        } else {
            drop(tokio::time::timeout(pause, self.setup.stop.cancelled()).await);
        }
    }

    /// Takes what the one before in line left, else what the nodes give.
    async fn hold(
        &self,
        place: &mut Place,
        names: &Arc<[String]>,
        until: Instant,
    ) -> Result<Won, Trouble> {
        let left = place.as_mut().and_then(LineTurn::left);
        if let Some(passed) = left.and_then(Passed::open) {
            return Ok(passed);
        }
        self.leave_a_look(place).await;
        self.take(names, until).await
    }

    /// Tries until it is held or the patience is over.
    async fn take(&self, names: &Arc<[String]>, until: Instant) -> Result<Won, Trouble> {
        let Some(wakers) = &self.wakers else { return self.take_as(names, until, None).await };
        let mut enlisted = Enlisted { lock: self, names, waiter: wakers.enlist(), has_won: false };
        let won = self.take_as(names, until, Some(&enlisted.waiter)).await;
        enlisted.has_won = won.is_ok();
        won
    }

    async fn take_as(
        &self,
        names: &Arc<[String]>,
        until: Instant,
        waiter: Option<&Waiter>,
    ) -> Result<Won, Trouble> {
        let (mut tries, came) = (Tries::default(), monotonic::now());
        loop {
            let claim = self.claim(names);
            if self.sees_somebody(&claim, &mut tries, until).await {
                continue;
            }
            let waits = waiter.map(|waiter| self.waits(waiter, came, &tries)).unwrap_or_default();
            let (free_in_ms, trouble) = match claim.attempt(waits).await {
                Attempt::Won { valid_until } => {
                    self.outage.ends();
                    return Ok(Won { claim, valid_until, fences: None });
                }
                Attempt::Taken { free_in_ms, is_split } => {
                    self.outage.ends();
                    self.rivals.were_met();
                    tries.failed(is_split);
                    (free_in_ms, busy("somebody else has the lock"))
                }
                Attempt::Away(trouble) if self.outage.is_known() => return Err(trouble),
                // A connection that broke is there again a moment later.
                Attempt::Away(trouble) => {
                    tries.nobody_knew();
                    (u64::MAX, trouble)
                }
            };
            let left = until.saturating_duration_since(monotonic::now());
            if left.is_zero() {
                return Err(trouble);
            }
            let pause = self.pause(waiter.map(|_| free_in_ms), &tries).min(left);
            match waiter {
                Some(waiter) => waiter.woken_within(pause).await,
                None => self.sleep(pause).await,
            }
        }
    }

    /// What the server is told of somebody who came then and tried so often.
    fn waits(&self, waiter: &Waiter, came: Instant, tries: &Tries) -> Waits {
        let since_then = monotonic::now().saturating_duration_since(came);
        Waits {
            id: waiter.id().to_owned(),
            waited_us: u64::try_from(since_then.as_micros()).unwrap_or(0),
            keeps: tries.in_vain() >= self.setup.options.keeps_after,
        }
    }

    /// Asks one node whether it is worth asking all, where somebody had it before; if not, waits. That one says so
    /// is no more than a reason to wait: whether the nodes are away, and whether it can be had, is for all of them.
    async fn sees_somebody(&self, claim: &Claim, tries: &mut Tries, until: Instant) -> bool {
        let left = until.saturating_duration_since(monotonic::now());
        // The last try asks all.
        if !self.goes_in_turn() || !tries.may_look() || left < rivals::LAST_TRY {
            return false;
        }
        let looked = tokio::time::timeout(rivals::LOOK, claim.is_seen()).await;
        if !matches!(looked, Ok(true)) {
            return false;
        }
        self.rivals.were_met();
        tries.looked();
        self.sleep(self.pause(None, tries)).await;
        true
    }

    /// How long to wait before the next try: where one is woken, until the lease in the way runs
    /// out or it is time to look by oneself; else a random time, so that two who split the votes do not
    /// meet again in step.
    fn pause(&self, free_in_ms: Option<u64>, tries: &Tries) -> Duration {
        let LockOptions { poll_ms, in_turn, .. } = self.setup.options;
        let poll_ms = poll_ms.max(1);
        Duration::from_millis(match free_in_ms {
            Some(free_in_ms) => poll_ms.min(free_in_ms),
            None if self.line.is_none() => 1 + chance::below(tries.ever_longer_ms(poll_ms)),
            None if in_turn => 1 + chance::below(tries.ever_shorter_ms()),
            None => 1 + chance::below(tries.ever_longer_ms(rivals::FIRST_MS.min(poll_ms))),
        })
    }

    /// What becomes of a batch whose lock cannot be reached.
    async fn without(&self, names: &[String], trouble: Trouble) -> Result<Box<dyn Guard>, Trouble> {
        let Some(mode) = self.setup.options.fallback else {
            metrics::counter!("admitone_lock_outages_total").increment(1);
            return Err(trouble);
        };
        metrics::counter!("admitone_lock_fallbacks_total").increment(1);
        Ok(Box::new(Tokens { fences: self.fences(names).await?, mode }))
    }

    /// A token for each key, drawn while it is held: two holders that overlap share a key.
    async fn fences(&self, names: &[String]) -> Result<Fences, Trouble> {
        if !self.setup.options.fencing {
            return Ok(Fences::default());
        }
        let draws = names.iter().map(|name| self.setup.store.draw_fence(name));
        Ok(Fences(try_join_all(draws).await?))
    }
}

/// Somebody in the lines of the server. Who goes without the lock, whatever made him, is in none of them any more, and
/// what is kept for him is the next one's.
struct Enlisted<'a> {
    lock: &'a RedisLock,
    names: &'a Arc<[String]>,
    waiter: Waiter,
    has_won: bool,
}

impl Drop for Enlisted<'_> {
    fn drop(&mut self) {
        if !self.has_won {
            self.lock.claim(self.names).leave(self.waiter.id());
        }
    }
}

#[async_trait]
impl Lock for RedisLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        if keys.is_empty() {
            return Ok(Box::new(Nothing));
        }
        let names: Arc<[String]> = keys.iter().map(name_of).collect::<Result<_, _>>()?;
        let until = monotonic::now() + Duration::from_millis(patience_ms);
        let mut place = self.place(keys, patience_ms).await?;
        let Won { claim, valid_until, fences } = match self.hold(&mut place, &names, until).await {
            Err(trouble) if trouble.kind == TroubleKind::Unavailable => {
                self.outage.begins(&trouble);
                return self.without(&names, trouble).await;
            }
            taken => taken?,
        };
        let renewing = self.setup.options.renew_every_ms.map(Duration::from_millis);
        let watch = Watch { renewing, is_passed_on: self.goes_in_turn() };
        // Held before the tokens are drawn: dropped on the way, the claim is let go.
        let mut held = Held::new((claim, place), valid_until, watch, &self.setup.stop);
        let fences = match fences {
            Some(fences) => Ok(fences),
            None => self.fences(&names).await,
        };
        match fences {
            Ok(fences) => {
                held.carry(fences);
                Ok(Box::new(held))
            }
            Err(trouble) => {
                Box::new(held).release().await;
                Err(trouble)
            }
        }
    }
}

fn busy(detail: &str) -> Trouble {
    Trouble::new(TroubleKind::Busy, "acquire a lock", detail)
}

/// The name of a row in Redis and in the store, the same for every instance.
fn name_of(key: &Key) -> Result<String, Trouble> {
    serde_json::to_string(key)
        .map_err(|error| Trouble::new(TroubleKind::Inconsistent, "name a lock", error))
}
