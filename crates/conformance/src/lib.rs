//! What every store promises, as named cases.
//!
//! An adapter's `tests/conformance.rs` is a few lines: a [`Fixture`] and [`main`]. Each case runs
//! in each mode that the store offers and that promises it; the cases that show harm run in
//! `plain`, and only on stores that are concurrent. To add a promise: a line under `# Behavior`
//! of the port, and a case of that name here; a check keeps the two lists equal.

pub mod between;
pub mod carrier;
mod cases;
mod closing;
pub mod instances;
pub mod kept_ports;
pub mod lanes;
pub mod lock;
pub mod own_broker;
pub mod own_server;
mod owners;
pub mod proxy;
mod reads;
mod records;
pub mod redis_server;
mod reseating;
pub mod room_crowd;
pub mod room_journal;
pub mod room_log;
pub mod room_stories;
pub mod sale;
pub mod servers;
pub mod service;
pub mod shared;
mod steps;
pub mod stood_still;

use admitone_app::clock::HandClock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::records::Records;
use admitone_app::ports::store::{Mode, Store};
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

/// A store for one case, empty, with a clock that is moved by hand.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its lists.
    pub reads: Arc<dyn Reads>,
    /// Its history.
    pub records: Arc<dyn Records>,
    /// Its clock.
    pub clock: Arc<HandClock>,
    /// Whatever must live as long as the store.
    pub keep: Box<dyn std::any::Any + Send + Sync>,
}

/// How to come by a store.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// A new, empty store.
    async fn fresh(&self) -> Fresh;

    /// The modes that its stores offer.
    fn modes(&self) -> &'static [Mode];

    /// Why there is no store to be had, if there is none: its service does not run.
    fn absent(&self) -> Option<String> {
        None
    }

    /// Whether two of its transactions can be open at once. A store with one writer cannot show
    /// the harm that others must keep away.
    fn is_concurrent(&self) -> bool;
}

/// A case: what it shows, where it is promised, how it is run.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) promised: Promised,
    pub(crate) run: fn(Fresh, Mode) -> CaseFuture,
}

pub(crate) type CaseFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a case is promised.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promised {
    /// In every mode.
    Always,
    /// In every mode but plain, where two transactions race.
    WhereProtected,
    /// Harm: in plain mode, where two transactions race.
    AsHarm,
    /// Where two transactions can be open, in any one mode.
    WhereConcurrent,
}

/// Runs all cases on a fixture's stores. Without a store they are listed as ignored, or fail where
/// the service is required.
pub fn main(fixture: impl Fixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = fixture.absent();
    let is_required = service::is_required();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of this store: {why}"));
    }
    let fixture = Arc::new(fixture);
    let mut trials = Vec::new();
    for case in cases::ALL.iter().chain(reads::ALL).chain(records::ALL) {
        for mode in fixture.modes() {
            if is_promised(case, *mode, fixture.is_concurrent()) {
                let trial = match &absent {
                    Some(why) => missing(case, *mode, why).with_ignored_flag(!is_required),
                    None => trial(Arc::clone(&fixture), case, *mode),
                };
                trials.push(trial);
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn is_promised(case: &Case, mode: Mode, is_concurrent: bool) -> bool {
    match case.promised {
        Promised::Always => true,
        Promised::WhereProtected => mode != Mode::Plain,
        Promised::AsHarm => mode == Mode::Plain && is_concurrent,
        Promised::WhereConcurrent => mode == Mode::Optimistic && is_concurrent,
    }
}

/// A case that has no store to be run on.
fn missing(case: &Case, mode: Mode, why: &str) -> Trial {
    let why = why.to_owned();
    Trial::test(format!("{mode}::{}", case.name), move || Err(Failed::from(why)))
}

fn trial<F: Fixture>(fixture: Arc<F>, case: &'static Case, mode: Mode) -> Trial {
    let run = case.run;
    let name = format!("{mode}::{}", case.name);
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(async {
            let fresh = fixture.fresh().await;
            assert_eq!(fresh.store.modes(), fixture.modes());
            run(fresh, mode).await;
        });
        Ok(())
    })
}
