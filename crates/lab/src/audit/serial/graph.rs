//! Who comes before whom, and the circles of that: strongly connected components by Tarjan, and of
//! each the worst circle as its witness.

use std::collections::{HashMap, VecDeque};

/// Why one comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// It wrote the version before.
    Writes,
    /// What it wrote was read.
    IsRead,
    /// What it read was written over.
    IsOverwritten,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Writes => "ww",
            Self::IsRead => "wr",
            Self::IsOverwritten => "rw",
        }
    }
}

/// A circle of transactions; behind each why it comes before the next.
#[derive(Debug)]
pub(super) struct Circle {
    pub(super) steps: Vec<(usize, Option<(Kind, String)>)>,
}

impl Circle {
    /// Which anomaly it is.
    pub(super) fn class(&self) -> &'static str {
        let kinds = || self.steps.iter().filter_map(|(_, by)| by.as_ref().map(|(kind, _)| *kind));
        match kinds().filter(|kind| *kind == Kind::IsOverwritten).count() {
            0 if kinds().all(|kind| kind == Kind::Writes) => "G0",
            0 => "G1c",
            1 => "G-single",
            _ => "G2-item",
        }
    }
}

#[derive(Debug)]
pub(super) struct Graph {
    /// Of each the next ones; between two the strongest reason.
    next: Vec<HashMap<usize, (Kind, String)>>,
}

impl Graph {
    pub(super) fn new(count: usize) -> Self {
        Self { next: vec![HashMap::new(); count] }
    }

    pub(super) fn add(&mut self, from: usize, to: usize, kind: Kind, row: &str) {
        if from == to {
            return;
        }
        let new = (kind, row.to_owned());
        let known = self.next[from].entry(to).or_insert_with(|| new.clone());
        if new.0 < known.0 {
            *known = new;
        }
    }

    pub(super) fn edges(&self) -> usize {
        self.next.iter().map(HashMap::len).sum()
    }

    /// One circle of each component that has one: the worst kind first, and of that a short one.
    pub(super) fn circles(&self) -> Vec<Circle> {
        let components = self.components();
        let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, component) in components.iter().enumerate() {
            members.entry(*component).or_default().push(at);
        }
        let mut found: Vec<(usize, Circle)> = Vec::new();
        for some in members.into_values().filter(|some| some.len() > 1) {
            let first = some.iter().copied().min().unwrap_or(0);
            let all = [Kind::Writes, Kind::IsRead, Kind::IsOverwritten];
            let circle = all.into_iter().find_map(|most| self.circle(&some, &components, most));
            found.extend(circle.map(|circle| (first, circle)));
        }
        found.sort_by_key(|(first, _)| *first);
        found.into_iter().map(|(_, circle)| circle).collect()
    }

    /// A circle in a component without reasons above `most`; of reads that were written over first
    /// one with only one of them.
    fn circle(&self, some: &[usize], components: &[usize], most: Kind) -> Option<Circle> {
        let within = |from: usize, to: usize| components[from] == components[to];
        let edges = some.iter().flat_map(|from| self.next[*from].iter().map(move |to| (*from, to)));
        let edges: Vec<(usize, usize, Kind)> = edges
            .filter(|(from, (to, (kind, _)))| within(*from, **to) && *kind == most)
            .map(|(from, (to, (kind, _)))| (from, *to, *kind))
            .collect();
        let below = if most == Kind::IsOverwritten { Kind::IsRead } else { most };
        let limits = if below == most { vec![most] } else { vec![below, most] };
        for limit in limits {
            for (from, to, _) in &edges {
                if let Some(path) = self.path(*to, *from, (components, limit)) {
                    return Some(self.closed(*from, &path));
                }
            }
        }
        None
    }

    /// The shortest way without reasons above a limit, both ends in it.
    fn path(
        &self,
        from: usize,
        to: usize,
        (components, most): (&[usize], Kind),
    ) -> Option<Vec<usize>> {
        let mut came: HashMap<usize, usize> = HashMap::from([(from, from)]);
        let mut line = VecDeque::from([from]);
        while let Some(at) = line.pop_front() {
            if at == to {
                let mut path = vec![to];
                while let Some(last) = path.last().copied().filter(|last| *last != from) {
                    path.push(came[&last]);
                }
                path.reverse();
                return Some(path);
            }
            let steps = self.next[at]
                .iter()
                .filter(|(next, (kind, _))| *kind <= most && components[**next] == components[at]);
            for (next, _) in steps {
                if !came.contains_key(next) {
                    came.insert(*next, at);
                    line.push_back(*next);
                }
            }
        }
        None
    }

    /// From the first along the way and back to the first, with the reasons.
    fn closed(&self, first: usize, path: &[usize]) -> Circle {
        let mut at = first;
        let mut steps = Vec::new();
        for next in path {
            steps.push((at, self.next[at].get(next).cloned()));
            at = *next;
        }
        steps.push((first, None));
        Circle { steps }
    }

    /// The number of the component of each.
    fn components(&self) -> Vec<usize> {
        let mut walk = Walk {
            graph: self,
            index: vec![usize::MAX; self.next.len()],
            low: vec![usize::MAX; self.next.len()],
            is_open: vec![false; self.next.len()],
            component: vec![usize::MAX; self.next.len()],
            open: Vec::new(),
            count: 0,
        };
        for root in 0..self.next.len() {
            if walk.index[root] == usize::MAX {
                walk.from(root);
            }
        }
        walk.component
    }
}

/// Tarjan's walk, without recursion: a history is long.
struct Walk<'a> {
    graph: &'a Graph,
    index: Vec<usize>,
    low: Vec<usize>,
    is_open: Vec<bool>,
    component: Vec<usize>,
    open: Vec<usize>,
    count: usize,
}

impl Walk<'_> {
    fn from(&mut self, root: usize) {
        let mut stack = vec![self.enter(root)];
        while let Some((at, left)) = stack.last_mut() {
            let at = *at;
            if let Some(next) = left.pop() {
                if self.index[next] == usize::MAX {
                    stack.push(self.enter(next));
                } else if self.is_open[next] {
                    self.low[at] = self.low[at].min(self.index[next]);
                }
                continue;
            }
            stack.pop();
            if let Some((parent, _)) = stack.last() {
                self.low[*parent] = self.low[*parent].min(self.low[at]);
            }
            if self.low[at] == self.index[at] {
                self.close(at);
            }
        }
    }

    fn enter(&mut self, at: usize) -> (usize, Vec<usize>) {
        self.index[at] = self.count;
        self.low[at] = self.count;
        self.count += 1;
        self.is_open[at] = true;
        self.open.push(at);
        (at, self.graph.next[at].keys().copied().collect())
    }

    fn close(&mut self, at: usize) {
        while let Some(member) = self.open.pop() {
            self.is_open[member] = false;
            self.component[member] = at;
            if member == at {
                return;
            }
        }
    }
}
