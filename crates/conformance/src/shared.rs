//! What a store promises that instances share over a server: each hears what the others commit, a
//! connection may be lost at any moment, and a thousand commands cost no more round trips than one.
//! An adapter's `tests/shared.rs` is a [`SharedFixture`] and [`main`].

mod connections;
mod lapsing;
mod news;
mod queues;
mod tables;
mod takings;

use crate::proxy::Proxy;
use crate::sale::{NOW, SHOW};
use crate::servers::Server;
use crate::{CaseFuture, service};
use admitone_app::clock::HandClock;
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::queue_book::QueueBook;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Fences, Mode, Store, Transaction};
use admitone_app::verify::Report;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::SeatId;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::{Change, Delta, Guard, Money, Row, Verdict};
use async_trait::async_trait;
use connections::{
    a_batch_of_a_thousand_costs_as_many_round_trips_as_a_batch_of_one,
    a_commit_of_unknown_outcome_is_found_out_and_done_once,
    a_connection_on_which_nothing_is_said_is_given_up_in_time,
    when_all_connections_are_in_use_the_store_says_so_in_time,
};
use lapsing::{
    who_locks_rows_waits_in_no_circle_where_holds_run_out,
    who_locks_them_as_he_learns_of_them_waits_in_a_circle,
};
use libtest_mimic::{Arguments, Failed, Trial};
use news::{
    a_board_shows_what_another_instance_sold, a_board_shows_which_seat_was_left,
    a_commit_that_is_late_is_not_skipped,
    an_instance_that_starts_while_a_batch_is_in_hand_hears_of_it,
};
use queues::{
    a_job_that_was_begun_is_remembered_until_it_ended,
    a_queue_is_paused_for_all_until_somebody_lets_it_go_on,
    what_became_of_jobs_is_added_up_over_instances, what_was_done_in_the_last_minute_is_told_apart,
};
use std::process::ExitCode;
use std::sync::Arc;
use tables::{
    a_held_seat_keeps_the_price_that_an_operator_gave_it_meanwhile,
    a_row_that_was_made_to_be_locked_is_no_row, instances_that_start_together_migrate_once,
    the_verifier_finds_what_is_planted_and_nothing_else,
    with_its_guards_the_store_refuses_what_the_rules_must_never_let_through,
};
use takings::{
    money_of_a_wallet_without_a_ticket_is_named,
    tickets_without_the_money_of_their_wallet_are_named,
};

/// One instance's way to the store.
pub struct Instance {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its lists.
    pub reads: Arc<dyn Reads>,
    /// What the others tell it.
    pub outbox: Arc<dyn Outbox>,
    /// The book of queues.
    pub book: Arc<dyn QueueBook>,
}

/// How an instance is opened.
pub struct Opening {
    /// At most so many connections.
    pub connections_max: usize,
    /// How long it waits for one, and for another's lock.
    pub wait_ms: u64,
    /// Whether the tables have their guards.
    pub is_guarded: bool,
    /// The time of the store.
    pub clock: Arc<HandClock>,
}

impl Default for Opening {
    fn default() -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        Self { connections_max: 4, wait_ms: 5_000, is_guarded: true, clock }
    }
}

/// How to come by instances.
#[async_trait]
pub trait SharedFixture: Send + Sync + 'static {
    /// Where they have their store.
    fn server(&self) -> Server;

    /// An instance on the store at an address.
    async fn open(&self, url: &str, opening: Opening) -> Instance;

    /// What the verification says of the store at an address.
    async fn verify(&self, url: &str) -> Report;

    /// So many round trips a batch costs in a mode, under no lock: load, save, commit, or less.
    fn round_trips(&self, _mode: Mode) -> u32 {
        3
    }
}

/// An empty place on the server, and who opens instances there.
struct Stage {
    fixture: Arc<dyn SharedFixture>,
    url: String,
}

impl Stage {
    async fn open(&self) -> Instance {
        self.fixture.open(&self.url, Opening::default()).await
    }

