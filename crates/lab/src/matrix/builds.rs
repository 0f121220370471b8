//! Which build of the program each cell is of, where not all are of the same.

use super::{Matrix, Row};
use std::collections::BTreeMap;

/// A line for each build, that of most cells last; none where all cells are of one.
pub(super) fn lines(matrix: &Matrix) -> Vec<String> {
    let mut cells: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for table in &matrix.tables {
        for row in table.rows.iter().filter(|row| row.result.is_some()) {
            let named = format!("`{}` {}", table.workload, row.cell);
            cells.entry(of(row)).or_default().push(named);
        }
    }
    let mut builds: Vec<(&str, Vec<String>)> = cells.into_iter().collect();
    builds.sort_by_key(|(_, cells)| cells.len());
    let Some((most, _)) = builds.pop_if(|_| true).filter(|_| !builds.is_empty()) else {
        return Vec::new();
    };
    let line = |(build, cells): (&str, Vec<String>)| format!("of {build}: {}", cells.join("; "));
    let last = format!("of {most}: all other cells");
    builds.into_iter().map(line).chain([last]).collect()
}

fn of(row: &Row) -> &str {
    row.build.as_deref().unwrap_or("a build that was not written down")
}
