//! The map: which operation goes which way.

use super::{Judgement, Operation, Safety, Strategy, safety};
use std::fmt;

/// A strategy for every operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyMap {
    /// In the order of [`Operation::ALL`].
    strategies: [Strategy; Operation::ALL.len()],
    /// Whether tokens are demanded of locks outside the process and of lanes.
    pub fencing: bool,
}

impl StrategyMap {
    /// One strategy for everything, with fencing.
    pub fn all(strategy: Strategy) -> Self {
        Self { strategies: [strategy; Operation::ALL.len()], fencing: true }
    }

    /// The same with another strategy for an operation.
    #[must_use]
    pub fn with(mut self, operation: Operation, strategy: Strategy) -> Self {
        self.strategies[operation.index()] = strategy;
        self
    }

    /// The way of an operation.
    pub fn strategy(&self, operation: Operation) -> Strategy {
        self.strategies[operation.index()]
    }

    /// The strategies that occur, each once, in the order of the operations.
    pub fn strategies(&self) -> Vec<Strategy> {
        let mut found = Vec::new();
        for strategy in self.strategies {
            if !found.contains(&strategy) {
                found.push(strategy);
            }
        }
        found
    }

    /// Whether it is safe, for each class of rows, and why.
    pub fn judge(&self) -> Vec<Judgement> {
        safety::judge(self)
    }

    /// Whether it is safe as a whole.
    pub fn safety(&self) -> Safety {
        self.judge().into_iter().map(|judged| judged.safety).max().unwrap_or(Safety::Unsafe)
    }
}

/// The same text for the same map: the way of most operations, and each that goes another.
impl fmt::Display for StrategyMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |way: &Strategy| self.strategies.iter().filter(|other| *other == way).count();
        // Of several that are as frequent the first operation's.
        let most = self.strategies.iter().rev().max_by_key(|way| count(way));
        let most = most.copied().unwrap_or(self.strategies[0]);
        write!(f, "{most}")?;
        for operation in Operation::ALL {
            let strategy = self.strategy(operation);
            if strategy != most {
                write!(f, " {}={strategy}", operation.name())?;
            }
        }
        if self.fencing { Ok(()) } else { f.write_str(" fencing=false") }
    }
}
