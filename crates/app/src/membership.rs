//! Membership: an instance is one of those that share a store, or it settles nothing.
//!
//! Safety is computed of a map of strategies, so it holds while everybody who writes has the same
//! one. An instance joins before it settles and renews its lease; what it settles goes through
//! [`MemberStore`], which refuses when the lease is over, and has whatever relies on the others'
//! map saved under the token of the term: whoever was stopped for longer than its lease and wakes
//! up in the middle of a batch saves nothing, if somebody came meanwhile who might have another.

use crate::ports::clock::Clock;
use crate::ports::instances::{Instances, Joining, Member};
use crate::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction};
use crate::strategy::{Safety, StrategyMap};
use crate::{Trouble, TroubleKind};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A dead instance is forgotten after so long; a live one renews three times in that time.
pub const LEASE_MS: u64 = 6_000;

/// Whoever is refused asks again so often: the other may be dead, until its lease is over.
const PAUSE_MS: u64 = 500;

/// An instance among those that share a store.
pub struct Membership {
    instances: Arc<dyn Instances>,
    clock: Arc<dyn Clock>,
    member: Member,
    /// Whether something in the map relies on what the others do.
    relies: bool,
    state: Mutex<State>,
}

/// Who joins.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// Drawn at its start, never the same twice.
    pub id: u128,
    /// Where its waiting rooms are, as a word; none if it opens none.
    pub rooms: Option<&'a str>,
    /// How long it counts as alive after it was last heard of.
    pub lease_ms: u64,
    /// Whether others are welcome beside a map that is safe only alone, to see what happens.
    pub allows_unsafe: bool,
}

/// What is known of its own lease.
enum State {
    /// It is one of them until then, in a term.
    In { until: Instant, term: Fence },
    /// It is not, and why.
    Out(String),
}

impl Membership {
    /// Joins. Whoever is refused waits as long as a dead instance would be listed, and then says
    /// why it is refused.
    pub async fn join(
        instances: Arc<dyn Instances>,
        clock: Arc<dyn Clock>,
        map: &StrategyMap,
        who: Who<'_>,
    ) -> Result<Self, Trouble> {
        let Who { id, rooms, lease_ms, allows_unsafe } = who;
        let is_alone = map.safety() == Safety::Alone && !allows_unsafe;
        let rooms = rooms.map(str::to_owned);
        let member = Member { id, map: map.to_string(), is_alone, rooms, lease_ms };
        let state = Mutex::new(State::Out("it has not joined yet".to_owned()));
        let relies = map.relies_on_others();
        let membership = Self { instances, clock, member, relies, state };
        for _ in 0..=(lease_ms + PAUSE_MS).div_ceil(PAUSE_MS) {
            membership.renew().await?;
            if membership.term().is_ok() {
                return Ok(membership);
            }
            membership.clock.sleep_ms(PAUSE_MS).await;
        }
        Err(membership.term().err().unwrap_or_else(|| refused("it was too late")))
    }

