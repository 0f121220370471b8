//! What a list of instances promises. An adapter's `tests/instances.rs` is an
//! [`InstancesFixture`] and [`main`].

use crate::{CaseFuture, service};
use admitone_app::TroubleKind;
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::instances::{Instances, Joining, Member};
use admitone_app::ports::store::{Fence, Fences, Mode, Store};
use admitone_domain::Verdict;
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;
use std::sync::Arc;

/// A list for one case.
pub struct FreshInstances {
    /// The list.
    pub list: Arc<dyn Instances>,
    /// The store it is beside.
    pub store: Arc<dyn Store>,
    /// Its clock, if that is moved by hand; else it goes as the world's does.
    pub clock: Option<Arc<HandClock>>,
}

/// How to come by a list.
#[async_trait]
pub trait InstancesFixture: Send + Sync + 'static {
    /// An empty list.
    async fn fresh(&self) -> FreshInstances;

    /// Why there is no list to be had, if there is none: its service does not run.
    fn absent(&self) -> Option<String> {
        None
    }
}

struct Case {
    name: &'static str,
    run: fn(FreshInstances) -> CaseFuture,
}

macro_rules! instances_cases {
    ($($name:ident: Always),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            run: |fresh| -> CaseFuture { Box::pin($name(fresh)) },
        }),*]
    };
}

const ALL: &[Case] = instances_cases![
    instances_with_one_map_share_a_store: Always,
    another_map_is_refused_while_an_instance_lives: Always,
    a_map_that_is_safe_only_alone_has_one_instance: Always,
    rooms_are_in_one_place: Always,
    a_dead_instance_is_forgotten_after_its_lease: Always,
    who_leaves_makes_room_at_once: Always,
    a_term_lasts_while_somebody_lives: Always,
    the_living_are_counted: Always,
];

/// Runs all cases on a fixture's lists. Without its service they are listed as ignored, or fail
/// where it is required.
pub fn main(fixture: impl InstancesFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = fixture.absent();
    let is_required = service::is_required();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of this list of instances: {why}"));
    }
    let fixture: Arc<dyn InstancesFixture> = Arc::new(fixture);
    let trial_of = |case: &'static Case| match absent.clone() {
        None => trial(Arc::clone(&fixture), case),
        Some(why) => {
            Trial::test(case.name, || Err(Failed::from(why))).with_ignored_flag(!is_required)
        }
    };
    libtest_mimic::run(&arguments, ALL.iter().map(trial_of).collect()).exit_code()
}

fn trial(fixture: Arc<dyn InstancesFixture>, case: &'static Case) -> Trial {
    Trial::test(case.name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(async {
            (case.run)(fixture.fresh().await).await;
        });
        Ok(())
    })
}

const LEASE_MS: u64 = 400;

fn member(id: u128, map: &str, is_alone: bool) -> Member {
    Member { id, map: map.to_owned(), is_alone, rooms: None, lease_ms: LEASE_MS }
}

impl FreshInstances {
    async fn join(&self, member: &Member) -> Joining {
        self.list.join(member).await.unwrap_or_else(|trouble| panic!("{trouble}"))
    }

    async fn joins(&self, member: &Member) -> bool {
        matches!(self.join(member).await, Joining::Joined(_))
    }

    /// The token of the term into which somebody joins.
    async fn term(&self, member: &Member) -> Fence {
        match self.join(member).await {
            Joining::Joined(term) => term,
            refused => panic!("{refused:?}"),
        }
    }

    /// Whether the store saves something under a token.
    async fn saves_under(&self, term: &Fence) -> bool {
        let fences = Fences(vec![term.clone()]);
        let begun = self.store.begin(Mode::Plain, &fences).await;
        let mut transaction = begun.unwrap_or_else(|trouble| panic!("{trouble}"));
        let saved = match transaction.save(&Arc::new(Verdict::default())).await {
            Ok(()) => transaction.commit().await,
            Err(trouble) => Err(trouble),
        };
        match saved {
            Ok(()) => true,
            Err(trouble) if trouble.kind == TroubleKind::Fenced => false,
            Err(trouble) => panic!("{trouble}"),
        }
    }

    async fn pass_ms(&self, span_ms: u64) {
        match &self.clock {
            Some(clock) => clock.advance_ms(span_ms),
            None => SystemClock::default().sleep_ms(span_ms).await,
        }
    }
}

