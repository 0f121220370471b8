//! What the roads of a store promise, and the endpoints and notes that are kept beside them. An adapter's `tests/lanes.rs` is a [`LanesFixture`] and
//! [`main`]; a promise is a line under `# Behavior` of the port and a case of that name here.

mod notes;
mod webhooks;

use crate::sale::{self, charge};
use crate::{CaseFuture, service};
use admitone_app::clock::HandClock;
use admitone_app::events::{LANES, lane};
use admitone_app::ports::lanes::{Claim, HeldLane, Lanes, share};
use admitone_app::ports::notes::Notes;
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::ports::webhooks::Webhooks;
use admitone_domain::id::BuyerId;
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use notes::{
    a_note_is_kept_and_changed_by_one_at_a_time, notes_are_listed_the_newest_first,
    old_notes_of_a_kind_are_dropped,
};
use std::any::Any;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use webhooks::{
    a_removed_endpoint_is_gone_with_its_log, an_endpoint_is_kept_and_changed_by_one_at_a_time,
    old_entries_of_the_log_are_dropped, the_log_is_read_from_its_end,
};

const ROAD: &str = "there";
const LEASE_MS: u64 = 10_000;

/// Roads for one case, empty, with a clock that is moved by hand.
pub struct FreshLanes {
    /// The roads.
    pub lanes: Arc<dyn Lanes>,
    /// Their store.
    pub store: Arc<dyn Store>,
    /// The endpoints of webhooks that are kept beside them.
    pub webhooks: Arc<dyn Webhooks>,
    /// What the house writes down about itself, beside them too.
    pub notes: Arc<dyn Notes>,
    /// Its events.
    pub outbox: Arc<dyn Outbox>,
    /// Its clock.
    pub clock: Arc<HandClock>,
    /// Whatever must live as long as they do.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How to come by roads.
#[async_trait]
pub trait LanesFixture: Send + Sync + 'static {
    /// A new, empty store with its roads.
    async fn fresh(&self) -> FreshLanes;

    /// Why there is none to be had, if there is none: its service does not run.
    fn absent(&self) -> Option<String> {
        None
    }
}

struct Case {
    name: &'static str,
    run: fn(FreshLanes) -> CaseFuture,
}

macro_rules! lanes_cases {
    ($($name:ident: Always),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            run: |fresh| -> CaseFuture { Box::pin($name(fresh)) },
        }),*]
    };
}

const ALL: &[Case] = lanes_cases![
    a_road_begins_where_the_first_said: Always,
    relays_share_the_lanes_of_a_road: Always,
    a_lane_of_a_dead_relay_is_taken_over: Always,
    who_lost_a_lane_keeps_no_progress: Always,
    who_leaves_frees_his_lanes_at_once: Always,
    events_of_a_lane_are_read_in_their_order: Always,
    roads_know_nothing_of_each_other: Always,
    a_closed_road_is_forgotten: Always,
    an_endpoint_is_kept_and_changed_by_one_at_a_time: Always,
    a_removed_endpoint_is_gone_with_its_log: Always,
    the_log_is_read_from_its_end: Always,
    old_entries_of_the_log_are_dropped: Always,
    a_note_is_kept_and_changed_by_one_at_a_time: Always,
    notes_are_listed_the_newest_first: Always,
    old_notes_of_a_kind_are_dropped: Always,
];

/// Runs all cases on a fixture's roads. Without its service they are listed as ignored, or fail
/// where it is required.
pub fn main(fixture: impl LanesFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = fixture.absent();
    let is_required = service::is_required();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of these roads: {why}"));
    }
    let fixture: Arc<dyn LanesFixture> = Arc::new(fixture);
    let trial_of = |case: &'static Case| match absent.clone() {
        None => trial(Arc::clone(&fixture), case),
        Some(why) => {
            Trial::test(case.name, || Err(Failed::from(why))).with_ignored_flag(!is_required)
        }
    };
    libtest_mimic::run(&arguments, ALL.iter().map(trial_of).collect()).exit_code()
}

fn trial(fixture: Arc<dyn LanesFixture>, case: &'static Case) -> Trial {
    Trial::test(case.name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(async {
            (case.run)(fixture.fresh().await).await;
        });
        Ok(())
    })
}

impl FreshLanes {
    async fn opened(self) -> Self {
        assert_eq!(self.lanes.open(ROAD, 0).await, Ok(0));
        self
    }

    async fn claim(&self, relay: u128) -> Vec<HeldLane> {
        self.claim_of(ROAD, relay).await
    }

    async fn claim_of(&self, road: &str, relay: u128) -> Vec<HeldLane> {
        let claimed = self.lanes.claim(&Claim { road, relay, lease_ms: LEASE_MS }).await;
        let mut held = claimed.unwrap_or_else(|trouble| panic!("{trouble}"));
        held.sort_by_key(|held| held.lane);
        held
    }

    async fn keep(&self, held: &HeldLane, progress: &[u8]) -> bool {
        let held = HeldLane { progress: progress.to_vec(), ..held.clone() };
        let kept = self.lanes.keep(ROAD, std::slice::from_ref(&held)).await;
        kept.unwrap_or_else(|trouble| panic!("{trouble}")) == [held.lane]
    }

    /// Charges wallets, each once, so many times around.
    async fn charge(&self, buyers: u64, times: u64) {
        let mode = self.store.modes()[0];
        let mode =
            if self.store.modes().contains(&Mode::Optimistic) { Mode::Optimistic } else { mode };
        let settler = sale::settler(Arc::clone(&self.store), mode);
        for number in 0..buyers * times {
            let buyer = BuyerId(u128::from(number % buyers));
            let reply = settler.settle(vec![charge(number + 1, buyer, 1)]).await.remove(0);
            assert!(sale::answer(reply).is_ok());
        }
    }
}

