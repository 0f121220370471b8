//! What was observed: for whoever watches the test, and as a file for the table of strategies.

use crate::audit::Harm;
use crate::cells::Cell;
use crate::house::{SEATS, TICKETS};
use admitone_app::strategy::Class;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// What some runs of a cell came to.
pub(crate) struct Observed {
    pub(crate) cell: Cell,
    pub(crate) runs: u64,
    pub(crate) harm: Harm,
}

impl Observed {
    pub(crate) fn of(cell: Cell) -> Self {
        Self { cell, runs: 0, harm: Harm::default() }
    }

    pub(crate) fn add(&mut self, found: Harm) {
        self.runs += 1;
        self.harm.add(found);
    }

    /// What differs from what is computed.
    pub(crate) fn surprise(&self) -> Option<String> {
        let Self { cell, runs, harm } = self;
        let differs = |class: Class, expected: bool| (harm.of(class) > 0) != expected;
        let found = cell.harmful().into_iter().find(|(class, is)| differs(*class, *is));
        if let Some((class, expected)) = found {
            let expected = if expected { "harm" } else { "no harm" };
            let class = class.name();
            return Some(format!(
                "{} with {} instances: {expected} to the {class} was expected in {runs} runs, found {harm:?}",
                cell.map, cell.instances,
            ));
        }
        // What was taken and what it was taken for are rows of the stock, but for the entries, and those only grow.
        let is_stock_harmed = cell.harmful().contains(&(Class::Stock, true));
        if !is_stock_harmed && harm.mispaid > 0 {
            return Some(format!("{}: {} paid another sum", cell.map, harm.mispaid));
        }
        let is_safe = cell.harmful().iter().all(|(_, is_harmful)| !is_harmful);
        let most = runs * u64::from(SEATS + TICKETS);
        let is_sold_out = harm.sold == most;
        (is_safe && !is_sold_out)
            .then(|| format!("{}: sold {} of {most}: safe, and of no use", cell.map, harm.sold))
    }
}

/// A table for people.
pub(crate) fn table(all: &[Observed]) -> String {
    let mut text = format!(
        "{:<70} {:>9} {:>16} {:>5} {:>9} {:>6} {:>6} {:>8} {:>8}\n",
        "map", "instances", "computed", "runs", "oversold", "stock", "absurd", "wallets", "mispaid"
    );
    for Observed { cell, runs, harm } in all {
        let computed = cell.map.safety().to_string();
        let _ = writeln!(
            text,
            "{:<70} {:>9} {computed:>16} {runs:>5} {:>9} {:>6} {:>6} {:>8} {:>8}",
            cell.map.to_string(),
            cell.instances,
            harm.oversold,
            harm.stock_lost,
            harm.contradictions,
            harm.wallet_lost,
            harm.mispaid
        );
    }
    text
}

/// Writes the file that the table of strategies is made from.
pub(crate) fn write(all: &[Observed]) {
    let cells: Vec<String> = all
        .iter()
        .map(|Observed { cell, runs, harm }| {
            let line = json!({
                "map": cell.map.to_string(),
                "instances": cell.instances,
                "runs": runs,
                "oversold": harm.oversold,
                "stock_lost": harm.stock_lost,
                "contradictions": harm.contradictions,
                "wallet_lost": harm.wallet_lost,
                "mispaid": harm.mispaid,
            });
            format!("  {line}")
        })
        .collect();
    // A line each, so that a difference shows which cells differ.
    let text = format!("[\n{}\n]\n", cells.join(",\n"));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    std::fs::write(docs.join("strategies.observed.json"), text).unwrap();
}