async fn the_living_are_counted(fresh: FreshInstances) {
    let alive = || async { fresh.list.alive().await.unwrap_or_else(|trouble| panic!("{trouble}")) };
    assert_eq!(alive().await, 0);
    for id in [1, 2, 1] {
        assert!(fresh.joins(&member(id, "batched", false)).await);
    }
    assert_eq!(alive().await, 2, "a renewal is no other one");
    fresh.list.leave(2).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert_eq!(alive().await, 1);
    fresh.pass_ms(LEASE_MS + 100).await;
    assert_eq!(alive().await, 0, "nobody has to say that a dead one is gone");
}

async fn instances_with_one_map_share_a_store(fresh: FreshInstances) {
    for id in [1, 2, 3, 1, 2] {
        assert!(fresh.joins(&member(id, "batched", false)).await, "{id}");
    }
}

async fn another_map_is_refused_while_an_instance_lives(fresh: FreshInstances) {
    assert!(fresh.joins(&member(1, "batched", false)).await);
    let other = fresh.join(&member(2, "redlock", false)).await;
    assert_eq!(other, Joining::OtherMap("batched".to_owned()));
    assert!(fresh.joins(&member(3, "batched", false)).await);
    let again = fresh.join(&member(2, "redlock", false)).await;
    assert!(matches!(again, Joining::OtherMap(_)), "being refused is no joining");
}

async fn a_map_that_is_safe_only_alone_has_one_instance(fresh: FreshInstances) {
    let alone = |id| member(id, "single-writer", true);
    // Both at once: one of them is in, whichever.
    let (one, two) = (alone(1), alone(2));
    let (first, second) = tokio::join!(fresh.join(&one), fresh.join(&two));
    let is_first = matches!(first, Joining::Joined(_));
    let (is_in, is_out) = if is_first { (&one, &two) } else { (&two, &one) };
    assert!([first, second].contains(&Joining::NotAlone), "one of the two is refused");
    assert!(fresh.joins(is_in).await, "it renews its lease");
    assert_eq!(fresh.join(is_out).await, Joining::NotAlone);
}

async fn rooms_are_in_one_place(fresh: FreshInstances) {
    let with =
        |id, rooms: &str| Member { rooms: Some(rooms.to_owned()), ..member(id, "batched", false) };
    assert!(fresh.joins(&member(1, "batched", false)).await);
    assert!(fresh.joins(&with(2, "here")).await);
    assert!(fresh.joins(&with(3, "here")).await);
    assert_eq!(fresh.join(&with(4, "there")).await, Joining::OtherRooms("here".to_owned()));
    assert!(fresh.joins(&member(5, "batched", false)).await);
}

async fn a_dead_instance_is_forgotten_after_its_lease(fresh: FreshInstances) {
    assert!(fresh.joins(&member(1, "single-writer", true)).await);
    let next = member(2, "batched", false);
    assert!(matches!(fresh.join(&next).await, Joining::OtherMap(_)));
    fresh.pass_ms(LEASE_MS + 1).await;
    assert!(fresh.joins(&next).await);
    let late = fresh.join(&member(1, "single-writer", true)).await;
    assert!(matches!(late, Joining::OtherMap(_)), "who was forgotten comes anew");
}

async fn who_leaves_makes_room_at_once(fresh: FreshInstances) {
    assert!(fresh.joins(&member(1, "single-writer", true)).await);
    fresh.list.leave(1).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert!(fresh.joins(&member(2, "batched", false)).await);
}

async fn a_term_lasts_while_somebody_lives(fresh: FreshInstances) {
    let term = fresh.term(&member(1, "batched", false)).await;
    assert_eq!(fresh.term(&member(2, "batched", false)).await, term);
    fresh.list.leave(1).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert_eq!(fresh.term(&member(2, "batched", false)).await, term, "2 was there all the time");
    assert!(fresh.saves_under(&term).await);
    fresh.pass_ms(LEASE_MS + 1).await;
    let next = fresh.term(&member(2, "batched", false)).await;
    assert!(next.token > term.token, "anybody might have been there meanwhile");
    assert!(!fresh.saves_under(&term).await, "who sleeps in the earlier term saves nothing");
    assert!(fresh.saves_under(&next).await);
}
