//! `admitone strategies`: the table of strategies, with what the matrix test observed.

use crate::exit::{Exit, Failed, failed};
use crate::voice;
use admitone_app::strategy::{NAMED, Named, Safety, StrategyMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Write;
use std::path::Path;

/// What the matrix test writes down of a cell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    map: String,
    instances: u32,
    runs: u64,
    oversold: u64,
    stock_lost: u64,
    contradictions: u64,
    wallet_lost: u64,
    mispaid: u64,
}

/// What the matrix test writes down of a cell on a real service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Served {
    store: String,
    map: String,
    instances: u32,
    runs: u64,
    seats_twice: u64,
    money_gone: i64,
    found: bool,
}

const HEAD: &str = "# The strategies

Made from the program by `cargo xtask generate`; what was observed, by the last `cargo xtask test
--long`.

A strategy says how a command travels (*delivery*), what is held around its transaction (*lock*) and
how the transaction protects itself (*mode*). A configuration maps operations to strategies; what is
safe is the map. Stock and wallets are judged each over everything that writes them:

- *safe*: with any number of instances;
- *safe only alone*: as long as one process does all of it;
- *unsafe*: it can oversell or lose money.

Written down, a map is a strategy and what goes another way: `batched pay=pessimistic`. A strategy is a
name of the first table or its three axes, `direct/mutex/plain`; behind `@` stands what a key of its
lock covers, a `seat` (that is every row by itself, and the default), a `show` or a `wallet`. Payments
from a wallet, and what gives back, are taken apart where they would cross lanes; `parting=false` behind
a map leaves that off, and `fencing=false` the tokens of locks and lanes.

## By name

Each of them for every operation.

| name | delivery / lock / mode | safe | because | observed |
| --- | --- | --- | --- | --- |
";

const MATRIX: &str = "
## The matrix

Each cell sells a show of 6 seats and 8 tickets to 48 buyers at once, who pay while an operator
changes prices and money comes into their wallets, and moves money in one wallet; on the in-memory
store, slowed between load and save, without guards. Two instances share the store and nothing else,
and what carries commands where they travel. A run is audited by counting: items given to more buyers
than there are, rows that do not say what was sold, commands that met impossible counts, wallets that
are not the sum of their entries or gave another sum for tickets than those cost.

| map | instances | computed | because | observed |
| --- | --- | --- | --- | --- |
";

const SERVICES: &str = "
## On real services

The same with processes: `admitone serve` on a PostgreSQL and on a MariaDB without guards, each save
slowed, with five nodes of Redis beside it. Eight buyers at once want the same three seats, and charge
one wallet; where commands come by lanes, who got a seat pays for it while money comes into the same
wallet. Counted are seats that were held by more than one, money that was charged and is not
there, and whether `admitone verify` finds something. The harm of an unsafe cell is that of the last of
its runs. A run writes down the cells that it had; with `--long` it has all of them.

| map | on | instances | computed | observed |
| --- | --- | --- | --- | --- |
";

