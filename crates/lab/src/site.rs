//! A house, or several instances of one, as whoever prepares a load and audits it sees them: over
//! HTTP, as an operator and as new accounts.

use crate::Trouble;
use crate::target::{Account, As, Target, Visit};
use crate::time::pause;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Visitors who set a stage together, so that the house answers them in batches.
pub(crate) const VISITORS: usize = 32;
const SETTLE: Duration = Duration::from_millis(100);

/// Where a house is, and what it takes to talk to it before and after a load.
#[derive(Debug)]
pub struct Site {
    /// Where it listens, and who operates it.
    pub target: Target,
    runtime: Runtime,
    /// Drawn by the house: what another run left there has other names.
    tag: String,
    drawn: AtomicU32,
}

impl Site {
    /// A house that listens.
    pub fn new(target: Target) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("starting the laboratory"))?;
        let tag = runtime.block_on(async {
            let account = Visit::begin(target.address).await?.account("bench").await?;
            Ok::<_, Trouble>(account.buyer.to_string())
        })?;
        Ok(Self { target, runtime, tag, drawn: AtomicU32::new(0) })
    }

    /// A name that nothing else has.
    pub fn name(&self) -> String {
        format!("Bench {} {}", self.tag, self.drawn.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// What begins the name of everything of this site.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Where it listens, as a request names it.
    pub(crate) fn host(&self) -> String {
        self.target.address.to_string()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.target.address
    }

    /// Waits for something.
    pub fn wait<T>(&self, something: impl Future<Output = T>) -> T {
        self.runtime.block_on(something)
    }

    /// Lets the house bring in what a stage left behind, so that this is not measured: lists are
    /// answered when everything that was told is in them.
    pub fn settle(&self) -> Result<(), Trouble> {
        self.wait(async {
            let path = "/api/v1/operator/reservations?limit=1";
            self.visit().await?.get(self.operator(), path).await?;
            pause(SETTLE).await;
            Ok(())
        })
    }

    /// A new connection.
    pub async fn visit(&self) -> Result<Visit, Trouble> {
        Visit::begin(self.target.address).await
    }

    /// Whoever runs the house.
    pub fn operator(&self) -> As<'_> {
        As::Bearer(&self.target.operator_key)
    }

    /// Opens accounts, several at a time, in no order.
    pub async fn accounts(&self, count: usize) -> Result<Vec<Account>, Trouble> {
        let mut opening = JoinSet::new();
        for visitor in 0..VISITORS.min(count) {
            let address = self.target.address;
            opening.spawn(async move {
                let mut visit = Visit::begin(address).await?;
                let mut opened = Vec::new();
                for number in (visitor..count).step_by(VISITORS) {
                    opened.push(visit.account(&format!("buyer {number}")).await?);
                }
                Ok(opened)
            });
        }
        all(opening).await
    }
}

/// What all of them made.
pub(crate) async fn all<T: 'static>(
    mut making: JoinSet<Result<Vec<T>, Trouble>>,
) -> Result<Vec<T>, Trouble> {
    let mut made = Vec::new();
    while let Some(ended) = making.join_next().await {
        let died = |_| Trouble::Impossible("a visitor died".to_owned());
        made.append(&mut ended.map_err(died)??);
    }
    Ok(made)
}
