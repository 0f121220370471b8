//! What a scenario has to say: how to set the stage for a load, and how to audit it afterwards.

use super::Settings;
use crate::Trouble;
use crate::audit::Audited;
use crate::history::History;
use crate::instance::cpu_seconds;
use crate::load::Stop;
use crate::target::{Account, As, Target, Visit};
use crate::time::pause;
use crate::workload::Workload;
use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Visitors who set a stage together, so that the house answers them in batches.
pub(super) const VISITORS: usize = 32;
const SETTLE: Duration = Duration::from_millis(100);

/// The house under measurement, and what it takes to talk to it before and after a load.
pub(super) struct House<'a> {
    pub(super) target: Target,
    pub(super) settings: &'a Settings,
    pub(super) stop: Stop,
    runtime: Runtime,
    /// The house's process, if it is one of ours.
    process: Option<u32>,
    /// Drawn by the house: what another benchmark left there has other names.
    tag: String,
    drawn: Cell<u32>,
}

/// Something that is measured beside a no-op route.
pub(super) trait Scenario {
    /// What it is, in a sentence.
    fn about(&self) -> &'static str;

    /// The requests a second of its open loop, if they are not to follow from its ceiling.
    fn rate(&self) -> Option<u32> {
        None
    }

    /// Sets the stage for one load of at most so many requests.
    fn stage(&self, house: &House<'_>, requests_max: u64) -> Result<Box<dyn Stage>, Trouble>;
}

/// A stage for one load: fresh seats, a fresh wallet.
pub(super) trait Stage {
    /// What is measured.
    fn workload(&self) -> Arc<dyn Workload>;

    /// The same load on a no-op route.
    fn noop(&self) -> Arc<dyn Workload>;

    /// Compares what was answered with what is there.
    fn audit(&self, house: &House<'_>, history: &History) -> Result<Audited, Trouble>;
}

impl<'a> House<'a> {
    pub(super) fn new(
        target: Target,
        process: Option<u32>,
        settings: &'a Settings,
        stop: Stop,
    ) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("starting the laboratory"))?;
        let tag = runtime.block_on(async {
            let account = Visit::begin(target.address).await?.account("bench").await?;
            Ok::<_, Trouble>(account.buyer.to_string())
        })?;
        Ok(Self { target, settings, stop, runtime, process, tag, drawn: Cell::new(0) })
    }

    /// Goes on, unless somebody wants an end.
    pub(super) fn go_on(&self) -> Result<(), Trouble> {
        if self.stop.load(Ordering::Relaxed) { Err(Trouble::Interrupted) } else { Ok(()) }
    }

    /// Processor seconds so far: of the generator, which is this process, and of the house.
    pub(super) fn processor_seconds(&self) -> [Option<f64>; 2] {
        [cpu_seconds(std::process::id()), self.process.and_then(cpu_seconds)]
    }

    /// A name that nothing else has.
    pub(super) fn name(&self) -> String {
        self.drawn.set(self.drawn.get() + 1);
        format!("Bench {} {}", self.tag, self.drawn.get())
    }

    /// Waits for something.
    pub(super) fn wait<T>(&self, something: impl Future<Output = T>) -> T {
        self.runtime.block_on(something)
    }

    /// Lets the house bring in what a stage left behind, so that this is not measured: lists are
    /// answered when everything that was told is in them.
    pub(super) fn settle(&self) -> Result<(), Trouble> {
        self.wait(async {
            let path = "/api/v1/operator/reservations?limit=1";
            self.visit().await?.get(self.operator(), path).await?;
            pause(SETTLE).await;
            Ok(())
        })
    }

    pub(super) async fn visit(&self) -> Result<Visit, Trouble> {
        Visit::begin(self.target.address).await
    }

    pub(super) fn operator(&self) -> As<'_> {
        As::Bearer(&self.target.operator_key)
    }

    /// Opens accounts, several at a time, in no order.
    pub(super) async fn accounts(&self, count: usize) -> Result<Vec<Account>, Trouble> {
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
pub(super) async fn all<T: 'static>(
    mut making: JoinSet<Result<Vec<T>, Trouble>>,
) -> Result<Vec<T>, Trouble> {
    let mut made = Vec::new();
    while let Some(ended) = making.join_next().await {
        let died = |_| Trouble::Impossible("a visitor died".to_owned());
        made.append(&mut ended.map_err(died)??);
    }
    Ok(made)
}
