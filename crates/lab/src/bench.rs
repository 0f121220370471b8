//! The benchmark: each scenario beside a no-op route of the same server, in the same minute.
//!
//! A machine's speed changes from minute to minute, so a figure alone says little: what counts is
//! the ratio within a run, and its spread over the runs. Every run is audited; an answer that the
//! auditor does not let stand is no throughput.

mod charges;
mod holds;
mod lists;
mod measure;
mod polls;
pub mod report;
mod seats;
mod stage;
mod start;
mod waiting_page;

use crate::Trouble;
use crate::instance::{Instance, Opening, Variable, is_in_memory};
use crate::load::Stop;
use crate::target::Target;
use report::{Report, ScenarioReport, StartReport};
use serde::Serialize;
use stage::{House, Scenario};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// Durable holds of fresh seats.
    Holds,
    /// Charges on one hot wallet.
    Charges,
    /// Polls by users far back in the line.
    Polls,
    /// The seats of a show with 50.
    #[serde(rename = "seats-50")]
    Seats50,
    /// The seats of a show with 2,000.
    #[serde(rename = "seats-2000")]
    Seats2000,
    /// A page of concerts.
    Lists,
    /// The waiting room's page.
    WaitingPage,
    /// From start to ready on an empty store.
    Start,
    /// From start to ready with a million reservations.
    StartMillion,
}

impl Name {
    /// Those that run when nobody chooses.
    pub const USUAL: [Self; 7] = [
        Self::Holds,
        Self::Charges,
        Self::Polls,
        Self::Seats50,
        Self::Seats2000,
        Self::Lists,
        Self::Start,
    ];
}

/// How a benchmark is run.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Which scenarios, in this order.
    pub scenarios: Vec<Name>,
    /// How often each is run.
    pub runs: u32,
    /// How long each load counts.
    pub seconds: f64,
    /// How long each load runs before it counts.
    pub warm_up_seconds: f64,
    /// How many connections.
    pub connections: usize,
    /// How many threads send.
    pub threads: usize,
    /// Requests a second of the open loop; left out it is the scenario's own, or half its ceiling.
    pub rate: Option<u32>,
    /// How many answers a second the first run has seats for; later runs know better. A run whose
    /// seats are used up ends there.
    pub first_ceiling: u32,
    /// For what is random.
    pub seed: u64,
}

impl Settings {
    pub(crate) fn span(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.max(0.05))
    }

    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up_seconds.max(0.0))
    }
}

/// The variable that names a house's store.
pub const STORE: &str = "ADMITONE_STORE";

/// The house that is measured.
#[derive(Debug, Clone)]
pub enum Place {
    /// A process of our own, with a directory for its data and its log.
    Own {
        /// The program.
        program: PathBuf,
        /// An empty directory.
        directory: PathBuf,
        /// How it is configured: another store, another strategy.
        variables: Vec<Variable>,
    },
    /// One that runs already, with its no-op routes on.
    Elsewhere(Target),
}

/// Told what is being done, for people who wait.
pub type Progress<'a> = dyn FnMut(&str) + 'a;

/// Runs everything that is wanted. Whatever happens, a house of our own is ended.
pub fn run(
    settings: &Settings,
    place: &Place,
    stop: &Stop,
    progress: &mut Progress<'_>,
) -> Result<Report, Trouble> {
    let mut report = Report::new(settings.clone());
    if let Place::Own { directory, .. } = place {
        report.store_in_memory = is_in_memory(directory);
    }
    let beside: Vec<Name> =
        settings.scenarios.iter().copied().filter(|name| scenario(*name).is_some()).collect();
    if !beside.is_empty() {
        let (instance, target) = open(place, progress)?;
        let house =
            House::new(target, instance.as_ref().map(Instance::pid), settings, Arc::clone(stop))?;
        for name in beside {
            report.scenarios.extend(measure(&house, name, progress)?);
        }
        report.ended_well = instance.is_none_or(Instance::stop);
    }
    for name in settings.scenarios.iter().filter(|name| scenario(**name).is_none()) {
        report.starts.push(start_of(*name, settings, place, stop, progress)?);
    }
    Ok(report)
}

fn open(place: &Place, progress: &mut Progress<'_>) -> Result<(Option<Instance>, Target), Trouble> {
    match place {
        Place::Elsewhere(target) => Ok((None, target.clone())),
        Place::Own { program, directory, variables } => {
            progress("starting a house");
            let (data, log) = (directory.join("data"), directory.join("server.log"));
            let instance = Instance::start(&Opening {
                program,
                data: &data,
                variables,
                flags: &[],
                operator_key: None,
                listen: None,
                log: &log,
            })?;
            let target = instance.target.clone();
            Ok((Some(instance), target))
        }
    }
}

/// The scenario of a name, if it is one that runs beside a no-op route.
fn scenario(name: Name) -> Option<Box<dyn Scenario>> {
    Some(match name {
        Name::Holds => Box::new(holds::Holds),
        Name::Charges => Box::new(charges::Charges),
        Name::Polls => Box::new(polls::Polls),
        Name::Seats50 => Box::new(seats::Seats { count: 50 }),
        Name::Seats2000 => Box::new(seats::Seats { count: 2_000 }),
        Name::Lists => Box::new(lists::Lists),
        Name::WaitingPage => Box::new(waiting_page::WaitingPage),
        Name::Start | Name::StartMillion => return None,
    })
}

fn measure(
    house: &House<'_>,
    name: Name,
    progress: &mut Progress<'_>,
) -> Result<Option<ScenarioReport>, Trouble> {
    let Some(scenario) = scenario(name) else { return Ok(None) };
    measure::scenario(house, name, &*scenario, progress).map(Some)
}

fn start_of(
    name: Name,
    settings: &Settings,
    place: &Place,
    stop: &Stop,
    progress: &mut Progress<'_>,
) -> Result<StartReport, Trouble> {
    let Place::Own { program, directory, variables } = place else {
        let why = "a house that runs elsewhere cannot be started here";
        return Err(Trouble::Impossible(why.to_owned()));
    };
    if variables.iter().any(|variable| variable.name == STORE) {
        let why = "the start is measured on the embedded store only";
        return Err(Trouble::Impossible(why.to_owned()));
    }
    start::measure(name, settings, [program, directory], stop, progress)
}
