//! The map: which operation goes which way.

use super::{Class, Judgement, NoStrategy, Operation, Safety, Strategy, safety};
use crate::ports::store::Mode;
use std::fmt;
use std::str::FromStr;

/// A strategy for every operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyMap {
    /// In the order of [`Operation::ALL`].
    strategies: [Strategy; Operation::ALL.len()],
    /// Whether tokens are demanded of locks outside the process and of lanes.
    pub fencing: bool,
    /// Whether what writes stock and wallet is taken apart where it would cross lanes.
    pub parting: bool,
}

impl StrategyMap {
    /// One strategy for everything, with fencing, and nothing crosses lanes.
    pub fn all(strategy: Strategy) -> Self {
        let strategies = [strategy; Operation::ALL.len()];
        Self { strategies, fencing: true, parting: true }
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

    /// Whether an operation that writes stock and wallet does so in parts, each by its own lane.
    pub fn parts(&self, operation: Operation) -> bool {
        let writes_both = Class::ALL.into_iter().all(|class| operation.writes(class));
        self.parting && writes_both && self.strategy(operation).crosses_lanes()
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

    /// The map, if it is safe at least as long as one process does it all.
    pub fn safe(self) -> Result<Self, UnsafeMap> {
        let judged = self.judge().into_iter();
        let unsafe_ones: Vec<Judgement> =
            judged.filter(|judged| judged.safety == Safety::Unsafe).collect();
        if unsafe_ones.is_empty() { Ok(self) } else { Err(UnsafeMap(unsafe_ones)) }
    }

    /// Whether something in it relies on what others do: only a mode that checks what it writes
    /// over is right beside whatever they do.
    pub fn relies_on_others(&self) -> bool {
        self.strategies().iter().any(|way| matches!(way.mode, Mode::Plain | Mode::Serializable))
    }

    /// Whether it is safe as a whole.
    pub fn safety(&self) -> Safety {
        self.judge().into_iter().map(|judged| judged.safety).max().unwrap_or(Safety::Unsafe)
    }
}

/// What leaves a protection off.
const FENCING: &str = "fencing=false";
const PARTING: &str = "parting=false";

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
        for (is_on, name) in [(self.fencing, FENCING), (self.parting, PARTING)] {
            if !is_on {
                write!(f, " {name}")?;
            }
        }
        Ok(())
    }
}

/// What cannot be read as a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMap {
    /// A strategy that is none.
    #[error(transparent)]
    Strategy(#[from] NoStrategy),
    /// Something else than `OPERATION=STRATEGY`.
    #[error(
        "`{0}` is neither `{FENCING}`, `{PARTING}` nor OPERATION=STRATEGY, where the operations are \
         {names}",
        names = Operation::ALL.map(Operation::name).join(", ")
    )]
    Operation(String),
}

/// Reads what it writes: a strategy for everything, then what goes another way, such as
/// `batched pay=pessimistic charge=pubsub-lock`.
impl FromStr for StrategyMap {
    type Err = NoMap;

    fn from_str(text: &str) -> Result<Self, NoMap> {
        let mut words = text.split_whitespace();
        let mut map = Self::all(words.next().unwrap_or_default().parse()?);
        for word in words {
            if word == FENCING || word == PARTING {
                map.fencing &= word != FENCING;
                map.parting &= word != PARTING;
                continue;
            }
            let known = word.split_once('=').and_then(|(name, way)| {
                let found = Operation::ALL.into_iter().find(|one| one.name() == name);
                found.map(|operation| (operation, way))
            });
            let (operation, way) = known.ok_or_else(|| NoMap::Operation(word.to_owned()))?;
            map = map.with(operation, way.parse()?);
        }
        Ok(map)
    }
}

/// A map that is not safe, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsafeMap(pub Vec<Judgement>);

impl fmt::Display for UnsafeMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Judgement { class, reason, .. }) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}the {} is unsafe because {reason}", class.name())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnsafeMap {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> StrategyMap {
        text.parse().unwrap()
    }

    #[test]
    fn a_map_is_read_back_as_it_is_written() {
        for text in [
            "batched",
            "redlock@show pay=double-lock@show",
            "batched hold=pessimistic charge=direct/mutex/optimistic fencing=false",
            "kafka parting=false",
            "kafka pay=optimistic fencing=false parting=false",
        ] {
            assert_eq!(read(text).to_string(), text);
        }
        let most = read("unsafe");
        let turned = Operation::ALL.into_iter().skip(1);
        let turned = turned.fold(most, |map, one| map.with(one, "batched".parse().unwrap()));
        assert_eq!(turned.to_string(), "batched hold=unsafe");
    }

    #[test]
    fn what_is_no_map_is_refused_with_what_would_be_one() {
        let said = |text: &str| text.parse::<StrategyMap>().unwrap_err().to_string();
        assert!(said("").contains("single-writer"));
        assert!(said("batched pay").contains("OPERATION=STRATEGY"));
        assert!(said("batched buy=unsafe").contains("hold, extend, release"));
        assert!(said("batched pay=best").contains("`best` is no strategy"));
    }

    #[test]
    fn an_unsafe_map_is_refused_with_its_reason() {
        let said = read("optimistic use=unsafe").safe().unwrap_err().to_string();
        assert!(said.starts_with("the wallet is unsafe because use is plain"), "{said}");
        assert!(read("optimistic use=conditional").safe().is_ok());
        assert!(read("single-writer").safe().is_ok());
    }
}
