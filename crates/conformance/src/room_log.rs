//! What a room log promises. An adapter's `tests/room_log.rs` is a [`RoomLogFixture`] and
//! [`main`]; a promise is a line under `# Behavior` of the port and a case of that name here.

use crate::CaseFuture;
use admitone_app::ports::room_log::{RoomHistory, RoomLog};
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use std::any::Any;
use std::process::ExitCode;
use std::sync::Arc;

/// A log for one case.
pub struct FreshLog {
    /// The log.
    pub log: Arc<dyn RoomLog>,
    /// Whatever must live as long as the log.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How to come by a room log.
#[async_trait]
pub trait RoomLogFixture: Send + Sync + 'static {
    /// A new, empty log.
    async fn fresh(&self) -> FreshLog;

    /// Whether what it keeps is there after a kill.
    fn outlives_its_process(&self) -> bool;

    /// The log as its next process finds it when this one is killed now; none if it does not
    /// outlive its process.
    async fn after_a_kill(&self, log: &FreshLog) -> Option<FreshLog>;
}

struct Case {
    name: &'static str,
    promised: Promised,
    run: fn(Arc<dyn RoomLogFixture>) -> CaseFuture,
}

/// Which logs promise a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Promised {
    /// Every one.
    Always,
    /// One that outlives its process.
    WhereDurable,
}

macro_rules! log_cases {
    ($($name:ident: $promised:ident),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            promised: Promised::$promised,
            run: |fixture| -> CaseFuture { Box::pin($name(fixture)) },
        }),*]
    };
}

const ALL: &[Case] = log_cases![
    a_room_never_heard_of_has_an_empty_history: Always,
    batches_are_loaded_in_the_order_of_their_sequence: Always,
    an_appended_batch_survives_a_kill: WhereDurable,
    appending_a_sequence_again_changes_nothing: Always,
    a_checkpoint_replaces_what_it_covers: Always,
    an_older_checkpoint_changes_nothing: Always,
];

