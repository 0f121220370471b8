//! What an act cost, and what limits it: read off what was measured, never off what a strategy
//! promises.

use super::series::Usage;
use crate::figures::real;
use crate::record::Played;
use crate::sampler::Sample;
use serde::{Deserialize, Serialize};

/// What an act cost. Nothing where a house elsewhere cannot be looked into.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Processors that the generator used.
    pub generator_cpu: Option<f64>,
    /// That the house used.
    pub house_cpu: Option<f64>,
    /// That its services used.
    pub services_cpu: Option<f64>,
    /// How long a batch waited for its lock, in milliseconds.
    pub lock_wait_ms: Option<f64>,
    /// How long it held it, in milliseconds.
    #[serde(default)]
    pub lock_hold_ms: Option<f64>,
    /// How many batches waited at once, on average.
    pub waiting_for_locks: Option<f64>,
    /// How many commands a batch had.
    pub batch: Option<f64>,
    /// Commits a second.
    pub commits: Option<f64>,
    /// Attempts that met a conflict, for each command.
    pub conflicts: Option<f64>,
}

impl Cost {
    pub(super) fn of(samples: &[Sample], played: &Played) -> Self {
        let usage = Usage::between(samples, played.window.from_ns, played.window.to_ns);
        let commands = usage.counted("admitone_commands_total").filter(|count| *count > 0.0);
        let counter = |name: &'static str| {
            usage.rate(move |sample| sample.figures.get(name).copied().unwrap_or(0.0))
        };
        let conflicts = usage.counted("admitone_conflicts_total");
        let (has_house, has_services) =
            (used(samples, |s| s.house_s), used(samples, |s| s.services_s));
        Self {
            generator_cpu: usage.rate(|sample| sample.generator_s),
            house_cpu: usage.rate(|sample| sample.house_s).filter(|_| has_house),
            services_cpu: usage.rate(|sample| sample.services_s).filter(|_| has_services),
            lock_wait_ms: usage.mean("admitone_lock_wait_seconds").map(|s| s * 1e3),
            lock_hold_ms: usage.mean("admitone_lock_hold_seconds").map(|s| s * 1e3),
            waiting_for_locks: counter("admitone_lock_wait_seconds_sum"),
            batch: usage.mean("admitone_batch_commands"),
            commits: counter("admitone_commits_total"),
            conflicts: conflicts.zip(commands).map(|(conflicts, commands)| conflicts / commands),
        }
    }

    /// What limits it, in words, on so many processors.
    pub fn limit(&self, processors: usize) -> String {
        let all = real(u64::try_from(processors).unwrap_or(1));
        let of = |cpu: Option<f64>| cpu.unwrap_or(0.0);
        let used = of(self.generator_cpu) + of(self.house_cpu) + of(self.services_cpu);
        let mut reasons = Vec::new();
        if let (Some(waiting), Some(each)) = (self.waiting_for_locks, self.lock_wait_ms)
            && waiting >= 1.0
        {
            reasons.push(format!(
                "its lock: {waiting:.1} batches wait for one at any time, {each:.1} ms each"
            ));
        }
        if let Some(conflicts) = self.conflicts.filter(|conflicts| *conflicts >= 0.2) {
            reasons.push(format!("conflicts: {conflicts:.2} attempts in vain for each command"));
        }
        if used >= 0.8 * all {
            reasons.push(format!(
                "processors: {used:.1} of {all:.0} are busy (house {:.1}, services {:.1}, \
                 generator {:.1})",
                of(self.house_cpu),
                of(self.services_cpu),
                of(self.generator_cpu)
            ));
        }
        if reasons.is_empty() && self.commits.is_some_and(|commits| commits > 0.0) {
            let (commits, batch) = (of(self.commits), self.batch.unwrap_or(1.0));
            reasons.push(format!(
                "waiting for the store: {commits:.0} commits a second of {batch:.1} commands each, \
                 and {used:.1} of {all:.0} processors busy"
            ));
        }
        if reasons.is_empty() {
            return "what is asked: nothing else is full".to_owned();
        }
        reasons.join("; ")
    }
}

fn used(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> bool {
    samples.iter().any(|sample| of(sample) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_was_measured() {
        let lock =
            Cost { lock_wait_ms: Some(7.0), waiting_for_locks: Some(30.0), ..Cost::default() };
        assert!(lock.limit(2).starts_with("its lock"), "{}", lock.limit(2));
        let busy = Cost { house_cpu: Some(1.7), ..Cost::default() };
        assert!(busy.limit(2).starts_with("processors"), "{}", busy.limit(2));
        let idle = Cost { commits: Some(90.0), ..Cost::default() };
        assert!(idle.limit(2).starts_with("waiting for the store"), "{}", idle.limit(2));
    }
}
