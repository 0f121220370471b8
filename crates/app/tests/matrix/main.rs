//! The matrix: cells of the space of strategies, run on a store that is slow between load and save
//! and has no guards, by a crowd that wants the same few things, and audited by counting.
//!
//! What is computed to be safe must oversell nothing and lose nothing; what is computed to be
//! unsafe must do harm, else the test proves nothing. With `ADMITONE_LONG` every cell is run more
//! often, and what was observed is written to `docs/strategies.observed.json`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod cells;
mod crowd;
mod house;
mod observed;
mod slow;

use admitone_app::strategy::Class;
use audit::Harm;
use cells::Cell;
use observed::Observed;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// So many cells at once: they mostly sleep.
const AT_ONCE: usize = 8;

/// How often a cell is run.
#[derive(Clone, Copy)]
struct Effort {
    /// Runs of a cell that must do no harm.
    safe_runs: u64,
    /// Runs of a cell that must do harm.
    unsafe_runs: u64,
    /// More of those, while there is no harm.
    unsafe_runs_max: u64,
}

fn is_long() -> bool {
    std::env::var_os("ADMITONE_LONG").is_some()
}

fn effort() -> Effort {
    if is_long() {
        Effort { safe_runs: 20, unsafe_runs: 5, unsafe_runs_max: 200 }
    } else {
        Effort { safe_runs: 1, unsafe_runs: 1, unsafe_runs_max: 200 }
    }
}

/// A rule that meets impossible counts panics, which the settler turns into trouble: in cells that
/// lose updates that is expected, and not worth a page each.
fn quiet_impossible_counts() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.to_string().contains("cannot move by") {
            loud(panic);
        }
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_as_safe_as_it_is_computed_to_be() {
    quiet_impossible_counts();
    let all = run_all(cells::all(), effort()).await;
    println!("{}", observed::table(&all));
    let surprises: Vec<String> = all.iter().filter_map(Observed::surprise).collect();
    assert!(surprises.is_empty(), "{surprises:#?}");
    if is_long() {
        observed::write(&all);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looked_at_once_a_lane_is_written_beside_itself() {
    quiet_impossible_counts();
    for seed in 1..=effort().unsafe_runs_max {
        let harm = crowd::run(&cells::looked_at_once(), seed).await;
        if harm.oversold > 0 {
            let same =
                crowd::run(&Cell { looks_again: true, ..cells::looked_at_once() }, seed).await;
            let found = [Class::Stock, Class::Wallet].map(|class| same.of(class));
            assert_eq!(
                (found, same.mispaid),
                ([0, 0], 0),
                "{harm:?} with one look, {same:?} with two"
            );
            return;
        }
    }
    panic!(
        "whoever guesses a reservation that is being made oversells nothing: the twin proves nothing"
    );
}

async fn run_all(cells: Vec<Cell>, effort: Effort) -> Vec<Observed> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (number, cell) in cells.into_iter().enumerate() {
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            (number, run(cell, effort).await)
        });
    }
    let mut all = running.join_all().await;
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, observed)| observed).collect()
}

/// Runs a cell until what is expected of it was seen often enough, or never comes.
async fn run(cell: Cell, effort: Effort) -> Observed {
    let mut observed = Observed::of(cell);
    let expected = observed.cell.harmful();
    let is_safe = expected.iter().all(|(_, is_harmful)| !is_harmful);
    let (enough, most) = if is_safe {
        (effort.safe_runs, effort.safe_runs)
    } else {
        (effort.unsafe_runs, effort.unsafe_runs_max)
    };
    for seed in 1..=most {
        let found: Harm = crowd::run(&observed.cell, seed).await;
        observed.add(found);
        if observed.runs >= enough && observed.surprise().is_none() {
            break;
        }
    }
    observed
}
