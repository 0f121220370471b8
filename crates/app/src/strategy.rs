//! Strategies: points in the space of delivery, lock and transaction mode, by name or by axes, and
//! the map that says which operation goes which way.
//!
//! Whether a map is safe is computed here ([`StrategyMap::judge`]), with the reason as text; the
//! matrix test holds the computation against what happens.

mod axes;
mod map;
mod named;
mod operation;
mod safety;

pub use axes::{DeliveryKind, LockKind, Reach};
pub use map::{NoMap, StrategyMap, UnsafeMap};
pub use named::{NAMED, Named};
pub use operation::{Class, Operation};
pub use safety::{Judgement, Safety};

use crate::lock::LockScope;
use crate::ports::store::Mode;
use std::fmt;
use std::str::FromStr;

/// One way for commands from whoever wants them to the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Strategy {
    /// How they come to where they are settled.
    pub delivery: DeliveryKind,
    /// What is held around the transaction.
    pub lock: LockKind,
    /// What one key of the lock covers; the default where there is no lock.
    pub scope: LockScope,
    /// How the transaction protects itself.
    pub mode: Mode,
}

impl Strategy {
    /// From the three axes, every row locked by itself.
    pub const fn new(delivery: DeliveryKind, lock: LockKind, mode: Mode) -> Self {
        Self { delivery, lock, scope: LockScope::Seat, mode }
    }

    /// The same with another scope of its lock; without a lock there is none.
    #[must_use]
    pub fn scoped(self, scope: LockScope) -> Self {
        if self.lock == LockKind::None { self } else { Self { scope, ..self } }
    }

    /// Whether one command of it may not write stock and wallet at once: its lanes cover one of
    /// them each, and nothing else protects it.
    pub fn crosses_lanes(self) -> bool {
        let has_lanes = self.delivery.lane() == Reach::Everywhere;
        has_lanes && self.mode == Mode::Plain && self.lock.reach() != Reach::Everywhere
    }

    /// Its three axes, such as `direct/mutex/plain`.
    pub fn axes(self) -> String {
        format!("{}/{}/{}", self.delivery.name(), self.lock.name(), self.mode.name())
    }
}

/// Its name if it has one, else its axes; behind `@` the scope of its lock if it is not `seat`.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unscoped = Self { scope: LockScope::default(), ..*self };
        match NAMED.iter().find(|named| named.strategy == unscoped) {
            Some(named) => f.write_str(named.name)?,
            None => f.write_str(&self.axes())?,
        }
        if self.scope == LockScope::default() { Ok(()) } else { write!(f, "@{}", self.scope) }
    }
}

/// What is no strategy, and what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no strategy: name one of {names}, or DELIVERY/LOCK/MODE such as `direct/mutex/plain`, \
     either with `@seat`, `@show` or `@wallet` behind it if it has a lock",
    names = named::names()
)]
pub struct NoStrategy(String);

impl FromStr for Strategy {
    type Err = NoStrategy;

    fn from_str(text: &str) -> Result<Self, NoStrategy> {
        parse(text).ok_or_else(|| NoStrategy(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Strategy> {
    let (way, scope) = match text.split_once('@') {
        Some((way, scope)) => (way, Some(scope)),
        None => (text, None),
    };
    let named = NAMED.iter().find(|named| named.name == way);
    let strategy = match named {
        Some(named) => named.strategy,
        None => of_axes(way)?,
    };
    let Some(scope) = scope else { return Some(strategy) };
    let scope = LockScope::ALL.into_iter().find(|known| known.name() == scope)?;
    (strategy.lock != LockKind::None).then(|| strategy.scoped(scope))
}

fn of_axes(text: &str) -> Option<Strategy> {
    let [delivery, lock, mode] = text.split('/').collect::<Vec<_>>().try_into().ok()?;
    let delivery = DeliveryKind::ALL.into_iter().find(|known| known.name() == delivery)?;
    let lock = LockKind::ALL.into_iter().find(|known| known.name() == lock)?;
    let mode = Mode::ALL.into_iter().find(|known| known.name() == mode)?;
    Some(Strategy::new(delivery, lock, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_read_back_as_it_is_written() {
        for delivery in DeliveryKind::ALL {
            for lock in LockKind::ALL {
                for mode in Mode::ALL {
                    check_text(Strategy::new(delivery, lock, mode));
                }
            }
        }
    }

    fn check_text(strategy: Strategy) {
        for scope in LockScope::ALL {
            let strategy = strategy.scoped(scope);
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
            let read = of_axes(&strategy.axes()).map(|read| read.scoped(scope));
            assert_eq!(read, Some(strategy));
        }
    }

    #[test]
    fn the_axes_of_a_name_are_the_name() {
        let strategy: Strategy = "direct/redlock/pessimistic@show".parse().unwrap();
        assert_eq!(strategy.to_string(), "double-lock@show");
    }

    #[test]
    fn what_is_no_strategy_is_refused_with_what_would_be_one() {
        for text in ["", "safe", "direct/none", "direct/none/plain/x", "redlock@row", "unsafe@show"]
        {
            let said = text.parse::<Strategy>().unwrap_err().to_string();
            assert!(
                said.contains("single-writer") && said.contains("direct/mutex/plain"),
                "{said}"
            );
        }
    }
}
