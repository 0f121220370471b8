//! Jumps of a clock that a house is documented to believe.

use super::{Deed, Fault};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is set forward by more was never right: the house believes it at once (`docs/deployment.md`,
/// "Time").
const DAY_MS: i64 = 86_400_000;

/// What is to be said of a schedule in which an instance believes its clock: whoever reads that holds ended
/// before their time would take it for a defect.
pub(crate) fn believed(faults: &[Fault]) -> Vec<String> {
    let mut steps: BTreeMap<usize, Vec<(Duration, i64)>> = BTreeMap::new();
    for fault in faults {
        if let Deed::Jump(number, by_ms, long) = fault.deed {
            let of_one = steps.entry(number).or_default();
            of_one.push((fault.at, by_ms));
            of_one.extend(long.map(|long| (fault.at + long, by_ms.saturating_neg())));
        }
    }
    let is_believed = |(_, steps): &(usize, Vec<_>)| furthest(steps.clone()) >= DAY_MS;
    let said = |(number, _)| {
        format!(
            "the clock of instance-{} is set forward by a day or more, which a house believes at once \
             (docs/deployment.md, Time): what it measures by that clock, as holds on the embedded \
             store, ends by it, and that this is found is no defect of the house",
            number + 1
        )
    };
    steps.into_iter().filter(is_believed).map(said).collect()
}

/// How far a clock is set forward at most, if it is moved at these times by so much.
fn furthest(mut steps: Vec<(Duration, i64)>) -> i64 {
    steps.sort_unstable();
    let mut far = 0_i64;
    let reached = steps.into_iter().map(|(_, by_ms)| {
        far = far.saturating_add(by_ms);
        far
    });
    reached.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_jump_is_said_of_one_that_is_believed_and_of_no_other() {
        let said = |faults: &[&str]| {
            let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
            believed(&faults)
        };
        let far = said(&["1s:jump:instance-1:-3600s", "1s:jump:instance-2:+86400s:2s"]);
        assert!(far.len() == 1 && far[0].contains("the clock of instance-2"), "{far:?}");
        let steps = ["1s:jump:instance-1:+50000s", "2s:jump:instance-1:+50000s"];
        assert_eq!(said(&steps).len(), 1, "both are more than a day");
        let back = ["1s:jump:instance-1:+50000s:1s", "5s:jump:instance-1:+50000s:1s"];
        assert_eq!(said(&back), Vec::<String>::new(), "the first is back when the second comes");
        for slowly in
            ["1s:jump:instance-1:+86399s", "1s:jump:instance-1:-200000s", "1s:kill:instance-1"]
        {
            assert_eq!(said(&[slowly]), Vec::<String>::new(), "{slowly}");
        }
    }
}
