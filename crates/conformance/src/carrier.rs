//! What a carrier promises, and what every delivery over it promises. An adapter's
//! `tests/carrier.rs` is a [`CarrierFixture`] and [`main`]; a promise is a line under `# Behavior`
//! of the port or of the worker, and a case of that name here or beside.

mod consumers;
mod fencing;
mod moves;
mod pauses;
mod saga;
mod strays;
mod suspects;
mod unruly;
mod workers;

use crate::{CaseFuture, service};
use admitone_app::ports::carrier::Carrier;
use admitone_app::ports::queues::Queues;
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use std::any::Any;
use std::process::ExitCode;
use std::sync::Arc;

/// A carrier for one case, with nothing in it.
pub struct FreshCarrier {
    /// The carrier. A consumer that dies is found out within some seconds.
    pub carrier: Arc<dyn Carrier>,
    /// Where what was put away is seen, by the name of the queue.
    pub queues: (Arc<dyn Queues>, String),
    /// Whatever must live as long as the carrier.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How to come by a carrier.
#[async_trait]
pub trait CarrierFixture: Send + Sync + 'static {
    /// The forms of it, by name, each with its number of lanes or none.
    fn forms(&self) -> &'static [(&'static str, Option<u16>)];

    /// A new one of a form, with nothing in it.
    async fn fresh(&self, lanes: Option<u16>) -> FreshCarrier;

    /// Why there is none to be had, if there is none: its service does not run.
    fn absent(&self) -> Option<String> {
        None
    }
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) promised: Promised,
    pub(crate) run: fn(FreshCarrier) -> CaseFuture,
}

/// Which forms promise a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promised {
    /// Every one.
    Always,
    /// Those with lanes.
    WhereLanes,
}

macro_rules! carrier_cases {
    ($($name:ident: $promised:ident),* $(,)?) => {
        &[$($crate::carrier::Case {
            name: stringify!($name),
            promised: $crate::carrier::Promised::$promised,
            run: |fresh| -> $crate::CaseFuture { Box::pin($name(fresh)) },
        }),*]
    };
}
pub(crate) use carrier_cases;

/// Runs all cases on a fixture's carriers. Without its service they are listed as ignored, or fail
/// where it is required.
pub fn main(fixture: impl CarrierFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    let absent = fixture.absent();
    let is_required = service::is_required();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of this carrier: {why}"));
    }
    let fixture: Arc<dyn CarrierFixture> = Arc::new(fixture);
    let mut trials = Vec::new();
    for (form, lanes) in fixture.forms() {
        for (case, future) in cases(&fixture, *lanes) {
            let name = format!("{form}::{case}");
            trials.push(match absent.clone() {
                None => trial(name, future),
                Some(why) => {
                    Trial::test(name, || Err(Failed::from(why))).with_ignored_flag(!is_required)
                }
            });
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The cases of a form, each with what it does.
fn cases(fixture: &Arc<dyn CarrierFixture>, lanes: Option<u16>) -> Vec<(&'static str, CaseFuture)> {
    let has_lanes = lanes.is_some();
    let of_one = consumers::ALL
        .iter()
        .chain(workers::ALL)
        .chain(pauses::ALL)
        .chain(moves::ALL)
        .chain(fencing::ALL);
    let of_one = of_one.chain(suspects::ALL).chain(strays::ALL);
    let of_one = of_one.filter(|case| has_lanes || case.promised == Promised::Always).map(|case| {
        let (fixture, run) = (Arc::clone(fixture), case.run);
        let future: CaseFuture = Box::pin(async move { run(fixture.fresh(lanes).await).await });
        (case.name, future)
    });
    let of_many = saga::ALL.iter().map(|case| (case.name, (case.run)(Arc::clone(fixture), lanes)));
    of_one.chain(of_many).collect()
}

fn trial(name: String, future: CaseFuture) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(future);
        Ok(())
    })
}
