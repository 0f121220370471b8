//! The store port: a transaction in each of the five modes.

use crate::client::{Client, within};
use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::{read, write};
use crate::{due, trouble};
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::{Key, Moment, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use std::sync::Arc;

#[async_trait]
impl Store for MysqlStore {
    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let client = self.client("begin").await?;
        let (store, fences) = (self.clone(), fences.clone());
        let client = Some(client);
        Ok(Box::new(Batch { store, client, mode, fences, is_open: false, verdict: None }))
    }

    /// A token is durable before anybody has it: after a crash none is given out twice.
    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        let sql = format!(
            "INSERT INTO fence VALUES ({}, LAST_INSERT_ID(1)) \
             ON DUPLICATE KEY UPDATE token = LAST_INSERT_ID(token + 1)",
            literal(name.as_bytes())
        );
        Ok(Fence { name: name.to_owned(), token: self.number("draw a fence", sql).await? })
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        let name = literal(sequence.name().as_bytes());
        let sql = format!(
            "INSERT INTO sequence VALUES ({name}, LAST_INSERT_ID({count})) \
             ON DUPLICATE KEY UPDATE last = LAST_INSERT_ID(last + {count})"
        );
        Ok(self.number("reserve", sql).await? + 1 - count)
    }
}

impl MysqlStore {
    /// Runs a statement that commits by itself; the number that it leaves behind.
    async fn number(&self, operation: &'static str, sql: String) -> Result<u64, Trouble> {
        let mut client = self.client(operation).await?;
        let steps = [Step::read(sql), Step::read("SELECT LAST_INSERT_ID()")];
        let found = script::run(&mut client, operation, &steps).await?;
        let silent = || Trouble::new(TroubleKind::Unavailable, operation, "no answer");
        let row = found.last().and_then(|rows| rows.first()).ok_or_else(silent)?;
        read::unsigned(row, 0)
    }
}

/// What a statement of a load answers.
enum What {
    Nothing,
    /// Rows of the table with this number.
    Rows(usize),
    Now,
    Answers,
    Due,
}

