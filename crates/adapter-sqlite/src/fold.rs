//! The fold: what memory has goes into the tables, in large transactions, on a thread of its own.

use crate::memory::Fold;
use crate::open::Shared;
use crate::tables::write;
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::{CommandId, Key, Loaded};
use rusqlite::{Connection, Transaction, params};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long what is in memory waits for company before it is folded.
const PAUSE: Duration = Duration::from_millis(500);
/// Answers are kept for a day, those about money for fifteen.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
const MONEY_KEPT_US: i64 = 15 * KEPT_US;
/// At most so many old answers are dropped in one fold.
const PRUNED_MAX: u32 = 10_000;
/// So many rows are learnt under one taking of the lock.
const CHUNK: usize = 256;

type Waiting = oneshot::Sender<Result<(), Trouble>>;

/// The way to the fold's thread.
#[derive(Clone)]
pub(crate) struct Folder {
    wishes: mpsc::Sender<Waiting>,
}

impl Folder {
    /// Starts the thread. It ends when the last way to it is dropped.
    pub(crate) fn start(shared: Arc<Shared>, tables: Connection) -> std::io::Result<Self> {
        let (wishes, waiting) = mpsc::channel();
        std::thread::Builder::new()
            .name("fold".into())
            .spawn(move || run(&shared, tables, &waiting))?;
        Ok(Self { wishes })
    }

    /// Has all folded that was answered so far, and waits for it.
    pub(crate) async fn fold(&self) -> Result<(), Trouble> {
        let (done, folded) = oneshot::channel();
        self.wishes.send(done).map_err(|_| trouble::ended("fold"))?;
        folded.await.map_err(|_| trouble::ended("fold"))?
    }
}

fn run(shared: &Shared, mut tables: Connection, wishes: &mpsc::Receiver<Waiting>) {
    loop {
        let mut waiting = match wishes.recv_timeout(PAUSE) {
            Ok(wish) => vec![wish],
            Err(mpsc::RecvTimeoutError::Timeout) => Vec::new(),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        };
        waiting.extend(wishes.try_iter());
        let folded = fold(shared, &mut tables);
        if let Err(trouble) = &folded {
            tracing::error!(%trouble, "cannot fold the journal into the tables");
            shared.stop(trouble.clone());
        }
        for wish in waiting {
            // Whoever asked may have gone.
            let _ = wish.send(folded.clone());
        }
        if folded.is_err() {
            return;
        }
    }
}

fn fold(shared: &Shared, tables: &mut Connection) -> Result<(), Trouble> {
    let failed = trouble::of("fold");
    let fold = shared.memory().begin_fold();
    if fold.rows.is_empty() && fold.entries.is_empty() && fold.answers.is_empty() {
        shared.memory().end_fold();
        return Ok(());
    }
    let pruned = {
        let transaction = tables.transaction().map_err(&failed)?;
        write_all(&transaction, &fold).map_err(&failed)?;
        let pruned = prune(&transaction, shared.clock.now().0).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        pruned
    };
    learn(shared, &fold);
    shared.memory().answers.forget(&pruned);
    shared.journal.forget(fold.seq);
    let folded = size(fold.rows.len());
    give_back(shared, fold);
    // Nobody is kept waiting by this: the journal's thread does not checkpoint by itself.
    let checkpoint = |connection: &Connection| {
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
    };
    checkpoint(tables).and_then(|()| checkpoint(&shared.journal_reader())).map_err(&failed)?;
    metrics::histogram!("admitone_fold_rows").record(f64::from(folded));
    Ok(())
}

/// Makes folded rows hot rows and folded answers known rows. A little at a time: every batch
/// waits for the lock.
fn learn(shared: &Shared, fold: &Fold) {
    let rows: Vec<(&Key, &Loaded)> = fold.rows.iter().collect();
    for some in rows.chunks(CHUNK) {
        let forgotten: Vec<_> = {
            let mut memory = shared.memory();
            let learnt = some.iter();
            learnt.filter_map(|(key, row)| memory.remember(**key, Some((*row).clone()))).collect()
        };
        drop(forgotten);
    }
    let answers: Vec<(CommandId, u64)> =
        fold.answers.keys().copied().zip(fold.first_answer..).collect();
    for some in answers.chunks(CHUNK) {
        let mut memory = shared.memory();
        for (id, number) in some {
            memory.answers.know(*id, *number);
        }
    }
    shared.memory().end_fold();
}

/// Empties the maps of a fold, which takes long, and keeps the room they have.
fn give_back(shared: &Shared, fold: Fold) {
    if let (Ok(mut rows), Ok(mut answers)) =
        (Arc::try_unwrap(fold.rows), Arc::try_unwrap(fold.answers))
    {
        rows.clear();
        answers.clear();
        shared.memory().reuse(rows, answers);
    }
}

fn write_all(tables: &Transaction<'_>, fold: &Fold) -> rusqlite::Result<()> {
    // In the order of their keys, so that neighbours share a page.
    let mut rows: Vec<(&Key, &Loaded)> = fold.rows.iter().collect();
    rows.sort_unstable_by_key(|(key, _)| **key);
    rows.iter().try_for_each(|(_, loaded)| write::row(tables, loaded))?;
    fold.entries.iter().try_for_each(|entry| write::entry(tables, entry))?;
    for (answer, number) in fold.answers.values().zip(fold.first_answer..) {
        write::answer(tables, number, answer)?;
    }
    fold.events.iter().try_for_each(|(seq, events)| write::events(tables, *seq, events))?;
    let sql = "UPDATE meta SET value = ?1 WHERE name = 'folded_seq'";
    tables.execute(sql, [fold.seq]).map(|_| ())
}

/// Drops answers that are old enough; they are appended in time, so the oldest come first.
fn prune(tables: &Transaction<'_>, now_us: i64) -> rusqlite::Result<Vec<CommandId>> {
    let sql = "DELETE FROM answer WHERE number IN (SELECT number FROM answer ORDER BY number \
               LIMIT ?3) AND at < iif(money, ?2, ?1) RETURNING id";
    let mut query = tables.prepare_cached(sql)?;
    let ages = params![now_us - KEPT_US, now_us - MONEY_KEPT_US, PRUNED_MAX];
    let ids = query.query_map(ages, |row| row.get::<_, [u8; 16]>(0))?;
    ids.map(|id| id.map(|id| CommandId(u128::from_be_bytes(id)))).collect()
}

fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
