//! Serializability across rows: from what each transaction read and wrote, with the versions, follows
//! who came before whom; a circle of that has no order.
//!
//! Versions are numbers that grow by one with each write of a row, so nothing is guessed: who wrote
//! what is read, who wrote next. The classes are those of Adya: G0 (writes in a circle), G1a (a
//! version was read that nobody committed), G1b (one that its writer wrote over), G1c (writes and
//! reads in a circle), G-single (a circle with one read that was written over), G2-item (with
//! several); and the lost update, where two wrote the same version of a row.

mod graph;

use super::{Audited, Finding};
use graph::{Graph, Kind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Under what the versions are counted of which nobody knows whether they were committed.
pub const VERSIONS_UNDECIDED: &str = "versions undecided";

/// A transaction that was committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Its name: which instance, and which of its transactions.
    pub name: String,
    /// The rows that it read, with their versions; 0 is a row that was not there.
    pub reads: Vec<(String, u64)>,
    /// The rows that it wrote, with the versions that it made.
    pub writes: Vec<(String, u64)>,
}

/// What is known of one row: who wrote which version, and who read which.
#[derive(Default)]
struct Row {
    writers: BTreeMap<u64, Vec<usize>>,
    readers: BTreeMap<u64, Vec<usize>>,
}

/// Looks for circles. What an instance observed is in its memory, and a commit that it was not told of is
/// in no list: where not everybody was answered, a version without a writer that is known is undecided.
pub(crate) fn audit(transactions: &[Transaction], is_whole: bool, audited: &mut Audited) {
    if transactions.is_empty() {
        return;
    }
    audited.count("transactions", transactions.len());
    let mut rows: HashMap<&str, Row> = HashMap::new();
    for (at, transaction) in transactions.iter().enumerate() {
        for (row, version) in &transaction.reads {
            rows.entry(row).or_default().readers.entry(*version).or_default().push(at);
        }
        for (row, version) in &transaction.writes {
            rows.entry(row).or_default().writers.entry(*version).or_default().push(at);
        }
    }
    let name = |at: usize| transactions[at].name.clone();
    let mut graph = Graph::new(transactions.len());
    for (row, known) in &rows {
        audited.findings.extend(twice_written(row, known, name));
        if !is_whole {
            audited.count(VERSIONS_UNDECIDED, known.unwritten().count());
        }
        audited.findings.extend(wrongly_read((row, known), is_whole, name));
        known.depend(row, &mut graph);
    }
    audited.count("dependencies", graph.edges());
    for circle in graph.circles() {
        let path = circle.steps.iter().map(|(at, by)| match by {
            Some((kind, row)) => format!("{} -{} {row}", name(*at), kind.name()),
            None => name(*at),
        });
        audited
            .findings
            .push(Finding::Cycle { class: circle.class().to_owned(), path: path.collect() });
    }
}

/// Two that made the same version of a row: one of them is lost.
fn twice_written(row: &str, known: &Row, name: impl Fn(usize) -> String) -> Vec<Finding> {
    let twice = known.writers.iter().filter(|(_, writers)| writers.len() > 1);
    let finding = |(version, writers): (&u64, &Vec<usize>)| Finding::Cycle {
        class: "lost update".to_owned(),
        path: writers.iter().map(|at| format!("{} -writes {row}@{version}", name(*at))).collect(),
    };
    twice.map(finding).collect()
}

/// Versions that nobody committed, or that their writer wrote over.
fn wrongly_read(
    (row, known): (&str, &Row),
    is_whole: bool,
    name: impl Fn(usize) -> String,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (version, readers) in known.readers() {
        let class = match known.writers.get(version).and_then(|writers| writers.first()) {
            None if !is_whole => continue,
            None => "G1a",
            Some(writer) => {
                let mut later = known.writers.range(version + 1..);
                let is_over = later.any(|(_, writers)| writers.contains(writer));
                if !is_over || readers.iter().all(|reader| reader == writer) {
                    continue;
                }
                "G1b"
            }
        };
        let path = readers.iter().map(|at| format!("{} -reads {row}@{version}", name(*at)));
        findings.push(Finding::Cycle { class: class.to_owned(), path: path.collect() });
    }
    findings
}

impl Row {
    /// Who read which version: what was there before anybody looked has no writer that is known.
    fn readers(&self) -> impl Iterator<Item = (&u64, &Vec<usize>)> {
        let first = self.writers.keys().next().copied().unwrap_or(u64::MAX);
        self.readers.range(first..)
    }

    /// The versions that were read and have no writer that is known.
    fn unwritten(&self) -> impl Iterator<Item = &u64> {
        self.readers().map(|(version, _)| version).filter(|one| !self.writers.contains_key(one))
    }

    /// Says who comes before whom for this row.
    fn depend(&self, row: &str, graph: &mut Graph) {
        let mut before: Option<&Vec<usize>> = None;
        for writers in self.writers.values() {
            for (one, other) in pairs(before, writers) {
                graph.add(one, other, Kind::Writes, row);
            }
            before = Some(writers);
        }
        for (version, readers) in &self.readers {
            for (writer, reader) in pairs(self.writers.get(version), readers) {
                graph.add(writer, reader, Kind::IsRead, row);
            }
            let next = self.writers.range(version + 1..).next().map(|(_, writers)| writers);
            for (writer, reader) in pairs(next, readers) {
                graph.add(reader, writer, Kind::IsOverwritten, row);
            }
        }
    }
}

