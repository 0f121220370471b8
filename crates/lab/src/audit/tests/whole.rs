//! Whether everybody was answered, and what follows where somebody was not.

use super::{Sale, event, kinds};
use crate::audit::serial::Transaction;
use crate::history::{Event, Op, Outcome};

/// One transaction read a version of which nobody who tells is the writer.
fn reads_what_nobody_wrote(sale: &mut Sale) {
    let row = |version| vec![("x".to_owned(), version)];
    let wrote = Transaction { name: "a".to_owned(), reads: row(0), writes: row(1) };
    let read = Transaction { name: "b".to_owned(), reads: row(2), writes: Vec::new() };
    sale.state.transactions = vec![wrote, read];
}

#[test]
fn a_version_that_nobody_wrote_is_found_only_where_everybody_was_answered() {
    assert_eq!(kinds(reads_what_nobody_wrote), ["not serializable"]);
    for outcome in [Outcome::Unknown, Outcome::NotSent] {
        let cut = |sale: &mut Sale| {
            reads_what_nobody_wrote(sale);
            let asked = event(50, (Op::Read, 0, 0), (200, 210));
            sale.events.push(Event { outcome: outcome.clone(), ..asked });
        };
        assert_eq!(kinds(cut), Vec::<&str>::new(), "{outcome:?}");
    }
}