    /// An instance behind a proxy.
    async fn open_behind(&self, proxy: &Proxy, opening: Opening) -> Instance {
        self.fixture.open(&proxy.url, opening).await
    }
}

struct Case {
    name: &'static str,
    run: fn(Stage) -> CaseFuture,
}

macro_rules! shared_cases {
    ($($name:ident),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            run: |stage| -> CaseFuture { Box::pin($name(stage)) },
        }),*]
    };
}

const ALL: &[Case] = shared_cases![
    a_board_shows_what_another_instance_sold,
    a_board_shows_which_seat_was_left,
    a_commit_that_is_late_is_not_skipped,
    an_instance_that_starts_while_a_batch_is_in_hand_hears_of_it,
    a_commit_of_unknown_outcome_is_found_out_and_done_once,
    a_batch_of_a_thousand_costs_as_many_round_trips_as_a_batch_of_one,
    when_all_connections_are_in_use_the_store_says_so_in_time,
    a_connection_on_which_nothing_is_said_is_given_up_in_time,
    with_its_guards_the_store_refuses_what_the_rules_must_never_let_through,
    instances_that_start_together_migrate_once,
    a_row_that_was_made_to_be_locked_is_no_row,
    a_held_seat_keeps_the_price_that_an_operator_gave_it_meanwhile,
    the_verifier_finds_what_is_planted_and_nothing_else,
    tickets_without_the_money_of_their_wallet_are_named,
    money_of_a_wallet_without_a_ticket_is_named,
    a_queue_is_paused_for_all_until_somebody_lets_it_go_on,
    what_became_of_jobs_is_added_up_over_instances,
    what_was_done_in_the_last_minute_is_told_apart,
    a_job_that_was_begun_is_remembered_until_it_ended,
    who_locks_rows_waits_in_no_circle_where_holds_run_out,
    who_locks_them_as_he_learns_of_them_waits_in_a_circle,
];

/// Runs all cases on a fixture's store. Without its server they are listed as ignored, or fail where
/// it is required.
pub fn main(fixture: impl SharedFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = fixture.server().absent();
    let is_required = service::is_required();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of a shared store: {why}"));
    }
    let fixture: Arc<dyn SharedFixture> = Arc::new(fixture);
    let trial_of = |case: &'static Case| match absent.clone() {
        None => trial(Arc::clone(&fixture), case),
        Some(why) => {
            Trial::test(case.name, || Err(Failed::from(why))).with_ignored_flag(!is_required)
        }
    };
    libtest_mimic::run(&arguments, ALL.iter().map(trial_of).collect()).exit_code()
}

fn trial(fixture: Arc<dyn SharedFixture>, case: &'static Case) -> Trial {
    Trial::test(case.name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(async {
            let url = fixture.server().fresh().await.unwrap_or_default();
            (case.run)(Stage { fixture, url }).await;
        });
        Ok(())
    })
}

/// A batch in hand: saved and not committed.
async fn in_hand(
    instance: &Instance,
    mode: Mode,
    verdict: Verdict,
) -> Result<Box<dyn Transaction>, Trouble> {
    let mut transaction = instance.store.begin(mode, &Fences::default()).await?;
    transaction.save(&Arc::new(verdict)).await?;
    Ok(transaction)
}

/// Saves changes as they are, whatever rule they break.
async fn try_save(instance: &Instance, mode: Mode, changes: Vec<Change>) -> Result<(), Trouble> {
    let verdict = Verdict { changes, ..Verdict::default() };
    in_hand(instance, mode, verdict).await?.commit().await
}

async fn save(instance: &Instance, mode: Mode, changes: Vec<Change>) -> Result<(), TroubleKind> {
    try_save(instance, mode, changes).await.map_err(|trouble| trouble.kind)
}

/// A row as it shall be.
fn whole(seen: u64, guard: Guard, row: Row) -> Change {
    Change { seen, guard, delta: Delta::Whole, row: Arc::new(row) }
}

fn seat(id: u64, price: i64, state: SeatState) -> Row {
    Row::Seat(Seat { id: SeatId(id), show: SHOW, price: Money(price), state })
}
