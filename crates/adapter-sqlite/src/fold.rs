//! The fold: what memory has goes into the tables, in large transactions, on a thread of its own.

use crate::answers::{Keep, PAGE, PAGE_LEN};
use crate::journal;
use crate::memory::Fold;
use crate::open::Shared;
use crate::tables::{read, write};
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::{CommandId, StoredAnswer};
use rusqlite::{Connection, Transaction};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long what is in memory waits for company before it is folded.
const PAUSE: Duration = Duration::from_millis(500);
/// Answers are kept for a day, those about money for fifteen.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
const MONEY_KEPT_US: i64 = 15 * KEPT_US;
/// So many rows are written to the tables before they are synced.
const UNSYNCED_MAX: usize = 200_000;
/// The journal's log begins anew when it has more pages.
const LOG_PAGES_MAX: u32 = 4_096;
/// At most so many pages of old answers are looked at in one fold.
const PRUNED_MAX: u32 = 200;
/// So often the journal is asked to forget when nothing else is to be done.
const FORGETTINGS_IDLE: u32 = 32;
/// So many answers are learnt under one taking of the lock.
const CHUNK: usize = 256;

type Done = oneshot::Sender<Result<(), Trouble>>;

/// What somebody wants of the fold.
struct Wish {
    /// Whether the tables must be synced too, so that the next start finds nothing to do.
    settled: bool,
    done: Done,
}

/// The way to the fold's thread.
#[derive(Clone)]
pub(crate) struct Folder(Arc<Worker>);

/// The thread, and the only way to wish something of it.
struct Worker {
    wishes: Option<mpsc::Sender<Wish>>,
    thread: Option<JoinHandle<()>>,
}

/// Waits for the end of the thread: it has the directory's lock too, and whoever let the last way
/// to it go may open the directory again at once.
impl Drop for Worker {
    fn drop(&mut self) {
        self.wishes = None;
        // A bug that ended it was noticed by its alarm.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Folder {
    /// Starts the thread. It ends when the last way to it is dropped.
    pub(crate) fn start(shared: Arc<Shared>, tables: Connection) -> std::io::Result<Self> {
        let (wishes, waiting) = mpsc::channel();
        let clerk = Clerk {
            shared,
            tables,
            unsynced: 0,
            folded: 0,
            pruning: Pruning::default(),
            unwritten: None,
        };
        let builder = std::thread::Builder::new().name("fold".into());
        let thread = Some(builder.spawn(move || clerk.run(&waiting))?);
        Ok(Self(Arc::new(Worker { wishes: Some(wishes), thread })))
    }

    /// Has all folded that was answered so far, and waits for it.
    pub(crate) async fn fold(&self) -> Result<(), Trouble> {
        self.wish(false).await
    }

    /// Has all folded and synced, and the journal emptied.
    pub(crate) async fn settle_down(&self) -> Result<(), Trouble> {
        self.wish(true).await
    }

    async fn wish(&self, settled: bool) -> Result<(), Trouble> {
        let (done, folded) = oneshot::channel();
        let wish = Wish { settled, done };
        let sent = self.0.wishes.as_ref().map(|wishes| wishes.send(wish));
        if !matches!(sent, Some(Ok(()))) {
            return Err(trouble::ended("fold"));
        }
        folded.await.map_err(|_| trouble::ended("fold"))?
    }
}

/// Stops the store when the thread ends by a bug: what is in the journal is safe, but it would
/// grow in memory, and nobody would notice before the journal is full.
struct Alarm(Arc<Shared>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(trouble::ended("fold"));
        }
    }
}

/// What the thread has.
struct Clerk {
    shared: Arc<Shared>,
    tables: Connection,
    /// So many rows were written to the tables since they were last synced.
    unsynced: usize,
    /// The last batch that the tables have.
    folded: u64,
    pruning: Pruning,
    /// A fold that could not be written.
    unwritten: Option<Fold>,
}

