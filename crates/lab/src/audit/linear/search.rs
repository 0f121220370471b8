//! The search.

use std::collections::HashSet;
use std::hash::Hash;

/// What one object may do.
pub trait Model {
    /// What is asked of it, with what was answered: two that are equal can stand for each other.
    type Op: PartialEq;
    /// How it is.
    type State: Clone + Eq + Hash;

    /// How it is in the beginning.
    fn first(&self) -> Self::State;

    /// How it is after something, if that can have been answered so. What leaves it as it is somewhere
    /// must do so wherever it fits: then it is done at once.
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
    /// Which is likely to have come first, of those that can: the smaller. It says where to look
    /// first, and nothing else.
    pub hint: u64,
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

/// How far an order is: everything answered that was sent before `front` is in it but for what is
/// behind, and of what was never answered those that are used. What is behind was under way with the
/// last that came in: it is never more than were under way at once, however long one of them took.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Order<S> {
    front: usize,
    behind: Vec<usize>,
    used: Vec<usize>,
    state: S,
}

/// What is to be looked at.
enum Step<S> {
    /// An order that is new, with the hint of what came into it last.
    Onwards(Order<S>, u64),
    /// The same, when nothing that was answered led to an end: what was never answered may have come
    /// between. It is not looked at before, or each answer of a long history would be tried with all
    /// that are open.
    WithOpen(Order<S>, u64),
}

/// Searches an order; looks at so many at most with the hints, and at as many again without them if
/// they led nowhere.
pub fn check<M: Model>(model: &M, calls: &[Call<M::Op>], budget: usize) -> Verdict {
    let hinted = Search::of(model, calls, Lead::Hint).run(budget);
    let has_hints = calls.iter().any(|call| call.hint > 0);
    if hinted == Verdict::GaveUp && has_hints {
        return Search::of(model, calls, Lead::End).run(budget);
    }
    hinted
}

/// What is looked at first of several that can come next.
#[derive(Clone, Copy)]
enum Lead {
    /// What its hint puts next behind the last, then what is the first of all: each instance counts for
    /// itself, and what it settles together comes in one piece. Of those that have the same hint, what
    /// ended first.
    Hint,
    /// What ended first.
    End,
}

struct Search<'a, M: Model> {
    model: &'a M,
    /// By when they were sent, with when they were answered.
    known: Vec<(&'a Call<M::Op>, u64)>,
    /// By when they were sent.
    open: Vec<&'a Call<M::Op>>,
    lead: Lead,
    seen: Seen<Order<M::State>>,
    stack: Vec<Step<M::State>>,
}

/// A call that can come next: how it is afterwards, and what leads there: whether it is of another
/// piece than the last, its hint, and when it ended.
struct Next<S> {
    at: usize,
    state: S,
    lead: (bool, u64, u64),
}

impl<'a, M: Model> Search<'a, M> {
    fn of(model: &'a M, calls: &'a [Call<M::Op>], lead: Lead) -> Self {
        let mut known: Vec<(&Call<M::Op>, u64)> =
            calls.iter().filter_map(|call| Some((call, call.returned_ns?))).collect();
        known.sort_by_key(|(call, returned)| (call.invoked_ns, *returned));
        let mut open: Vec<&Call<M::Op>> =
            calls.iter().filter(|call| call.returned_ns.is_none()).collect();
        open.sort_by_key(|call| call.invoked_ns);
        Self { model, known, open, lead, seen: Seen::default(), stack: Vec::new() }
    }

    fn run(&mut self, budget: usize) -> Verdict {
        let state = self.model.first();
        let first = Order { front: 0, behind: Vec::new(), used: Vec::new(), state };
        self.stack.push(Step::Onwards(first, 0));
        let mut best: (usize, Vec<u64>) = (0, Vec::new());
        while let Some(step) = self.stack.pop() {
            let (order, last) = match step {
                Step::Onwards(order, last) => (order, last),
                Step::WithOpen(order, last) => {
                    self.with_open(&order, last);
                    continue;
                }
            };
            if order.behind.is_empty() && order.front == self.known.len() {
                return Verdict::Linear;
            }
            let candidates = self.candidates(&order);
            let reached = order.front - order.behind.len();
            if best.1.is_empty() || reached > best.0 {
                let next = candidates.iter().map(|at| self.known[*at].0.request).collect();
                best = (reached, next);
            }
            if self.seen.count >= budget {
                return Verdict::GaveUp;
            }
            self.onwards((order, last), &candidates);
        }
        Verdict::Broken { longest: best.0, stuck: best.1 }
    }

