//! The store port: a transaction in each of the five modes.

use crate::client::Client;
use crate::open::PostgresStore;
use crate::pipeline::{self, Array, Step};
use crate::tables::read::{self, Told};
use crate::tables::write;
use crate::{due, merged, trouble};
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::{Moment, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use futures_util::FutureExt;
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// A token is durable before anybody has it: after a crash none is given out twice.
pub(crate) const DRAW: &str = "INSERT INTO fence VALUES ($1, 1) \
     ON CONFLICT (name) DO UPDATE SET token = fence.token + 1 RETURNING token";
const RESERVE: &str = "INSERT INTO sequence VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET last = sequence.last + excluded.last RETURNING last";
/// Shared, so that batches of one holder do not wait for each other, and the next draw does.
const FENCES: &str = "SELECT name, token FROM fence WHERE name = ANY($1) ORDER BY name FOR SHARE";

#[async_trait]
impl Store for PostgresStore {
    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let client = self.client("begin").await?;
        let (store, fences) = (self.clone(), fences.clone());
        Ok(Box::new(Batch { store, client, mode, fences, state: State::New, verdict: None }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        let token = self.number("draw a fence", DRAW, &[&name]).await?;
        Ok(Fence { name: name.to_owned(), token })
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        let (name, more) = (sequence.name(), count.cast_signed());
        let last = self.number("reserve", RESERVE, &[&name, &more]).await?;
        Ok(last + 1 - count)
    }
}

impl PostgresStore {
    /// Runs a statement that commits by itself and answers a number.
    async fn number(
        &self,
        operation: &'static str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Trouble> {
        let client = self.client(operation).await?;
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.query_one(&statement, values).await
        };
        read::unsigned(&client.ask(operation, asked).await?, 0)
    }
}

/// How far a batch has come with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No transaction was begun.
    New,
    /// A transaction is open.
    Open,
    /// It ended, well or not.
    Ended,
}

struct Batch {
    store: PostgresStore,
    client: Client,
    mode: Mode,
    fences: Fences,
    state: State,
    verdict: Option<Arc<Verdict>>,
}

impl Batch {
    /// Whether the load and the save are one transaction of the server.
    fn is_one(&self) -> bool {
        match self.mode {
            Mode::Pessimistic | Mode::Serializable => true,
            Mode::Plain | Mode::Optimistic | Mode::Conditional => false,
        }
    }

    /// What opens the transaction, if it is not open yet.
    fn open(&mut self) -> Option<&'static str> {
        if self.state == State::Open && !self.client.is_silent() {
            return None;
        }
        self.state = State::Open;
        Some(match self.mode {
            Mode::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Mode::Plain | Mode::Pessimistic | Mode::Optimistic | Mode::Conditional => {
                "BEGIN ISOLATION LEVEL READ COMMITTED"
            }
        })
    }

    /// The statements that load. Behind the locks come the answers, the time and what is due at
    /// that time: whoever had to wait sees what was done meanwhile. Without locks all of it is
    /// one statement.
    fn asking(&self, wanted: &Wanted, rows: &Rows) -> Vec<Step> {
        let hand = self.store.hand();
        let is_locking = self.mode == Mode::Pessimistic;
        let mut steps = read::steps(&wanted.keys, is_locking);
        if !wanted.commands.is_empty() {
            steps.push(read::answers(wanted.commands.iter().map(|id| id.0)));
        }
        if rows.now == Moment::default() {
            steps.push(due::now(hand));
        }
        if !wanted.due_of.is_empty() {
            steps.push(due::of_shows(hand, &wanted.due_of));
        }
        if is_locking || steps.is_empty() { steps } else { vec![merged::read(steps)] }
    }

    fn check_fences(&self, found: &[tokio_postgres::Row]) -> Result<(), Trouble> {
        for row in found {
            let (name, newest): (&str, _) = (read::get(row, 0)?, read::unsigned(row, 1)?);
            if self.fences.0.iter().any(|fence| fence.name == name && fence.token < newest) {
                return Err(Trouble::new(TroubleKind::Fenced, "save", name));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Transaction for Batch {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let beginning = if self.is_one() { self.open() } else { None };
        let steps = self.asking(wanted, rows);
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let found = pipeline::run(&self.client, "load", beginning, &steps).await?;
        for key in &wanted.keys {
            rows.insert(*key, None);
        }
        let (mut answers, mut over) = (Vec::new(), Vec::new());
        for line in found.iter().flatten() {
            match read::told(line)? {
                Told::Row(loaded) => {
                    rows.insert(loaded.row.key(), Some(loaded));
                }
                Told::Nothing => {}
                Told::Answer(answer) => answers.push(answer),
                Told::Time(now) => rows.now = now,
                Told::Due(until, reservation) => over.push((until, reservation)),
            }
        }
        // A statement that looked at a clock of its own did so a moment before or after the
        // batch's time.
        over.retain(|(until, _)| *until <= rows.now);
        over.sort_unstable();
        rows.due = over.into_iter().map(|(_, reservation)| reservation).collect();
        Ok(answers)
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        let mut steps: Vec<Step> = write::step(self.mode, verdict, false)?.into_iter().collect();
        if !self.fences.0.is_empty() {
            let mut names: Vec<String> = self.fences.0.iter().map(|f| f.name.clone()).collect();
            names.sort_unstable();
            steps.insert(0, Step::read(FENCES, vec![Array::Text(names)]));
        }
        let beginning = self.open();
        let found = pipeline::run(&self.client, "save", beginning, &steps).await?;
        if !self.fences.0.is_empty() {
            self.check_fences(found.first().map(Vec::as_slice).unwrap_or_default())?;
        }
        self.verdict = Some(Arc::clone(verdict));
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<(), Trouble> {
        let Some(verdict) = self.verdict.take() else { return Ok(()) };
        let asked = async { Ok(self.client.batch_execute("COMMIT").await) };
        let committed = self.client.within("commit", asked).await;
        self.state = State::Ended;
        match committed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if !trouble::is_open_ended(&error) => Err(trouble::of("commit")(error)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a commit was not answered");
                self.store.find_out(&verdict).await
            }
            Err(silent) => {
                tracing::warn!(%silent, "a commit was not answered");
                self.store.find_out(&verdict).await
            }
        }
    }

    async fn finish(mut self: Box<Self>, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        if self.is_one() || !self.fences.0.is_empty() {
            self.save(verdict).await?;
            return self.commit().await;
        }
        let Some(step) = write::step(self.mode, verdict, true)? else { return Ok(()) };
        match pipeline::run(&self.client, "save and commit", None, &[step]).await {
            Ok(_) => Ok(()),
            Err(trouble) if trouble.kind == TroubleKind::Unavailable => {
                tracing::warn!(%trouble, "a commit was not answered");
                self.store.find_out(verdict).await
            }
            Err(trouble) => Err(trouble),
        }
    }
}

impl Drop for Batch {
    /// Asked for at once and waited for by nobody: the connection goes back to the pool, and
    /// whatever is asked of it next comes after this.
    fn drop(&mut self) {
        if self.state == State::Open {
            drop(self.client.batch_execute("ROLLBACK").now_or_never());
        }
    }
}
