//! Rehearsals as processes of their own: the laboratory of this same program, at the lowest priority,
//! on an embedded store in a directory that is gone afterwards. It reads a file with what is for sale
//! and knows nothing of the sale's store.
//!
//! Its standard input is what keeps it going: it ends when that ends, whatever became of this process.

mod files;

use crate::config::Configuration;
use crate::exit::Failed;
use crate::wiring::{Wired, chance};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::rehearsals::{Arrivals, Plan, Rehearsal, Rehearsals, Report, Stage};
use admitone_app::rehearsals::{Beat, Entry, Player, RehearsalBook, is_id};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Currency;
use async_trait::async_trait;
use files::Shelf;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
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
/// How often it is said that one goes on, in milliseconds.
const BEAT_MS: u64 = 1_000;
/// So much of what it says is shown.
const SAID_MAX: usize = 300;

/// The rehearsals of a house: what all instances know of them, and this one playing.
pub(crate) fn open(
    wired: &Wired,
    configuration: &Configuration,
    closing: &CancellationToken,
) -> Result<Arc<dyn Rehearsals>, Failed> {
    let clock = Arc::clone(&wired.office.clock);
    let player = Player { id: chance(), name: place(), is_alone: !wired.shelf.is_shared() };
    let book = RehearsalBook::new(wired.notes()?, Arc::clone(&clock), player);
    let running = (wired.tasks.clone(), closing.clone());
    let directory = configuration.data_dir.join("drills");
    let rehearsals =
        ChildRehearsals::new(directory, book, (configuration.currency, clock), running);
    Ok(Arc::new(rehearsals))
}

/// What people call this instance: its host and its process.
fn place() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}, process {}", host.trim(), std::process::id())
}

/// Plays rehearsals in child processes.
struct ChildRehearsals(Arc<Inside>);

struct Inside {
    shelf: Shelf,
    book: RehearsalBook,
    currency: Currency,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    /// The house closes.
    stop: CancellationToken,
}

/// What the laboratory said last.
#[derive(Default)]
struct Says(Mutex<String>);

impl Says {
    fn heard(&self, line: &str) {
        let mut says = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *says = line.chars().take(SAID_MAX).collect();
    }

    fn now(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ChildRehearsals {
    /// Rehearsals that are played in a directory, which is made when the first one begins.
    fn new(
        directory: PathBuf,
        book: RehearsalBook,
        (currency, clock): (Currency, Arc<dyn Clock>),
        (tasks, stop): (TaskTracker, CancellationToken),
    ) -> Self {
        Self(Arc::new(Inside { shelf: Shelf::at(directory), book, currency, clock, tasks, stop }))
    }
}

impl Inside {
    /// Watches one to its end, and writes down what came of it.
    async fn watch(&self, mut child: Child, id: String, mut entry: Entry, seconds: u32) {
        let (says, end) = (Says::default(), self.stop.child_token());
        let input = child.stdin.take();
        if let Some(said) = child.stderr.take() {
            let most_ms = u64::from(seconds.saturating_add(PATIENCE_S + AROUND_S)) * 1_000;
            tokio::select! {
                () = listen(said, &says) => {}
                () = self.beat(&mut entry, &says) => end.cancel(),
                () = end.cancelled() => {}
                () = self.clock.sleep_ms(most_ms) => says.heard("it took too long"),
            }
        }
        drop(input);
        let ended = self.ended(child).await;
        let stage = match ended.and_then(|status| status.code()) {
            _ if end.is_cancelled() => Stage::Stopped,
            // Sound, or sound and short of a goal.
            Some(0 | 4) => Stage::Sound,
            Some(1) => Stage::Unsound,
            _ => Stage::Failed(says.now()),
        };
        let report = self.shelf.report(&id).filter(|_| stage.has_report());
        if let Err(trouble) = self.book.end(entry, &stage, report.as_ref()).await {
            tracing::warn!(%trouble, id, "what came of a rehearsal was not kept");
        }
        self.shelf.clear(&id);
    }

    /// Says that one goes on, until somebody wants it to end.
    async fn beat(&self, entry: &mut Entry, says: &Says) {
        loop {
            self.clock.sleep_ms(BEAT_MS).await;
            match self.book.beat(entry, &says.now()).await {
                Ok(Beat::On) => {}
                Ok(Beat::Stop) => return,
                Err(trouble) => tracing::warn!(%trouble, "others do not hear of a rehearsal"),
            }
        }
    }

    /// The end of a process whose input has ended; one that does not end is killed.
    async fn ended(&self, mut child: Child) -> Option<ExitStatus> {
        tokio::select! {
            ended = child.wait() => ended.ok(),
            () = self.clock.sleep_ms(END_MS) => {
                drop(child.kill().await);
                None
            }
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

async fn listen(said: impl AsyncRead + Unpin, says: &Says) {
    let mut lines = BufReader::new(said).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        says.heard(line.trim());
    }
}

#[async_trait]
impl Rehearsals for ChildRehearsals {
    async fn begin(&self, id: String, plan: Plan) -> Result<bool, Trouble> {
        let inside = &self.0;
        let Some(entry) = inside.book.begin(&id, &plan).await? else { return Ok(false) };
        let set = inside.shelf.set(&id, &plan);
        match set.and_then(|directory| inside.spawn(&directory, &plan)) {
            Ok(child) => {
                let inside = Arc::clone(inside);
                self.0.tasks.spawn(async move {
                    inside.watch(child, id, entry, plan.seconds).await;
                });
                Ok(true)
            }
            Err(trouble) => {
                // What was set up would be taken for played, as long as its lock is held.
                inside.shelf.clear(&id);
                let why = Stage::Failed(trouble.to_string());
                inside.book.end(entry, &why, None).await?;
                Err(trouble)
            }
        }
    }

    async fn all(&self) -> Result<Vec<Rehearsal>, Trouble> {
        self.0.book.all().await
    }

    async fn stop(&self, id: &str) -> Result<bool, Trouble> {
        if is_id(id) { self.0.book.ask_to_stop(id).await } else { Ok(false) }
    }

    async fn report(&self, id: &str) -> Result<Option<Report>, Trouble> {
        if is_id(id) { self.0.book.report(id).await } else { Ok(None) }
    }
}

/// Something that the system did not do.
fn trouble(error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, "rehearse", error)
}
