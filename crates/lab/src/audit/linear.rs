//! Linearizability: is there an order of what was answered that one seat, or one wallet, could have
//! had, and in which nothing comes before something that had ended when it was sent?
//!
//! The search is that of Wing, Gong and Lowe with remembered states. Seats and wallets are
//! independent objects, so each is searched alone; across them see `serial`. An order that there is
//! is found almost without a step back, as the balances that were told lead it, and where the same
//! balance comes again while fifty calls are under way, the numbers of their entries do; but each
//! call takes a step, so how far a search goes grows with the calls.

mod search;
pub(crate) mod seat;
pub(crate) mod wallet;

pub use search::{Call, Model, Verdict, check};

use super::{Audited, Finding};

/// States looked at for one object before the search is given up, however few its calls.
const FIXED: usize = 400_000;
/// And so many more for each call.
const PER_CALL: usize = 4;
/// So many requests are named of those of which none can come next.
const NAMED_MAX: usize = 8;
/// What stands for a request where it is what was found at the end.
pub(crate) const AT_THE_END: u64 = u64::MAX;

/// How many states are looked at for an object of so many calls.
fn budget(calls: usize) -> usize {
    FIXED.saturating_add(calls.saturating_mul(PER_CALL))
}

impl Audited {
    /// Searches an order of what one object answered; `undecided` is the count of those whose search
    /// is given up.
    pub(crate) fn search<M: Model>(
        &mut self,
        (model, what): (&M, String),
        calls: &[Call<M::Op>],
        undecided: &'static str,
    ) {
        self.count("calls searched for an order", calls.len());
        match check(model, calls, budget(calls.len())) {
            Verdict::Linear => self.count("objects with an order", 1),
            Verdict::GaveUp => self.count(undecided, 1),
            Verdict::Broken { longest, mut stuck } => {
                stuck.retain(|request| *request != AT_THE_END);
                stuck.truncate(NAMED_MAX);
                self.findings.push(Finding::NoOrder { what, longest, stuck });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::WALLETS_UNDECIDED;

    /// Amounts that were added, each with what was told, or without if nobody was told.
    struct Sum;

    impl Model for Sum {
        type Op = (i64, Option<i64>);
        type State = i64;

        fn first(&self) -> i64 {
            0
        }

        fn step(&self, state: &i64, (amount, told): &Self::Op) -> Option<i64> {
            let sum = state + amount;
            told.is_none_or(|told| told == sum).then_some(sum)
        }
    }

    /// So many, each sent when the third one before was answered.
    fn calls(count: u64) -> Vec<Call<(i64, Option<i64>)>> {
        let mut sum = 0;
        let call = |number: u64| {
            // Up and down, so that the same sum comes again.
            let amount = if number.is_multiple_of(2) { 3 } else { -3 + i64::from(number % 5 == 1) };
            sum += amount;
            Call {
                op: (amount, Some(sum)),
                invoked_ns: number * 10,
                returned_ns: Some(number * 10 + 25),
                request: number,
                hint: 0,
            }
        };
        (0..count).map(call).collect()
    }

    fn searched(calls: &[Call<(i64, Option<i64>)>]) -> Audited {
        let mut audited = Audited::default();
        audited.search((&Sum, "a sum".to_owned()), calls, WALLETS_UNDECIDED);
        audited
    }

    #[test]
    fn how_far_a_search_goes_grows_with_the_calls_more_than_an_order_needs() {
        let (few, many) = (20_000, 1_000_000);
        let needed = usize::try_from(few * 2).unwrap_or(usize::MAX);
        assert_eq!(check(&Sum, &calls(few), needed), Verdict::Linear);
        assert!(budget(many) >= many * 2 && budget(0) == FIXED);
    }

    #[test]
    fn one_that_waits_while_many_others_are_answered_costs_no_more_than_another() {
        let mut calls = calls(20_000);
        let last = calls[19_999].op.1.unwrap_or(0);
        // Sent first, added last: what is ahead of it was once remembered with each step.
        calls.push(Call {
            op: (1_000_000, Some(last + 1_000_000)),
            invoked_ns: 0,
            returned_ns: Some(300_000),
            request: 99_999,
            hint: 0,
        });
        assert_eq!(check(&Sum, &calls, 40_000), Verdict::Linear);
    }

    #[test]
    fn what_was_never_answered_is_tried_where_nothing_else_fits() {
        let open = |number: u64| Call {
            op: (1_000_000 + i64::try_from(number).unwrap_or(0), None),
            invoked_ns: 5,
            returned_ns: None,
            request: 9_000 + number,
            hint: 0,
        };
        // So many open calls would be tried with each answer.
        let mut with_many = calls(5_000);
        with_many.extend((0..100).map(open));
        assert_eq!(check(&Sum, &with_many, 10_000), Verdict::Linear);
        // One of three was done behind the first thousand.
        let mut with_one = calls(5_000);
        for call in &mut with_one[1_000..] {
            call.op.1 = call.op.1.map(|told| told + 1_000_001);
        }
        with_one.extend((0..3).map(open));
        assert_eq!(check(&Sum, &with_one, 20_000), Verdict::Linear);
        with_one.truncate(5_000);
        assert!(matches!(check(&Sum, &with_one, 20_000), Verdict::Broken { longest: 1_000, .. }));
    }

    #[test]
    fn a_search_that_is_given_up_is_counted_and_convicts_nobody() {
        // Each of so many may have been done or not before the one that nothing explains.
        let open = |number: u64| Call {
            op: (1 << number, None),
            invoked_ns: 0,
            returned_ns: None,
            request: number,
            hint: 0,
        };
        let mut calls: Vec<_> = (0..20).map(open).collect();
        calls.push(Call {
            op: (0, Some(-1)),
            invoked_ns: 10,
            returned_ns: Some(20),
            request: 50,
            hint: 0,
        });
        let audited = searched(&calls);
        assert_eq!(audited.counts.get(WALLETS_UNDECIDED), Some(&1), "{:?}", audited.counts);
        assert_eq!(audited.findings, []);
    }
}