pub(crate) fn run(observed: &Path, services: &Path) -> Result<Exit, Failed> {
    voice::text(&document(&read::<Observed>(observed)?, &read::<Served>(services)?)?);
    Ok(Exit::Done)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failed> {
    let doing = format!("what was observed, {}", path.display());
    let text = std::fs::read_to_string(path).map_err(failed(&doing))?;
    serde_json::from_str(&text).map_err(failed(&doing))
}

fn document(observed: &[Observed], served: &[Served]) -> Result<String, Failed> {
    let mut text = HEAD.to_owned();
    for Named { name, strategy, meaning } in &NAMED {
        let map = StrategyMap::all(*strategy);
        let (safety, why) = (bold(map.safety()), why(&map));
        let axes = strategy.axes().replace('/', " / ");
        let seen = seen_by_name(&map, observed, served);
        writeln!(text, "| `{name}` | {axes} | {safety} | {meaning} {why} | {seen} |")?;
    }
    text += MATRIX;
    for cell in observed {
        let map: StrategyMap = cell.map.parse()?;
        let (safety, why) = (bold(map.safety()), why(&map));
        let (instances, seen) = (cell.instances, seen(cell));
        writeln!(text, "| `{}` | {instances} | {safety} | {why} | {seen} |", cell.map)?;
    }
    text += SERVICES;
    for cell in served {
        let safety = bold(cell.map.parse::<StrategyMap>()?.safety());
        let Served { map, store, instances, .. } = cell;
        let seen = seen_there(cell);
        writeln!(text, "| `{map}` | {store} | {instances} | {safety} | {seen} |")?;
    }
    Ok(text)
}

fn bold(safety: Safety) -> String {
    format!("**{safety}**")
}

/// The reason as a sentence; for each class by itself where they differ.
fn why(map: &StrategyMap) -> String {
    let judged = map.judge();
    let first = judged.first().map(|judged| judged.reason.clone()).unwrap_or_default();
    if judged.iter().all(|one| one.reason == first) {
        return sentence(&first);
    }
    let of_class = |class: &str, reason: &str| sentence(&format!("{class}: {reason}"));
    let all = judged.iter().map(|one| of_class(one.class.name(), &one.reason));
    all.collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// In memory where that can be, else on the real services.
fn seen_by_name(map: &StrategyMap, observed: &[Observed], served: &[Served]) -> String {
    let written = map.to_string();
    let mut cells: Vec<String> = observed
        .iter()
        .filter(|cell| cell.map == written)
        .map(|cell| format!("{}: {}", instances(cell.instances), seen(cell)))
        .collect();
    if cells.is_empty() {
        let there = served.iter().filter(|cell| cell.map == written);
        cells.extend(there.map(|cell| {
            format!("{}, {}: {}", cell.store, instances(cell.instances), seen_there(cell))
        }));
    }
    if cells.is_empty() { "not run on services".to_owned() } else { cells.join("; ") }
}

fn instances(count: u32) -> String {
    format!("{count} {}", if count == 1 { "instance" } else { "instances" })
}

fn seen_there(cell: &Served) -> String {
    let mut harm = Vec::new();
    if cell.seats_twice > 0 {
        harm.push(format!("{} holds of seats that were held", cell.seats_twice));
    }
    if cell.money_gone != 0 {
        harm.push(format!("{} of the money gone", cell.money_gone));
    }
    if cell.found {
        harm.push("the verifier finds it".to_owned());
    }
    let harm = if harm.is_empty() { "no harm".to_owned() } else { harm.join(", ") };
    format!("{harm} in {} {}", cell.runs, if cell.runs == 1 { "run" } else { "runs" })
}

fn seen(cell: &Observed) -> String {
    let counted = [
        (cell.oversold, "oversold"),
        (cell.stock_lost, "rows of stock wrong"),
        (cell.contradictions, "impossible counts"),
        (cell.wallet_lost, "wallets wrong"),
        (cell.mispaid, "paid another sum"),
    ];
    let harm: Vec<String> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let word = if cell.runs == 1 { "run" } else { "runs" };
    let harm = if harm.is_empty() { "no harm".to_owned() } else { harm.join(", ") };
    format!("{harm} in {} {word}", cell.runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(map: &str, instances: u32, oversold: u64) -> Observed {
        let (stock_lost, contradictions, wallet_lost, mispaid) = (0, 0, 0, 0);
        let (map, runs) = (map.to_owned(), 3);
        Observed {
            map,
            instances,
            runs,
            oversold,
            stock_lost,
            contradictions,
            wallet_lost,
            mispaid,
        }
    }

    fn there(map: &str, seats_twice: u64) -> Served {
        let (store, map) = ("MariaDB".to_owned(), map.to_owned());
        let found = seats_twice > 0;
        Served { store, map, instances: 2, runs: 1, seats_twice, money_gone: 0, found }
    }

    #[test]
    fn every_name_has_a_line_that_says_why_and_what_was_seen() {
        let observed = [cell("unsafe", 1, 7), cell("batched charge=unsafe", 2, 0)];
        let text = document(&observed, &[there("redlock", 0), there("unsafe", 2)]).unwrap();
        let line = |name: &str| {
            let begin = format!("| `{name}` |");
            text.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("{name}"))
        };
        for named in NAMED {
            let line = line(named.name);
            assert!(
                line.contains(&StrategyMap::all(named.strategy).safety().to_string()),
                "{line}"
            );
        }
        assert!(line("unsafe").contains("1 instance: 7 oversold in 3 runs"));
        assert!(line("redlock").contains("MariaDB, 2 instances: no harm in 1 run"));
        assert!(!line("unsafe").contains("MariaDB"), "the least that shows it");
        assert!(line("kafka").contains("not run on services"));
        assert!(
            text.ends_with("2 holds of seats that were held, the verifier finds it in 1 run |\n")
        );
        let mixed = line("batched charge=unsafe");
        assert!(mixed.contains("Stock: every transaction protects by itself. Wallet: charge is"));
        assert!(mixed.ends_with("no harm in 3 runs |"), "{mixed}");
    }

    #[test]
    fn a_cell_that_is_none_is_an_error() {
        assert!(document(&[cell("best", 1, 0)], &[]).is_err());
        assert!(document(&[], &[there("best", 0)]).is_err());
    }
}