fn pairs<'a>(
    ones: Option<&'a Vec<usize>>,
    others: &'a [usize],
) -> impl Iterator<Item = (usize, usize)> + 'a {
    ones.into_iter().flatten().flat_map(move |one| others.iter().map(move |other| (*one, *other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(name: &str, reads: &[(&str, u64)], writes: &[(&str, u64)]) -> Transaction {
        let all = |some: &[(&str, u64)]| {
            some.iter().map(|(row, version)| ((*row).to_owned(), *version)).collect()
        };
        Transaction { name: name.to_owned(), reads: all(reads), writes: all(writes) }
    }

    fn classes(transactions: &[Transaction]) -> Vec<String> {
        classes_where(true, transactions).0
    }

    /// What is found, and how much is undecided.
    fn classes_where(is_whole: bool, transactions: &[Transaction]) -> (Vec<String>, u64) {
        let mut audited = Audited::default();
        audit(transactions, is_whole, &mut audited);
        let undecided = audited.counts.get(VERSIONS_UNDECIDED).copied().unwrap_or(0);
        let class = |finding: Finding| match finding {
            Finding::Cycle { class, .. } => class,
            other => panic!("{other}"),
        };
        (audited.findings.into_iter().map(class).collect(), undecided)
    }

    #[test]
    fn where_not_everybody_was_answered_a_version_without_a_writer_is_undecided() {
        // Who wrote the second version was killed, and what it had observed is lost.
        let lost = [
            transaction("a", &[("x", 0)], &[("x", 1)]),
            transaction("b", &[("x", 2)], &[("x", 3)]),
        ];
        assert_eq!(classes_where(false, &lost), (Vec::new(), 1));
        assert_eq!(classes_where(true, &lost), (vec!["G1a".to_owned()], 0));
        // Nothing of that excuses a circle, nor a version that its writer wrote over.
        let wrong = [
            transaction("a", &[], &[("x", 1), ("y", 2)]),
            transaction("b", &[], &[("x", 2), ("y", 1)]),
        ];
        assert_eq!(classes_where(false, &wrong).0, ["G0"]);
        let over =
            [transaction("a", &[], &[("x", 1), ("x", 2)]), transaction("b", &[("x", 1)], &[])];
        assert!(classes_where(false, &over).0.contains(&"G1b".to_owned()));
    }

    #[test]
    fn one_after_the_other_is_serializable() {
        let found = classes(&[
            transaction("a", &[("x", 0)], &[("x", 1)]),
            transaction("b", &[("x", 1), ("y", 0)], &[("y", 1)]),
            transaction("c", &[("x", 1), ("y", 1)], &[("x", 2)]),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn writes_in_a_circle_are_g0() {
        let found = classes(&[
            transaction("a", &[], &[("x", 1), ("y", 2)]),
            transaction("b", &[], &[("x", 2), ("y", 1)]),
        ]);
        assert_eq!(found, ["G0"]);
    }

    #[test]
    fn a_version_that_nobody_committed_is_g1a() {
        let found = classes(&[
            transaction("a", &[("x", 0)], &[("x", 1)]),
            transaction("b", &[("x", 2)], &[]),
        ]);
        assert_eq!(found, ["G1a"]);
    }

    #[test]
    fn a_version_that_its_writer_wrote_over_is_g1b() {
        let found = classes(&[
            transaction("a", &[], &[("x", 1), ("x", 2)]),
            transaction("b", &[("x", 1)], &[]),
        ]);
        assert!(found.contains(&"G1b".to_owned()), "{found:?}");
    }

    #[test]
    fn each_that_reads_what_the_other_wrote_is_g1c() {
        let found = classes(&[
            transaction("a", &[("y", 1)], &[("x", 1)]),
            transaction("b", &[("x", 1)], &[("y", 1)]),
        ]);
        assert_eq!(found, ["G1c"]);
    }

    #[test]
    fn a_torn_read_is_g_single() {
        // The reader saw y of before and x of after.
        let found = classes(&[
            transaction("a", &[], &[("x", 1), ("y", 1)]),
            transaction("b", &[("x", 1), ("y", 0)], &[]),
        ]);
        assert_eq!(found, ["G-single"]);
    }

    #[test]
    fn write_skew_is_g2_item() {
        let found = classes(&[
            transaction("a", &[("x", 0), ("y", 0)], &[("x", 1)]),
            transaction("b", &[("x", 0), ("y", 0)], &[("y", 1)]),
        ]);
        assert_eq!(found, ["G2-item"]);
    }

    #[test]
    fn two_that_made_the_same_version_are_a_lost_update() {
        let found = classes(&[
            transaction("a", &[("x", 0)], &[("x", 1)]),
            transaction("b", &[("x", 0)], &[("x", 1)]),
        ]);
        assert!(found.contains(&"lost update".to_owned()), "{found:?}");
    }
}
