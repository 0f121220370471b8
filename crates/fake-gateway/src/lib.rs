//! A payment gateway that takes no money: it has the routes of Toss Payments for confirming,
//! cancelling and asking, and keeps a ledger of what it would have taken, which can be asked.
//!
//! How a payment goes is written in its key (`manner.rs`): declined, slow, taken without an answer,
//! told twice. So a test says what shall happen in the one thing that every part passes on. Nothing
//! here knows the house: an error in the house's own reading of the routes would not be repeated.

mod ledger;
mod manner;
mod page;
mod routes;
mod webhook;

pub use ledger::{Cancelled, Ledger, Session, Taken};
pub use manner::Manner;

use admitone_app::ports::clock::Clock;
use axum::Router;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How the gateway is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The secret key that it takes.
    pub secret_key: String,
    /// Where it tells what happened to payments; nowhere when there is none.
    pub webhook: Option<String>,
    /// Where it keeps its ledger over a restart; in memory when there is none.
    pub ledger: Option<PathBuf>,
}

impl Default for Options {
    /// Takes the key `test_sk_admitone`, tells nobody, and forgets.
    fn default() -> Self {
        Self { secret_key: "test_sk_admitone".into(), webhook: None, ledger: None }
    }
}

/// The gateway.
#[derive(Clone)]
pub struct FakeGateway(Arc<Parts>);

struct Parts {
    options: Options,
    ledger: Mutex<Ledger>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
}

impl FakeGateway {
    /// With what its ledger says, if it has one.
    pub fn open(options: Options, clock: Arc<dyn Clock>, tasks: TaskTracker) -> io::Result<Self> {
        let ledger = Mutex::new(Ledger::open(options.ledger.as_deref())?);
        Ok(Self(Arc::new(Parts { options, ledger, clock, tasks })))
    }

    /// What it has, and has given back.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it serves.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// Serves until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let served = axum::serve(listener, self.router());
        served.with_graceful_shutdown(stop.cancelled_owned()).await
    }
}
