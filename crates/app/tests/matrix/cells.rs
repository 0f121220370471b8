//! Which maps are run, with how many instances.

use admitone_app::lock::LockScope;
use admitone_app::ports::store::Mode;
use admitone_app::strategy::{
    Class, DeliveryKind, LockKind, Operation, Safety, Strategy, StrategyMap,
};

/// The instances of a cell: one, and two on the same store.
const INSTANCES: [usize; 2] = [1, 2];

/// A map that so many instances run on one store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) map: StrategyMap,
    pub(crate) instances: usize,
    /// Whether the lane of a command is looked at once more when its rows are there.
    pub(crate) looks_again: bool,
}

impl Cell {
    /// Which classes of rows must come to harm, as it is computed.
    pub(crate) fn harmful(&self) -> Vec<(Class, bool)> {
        let judged = self.map.judge().into_iter();
        judged.map(|one| (one.class, self.is_harmful(one.safety))).collect()
    }

    fn is_harmful(&self, safety: Safety) -> bool {
        match safety {
            Safety::Safe => false,
            Safety::Alone => self.instances > 1,
            Safety::Unsafe => true,
        }
    }
}

/// Every cell that needs no service.
pub(crate) fn all() -> Vec<Cell> {
    let maps = single().into_iter().chain(mixed());
    let looks_again = true;
    maps.flat_map(|map| {
        INSTANCES.map(|instances| Cell { map: map.clone(), instances, looks_again })
    })
    .collect()
}

/// Lanes that protect, and whoever settles goes by the lane by which a command came.
pub(crate) fn looked_at_once() -> Cell {
    let map = lanes().swap_remove(0);
    Cell { map, instances: 2, looks_again: false }
}

/// One strategy for all.
fn single() -> Vec<StrategyMap> {
    let mut maps = Vec::new();
    for delivery in [DeliveryKind::Direct, DeliveryKind::Channel] {
        for lock in [LockKind::None, LockKind::Mutex, LockKind::Spin, LockKind::Simple] {
            let of_mode = |mode| StrategyMap::all(Strategy::new(delivery, lock, mode));
            maps.extend(Mode::ALL.map(of_mode));
        }
    }
    maps.extend(lanes());
    let mutex = Strategy::new(DeliveryKind::Direct, LockKind::Mutex, Mode::Plain);
    let scopes = [LockScope::Show, LockScope::Wallet];
    maps.extend(scopes.map(|scope| StrategyMap::all(mutex.scoped(scope))));
    maps
}

/// A lane for each key, in memory as a broker has them: in parts, in one step, and where the mode
/// protects.
fn lanes() -> Vec<StrategyMap> {
    let maps = ["kafka", "kafka parting=false", "kafka/mutex/plain", "kafka/none/conditional"];
    maps.map(|map| map.parse().unwrap()).to_vec()
}

/// Several strategies beside each other, some of which protect nothing from the rest.
fn mixed() -> Vec<StrategyMap> {
    use Operation::{Cancel, Charge, Hold, Operate, Pay, Refund, Use};
    let map = |first: &str, others: &[(Operation, &str)]| {
        let way = |text: &str| text.parse::<Strategy>().unwrap();
        let all = StrategyMap::all(way(first));
        others.iter().fold(all, |map, (operation, text)| map.with(*operation, way(text)))
    };
    vec![
        map("pessimistic", &[(Hold, "conditional"), (Pay, "optimistic"), (Use, "batched")]),
        map("optimistic", &[(Charge, "unsafe")]),
        map("conditional", &[(Operate, "unsafe")]),
        map("single-writer", &[(Charge, "batched")]),
        map("direct/mutex/plain", &[(Charge, "direct/spin/plain")]),
        map("direct/mutex/plain", &[(Operate, "direct/mutex/plain@show")]),
        map("direct/mutex/plain@show", &[(Pay, "direct/mutex/optimistic@show")]),
        map(
            "unsafe",
            &[
                (Pay, "direct/mutex/plain@wallet"),
                (Cancel, "direct/mutex/plain@wallet"),
                (Refund, "direct/mutex/plain@wallet"),
                (Charge, "direct/mutex/plain@wallet"),
                (Use, "direct/mutex/plain@wallet"),
            ],
        ),
    ]
}
