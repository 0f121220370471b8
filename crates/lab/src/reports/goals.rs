//! Goals: figures with a bound, and whether runs reached it.

use super::ActFigures;
use crate::figures::real;
use crate::record::Played;
use serde::{Deserialize, Serialize};

/// A goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoalReport {
    /// Which figure.
    pub figure: String,
    /// Its bound: at least for throughput and success, at most for the others.
    pub bound: f64,
    /// The worst of all runs.
    pub worst: Option<f64>,
    /// Whether it was reached.
    pub is_met: bool,
}

/// The goals of an act over the runs of it.
pub(super) fn judged(played: &Played, runs: &[&ActFigures]) -> Vec<GoalReport> {
    let goals = played.goals.iter().map(|(figure, bound)| {
        let seen = runs.iter().map(|act| act.figure(figure));
        // A figure that is not there is none that was reached.
        let worst = seen.reduce(|one, other| match (one?, other?) {
            (one, other) if is_least(figure) => Some(one.min(other)),
            (one, other) => Some(one.max(other)),
        });
        let worst = worst.flatten();
        let is_met = is_met(figure, *bound, worst);
        GoalReport { figure: figure.clone(), bound: *bound, worst, is_met }
    });
    goals.collect()
}

/// Whether the bound of a figure is the least that it may be, and not the most.
fn is_least(figure: &str) -> bool {
    matches!(figure, "throughput" | "success")
}

fn is_met(figure: &str, bound: f64, seen: Option<f64>) -> bool {
    seen.is_some_and(|seen| if is_least(figure) { seen >= bound } else { seen <= bound })
}

/// Whether an outcome says that nobody had an answer in time: who waits for one still waits.
fn is_unanswered(outcome: &str) -> bool {
    let waits = ["unknown", "not sent"].contains(&outcome) || outcome.ends_with(" NOT_ANSWERED");
    waits || outcome.starts_with("202")
}

impl ActFigures {
    /// A figure that can have a goal.
    pub(super) fn figure(&self, name: &str) -> Option<f64> {
        let done = real(self.outcomes.get("done").copied().unwrap_or(0));
        match name {
            "throughput" => Some(self.throughput),
            "p95_ms" => self.latency.p95_ms,
            "p99_ms" => self.latency.p99_ms,
            // It is of what was answered: where something was not, nobody knows how long it took.
            "longest_ms" => self.longest_ms.filter(|_| self.count(is_unanswered) == 0),
            "failed" => Some(real(self.failed())),
            "success" => Some(done / real(self.due.max(1))),
            _ => None,
        }
    }

    /// How many goals this run did not reach.
    pub(super) fn missed(&self) -> u64 {
        let goals = self.goals.iter();
        let missed = goals.filter(|(figure, (bound, seen))| !is_met(figure, *bound, *seen));
        u64::try_from(missed.count()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use crate::history::Outcome;
    use crate::reports::Report;
    use crate::reports::tests::second;

    #[test]
    fn nobody_knows_how_long_it_took_where_somebody_was_not_answered() {
        let is_met = |outcome: &Outcome| {
            let mut record = second(&Outcome::Done { named: 0, value: 0 });
            record.seen.acts[0].goals = vec![("longest_ms".to_owned(), 250.0)];
            record.history.events[7].outcome = outcome.clone();
            let report = Report::of(&[record]).unwrap();
            (report.meets_its_goals(), report.runs[0].acts[0].missed())
        };
        let refused =
            |status: u16, code: &str| Outcome::Refused { status, code: Some(code.into()) };
        for answered in [
            Outcome::Done { named: 0, value: 0 },
            refused(409, "SOLD_OUT"),
            refused(503, "CONFLICT"),
            Outcome::Wrong,
        ] {
            assert_eq!(is_met(&answered), (true, 0), "{answered:?}");
        }
        for open in [
            Outcome::Unknown,
            Outcome::NotSent,
            refused(503, "NOT_ANSWERED"),
            Outcome::Refused { status: 202, code: None },
        ] {
            assert_eq!(is_met(&open), (false, 1), "{open:?}");
        }
    }
}
