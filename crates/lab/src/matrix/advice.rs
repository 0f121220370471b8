//! What to choose, by what was measured in all workloads of a matrix: one rule for each situation.
//!
//! A strategy is only advised if it has a rank in every workload that the rule looks at: if the audit
//! found nothing, and nothing is known against it.

use super::choose::Needs;
use super::standing::{Standing, columns, median, row, standings, throughput};
use super::words::none_of;
use super::{Matrix, Measured, Table};
use crate::reports::undecided;
use crate::reports::{maybe, number, number_of};
use std::iter;

/// A situation, what R0 chose in it, and what was best in it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    /// The situation.
    pub(super) when: &'static str,
    /// What the choice table of R0 says, if it has the situation.
    pub(super) elsewhere: &'static str,
    /// The strategy.
    pub(super) strategy: String,
    /// The figures that say so.
    pub(super) because: String,
}

/// What is looked at: the matrix, with its greatest number of instances.
struct Looking<'a> {
    matrix: &'a Matrix,
    instances: usize,
    /// Of so many instances on the shared store, the best first.
    many: Vec<Standing>,
}

/// A situation, what R0 chose in it, and what finds a strategy with the reason.
type Rule = (&'static str, &'static str, fn(&Looking<'_>) -> Option<(String, String)>);

const RULES: [Rule; 9] = [
    ("one machine, and nothing to operate beside it", "", embedded),
    ("several instances and a database that they share", "", on_the_store),
    ("strong consistency", "pessimistic lock", consistent),
    ("conflicts are rare", "optimistic lock", rare),
    ("everybody wants the same", "", hot),
    ("volume", "job queue", volume),
    ("a lock across nodes", "Redlock", across),
    ("order must hold across nodes", "RabbitMQ with a lock in Redis", ordered),
    ("nobody may wait long", "", patient),
];

/// What to choose.
pub(super) fn advice(matrix: &Matrix) -> Vec<Advice> {
    let Some(instances) = columns(matrix).last().copied() else { return Vec::new() };
    let mut many = standings(matrix, instances);
    many.retain(|one| !one.is_embedded);
    let looking = Looking { matrix, instances, many };
    let rules = RULES.iter().filter_map(|(when, elsewhere, rule)| {
        let (strategy, because) = rule(&looking)?;
        Some(Advice { when, elsewhere, strategy, because })
    });
    rules.collect()
}

/// A share as people read it.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

impl Looking<'_> {
    /// The best over all workloads, of those that are meant.
    fn best(&self, is_meant: impl Fn(&Standing) -> bool) -> Option<(&Standing, f64)> {
        // They are sorted already.
        self.many.iter().filter(|one| is_meant(one)).find_map(|one| Some((one, one.overall?)))
    }

    /// The one of a strategy with the greatest figure.
    fn most(&self, of: impl Fn(&Standing) -> Option<f64>) -> Option<(&Standing, f64)> {
        let with = self.many.iter().filter_map(|one| Some((one, of(one)?)));
        with.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// What a strategy came to in a table.
    fn result<'a>(&self, table: &'a Table, strategy: &str) -> Option<&'a Measured> {
        row(table, strategy, (self.instances, false))?.ranked()
    }

    /// That nothing was found in what was audited of these strategies, in all workloads.
    fn nothing_found<'a>(&self, strategies: impl Iterator<Item = &'a str>) -> String {
        let (mut commands, mut given_up) = (0, 0);
        for strategy in strategies {
            let tables = self.matrix.tables.iter();
            for result in tables.filter_map(|table| self.result(table, strategy)) {
                commands += result.commands;
                given_up += result.undecided;
            }
        }
        none_of(commands) + &undecided(given_up)
    }

    /// How another one stands, to be said behind the best.
    fn beside(&self, strategy: &str, best: &Standing) -> String {
        if strategy == best.strategy {
            return String::new();
        }
        let named = self.many.iter().find(|one| one.strategy == strategy);
        match named.and_then(|one| one.overall) {
            Some(share) => format!("; `{strategy}` did {}", percent(share)),
            None => format!("; `{strategy}` has no rank in every workload here"),
        }
    }
}

/// Workloads that are sent as fast as they are answered: what counts is a rate.
fn is_closed(table: &Table) -> bool {
    let first = table.rows.iter().find_map(|row| row.ranked()?.last());
    first.is_some_and(|act| !act.is_given)
}

/// The figure that counts of what a strategy came to.
fn figure(result: &Measured) -> Option<String> {
    let act = result.last()?;
    Some(if act.is_given {
        format!("p99 {} ms, {} failed", maybe(median(act.p99_ms)), number_of(act.failed))
    } else {
        format!("{} a second", number(throughput(result)))
    })
}