struct Batch {
    store: MysqlStore,
    /// There until it is dropped.
    client: Option<Client>,
    mode: Mode,
    fences: Fences,
    /// Whether its transaction was begun.
    is_open: bool,
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
    fn open(&mut self) -> Vec<Step> {
        if self.is_open {
            return Vec::new();
        }
        self.is_open = true;
        let begin = Step::read("START TRANSACTION");
        match self.mode {
            // Of the transaction that comes next, and no other.
            Mode::Serializable => {
                vec![Step::read("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), begin]
            }
            Mode::Plain | Mode::Pessimistic | Mode::Optimistic | Mode::Conditional => vec![begin],
        }
    }

    /// What a load asks, in its order.
    fn plan(&mut self, wanted: &Wanted) -> Vec<(What, Step)> {
        let rows = |keys: &[Key], is_locking| {
            let steps = read::steps(keys, is_locking).into_iter();
            steps.map(|(step, table)| (table.map_or(What::Nothing, What::Rows), step))
        };
        let mut begin = Vec::new();
        if self.is_one() {
            begin.extend(self.open().into_iter().map(|step| (What::Nothing, step)));
        }
        let mut plan = Vec::new();
        if self.mode == Mode::Serializable && !begin.is_empty() {
            // What a batch makes by itself is read before the transaction begins, and kept safe by
            // its version and its key: for a row that is not there the server would lock the gap,
            // which behind the last id is everybody's. Other rows that are missing are made.
            let is_own = |key: &Key| matches!(key, Key::Reservation(_) | Key::Payment(_));
            let (own, others): (Vec<Key>, Vec<Key>) = wanted.keys.iter().partition(|k| is_own(k));
            plan.extend(read::make_steps(&others).into_iter().map(|step| (What::Nothing, step)));
            plan.extend(rows(&own, false));
            self.ask(wanted, &mut plan);
            plan.append(&mut begin);
            plan.extend(rows(&others, false));
            return plan;
        }
        plan.append(&mut begin);
        plan.extend(rows(&wanted.keys, self.mode == Mode::Pessimistic));
        // Behind the locks: whoever had to wait sees what was done meanwhile.
        self.ask(wanted, &mut plan);
        plan
    }

    /// The time, the answers, and what is due at that time.
    fn ask(&self, wanted: &Wanted, plan: &mut Vec<(What, Step)>) {
        let hand = self.store.hand();
        plan.push((What::Now, due::now(hand)));
        if !wanted.commands.is_empty() {
            let answers = read::answers(wanted.commands.iter().map(|id| id.0));
            plan.push((What::Answers, answers));
        }
        if !wanted.due_of.is_empty() {
            plan.push((What::Due, due::of_shows(hand, &wanted.due_of)));
        }
    }

    fn client(&mut self) -> Result<&mut Client, Trouble> {
        let gone = || Trouble::new(TroubleKind::Unavailable, "save", "the connection has gone");
        self.client.as_mut().ok_or_else(gone)
    }

    fn check_fences(&self, found: &[mysql_async::Row]) -> Result<(), Trouble> {
        for row in found {
            let (name, newest): (String, _) = (read::get(row, 0)?, read::unsigned(row, 1)?);
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
        let (answers_to, steps): (Vec<What>, Vec<Step>) = self.plan(wanted).into_iter().unzip();
        let found = script::run(self.client()?, "load", &steps).await?;
        for key in &wanted.keys {
            rows.insert(*key, None);
        }
        let (mut answers, mut over): (&[mysql_async::Row], &[mysql_async::Row]) = (&[], &[]);
        for (what, found) in answers_to.iter().zip(&found) {
            match what {
                What::Nothing => {}
                What::Answers => answers = found,
                What::Due => over = found,
                What::Now => {
                    let now = found.first().map(|row| read::get(row, 0)).transpose()?;
                    rows.now = if rows.now == Moment::default() {
                        now.map(Moment).unwrap_or_default()
                    } else {
                        rows.now
                    };
                }
                What::Rows(table) => {
                    for row in found {
                        if let Some(loaded) = read::loaded(*table, row)? {
                            rows.insert(loaded.row.key(), Some(loaded));
                        }
                    }
                }
            }
        }
        rows.due = due::over(over, rows.now)?;
        answers.iter().map(read::answer).collect()
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        let mut steps = self.open();
        let fences_at = steps.len();
        if !self.fences.0.is_empty() {
            let mut names: Vec<String> =
                self.fences.0.iter().map(|fence| literal(fence.name.as_bytes())).collect();
            names.sort_unstable();
            // Shared, so that batches of one holder do not wait for each other, and the next draw
            // does.
            steps.push(Step::read(format!(
                "SELECT name, token FROM fence WHERE name IN ({}) ORDER BY name \
                 LOCK IN SHARE MODE",
                names.join(", ")
            )));
        }
        steps.extend(write::steps(self.mode, verdict)?);
        let found = script::run(self.client()?, "save", &steps).await?;
        if !self.fences.0.is_empty() {
            self.check_fences(found.get(fences_at).map(Vec::as_slice).unwrap_or_default())?;
        }
        self.verdict = Some(Arc::clone(verdict));
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<(), Trouble> {
        let Some(verdict) = self.verdict.take() else { return Ok(()) };
        let client = self.client()?;
        let silence = client.silence();
        let asked = async { Ok(client.query_drop("COMMIT").await) };
        let committed = within(silence, "commit", asked).await;
        self.is_open = false;
        match committed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if !trouble::is_open_ended(&error) => Err(trouble::of("commit")(error)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a commit was not answered");
                self.store.find_out(&verdict).await
            }
            Err(silent) => {
                tracing::warn!(%silent, "a commit was not answered");
                // It is not to be used again: what it says next is not known.
                self.client = None;
                self.store.find_out(&verdict).await
            }
        }
    }
}

impl Drop for Batch {
    /// Nobody can wait here, and the locks must not wait for the next who needs a connection.
    #[expect(clippy::disallowed_methods, reason = "a drop has no task tracker; it ends by itself")]
    fn drop(&mut self) {
        let Some(mut client) = self.client.take().filter(|_| self.is_open) else { return };
        if tokio::runtime::Handle::try_current().is_ok() {
            tokio::spawn(async move {
                let silence = client.silence();
                let asked = async { Ok(client.query_drop("ROLLBACK").await) };
                if !matches!(within(silence, "roll back", asked).await, Ok(Ok(()))) {
                    // The server ends what a lost connection leaves.
                    drop(client.disconnect().await);
                }
            });
        }
    }
}
