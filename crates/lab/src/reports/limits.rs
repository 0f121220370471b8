//! What an act cost, and what limits it: read off what was measured, never off what a strategy
//! promises.

use super::series::{Seen, Usage};
use crate::figures::real;
use crate::history::Window;
use crate::record::Played;
use crate::sampler::Sample;
use serde::{Deserialize, Serialize};

/// What an act cost. Nothing where a house elsewhere cannot be looked into, nor where an act was over before
/// anybody looked closely.
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
        let Window { from_ns, to_ns } = played.window;
        let usage = Usage::closely_between(samples, from_ns, to_ns);
        let seen = Seen::of(samples);
        let commands = usage.counted("admitone_commands_total").filter(|count| *count > 0.0);
        let counter = |name: &str| usage.counter(name).filter(|_| seen.figures);
        let conflicts = usage.counted("admitone_conflicts_total");
        Self {
            generator_cpu: usage.rate(|sample| sample.generator_s),
            house_cpu: usage.rate(|sample| sample.house_s).filter(|_| seen.house),
            services_cpu: usage.rate(|sample| sample.services_s).filter(|_| seen.services),
            lock_wait_ms: usage.mean("admitone_lock_wait_seconds").map(|s| s * 1e3),
            lock_hold_ms: usage.mean("admitone_lock_hold_seconds").map(|s| s * 1e3),
            waiting_for_locks: counter("admitone_lock_wait_seconds_sum"),
            batch: usage.mean("admitone_batch_commands"),
            commits: counter("admitone_commits_total"),
            conflicts: conflicts.zip(commands).map(|(conflicts, commands)| conflicts / commands),
        }
    }

    /// What limits it, in words, on so many processors. What is not known is not taken for idle.
    pub fn limit(&self, processors: usize) -> String {
        let all = real(u64::try_from(processors).unwrap_or(1));
        let mut reasons = self.waits();
        if self.used() >= 0.8 * all {
            let each = [
                ("house", self.house_cpu),
                ("services", self.services_cpu),
                ("generator", self.generator_cpu),
            ];
            let known = each.iter().filter_map(|(who, cpu)| Some(format!("{who} {:.1}", (*cpu)?)));
            let known = known.collect::<Vec<_>>().join(", ");
            let used = self.used();
            reasons.push(format!("processors: {used:.1} of {all:.0} are busy ({known})"));
        }
        if reasons.is_empty() {
            return self.of_nothing_full(all);
        }
        reasons.join("; ")
    }

    /// Of all whose processors are seen.
    fn used(&self) -> f64 {
        let seen = [self.generator_cpu, self.house_cpu, self.services_cpu];
        seen.into_iter().flatten().sum()
    }

    /// What those who wait in the house wait for.
    fn waits(&self) -> Vec<String> {
        let waiting = self.waiting_for_locks.filter(|waiting| *waiting >= 1.0);
        let locks = waiting.zip(self.lock_wait_ms).map(|(waiting, each)| {
            format!("its lock: {waiting:.1} batches wait for one at any time, {each:.1} ms each")
        });
        let conflicts = self.conflicts.filter(|conflicts| *conflicts >= 0.2).map(|conflicts| {
            format!("conflicts: {conflicts:.2} attempts in vain for each command")
        });
        locks.into_iter().chain(conflicts).collect()
    }

    /// What limits it where nothing is full as far as anybody sees.
    fn of_nothing_full(&self, all: f64) -> String {
        // Whoever looks sees the generator, wherever the house is.
        if self.generator_cpu.is_none() {
            return "too short to say: nobody looked closely while it counted".to_owned();
        }
        let commits = self.commits.filter(|commits| *commits > 0.0).map(|commits| {
            let batch = self.batch.unwrap_or(1.0);
            format!("{commits:.0} commits a second of {batch:.1} commands each")
        });
        let used = self.used();
        match (self.house_cpu, commits) {
            (None, None) => "not known: the processors of the house are not seen".to_owned(),
            (None, Some(commits)) => {
                format!("not known: the processors of the house are not seen; {commits}")
            }
            (Some(_), Some(commits)) => format!(
                "waiting for the store: {commits}, and {used:.1} of {all:.0} processors busy"
            ),
            (Some(_), None) => "what is asked: nothing else is full".to_owned(),
        }
    }
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
        let seen = Cost { generator_cpu: Some(0.1), house_cpu: Some(0.2), ..Cost::default() };
        let idle = Cost { commits: Some(90.0), ..seen.clone() };
        assert!(idle.limit(2).starts_with("waiting for the store"), "{}", idle.limit(2));
        assert_eq!(seen.limit(2), "what is asked: nothing else is full");
    }

    #[test]
    fn what_is_not_seen_is_not_taken_for_idle() {
        let elsewhere = Cost { generator_cpu: Some(0.1), commits: Some(90.0), ..Cost::default() };
        let said = elsewhere.limit(2);
        assert!(
            said.starts_with("not known: ") && said.ends_with("of 1.0 commands each"),
            "{said}"
        );
        let mute = Cost { commits: None, ..elsewhere.clone() }.limit(2);
        assert!(mute.starts_with("not known: "), "{mute}");
        let busy = Cost { generator_cpu: Some(1.9), ..elsewhere }.limit(2);
        assert_eq!(busy, "processors: 1.9 of 2 are busy (generator 1.9)");
        let short = Cost::default().limit(2);
        assert!(short.starts_with("too short to say: "), "{short}");
    }

    #[test]
    fn what_an_act_cost_is_only_known_where_somebody_looked_closely() {
        let mut record = crate::reports::tests::costly();
        let of =
            |record: &crate::record::Record| Cost::of(&record.seen.samples, &record.seen.acts[0]);
        assert_eq!(of(&record).house_cpu, Some(0.62));
        record.seen.acts[0].window = Window { from_ns: 400_000_000, to_ns: 500_000_000 };
        assert_eq!(of(&record), Cost::default(), "looks ten times as far apart");
        // Somebody looked when it began and when it was over.
        let [first, last] = [0, 1].map(|at| record.seen.samples[at].clone());
        for (at_ns, sample) in [(395_000_000, first), (510_000_000, last)] {
            record.seen.samples.insert(1, Sample { at_ns, ..sample });
        }
        record.seen.samples.sort_by_key(|sample| sample.at_ns);
        assert!(of(&record).house_cpu > Some(5.0), "{:?}", of(&record));
    }
}