fn lanes_of(held: &[HeldLane]) -> Vec<u8> {
    held.iter().map(|held| held.lane).collect()
}

async fn a_road_begins_where_the_first_said(fresh: FreshLanes) {
    assert_eq!(fresh.claim(1).await, [], "there is no such road");
    assert_eq!(fresh.lanes.open(ROAD, 7).await, Ok(7));
    assert_eq!(fresh.lanes.open(ROAD, 9).await, Ok(7));
    let held = fresh.claim(1).await;
    assert!(held.iter().all(|held| held.progress.is_empty() && held.token > 0));
}

async fn relays_share_the_lanes_of_a_road(fresh: FreshLanes) {
    let fresh = fresh.opened().await;
    assert_eq!(lanes_of(&fresh.claim(1).await), (0..LANES).collect::<Vec<u8>>());
    assert_eq!(fresh.claim(2).await, [], "each lane has one holder");
    let first = fresh.claim(1).await;
    let second = fresh.claim(2).await;
    assert_eq!([first.len(), second.len()], [share(2); 2]);
    let mut all = lanes_of(&first);
    all.extend(lanes_of(&second));
    all.sort_unstable();
    assert_eq!(all, (0..LANES).collect::<Vec<u8>>());
    assert_eq!(fresh.claim(1).await, first, "who renews keeps what he has");
}

async fn a_lane_of_a_dead_relay_is_taken_over(fresh: FreshLanes) {
    let fresh = fresh.opened().await;
    let held = fresh.claim(1).await;
    assert!(fresh.keep(&held[5], b"far").await);
    fresh.clock.advance_ms(LEASE_MS - 1);
    let claim = Claim { road: ROAD, relay: 1, lease_ms: LEASE_MS };
    assert_eq!(fresh.lanes.renew(&claim).await, Ok(()));
    fresh.clock.advance_ms(LEASE_MS - 1);
    assert_eq!(fresh.claim(2).await, [], "it lives");
    fresh.clock.advance_ms(1);
    let taken = fresh.claim(2).await;
    assert_eq!(taken.len(), usize::from(LANES));
    assert_eq!(taken[5].progress, b"far");
    assert!(taken[5].token > held[5].token);
}

async fn who_lost_a_lane_keeps_no_progress(fresh: FreshLanes) {
    let fresh = fresh.opened().await;
    let stale = fresh.claim(1).await;
    assert!(fresh.keep(&stale[0], b"one").await);
    fresh.clock.advance_ms(LEASE_MS);
    let held = fresh.claim(2).await;
    assert!(fresh.keep(&held[0], b"two").await);
    assert!(!fresh.keep(&stale[0], b"three").await);
    assert_eq!(fresh.claim(2).await[0].progress, b"two");
}

async fn who_leaves_frees_his_lanes_at_once(fresh: FreshLanes) {
    let fresh = fresh.opened().await;
    let held = fresh.claim(1).await;
    assert_eq!(fresh.lanes.leave(ROAD, 1).await, Ok(()));
    let taken = fresh.claim(2).await;
    assert_eq!(taken.len(), usize::from(LANES));
    assert!(!fresh.keep(&held[0], b"late").await);
}

async fn events_of_a_lane_are_read_in_their_order(fresh: FreshLanes) {
    fresh.charge(20, 3).await;
    let news = fresh.outbox.news(0, &[], 1_000).await;
    let told = news.unwrap_or_else(|trouble| panic!("{trouble}")).events;
    assert!(told.len() >= 60, "{}", told.len());
    let mut by_lane: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
    for (number, event) in &told {
        by_lane.entry(lane(event.aggregate)).or_default().push(*number);
    }
    // Of each lane what follows its first event, two at most.
    let asked: Vec<(u8, u64)> = by_lane.iter().map(|(lane, numbers)| (*lane, numbers[0])).collect();
    let found = fresh.lanes.waiting(&asked, 2).await;
    let found = found.unwrap_or_else(|trouble| panic!("{trouble}"));
    let mut expected: Vec<u64> =
        by_lane.values().flat_map(|numbers| numbers.iter().skip(1).take(2).copied()).collect();
    expected.sort_unstable();
    let numbers: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, expected);
    assert!(found.iter().all(|one| told.contains(one)), "and they are what was told");
    let one = [asked[0]];
    let found = fresh.lanes.waiting(&one, 100).await;
    let found = found.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert!(found.iter().all(|(_, event)| lane(event.aggregate) == one[0].0));
}

async fn roads_know_nothing_of_each_other(fresh: FreshLanes) {
    let fresh = fresh.opened().await;
    assert_eq!(fresh.lanes.open("elsewhere", 3).await, Ok(3));
    let here = fresh.claim(1).await;
    let there = fresh.claim_of("elsewhere", 2).await;
    assert_eq!([here.len(), there.len()], [usize::from(LANES); 2]);
    assert!(fresh.keep(&here[0], b"far").await);
    assert!(fresh.claim_of("elsewhere", 2).await[0].progress.is_empty());
}

async fn a_closed_road_is_forgotten(fresh: FreshLanes) {
    let fresh = fresh.opened().await;
    let held = fresh.claim(1).await;
    assert!(fresh.keep(&held[0], b"far").await);
    assert_eq!(fresh.lanes.close(ROAD).await, Ok(()));
    assert!(!fresh.keep(&held[0], b"farther").await);
    assert_eq!(fresh.claim(1).await, []);
    assert_eq!(fresh.lanes.open(ROAD, 5).await, Ok(5));
    assert!(fresh.claim(2).await[0].progress.is_empty());
}