    /// Keeps the lease until `stop`. Who is refused meanwhile comes back when nobody is in the way.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep_ms(self.member.lease_ms / 3) => {}
            }
            let was_in = self.term().is_ok();
            match self.renew().await {
                Err(trouble) => tracing::warn!(%trouble, "its lease is not renewed"),
                Ok(()) => match self.term() {
                    Err(trouble) if was_in => tracing::error!(%trouble, "nothing more is settled"),
                    Ok(_) if !was_in => tracing::info!("this instance settles again"),
                    Ok(_) | Err(_) => {}
                },
            }
        }
    }

    /// Leaves, so that nobody waits for the end of the lease.
    pub async fn leave(&self) -> Result<(), Trouble> {
        *self.lock() = State::Out("it has left".to_owned());
        self.instances.leave(self.member.id).await
    }

    async fn renew(&self) -> Result<(), Trouble> {
        let asked = asked_now();
        let state = match self.instances.join(&self.member).await? {
            Joining::Joined(term) => {
                let until = asked + Duration::from_millis(self.member.lease_ms);
                State::In { until, term }
            }
            Joining::OtherMap(map) => State::Out(format!(
                "instances of this store use the map `{map}`, this one `{}`: all must have the same",
                self.member.map
            )),
            Joining::OtherRooms(rooms) => State::Out(format!(
                "instances of this store have their waiting rooms in {rooms}, this one in {}: all \
                 must have them in one place",
                self.member.rooms.as_deref().unwrap_or("none")
            )),
            Joining::NotAlone => State::Out(format!(
                "the map `{}` is safe only alone, and another instance is there",
                self.member.map
            )),
        };
        *self.lock() = state;
        Ok(())
    }

    /// The token of the term, if it is one of them now.
    fn term(&self) -> Result<Fence, Trouble> {
        match &*self.lock() {
            State::In { until, term } if asked_now() < *until => Ok(term.clone()),
            State::In { .. } => Err(refused("its lease among the instances is over")),
            State::Out(why) => Err(refused(why)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lease is measured by a clock that nobody sets.
#[expect(clippy::disallowed_methods, reason = "wall time may jump, and a lease must not")]
fn asked_now() -> Instant {
    Instant::now()
}

fn refused(why: &str) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, "be an instance of this store", why)
}

/// A store for one that is a member.
pub struct MemberStore {
    /// Where the rows are.
    pub store: Arc<dyn Store>,
    /// Who settles in it.
    pub membership: Arc<Membership>,
}

#[async_trait]
impl Store for MemberStore {
    fn modes(&self) -> &'static [Mode] {
        self.store.modes()
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let term = self.membership.term()?;
        if !self.membership.relies {
            return self.store.begin(mode, fences).await;
        }
        let mut fences = fences.clone();
        fences.0.push(term);
        self.store.begin(mode, &fences).await
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.store.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.membership.term()?;
        self.store.check().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::memory::{MemoryInstances, MemoryStore};
    use admitone_domain::Verdict;
    use tokio_util::task::TaskTracker;

    const LEASE_MS: u64 = 300;

    struct House {
        store: Arc<MemoryStore>,
        list: Arc<MemoryInstances>,
        clock: Arc<SystemClock>,
    }

    impl House {
        fn new() -> Self {
            let clock = Arc::new(SystemClock::default());
            let store = Arc::new(MemoryStore::new(clock.clone()));
            let list = Arc::new(MemoryInstances::new(store.clone(), clock.clone()));
            Self { store, list, clock }
        }

        async fn join(&self, id: u128, map: &str) -> Result<Instance, Trouble> {
            let map = map.parse().unwrap();
            let (list, clock) = (self.list.clone(), self.clock.clone());
            let who = Who { id, rooms: None, lease_ms: LEASE_MS, allows_unsafe: false };
            let membership = Arc::new(Membership::join(list, clock, &map, who).await?);
            let (store, known) = (self.store.clone(), Arc::clone(&membership));
            Ok(Instance { store: MemberStore { store, membership: known }, membership })
        }

        async fn past_a_lease(&self) {
            self.clock.sleep_ms(LEASE_MS + 20).await;
        }
    }

    struct Instance {
        store: MemberStore,
        membership: Arc<Membership>,
    }

    impl Instance {
        async fn begin(&self) -> Result<Box<dyn Transaction>, Trouble> {
            self.store.begin(Mode::Plain, &Fences::default()).await
        }
    }

    async fn is_saved(mut transaction: Box<dyn Transaction>) -> bool {
        match transaction.save(&Arc::new(Verdict::default())).await {
            Ok(()) => transaction.commit().await.is_ok(),
            Err(trouble) => {
                assert_eq!(trouble.kind, TroubleKind::Fenced, "{trouble}");
                false
            }
        }
    }

    #[tokio::test]
    async fn whose_lease_is_over_settles_nothing_until_it_is_renewed() {
        let house = House::new();
        let one = house.join(1, "batched").await.unwrap();
        assert!(is_saved(one.begin().await.unwrap()).await && one.store.check().await.is_ok());
        house.past_a_lease().await;
        assert!(one.begin().await.is_err() && one.store.check().await.is_err());
        one.membership.renew().await.unwrap();
        assert!(is_saved(one.begin().await.unwrap()).await);
    }

    #[tokio::test]
    async fn who_wakes_up_in_an_earlier_term_saves_nothing_of_a_map_that_relies_on_it() {
        for (map, relies) in [("single-writer", true), ("batched", false)] {
            let house = House::new();
            let asleep = house.join(1, map).await.unwrap();
            let begun = asleep.begin().await.unwrap();
            house.past_a_lease().await;
            let next = house.join(2, "optimistic pay=serializable").await.unwrap();
            // What protects by itself does so beside whatever others do.
            assert_eq!(is_saved(begun).await, !relies, "{map}");
            assert!(is_saved(next.begin().await.unwrap()).await);
        }
    }

    #[tokio::test]
    async fn who_is_refused_is_told_why_and_comes_in_when_the_way_is_free() {
        let house = House::new();
        let one = house.join(1, "single-writer").await.unwrap();
        let renewing = CancellationToken::new();
        let tasks = TaskTracker::new();
        let keeping = tasks.spawn(Arc::clone(&one.membership).run(renewing.clone()));
        let said = house.join(2, "single-writer").await.err().unwrap().to_string();
        assert!(said.contains("safe only alone"), "{said}");
        let said = house.join(3, "batched").await.err().unwrap().to_string();
        assert!(said.contains("use the map `single-writer`"), "{said}");
        renewing.cancel();
        keeping.await.unwrap();
        one.membership.leave().await.unwrap();
        assert!(one.begin().await.is_err(), "who has left settles nothing");
        assert!(house.join(4, "batched").await.is_ok());
    }
}
