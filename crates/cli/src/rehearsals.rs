//! Rehearsals as processes of their own: the laboratory of this same program, at the lowest priority,
//! on an embedded store in a directory that is gone afterwards. It reads a file with what is for sale
//! and knows nothing of the sale's store.
//!
//! Its standard input is what keeps it going: it ends when that ends, whatever became of this process.

mod files;

use admitone_app::ports::clock::Clock;
use admitone_app::ports::rehearsals::{Arrivals, Plan, Rehearsal, Rehearsals, Stage};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Currency;
use async_trait::async_trait;
use files::{Shelf, id_of};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Seconds that the last buyers have.
const PATIENCE_S: u32 = 60;
/// How long setting the stage and auditing may take beside that, in seconds.
const AROUND_S: u32 = 240;
/// How long one that is asked to end may take, in milliseconds.
const END_MS: u64 = 20_000;
/// So much of what it says is shown.
const SAID_MAX: usize = 300;

/// Plays rehearsals in child processes.
pub(crate) struct ChildRehearsals(Arc<Inside>);

struct Inside {
    shelf: Shelf,
    currency: Currency,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    /// The house closes.
    stop: CancellationToken,
    running: Mutex<Option<Running>>,
}

/// The one that goes on.
struct Running {
    id: String,
    says: String,
    /// Asks it to end.
    end: CancellationToken,
}

impl ChildRehearsals {
    /// Rehearsals that are kept in a directory, which is made when the first one begins.
    pub(crate) fn new(
        directory: PathBuf,
        currency: Currency,
        clock: Arc<dyn Clock>,
        (tasks, stop): (TaskTracker, CancellationToken),
    ) -> Self {
        let (shelf, running) = (Shelf(directory), Mutex::default());
        Self(Arc::new(Inside { shelf, currency, clock, tasks, stop, running }))
    }
}

impl Inside {
    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the one place there is.
    fn take_turn(&self, id: &str) -> Option<CancellationToken> {
        let mut running = self.running();
        if running.is_some() {
            return None;
        }
        let end = self.stop.child_token();
        let (id, says) = (id.to_owned(), String::new());
        *running = Some(Running { id, says, end: end.clone() });
        Some(end)
    }

    fn heard(&self, line: &str) {
        if let Some(running) = &mut *self.running() {
            running.says = line.chars().take(SAID_MAX).collect();
        }
    }

    /// Watches one to its end, and writes down what came of it.
    async fn watch(&self, mut child: Child, (id, seconds): (String, u32), end: CancellationToken) {
        let input = child.stdin.take();
        if let Some(said) = child.stderr.take() {
            let most_ms = u64::from(seconds.saturating_add(PATIENCE_S + AROUND_S)) * 1_000;
            tokio::select! {
                () = self.listen(said) => {}
                () = end.cancelled() => {}
                () = self.clock.sleep_ms(most_ms) => self.heard("it took too long"),
            }
        }
        drop(input);
        let ended = tokio::select! {
            ended = child.wait() => ended.ok(),
            () = self.clock.sleep_ms(END_MS) => {
                drop(child.kill().await);
                None
            }
        };
        let says = self.running().as_ref().map(|running| running.says.clone()).unwrap_or_default();
        let stage = match ended.and_then(|status| status.code()) {
            _ if end.is_cancelled() => Stage::Stopped,
            // Sound, or sound and short of a goal.
            Some(0 | 4) => Stage::Sound,
            Some(1) => Stage::Unsound,
            _ => Stage::Failed(says),
        };
        if let Err(trouble) = self.shelf.end(&id, &stage) {
            tracing::warn!(%trouble, id, "what came of a rehearsal was not kept");
        }
        *self.running() = None;
    }

    async fn listen(&self, said: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(said).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.heard(line.trim());
        }
    }

    fn spawn(&self, directory: &Path, plan: &Plan) -> Result<Child, Trouble> {
        let program = std::env::current_exe().map_err(trouble)?;
        let mut command = Command::new(program);
        // The sale's own settings are not for it: not its store, and not its keys.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("ADMITONE_")) {
                command.env_remove(name);
            }
        }
        command.args(["lab", "run", "drill", "--beside-a-sale", "--programme"]);
        command.arg(directory.join(files::PROGRAMME)).arg("--out").arg(directory);
        let arrivals = Arrivals::ALL.iter().position(|known| *known == plan.arrivals).unwrap_or(0);
        for set in [
            format!("buyers={}", plan.buyers),
            format!("seconds={}", plan.seconds),
            format!("arrivals={arrivals}"),
            format!("patience={PATIENCE_S}"),
        ] {
            command.arg("--set").arg(set);
        }
        command.env("ADMITONE_CURRENCY", self.currency.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().map_err(trouble)
    }
}

#[async_trait]
impl Rehearsals for ChildRehearsals {
    async fn begin(&self, plan: Plan) -> Result<Option<String>, Trouble> {
        let inside = &self.0;
        let now = inside.clock.now();
        let id = id_of(now);
        let Some(end) = inside.take_turn(&id) else { return Ok(None) };
        let begun = inside.shelf.begin(&id, &plan, now);
        match begun.and_then(|directory| inside.spawn(&directory, &plan)) {
            Ok(child) => {
                let (inside, named) = (Arc::clone(inside), (id.clone(), plan.seconds));
                self.0.tasks.spawn(async move { inside.watch(child, named, end).await });
                Ok(Some(id))
            }
            Err(trouble) => {
                *inside.running() = None;
                Err(trouble)
            }
        }
    }

    async fn all(&self) -> Result<Vec<Rehearsal>, Trouble> {
        let running = self.0.running().as_ref().map(|one| (one.id.clone(), one.says.clone()));
        self.0.shelf.all(running.as_ref())
    }

    async fn stop(&self, id: &str) {
        if let Some(running) = self.0.running().as_ref().filter(|running| running.id == id) {
            running.end.cancel();
        }
    }

    async fn report(&self, id: &str) -> Result<Option<String>, Trouble> {
        self.0.shelf.report(id)
    }
}

/// Something that the system did not do.
fn trouble(error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, "rehearse", error)
}
