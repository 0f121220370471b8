//! One scenario: in every run the no-op route and the measured one in turn, closed and open.

use super::report::{Load, Pair, RunReport, ScenarioReport};
use super::stage::{House, Scenario, Stage};
use super::{Name, Progress};
use crate::Trouble;
use crate::audit::Audited;
use crate::figures::{Latency, Spread, real, throughput};
use crate::history::History;
use crate::load::{Arrivals, Pace, Plan, run};
use crate::workload::Workload;
use std::sync::Arc;
use std::time::Duration;

/// A stage has so much more than the last ceiling needs.
const RESERVE: f64 = 1.6;
/// What of the ceiling the open loop offers when nothing else is said.
const OPEN_SHARE: f64 = 0.5;

/// Measures a scenario as often as the settings say.
pub(super) fn scenario(
    house: &House<'_>,
    name: Name,
    scenario: &dyn Scenario,
    progress: &mut Progress<'_>,
) -> Result<ScenarioReport, Trouble> {
    let ceiling = f64::from(house.settings.first_ceiling);
    let mut bench = Bench { house, scenario, ceiling, rate: 0 };
    let title = super::report::title(name);
    let mut runs = Vec::new();
    for number in 1..=house.settings.runs {
        progress(&format!("{title}: run {number} of {}, ceiling", house.settings.runs));
        let closed = bench.pair(Pace::Closed, number)?;
        bench.learn(&closed);
        progress(&format!("{title}: run {number} of {}, latency", house.settings.runs));
        let open = Pace::Open { rate: bench.rate, arrivals: Arrivals::Poisson };
        let open = bench.pair(open, number)?;
        runs.push(RunReport { closed, open });
    }
    Ok(ScenarioReport::new(name, scenario.about(), bench.rate, runs))
}

struct Bench<'a> {
    house: &'a House<'a>,
    scenario: &'a dyn Scenario,
    /// The most answers a second so far.
    ceiling: f64,
    /// Requests a second of the open loop; nothing until the first ceiling is known.
    rate: u32,
}

impl Bench<'_> {
    /// The no-op route and the measured one; every other run the other way round.
    fn pair(&self, pace: Pace, number: u32) -> Result<Pair, Trouble> {
        let settings = self.house.settings;
        let plan = Plan {
            connections: settings.connections,
            threads: settings.threads,
            pace,
            warm_up: settings.warm_up(),
            span: settings.span(),
            seed: settings.seed.wrapping_add(u64::from(number)),
            stop: Arc::clone(&self.house.stop),
            live: Arc::default(),
        };
        let stage = self.scenario.stage(self.house, self.requests_max(pace))?;
        self.house.settle()?;
        if number.is_multiple_of(2) {
            let measured = self.measured(&*stage, &plan)?;
            let noop = self.noop(&*stage, &plan)?;
            return Ok(Pair::new(measured, noop));
        }
        let noop = self.noop(&*stage, &plan)?;
        Ok(Pair::new(self.measured(&*stage, &plan)?, noop))
    }

    fn measured(&self, stage: &dyn Stage, plan: &Plan) -> Result<Load, Trouble> {
        let (history, cpu) = self.load(&stage.workload(), plan)?;
        let audited = stage.audit(self.house, &history)?;
        Ok(load_report(&history, &audited, cpu))
    }

    fn noop(&self, stage: &dyn Stage, plan: &Plan) -> Result<Load, Trouble> {
        let (history, cpu) = self.load(&stage.noop(), plan)?;
        Ok(load_report(&history, &crate::reads::audit(&history), cpu))
    }

    /// Runs a load; the processor seconds it took of the generator and of the house.
    fn load(
        &self,
        workload: &Arc<dyn Workload>,
        plan: &Plan,
    ) -> Result<(History, [Option<f64>; 2]), Trouble> {
        let before = self.house.processor_seconds();
        let history = run(self.house.target.address, workload, plan)?;
        let after = self.house.processor_seconds();
        self.house.go_on()?;
        let used = |at: usize| Some(after[at]? - before[at]?);
        Ok((history, [used(0), used(1)]))
    }

    fn requests_max(&self, pace: Pace) -> u64 {
        let settings = self.house.settings;
        let seconds = settings.span() + settings.warm_up();
        let rate = match pace {
            Pace::Closed | Pace::Thinking { .. } => self.ceiling * RESERVE,
            Pace::Open { rate, .. } => f64::from(rate) * 1.1 + 100.0,
        };
        let requests = Duration::from_secs_f64(rate / 1e6).mul_f64(seconds.as_secs_f64());
        u64::try_from(requests.as_micros()).unwrap_or(u64::MAX)
    }

    fn learn(&mut self, closed: &Pair) {
        let seen = closed.measured.throughput.max(1_000.0);
        self.ceiling = if self.rate == 0 { seen } else { self.ceiling.max(seen) };
        if self.rate == 0 {
            let own = self.house.settings.rate.or(self.scenario.rate());
            self.rate = own.unwrap_or_else(|| rounded(closed.measured.throughput * OPEN_SHARE));
        }
    }
}

/// A rate in round hundreds, at least one.
fn rounded(rate: f64) -> u32 {
    let hundreds = Duration::from_secs_f64((rate / 100.0).max(1.0)).as_secs();
    u32::try_from(hundreds * 100).unwrap_or(u32::MAX)
}

fn load_report(history: &History, audited: &Audited, cpu: [Option<f64>; 2]) -> Load {
    let convicted = audited.convicted();
    let latency = Latency::of(history);
    let sent = real(u64::try_from(history.events.len()).unwrap_or(u64::MAX)).max(1.0);
    let each = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1e6 / sent);
    Load {
        throughput: throughput(history, |event| !convicted.contains(&event.number)),
        latency: latency.percentiles(),
        lateness: Latency::lateness_of(history).percentiles(),
        failed: latency.failed(),
        outcomes: history.outcomes(),
        checked: audited.checked,
        findings: audited.findings.clone(),
        generator_cpu_us: each(cpu[0]),
        house_cpu_us: each(cpu[1]),
    }
}

/// The spread of a figure over runs.
pub(super) fn spread(runs: &[RunReport], of: impl Fn(&RunReport) -> Option<f64>) -> Option<Spread> {
    Spread::of(runs.iter().filter_map(of))
}
