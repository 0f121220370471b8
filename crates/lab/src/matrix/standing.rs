//! How the strategies stand over all workloads of a matrix.

use super::choose::{Needs, needs};
use super::{Matrix, Measured, Row, Table};
use crate::figures::{Spread, real};

/// Nothing done at all would make a geometric mean of everything nothing.
const LEAST: f64 = 1e-3;

/// How a strategy with so many instances stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    pub(super) strategy: String,
    pub(super) is_embedded: bool,
    /// In each table, what it did of the best; nothing where it was not run or has no rank.
    pub(super) shares: Vec<Option<f64>>,
    /// The geometric mean of them, if it has a rank everywhere.
    pub(super) overall: Option<f64>,
}

impl Standing {
    /// What it needs besides the store.
    pub(super) fn needs(&self) -> Needs {
        needs(&self.strategy)
    }

    /// The geometric mean over some of the tables, if it has a rank in all of them.
    pub(super) fn over(&self, is_meant: impl Fn(usize) -> bool) -> Option<f64> {
        let meant = (0..self.shares.len()).filter(|at| is_meant(*at));
        let shares: Option<Vec<f64>> = meant.map(|at| self.shares[at]).collect();
        let shares = shares.filter(|shares| !shares.is_empty())?;
        let sum: f64 = shares.iter().map(|share| share.max(LEAST).ln()).sum();
        Some((sum / real(u64::try_from(shares.len()).ok()?)).exp())
    }
}

/// All strategies with so many instances, the best first; those without a rank everywhere last.
pub(super) fn standings(matrix: &Matrix, instances: usize) -> Vec<Standing> {
    let mut found: Vec<Standing> = Vec::new();
    let rows = matrix.tables.iter().flat_map(|table| &table.rows);
    for cell in rows.map(|row| &row.cell).filter(|cell| cell.instances == instances) {
        let is_it =
            |one: &Standing| one.strategy == cell.strategy && one.is_embedded == cell.is_embedded;
        if found.iter().any(is_it) {
            continue;
        }
        let tables = matrix.tables.iter();
        let shares = tables.map(|table| {
            share(table, instances, row(table, &cell.strategy, (instances, cell.is_embedded))?)
        });
        let mut standing = Standing {
            strategy: cell.strategy.clone(),
            is_embedded: cell.is_embedded,
            shares: shares.collect(),
            overall: None,
        };
        standing.overall = standing.over(|_| true);
        found.push(standing);
    }
    let rank = |one: &Standing| one.overall.unwrap_or(-1.0);
    found.sort_by(|one, other| {
        rank(other).total_cmp(&rank(one)).then_with(|| one.strategy.cmp(&other.strategy))
    });
    found
}

/// The row of a strategy with so many instances.
pub(super) fn row<'a>(
    table: &'a Table,
    strategy: &str,
    (instances, is_embedded): (usize, bool),
) -> Option<&'a Row> {
    table.rows.iter().find(|row| {
        let cell = &row.cell;
        cell.strategy == strategy && cell.instances == instances && cell.is_embedded == is_embedded
    })
}

/// What a row did of the best on the shared store with as many instances. That is so where requests
/// come at a rate too: of what is only answered when no more come nobody was kept up with.
fn share(table: &Table, instances: usize, row: &Row) -> Option<f64> {
    let result = row.ranked()?;
    let is_alike = |row: &&Row| row.cell.instances == instances && !row.cell.is_embedded;
    let alike = table.rows.iter().filter(is_alike);
    let best = alike.filter_map(|row| row.ranked().map(throughput)).fold(0.0, f64::max);
    Some(if best > 0.0 { throughput(result) / best } else { 1.0 })
}

/// Audited outcomes a second of the act that is ranked by.
pub(super) fn throughput(result: &Measured) -> f64 {
    median(result.last().and_then(|act| act.throughput)).unwrap_or(0.0)
}

/// The middle of a figure over runs.
pub(super) fn median(spread: Option<Spread>) -> Option<f64> {
    spread.map(|spread| spread.median)
}

/// The numbers of instances that a matrix has, the smallest first.
pub(super) fn columns(matrix: &Matrix) -> Vec<usize> {
    let rows = matrix.tables.iter().flat_map(|table| &table.rows);
    let mut counts: Vec<usize> = rows.map(|row| row.cell.instances).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}