fn embedded(looking: &Looking<'_>) -> Option<(String, String)> {
    let stands = standings(looking.matrix, 1);
    let own = stands.iter().find(|one| one.is_embedded && one.overall.is_some())?;
    let figures = looking.matrix.tables.iter().filter_map(|table| {
        let result = row(table, &own.strategy, (1, true))?.ranked()?;
        Some(format!("`{}` {}", table.workload, figure(result)?))
    });
    let figures: Vec<String> = figures.collect();
    Some((format!("`{}` on the embedded store", own.strategy), figures.join("; ")))
}

fn on_the_store(looking: &Looking<'_>) -> Option<(String, String)> {
    let (best, share) = looking.best(|one| one.needs() == Needs::Store)?;
    let because = format!(
        "{} of the best over all workloads; {}",
        percent(share),
        looking.nothing_found(iter::once(&*best.strategy))
    );
    Some((best.named(), because))
}

fn consistent(looking: &Looking<'_>) -> Option<(String, String)> {
    let (best, share) = looking.best(|_| true)?;
    let ranked = || looking.many.iter().filter(|one| one.overall.is_some());
    let because = format!(
        "all {} that have a rank in every workload have it: {}; this one did {}{}",
        ranked().count(),
        looking.nothing_found(ranked().map(|one| &*one.strategy)),
        percent(share),
        looking.beside("pessimistic", best)
    );
    Some((best.named(), because))
}

fn rare(looking: &Looking<'_>) -> Option<(String, String)> {
    let table = looking.matrix.tables.iter().find(|table| !table.is_contended)?;
    let is_meant = |row: &&super::Row| {
        row.cell.instances == looking.instances && !row.cell.is_embedded && row.ranked().is_some()
    };
    // Rows are ranked already.
    let best = &table.rows.iter().find(is_meant)?.cell.strategy;
    let of = |strategy: &str| {
        let result = looking.result(table, strategy)?;
        Some(format!("`{strategy}` {}", figure(result)?))
    };
    let other = Some("optimistic").filter(|other| other != best).and_then(of);
    let figures: Vec<String> = of(best).into_iter().chain(other).collect();
    Some((format!("`{best}`"), format!("in `{}`: {}", table.workload, figures.join("; "))))
}

fn hot(looking: &Looking<'_>) -> Option<(String, String)> {
    let is_hot = |table: &Table| table.is_contended && is_closed(table);
    let (best, share) = looking.most(|one| one.over(|at| is_hot(&looking.matrix.tables[at])))?;
    let tables = looking.matrix.tables.iter().filter(|table| is_hot(table));
    let figures = tables.filter_map(|table| {
        let result = looking.result(table, &best.strategy)?;
        Some(format!("`{}` {}", table.workload, figure(result)?))
    });
    let figures: Vec<String> = figures.collect();
    Some((best.named(), format!("{} of the best: {}", percent(share), figures.join("; "))))
}

fn volume(looking: &Looking<'_>) -> Option<(String, String)> {
    let table = looking.matrix.tables.iter().find(|table| table.workload == "overbook")?;
    let (best, _) = looking.most(|one| looking.result(table, &one.strategy).map(throughput))?;
    let of = |strategy: &str| {
        let result = looking.result(table, strategy)?;
        Some(format!("`{strategy}` {}", figure(result)?))
    };
    let other = Some("job-queue").filter(|other| *other != best.strategy).and_then(of);
    let figures: Vec<String> = of(&best.strategy).into_iter().chain(other).collect();
    Some((best.named(), format!("in `overbook`: {}", figures.join("; "))))
}

fn across(looking: &Looking<'_>) -> Option<(String, String)> {
    let (best, share) = looking.best(|one| one.needs() == Needs::Redis)?;
    let without = looking.best(|one| one.needs() == Needs::Store).map(|(store, share)| {
        format!("; without Redis `{}` did {}", store.strategy, percent(share))
    });
    let because = format!(
        "of those that pass Redis it did most, {} of the best{}{}",
        percent(share),
        looking.beside("redlock", best),
        without.unwrap_or_default()
    );
    Some((best.named(), because))
}

fn ordered(looking: &Looking<'_>) -> Option<(String, String)> {
    let (best, share) = looking.best(|one| one.needs() == Needs::Broker)?;
    let because = format!(
        "of those whose commands come by a broker it did most, {} of the best{}",
        percent(share),
        looking.beside("rabbitmq-lock", best)
    );
    Some((best.named(), because))
}

fn patient(looking: &Looking<'_>) -> Option<(String, String)> {
    let longest = |one: &Standing| {
        let each = looking.matrix.tables.iter().map(|table| {
            let act = looking.result(table, &one.strategy)?.last()?;
            median(act.longest_ms).filter(|_| act.failed == 0)
        });
        let each: Option<Vec<f64>> = each.collect();
        Some(each?.into_iter().fold(0.0, f64::max))
    };
    let (best, least) = looking.most(|one| longest(one).map(|ms| -ms))?;
    let ms = number(-least);
    let because = format!("its longest answer in any workload took {ms} ms, and nothing failed");
    Some((best.named(), because))
}

impl Standing {
    /// Its strategy as a page shows it.
    fn named(&self) -> String {
        format!("`{}`", self.strategy)
    }
}