impl Clerk {
    fn run(mut self, wishes: &mpsc::Receiver<Wish>) {
        loop {
            let mut waiting = match wishes.recv_timeout(PAUSE) {
                Ok(wish) => vec![wish],
                Err(mpsc::RecvTimeoutError::Timeout) => Vec::new(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            waiting.extend(wishes.try_iter());
            // Made after them, so that it rings before they hear of the end.
            let _alarm = Alarm(Arc::clone(&self.shared));
            let is_last = waiting.iter().any(|wish| wish.settled);
            let folded = self.fold().and_then(|rows| self.sync(rows, is_last));
            match &folded {
                Ok(()) => {}
                Err(trouble) if trouble.is_temporary() => {
                    tracing::warn!(%trouble, "cannot fold into the tables, will try again");
                }
                Err(trouble) => {
                    tracing::error!(%trouble, "cannot fold the journal into the tables");
                    self.shared.stop(trouble.clone());
                }
            }
            let must_end = folded.as_ref().is_err_and(|trouble| !trouble.is_temporary());
            for wish in waiting {
                // Whoever asked may have gone.
                let _ = wish.done.send(folded.clone());
            }
            if must_end {
                return;
            }
        }
    }

    /// Writes what memory has into the tables; how many rows that were. What cannot be written now
    /// (the disk is full) is what the next fold begins with.
    fn fold(&mut self) -> Result<usize, Trouble> {
        let fold = match self.unwritten.take() {
            Some(fold) => fold,
            None => self.shared.memory().begin_fold(),
        };
        if fold.batches.is_empty() {
            self.shared.memory().end_fold(fold.seq);
            return Ok(0);
        }
        let written = match self.write(&fold) {
            Ok(written) => written,
            Err(error) => {
                self.unwritten = Some(fold);
                return Err(trouble::of("fold")(error));
            }
        };
        learn(&self.shared, fold.seq, &written.answers);
        self.shared.memory().answers.forget(&written.pruned);
        self.folded = fold.seq;
        let rows = written.rows;
        metrics::histogram!("admitone_fold_rows").record(f64::from(size(rows)));
        give_back(&self.shared, fold);
        forget(&self.shared);
        Ok(rows)
    }

    fn write(&mut self, fold: &Fold) -> rusqlite::Result<Written> {
        let now_us = self.shared.clock.now().0;
        let transaction = self.tables.transaction()?;
        let rows = fold.rows();
        let mut pen = write::Pen::new(&transaction)?;
        rows.iter().try_for_each(|(_, change)| pen.row(change.seen + 1, &change.row))?;
        drop(pen);
        let answers = write_rest(&transaction, fold)?;
        // What is rolled back was not pruned.
        let mut pruning = self.pruning.clone();
        let pruned = pruning.run(&transaction, now_us)?;
        transaction.commit()?;
        self.pruning = pruning;
        Ok(Written { rows: rows.len(), answers, pruned })
    }

    /// Syncs the tables when much was written to them or nothing else is to be done, and only then
    /// lets the journal forget: until they are synced, the tables may lose it when the power goes.
    fn sync(&mut self, rows: usize, is_last: bool) -> Result<(), Trouble> {
        self.unsynced += rows;
        if rows == 0 && self.unsynced == 0 {
            (0..FORGETTINGS_IDLE).take_while(|_| self.shared.journal.forget_idle()).count();
        }
        let is_idle = rows == 0 && self.unsynced > 0;
        if self.unsynced < UNSYNCED_MAX && !is_idle && !is_last {
            return Ok(());
        }
        let failed = trouble::of("sync the tables");
        if journal::checkpoint(&self.tables).map_err(&failed)?.is_none() {
            return Ok(());
        }
        self.unsynced = 0;
        self.shared.journal.forget(self.folded);
        // Most of the journal's log is copied here, beside the writer; what little is left is
        // copied between two batches, and the log begins anew.
        let log = journal::checkpoint(&self.shared.journal_reader()).map_err(&failed)?;
        if log.is_some_and(|pages| pages > LOG_PAGES_MAX) {
            self.shared.journal.rewind();
        }
        Ok(())
    }
}

/// What a fold wrote.
struct Written {
    rows: usize,
    /// The number under which each is kept now.
    answers: Vec<(CommandId, u64)>,
    pruned: Vec<CommandId>,
}

/// Knows the answers under their numbers. A little at a time: every batch waits for the lock.
fn learn(shared: &Shared, seq: u64, answers: &[(CommandId, u64)]) {
    for some in answers.chunks(CHUNK) {
        let mut memory = shared.memory();
        for (id, number) in some {
            memory.answers.know(*id, *number);
        }
    }
    shared.memory().end_fold(seq);
}

/// Drops what a fold had, which takes long, and gives the list back that has the room.
fn give_back(shared: &Shared, fold: Fold) {
    drop(fold.batches);
    if let Ok(mut answers) = Arc::try_unwrap(fold.answers) {
        answers.clear();
        shared.memory().answers.reuse(answers);
    }
}

/// Forgets rows that nobody asks for, when there are too many. A part at a time, dropped without
/// the lock.
fn forget(shared: &Shared) {
    let parts = shared.memory().begin_forgetting();
    for part in 0..parts {
        let forgotten = shared.memory().forget(part);
        drop(forgotten);
    }
}

/// Writes all but the rows; the numbers under which the answers are kept.
fn write_rest(tables: &Transaction<'_>, fold: &Fold) -> rusqlite::Result<Vec<(CommandId, u64)>> {
    write::entries(tables, fold.batches.iter().flat_map(|(_, batch)| &batch.entries))?;
    for (seq, batch) in &fold.batches {
        if !batch.events.is_empty() {
            write::events(tables, *seq, &batch.events)?;
        }
    }
    let answers = write_answers(tables, fold)?;
    let sql = "UPDATE meta SET value = ?1 WHERE name = 'folded_seq'";
    tables.execute(sql, [fold.seq])?;
    Ok(answers)
}

/// Writes the answers in pages, those that are dropped together together.
fn write_answers(tables: &Transaction<'_>, fold: &Fold) -> rusqlite::Result<Vec<(CommandId, u64)>> {
    let mut numbers = Vec::with_capacity(fold.answers.len());
    let mut page_number = fold.first_page;
    for keep in Keep::ALL {
        let kind = fold.answers.iter().map(|answer| &**answer);
        let kind: Vec<&StoredAnswer> = kind.filter(|answer| Keep::of(answer) == keep).collect();
        for page in kind.chunks(PAGE_LEN) {
            write::answers(tables, page_number, keep, page)?;
            numbers.extend(page.iter().map(|answer| answer.id).zip(page_number * PAGE..));
            page_number += 1;
        }
    }
    Ok(numbers)
}

/// How far the pages of answers were looked through for those that are old enough to be dropped;
/// apart for the two kinds, so that those about money do not stand before the others.
#[derive(Debug, Clone, Default)]
struct Pruning {
    plain_from: u64,
    money_from: u64,
}

impl Pruning {
    fn run(&mut self, tables: &Transaction<'_>, now_us: i64) -> rusqlite::Result<Vec<CommandId>> {
        let mut ids = prune(tables, Keep::Day, &mut self.plain_from, now_us - KEPT_US)?;
        ids.extend(prune(tables, Keep::Money, &mut self.money_from, now_us - MONEY_KEPT_US)?);
        Ok(ids)
    }
}

/// Drops pages of one kind whose newest answer is older than `before`. They are appended in time,
/// so the first one that is younger ends it.
fn prune(
    tables: &Transaction<'_>,
    keep: Keep,
    from: &mut u64,
    before: i64,
) -> rusqlite::Result<Vec<CommandId>> {
    let sql = "SELECT number, keep, newest, ids FROM answer_page \
               WHERE number >= ?1 ORDER BY number LIMIT ?2";
    let mut query = tables.prepare_cached(sql)?;
    let mut delete = tables.prepare_cached("DELETE FROM answer_page WHERE number = ?1")?;
    let mut rows = query.query((*from, PRUNED_MAX))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, kind) = (row.get::<_, u64>(0)?, row.get::<_, u8>(1)?);
        if kind != Keep::Ever as u8 && row.get::<_, i64>(2)? >= before {
            break;
        }
        if kind == keep as u8 {
            ids.extend(read::ids(row.get_ref(3)?.as_blob()?));
            delete.execute([number])?;
        }
        *from = number + 1;
    }
    Ok(ids)
}

fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