    /// What was answered and can come next: sent before anything else that is left was answered.
    fn candidates(&self, order: &Order<M::State>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut first_end = u64::MAX;
        for at in order.behind.iter().copied().chain(order.front..self.known.len()) {
            let (call, returned) = self.known[at];
            if call.invoked_ns > first_end {
                break;
            }
            found.push(at);
            first_end = first_end.min(returned);
        }
        found.retain(|at| self.known[*at].0.invoked_ns <= first_end);
        found
    }

    /// What was never answered and can come next.
    fn free(&self, order: &Order<M::State>, first_end: u64) -> Vec<(usize, M::State)> {
        let sent = self.open.partition_point(|call| call.invoked_ns <= first_end);
        let free = (0..sent).filter(|at| order.used.binary_search(at).is_err());
        let next =
            free.filter_map(|at| Some((at, self.model.step(&order.state, &self.open[at].op)?)));
        // What changes nothing need not have been done.
        next.filter(|(_, state)| *state != order.state).collect()
    }

    fn first_end(&self, candidates: &[usize]) -> u64 {
        candidates.iter().map(|at| self.known[*at].1).min().unwrap_or(u64::MAX)
    }

    /// Goes on with each that can come next, what leads on top.
    fn onwards(&mut self, (order, last): (Order<M::State>, u64), candidates: &[usize]) {
        let mut steps = self.steps((&order, last), candidates);
        let idle = steps.iter().position(|next| next.state == order.state);
        if let Some(at) = idle {
            // What changes nothing can come now, wherever else it could: nothing waits for it.
            let next = steps.swap_remove(at);
            self.push([(Self::after(&order, next.at, next.state), last)]);
            return;
        }
        steps.sort_by_key(|next| std::cmp::Reverse(next.lead));
        let after = |next: Next<M::State>| (Self::after(&order, next.at, next.state), next.lead.1);
        let next: Vec<(Order<M::State>, u64)> = steps.into_iter().map(after).collect();
        if !self.free(&order, self.first_end(candidates)).is_empty() {
            self.stack.push(Step::WithOpen(order, last));
        }
        self.push(next);
    }

    /// What can come next by its answer, too. Of those that are equal it is the one that ends first:
    /// in an order that has another one of them here, the two can change places.
    fn steps(
        &self,
        (order, last): (&Order<M::State>, u64),
        candidates: &[usize],
    ) -> Vec<Next<M::State>> {
        let mut found: Vec<Next<M::State>> = Vec::new();
        for at in candidates.iter().copied() {
            let (call, returned) = self.known[at];
            let Some(state) = self.model.step(&order.state, &call.op) else { continue };
            let hint = if let Lead::Hint = self.lead { call.hint } else { 0 };
            let lead = (hint <= last, hint, returned);
            match found.iter_mut().find(|next| self.known[next.at].0.op == call.op) {
                Some(next) => {
                    if returned < self.known[next.at].1 {
                        next.at = at;
                    }
                    next.lead = next.lead.min(lead);
                }
                None => found.push(Next { at, state, lead }),
            }
        }
        found
    }

    /// Goes on with each that was never answered.
    fn with_open(&mut self, order: &Order<M::State>, last: u64) {
        let first_end = self.first_end(&self.candidates(order));
        let next = self.free(order, first_end).into_iter().map(|(at, state)| {
            let mut used = order.used.clone();
            used.insert(used.partition_point(|known| *known < at), at);
            (Order { used, state, ..order.clone() }, last)
        });
        let next: Vec<(Order<M::State>, u64)> = next.collect();
        self.push(next);
    }

    fn push(&mut self, orders: impl IntoIterator<Item = (Order<M::State>, u64)>) {
        for (order, last) in orders {
            if self.seen.is_first(&order) {
                self.stack.push(Step::Onwards(order, last));
            }
        }
    }

    fn after(order: &Order<M::State>, at: usize, state: M::State) -> Order<M::State> {
        let Order { mut front, mut behind, used, .. } = order.clone();
        if at < front {
            behind.retain(|left| *left != at);
        } else {
            behind.extend(front..at);
            front = at + 1;
        }
        Order { front, behind, used, state }
    }
}

/// What was seen lately. To forget one costs that it may be looked at again, and nothing else: what
/// was looked at counts, however often.
struct Seen<T> {
    young: HashSet<T>,
    old: HashSet<T>,
    count: usize,
}

/// So many are remembered at least, and twice as many at most: orders of a long history that are
/// far apart are never the same.
const REMEMBERED: usize = 200_000;

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { young: HashSet::new(), old: HashSet::new(), count: 0 }
    }
}

impl<T: Clone + Eq + Hash> Seen<T> {
    /// Whether it was not seen lately; it is from now on.
    fn is_first(&mut self, one: &T) -> bool {
        if self.old.contains(one) || !self.young.insert(one.clone()) {
            return false;
        }
        self.count += 1;
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        true
    }
}
