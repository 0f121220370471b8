//! `start`, `start-million`: how long a house takes until it sells.

use super::report::{StartReport, title};
use super::stage::{House, Stage};
use super::{Name, Progress, Settings, holds};
use crate::Trouble;
use crate::figures::Spread;
use crate::instance::{Instance, Opening, ready};
use crate::load::{Pace, Plan, Stop, run};
use crate::time::Stopwatch;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const MILLION: u64 = 1_000_000;
/// Reservations that are made on one stage; a stage has seats for so many.
const STEP: u64 = 200_000;
/// A step of filling takes no longer; more often than not it takes seconds.
const STEP_SPAN: Duration = Duration::from_mins(5);

/// Starts a house again and again, each time on the same store.
pub(super) fn measure(
    name: Name,
    settings: &Settings,
    [program, directory]: [&Path; 2],
    stop: &Stop,
    progress: &mut Progress<'_>,
) -> Result<StartReport, Trouble> {
    let reservations = if name == Name::StartMillion { MILLION } else { 0 };
    let log = directory.join("server.log");
    let data = |number: u32| directory.join(format!("{}-{number}", title(name)));
    let filled = data(0);
    let mut ended_well = true;
    let mut key = None;
    if reservations > 0 {
        let instance = Instance::start(&opening([program, &filled, &log], None))?;
        let target = instance.target.clone();
        let house = House::new(target, Some(instance.pid()), settings, Arc::clone(stop))?;
        key = Some(instance.target.operator_key.clone());
        fill(&instance, reservations, &house, progress)?;
        ended_well = instance.stop();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Trouble::system("starting the laboratory"))?;
    let mut runs = Vec::new();
    for number in 1..=settings.runs {
        progress(&format!("{}: run {number} of {}", title(name), settings.runs));
        // An empty store is empty only once.
        let data = if reservations > 0 { filled.clone() } else { data(number) };
        let clock = Stopwatch::start();
        let instance = Instance::start(&opening([program, &data, &log], key.as_deref()))?;
        runtime.block_on(ready(instance.target.address))?;
        runs.push(clock.seconds());
        ended_well &= instance.stop();
    }
    let ready_seconds = Spread::of(runs.iter().copied());
    Ok(StartReport { name, reservations, ready_seconds, runs, ended_well })
}

/// A house that is as it comes.
fn opening<'a>([program, data, log]: [&'a Path; 3], operator_key: Option<&'a str>) -> Opening<'a> {
    let (variables, flags, listen) = (&[], &[], None);
    Opening { program, data, variables, flags, operator_key, listen, log }
}

fn fill(
    instance: &Instance,
    reservations: u64,
    house: &House<'_>,
    progress: &mut Progress<'_>,
) -> Result<(), Trouble> {
    let settings = house.settings;
    let plan = Plan {
        connections: settings.connections,
        threads: settings.threads,
        pace: Pace::Closed,
        warm_up: Duration::ZERO,
        span: STEP_SPAN,
        seed: settings.seed,
        stop: Arc::clone(&house.stop),
        live: Arc::default(),
    };
    let mut made = 0;
    while made < reservations {
        progress(&format!("filling the store: {made} of {reservations} reservations"));
        let stage = holds::set(house, STEP.min(reservations - made))?;
        let history = run(instance.target.address, &stage.workload(), &plan)?;
        let done = u64::try_from(history.done().count()).unwrap_or(0);
        if done == 0 {
            let why = format!("no hold was answered: {:?}", history.outcomes());
            return Err(Trouble::Impossible(why));
        }
        made += done;
        house.go_on()?;
    }
    Ok(())
}
