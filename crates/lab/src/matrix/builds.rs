//! Which build of the program each cell is of.

use super::{Matrix, Row};
use std::collections::BTreeMap;

/// A line for each build, that of most cells last; none where all cells are of one.
pub(super) fn lines(matrix: &Matrix) -> Vec<String> {
    let mut builds = builds(matrix);
    let Some((most, _)) = builds.pop_if(|_| true).filter(|_| !builds.is_empty()) else {
        return Vec::new();
    };
    let line = |(build, cells): (&str, Vec<String>)| format!("of {build}: {}", cells.join("; "));
    let last = format!("of {most}: all other cells");
    builds.into_iter().map(line).chain([last]).collect()
}

/// Which builds, and of each how many cells, to be said behind another sentence; nothing where no cell
/// was run.
pub(super) fn told(matrix: &Matrix) -> String {
    match &*builds(matrix) {
        [] => String::new(),
        [(one, _)] => format!(" All of them are of {one}."),
        several => {
            let each = several.iter().map(|(build, cells)| format!("{} of {build}", cells.len()));
            let each: Vec<String> = each.collect();
            format!(" Not all are of the same build of the program: {}.", each.join(", "))
        }
    }
}

/// The builds with their cells, that of most cells last.
fn builds(matrix: &Matrix) -> Vec<(&str, Vec<String>)> {
    let mut cells: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for table in &matrix.tables {
        for row in table.rows.iter().filter(|row| row.result.is_some()) {
            let named = format!("`{}` {}", table.workload, row.cell);
            cells.entry(of(row)).or_default().push(named);
        }
    }
    let mut builds: Vec<(&str, Vec<String>)> = cells.into_iter().collect();
    builds.sort_by_key(|(_, cells)| cells.len());
    builds
}

fn of(row: &Row) -> &str {
    row.build.as_deref().unwrap_or("a build that was not written down")
}