/// Runs all cases on a fixture's logs.
pub fn main(fixture: impl RoomLogFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let fixture: Arc<dyn RoomLogFixture> = Arc::new(fixture);
    let is_durable = fixture.outlives_its_process();
    let promised = ALL.iter().filter(|case| is_durable || case.promised == Promised::Always);
    let trials = promised.map(|case| trial(Arc::clone(&fixture), case)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(fixture: Arc<dyn RoomLogFixture>, case: &'static Case) -> Trial {
    Trial::test(case.name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on((case.run)(fixture));
        Ok(())
    })
}

async fn load(log: &FreshLog, room: u32) -> RoomHistory {
    log.log.load(room).await.unwrap_or_else(|e| panic!("{e}"))
}

async fn append(log: &FreshLog, room: u32, sequence: u64, records: &[u8]) {
    log.log.append(room, sequence, records.to_vec()).await.unwrap_or_else(|e| panic!("{e}"));
}

async fn checkpoint(log: &FreshLog, room: u32, sequence: u64, image: &[u8]) {
    log.log.checkpoint(room, sequence, image.to_vec()).await.unwrap_or_else(|e| panic!("{e}"));
}

/// A history from its parts.
fn history(checkpoint: Option<&[u8]>, batches: &[&[u8]], sequence: u64) -> RoomHistory {
    RoomHistory {
        checkpoint: checkpoint.map(<[u8]>::to_vec),
        batches: batches.iter().map(|batch| batch.to_vec()).collect(),
        sequence,
    }
}

async fn a_room_never_heard_of_has_an_empty_history(fixture: Arc<dyn RoomLogFixture>) {
    let log = fixture.fresh().await;
    assert_eq!(load(&log, 1).await, RoomHistory::default());
    append(&log, 2, 1, b"another").await;
    checkpoint(&log, 3, 1, b"a third").await;
    assert_eq!(load(&log, 1).await, RoomHistory::default(), "rooms are apart");
    assert_eq!(load(&log, 2).await, history(None, &[b"another"], 1));
}

async fn batches_are_loaded_in_the_order_of_their_sequence(fixture: Arc<dyn RoomLogFixture>) {
    let log = fixture.fresh().await;
    // More than ten, so that an order by text would show; two rooms, so that they could mix.
    let batches: Vec<Vec<u8>> = (1..=12_u8).map(|n| vec![n]).collect();
    for (sequence, batch) in (1..).zip(&batches) {
        append(&log, 1, sequence, batch).await;
        append(&log, 2, sequence, b"other").await;
    }
    assert_eq!(load(&log, 1).await, RoomHistory { checkpoint: None, batches, sequence: 12 });
}

async fn an_appended_batch_survives_a_kill(fixture: Arc<dyn RoomLogFixture>) {
    let mut log = fixture.fresh().await;
    for sequence in 1..=8 {
        let waiting = (1..=4).map(|room| {
            let log = Arc::clone(&log.log);
            async move { log.append(room, sequence, vec![7]).await }
        });
        let mut waiting: tokio::task::JoinSet<_> = waiting.collect();
        while let Some(answered) = waiting.join_next().await {
            assert_eq!(answered.ok(), Some(Ok(())));
        }
        log = killed(&fixture, &log).await;
        for room in 1..=4 {
            assert_eq!(load(&log, room).await.sequence, sequence);
        }
    }
}

async fn appending_a_sequence_again_changes_nothing(fixture: Arc<dyn RoomLogFixture>) {
    let log = fixture.fresh().await;
    append(&log, 1, 1, b"one").await;
    append(&log, 1, 2, b"two").await;
    for sequence in [2, 1] {
        append(&log, 1, sequence, b"again").await;
    }
    assert_eq!(load(&log, 1).await, history(None, &[b"one", b"two"], 2));
    checkpoint(&log, 1, 2, b"both").await;
    append(&log, 1, 2, b"again").await;
    let covered = history(Some(b"both"), &[], 2);
    assert_eq!(load(&log, 1).await, covered, "nor when a checkpoint has it already");
}

async fn a_checkpoint_replaces_what_it_covers(fixture: Arc<dyn RoomLogFixture>) {
    let mut log = fixture.fresh().await;
    for sequence in 1..=4 {
        append(&log, 1, sequence, &[u8::try_from(sequence).unwrap_or(0)]).await;
        append(&log, 2, sequence, b"other").await;
    }
    checkpoint(&log, 1, 2, b"first").await;
    let after_first = history(Some(b"first"), &[&[3], &[4]], 4);
    assert_eq!(load(&log, 1).await, after_first);
    checkpoint(&log, 1, 4, b"second").await;
    if let Some(next) = fixture.after_a_kill(&log).await {
        log = next;
    }
    assert_eq!(load(&log, 1).await, history(Some(b"second"), &[], 4));
    assert_eq!(load(&log, 2).await.batches.len(), 4, "another room keeps its own");
    append(&log, 1, 5, b"five").await;
    assert_eq!(load(&log, 1).await, history(Some(b"second"), &[b"five"], 5));
}

async fn an_older_checkpoint_changes_nothing(fixture: Arc<dyn RoomLogFixture>) {
    let log = fixture.fresh().await;
    for sequence in 1..=3 {
        append(&log, 1, sequence, b"batch").await;
    }
    checkpoint(&log, 1, 2, b"newer").await;
    let before = load(&log, 1).await;
    checkpoint(&log, 1, 1, b"older").await;
    checkpoint(&log, 1, 2, b"as old").await;
    assert_eq!(load(&log, 1).await, before);
}

async fn killed(fixture: &Arc<dyn RoomLogFixture>, log: &FreshLog) -> FreshLog {
    fixture.after_a_kill(log).await.unwrap_or_else(|| panic!("this log outlives its process"))
}
