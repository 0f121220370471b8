//! The search.

use std::collections::HashSet;
use std::hash::Hash;

/// What one object may do.
pub trait Model {
    /// What is asked of it, with what was answered.
    type Op;
    /// How it is.
    type State: Clone + Eq + Hash;

    /// How it is in the beginning.
    fn first(&self) -> Self::State;

    /// How it is after something, if that can have been answered so.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;
}

/// One call of an object.
#[derive(Debug, Clone)]
pub struct Call<Op> {
    /// What.
    pub op: Op,
    /// When it was sent.
    pub invoked_ns: u64,
    /// When it was answered; never if it was not: then it may have been done at any time since, or
    /// not at all.
    pub returned_ns: Option<u64>,
    /// Which request it is.
    pub request: u64,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is such an order.
    Linear,
    /// There is none.
    Broken {
        /// The requests of the longest order that was found.
        longest: usize,
        /// The requests of which none can come next.
        stuck: Vec<u64>,
    },
    /// There were too many orders to look at.
    GaveUp,
}

/// How far an order is: everything answered before `next` is in it, and what is ahead, and of what
/// was never answered those that are used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Order<S> {
    next: usize,
    ahead: Vec<usize>,
    used: Vec<usize>,
    state: S,
}

/// Searches an order; looks at so many at most.
pub fn check<M: Model>(model: &M, calls: &[Call<M::Op>], budget: usize) -> Verdict {
    let mut known: Vec<(&Call<M::Op>, u64)> =
        calls.iter().filter_map(|call| Some((call, call.returned_ns?))).collect();
    known.sort_by_key(|(call, returned)| (call.invoked_ns, *returned));
    let open: Vec<&Call<M::Op>> = calls.iter().filter(|call| call.returned_ns.is_none()).collect();
    let search = Search { model, known, open };
    let first = Order { next: 0, ahead: Vec::new(), used: Vec::new(), state: model.first() };
    let (mut seen, mut stack) = (HashSet::new(), vec![first]);
    let mut best: (usize, Vec<u64>) = (0, Vec::new());
    while let Some(order) = stack.pop() {
        if order.next == search.known.len() {
            return Verdict::Linear;
        }
        let candidates = search.candidates(&order);
        let reached = order.next + order.ahead.len();
        if best.1.is_empty() || reached > best.0 {
            let next = candidates.iter().map(|at| search.known[*at].0.request).collect();
            best = (reached, next);
        }
        if seen.len() >= budget {
            return Verdict::GaveUp;
        }
        search.push(&order, &candidates, &mut seen, &mut stack);
    }
    Verdict::Broken { longest: best.0, stuck: best.1 }
}

struct Search<'a, M: Model> {
    model: &'a M,
    /// By when they were sent, with when they were answered.
    known: Vec<(&'a Call<M::Op>, u64)>,
    open: Vec<&'a Call<M::Op>>,
}

impl<M: Model> Search<'_, M> {
    /// What was answered and can come next: sent before anything else that is left was answered.
    fn candidates(&self, order: &Order<M::State>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut first_end = u64::MAX;
        let mut ahead = order.ahead.iter().peekable();
        for (at, (call, returned)) in self.known.iter().enumerate().skip(order.next) {
            if call.invoked_ns > first_end {
                break;
            }
            if ahead.peek() == Some(&&at) {
                ahead.next();
                continue;
            }
            found.push(at);
            first_end = first_end.min(*returned);
        }
        found.retain(|at| self.known[*at].0.invoked_ns <= first_end);
        found
    }

    /// Goes on with each that can come next, what ends first on top.
    fn push(
        &self,
        order: &Order<M::State>,
        candidates: &[usize],
        seen: &mut HashSet<Order<M::State>>,
        stack: &mut Vec<Order<M::State>>,
    ) {
        let first_end = candidates.iter().map(|at| self.known[*at].1).min().unwrap_or(u64::MAX);
        for (at, call) in self.open.iter().enumerate() {
            let is_free = call.invoked_ns <= first_end && !order.used.contains(&at);
            let next = is_free.then(|| self.model.step(&order.state, &call.op)).flatten();
            // What changes nothing need not have been done.
            if let Some(state) = next.filter(|state| *state != order.state) {
                let mut used = order.used.clone();
                used.insert(used.partition_point(|known| *known < at), at);
                let new = Order { used, state, ..order.clone() };
                if seen.insert(new.clone()) {
                    stack.push(new);
                }
            }
        }
        let mut by_end = candidates.to_vec();
        by_end.sort_by_key(|at| std::cmp::Reverse(self.known[*at].1));
        for at in by_end {
            let Some(state) = self.model.step(&order.state, &self.known[at].0.op) else { continue };
            let new = Self::after(order, at, state);
            if seen.insert(new.clone()) {
                stack.push(new);
            }
        }
    }

    fn after(order: &Order<M::State>, at: usize, state: M::State) -> Order<M::State> {
        let Order { mut next, mut ahead, used, .. } = order.clone();
        ahead.insert(ahead.partition_point(|known| *known < at), at);
        let mut passed = 0;
        while ahead.get(passed) == Some(&next) {
            (next, passed) = (next + 1, passed + 1);
        }
        ahead.drain(..passed);
        Order { next, ahead, used, state }
    }
}
