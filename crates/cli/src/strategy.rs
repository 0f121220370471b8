//! Which maps of strategies a store takes, and which of them a house sells with.

use crate::config::{Address, Configuration};
use crate::exit::{Failed, failed};
use admitone_app::ports::store::Mode;
use admitone_app::strategy::{DeliveryKind, LockKind, Strategy, StrategyMap};

/// The only strategy of the embedded store: `single-writer`.
const EMBEDDED: Strategy = Strategy::new(DeliveryKind::Channel, LockKind::None, Mode::Plain);

/// What shared stores have where nobody says otherwise: `batched`.
const SHARED: Strategy = Strategy::new(DeliveryKind::Channel, LockKind::None, Mode::Conditional);

/// The map that is configured, or what fits the store if none is; refuses what the store cannot
/// take.
pub(crate) fn of(configuration: &Configuration) -> Result<StrategyMap, Failed> {
    let map = configuration.strategy.map.clone();
    match configuration.address()? {
        Address::Sqlite(_) => on_embedded_store(map),
        Address::Postgres(_) | Address::Mysql(_) => {
            Ok(map.unwrap_or_else(|| StrategyMap::all(SHARED)))
        }
    }
}

/// The same; who only looks settles nothing, and no lock and no broker has to be there for that. What is
/// configured is refused all the same where the store cannot take it.
pub(crate) fn of_purpose(
    configuration: &Configuration,
    only_looks: bool,
) -> Result<StrategyMap, Failed> {
    let map = of(configuration)?;
    if !only_looks {
        return Ok(map);
    }
    Ok(StrategyMap::all(match configuration.address()? {
        Address::Sqlite(_) => EMBEDDED,
        Address::Postgres(_) | Address::Mysql(_) => SHARED,
    }))
}

/// The embedded store has one writer and one transaction at a time, so no other strategy would be
/// what its name says.
fn on_embedded_store(map: Option<StrategyMap>) -> Result<StrategyMap, Failed> {
    let own = StrategyMap::all(EMBEDDED);
    match map {
        Some(map) if map != own => {
            let why = format!(
                "the embedded store has one writer, and `{EMBEDDED}` is the only strategy that \
                 it takes; others need a store that instances share"
            );
            Err(refused(&map, why))
        }
        Some(_) | None => Ok(own),
    }
}

/// Refuses a map with which a house would oversell or lose money, unless that is wanted.
pub(crate) fn must_be_safe(configuration: &Configuration, is_wanted: bool) -> Result<(), Failed> {
    let map = of(configuration)?;
    let Err(reason) = map.clone().safe() else { return Ok(()) };
    if is_wanted {
        tracing::warn!(%map, %reason, "selling with an unsafe map, as was asked");
        return Ok(());
    }
    let advice = "docs/strategies.md lists safe ones, and --allow-unsafe sells all the same";
    Err(refused(&map, format!("{reason}; {advice}")))
}

fn refused(map: &StrategyMap, why: String) -> Failed {
    failed(&format!("the strategy `{map}`"))(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::strategy::NAMED;

    fn with(store: &str, map: &str) -> Configuration {
        let text = format!("store = \"{store}\"\n[strategy]\nmap = \"{map}\"");
        Configuration::parse(&text).unwrap()
    }

    #[test]
    fn the_embedded_store_takes_its_one_strategy_and_says_so_to_the_others() {
        assert!(of(&with("", "single-writer")).is_ok());
        for named in NAMED.iter().filter(|named| named.strategy != EMBEDDED) {
            let said = of(&with("sqlite:here", named.name)).unwrap_err().to_string();
            assert!(said.contains(named.name) && said.contains("`single-writer` is"), "{said}");
        }
        assert!(of(&with("", "single-writer charge=unsafe")).is_err());
    }

    #[test]
    fn where_nobody_says_otherwise_each_store_has_its_own() {
        assert_eq!(of(&with("", "")).unwrap().to_string(), "single-writer");
        for store in ["postgres://h/d", "mysql://h/d"] {
            assert_eq!(of(&with(store, "")).unwrap().to_string(), "batched");
            assert_eq!(of(&with(store, "optimistic")).unwrap().to_string(), "optimistic");
        }
    }

    #[test]
    fn an_unsafe_map_is_refused_with_the_reason_unless_it_is_wanted() {
        let map = with("postgres://h/d", "batched charge=unsafe");
        let said = must_be_safe(&map, false).unwrap_err().to_string();
        assert!(said.contains("charge is plain") && said.contains("--allow-unsafe"), "{said}");
        assert!(must_be_safe(&map, true).is_ok());
        for safe in ["", "optimistic", "double-lock", "single-writer", "redlock", "serializable"] {
            assert!(must_be_safe(&with("mysql://h/d", safe), false).is_ok(), "{safe}");
        }
        assert!(must_be_safe(&with("", ""), false).is_ok());
    }
}
