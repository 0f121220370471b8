//! The interleavings, after the definitions of Adya's phenomena and of Bailis' observed
//! transaction that vanishes; the names are those of the Hermitage test suite.
//!
//! The table holds (1, 10) and (2, 20). A transaction begins with its first step. To add one: a
//! constant with its steps and a judge that says when the harm was there.

use crate::stage::Seen;

/// A few transactions, step by step, and the harm to look for.
pub(crate) struct Interleaving {
    pub(crate) name: &'static str,
    /// What must not be.
    pub(crate) harm: &'static str,
    /// Which transaction does what.
    pub(crate) steps: &'static [(usize, &'static str)],
    /// Whether the harm was there.
    pub(crate) has_happened: fn(&Seen) -> bool,
}

/// All of them.
pub(crate) const ALL: [Interleaving; 14] = [
    G0,
    G1A,
    G1B,
    G1C,
    OTV,
    PMP,
    PMP_WRITE,
    P4,
    G_SINGLE,
    G_SINGLE_PREDICATE,
    G_SINGLE_WRITE,
    G2_ITEM,
    G2,
    G2_READER,
];

const READ_ONE: &str = "SELECT id, value FROM pairs WHERE id = 1";
const READ_TWO: &str = "SELECT id, value FROM pairs WHERE id = 2";
const READ_BOTH: &str = "SELECT id, value FROM pairs WHERE id IN (1, 2) ORDER BY id";
const READ_ALL: &str = "SELECT id, value FROM pairs ORDER BY id";
const READ_THIRDS: &str = "SELECT id, value FROM pairs WHERE value % 3 = 0 ORDER BY id";

const G0: Interleaving = Interleaving {
    name: "G0",
    harm: "Dirty write: of two transactions that each write both rows, each keeps one.",
    steps: &[
        (1, "UPDATE pairs SET value = 11 WHERE id = 1"),
        (2, "UPDATE pairs SET value = 12 WHERE id = 1"),
        (1, "UPDATE pairs SET value = 21 WHERE id = 2"),
        (1, "COMMIT"),
        (2, "UPDATE pairs SET value = 22 WHERE id = 2"),
        (2, "COMMIT"),
    ],
    has_happened: |seen| [[(1, 11), (2, 22)], [(1, 12), (2, 21)]].iter().any(|mix| seen.ends(mix)),
};

const G1A: Interleaving = Interleaving {
    name: "G1a",
    harm: "Aborted read: what was rolled back had been read.",
    steps: &[
        (1, "UPDATE pairs SET value = 101 WHERE id = 1"),
        (2, READ_ALL),
        (1, "ROLLBACK"),
        (2, READ_ALL),
        (2, "COMMIT"),
    ],
    has_happened: |seen| seen.has_read(2, (1, 101)),
};

const G1B: Interleaving = Interleaving {
    name: "G1b",
    harm: "Intermediate read: a value was read that its transaction wrote over before it committed.",
    steps: &[
        (1, "UPDATE pairs SET value = 101 WHERE id = 1"),
        (2, READ_ALL),
        (1, "UPDATE pairs SET value = 11 WHERE id = 1"),
        (1, "COMMIT"),
        (2, READ_ALL),
        (2, "COMMIT"),
    ],
    has_happened: |seen| seen.has_read(2, (1, 101)),
};

const G1C: Interleaving = Interleaving {
    name: "G1c",
    harm: "Circular information flow: each of two transactions has read what the other wrote.",
    steps: &[
        (1, "UPDATE pairs SET value = 11 WHERE id = 1"),
        (2, "UPDATE pairs SET value = 22 WHERE id = 2"),
        (1, READ_TWO),
        (2, READ_ONE),
        (1, "COMMIT"),
        (2, "COMMIT"),
    ],
    has_happened: |seen| seen.has_read(1, (2, 22)) && seen.has_read(2, (1, 11)),
};

const OTV: Interleaving = Interleaving {
    name: "OTV",
    harm: "A transaction that vanishes: after something of the second writer was read, something \
           is read that it wrote over.",
    steps: &[
        (1, "UPDATE pairs SET value = 11 WHERE id = 1"),
        (1, "UPDATE pairs SET value = 19 WHERE id = 2"),
        (2, "UPDATE pairs SET value = 12 WHERE id = 1"),
        (1, "COMMIT"),
        (3, READ_ONE),
        (3, READ_TWO),
        (2, "UPDATE pairs SET value = 18 WHERE id = 2"),
        (3, READ_TWO),
        (2, "COMMIT"),
        (3, READ_TWO),
        (3, READ_ONE),
        (3, "COMMIT"),
    ],
    has_happened: |seen| {
        let mut rows = seen.reads(3).flatten();
        let of_second = [(1, 12), (2, 18)];
        rows.by_ref().any(|row| of_second.contains(row)) && rows.any(|row| !of_second.contains(row))
    },
};

const PMP: Interleaving = Interleaving {
    name: "PMP",
    harm: "Predicate with many preceders: the same condition finds nothing, then something.",
    steps: &[
        (1, READ_THIRDS),
        (2, "INSERT INTO pairs (id, value) VALUES (3, 30)"),
        (2, "COMMIT"),
        (1, READ_THIRDS),
        (1, "COMMIT"),
    ],
    has_happened: |seen| {
        let found: Vec<usize> = seen.reads(1).map(Vec::len).collect();
        found == [0, 1] && seen.has_committed(1)
    },
};

const PMP_WRITE: Interleaving = Interleaving {
    name: "PMP-write",
    harm: "The same for a write: it deletes what has 20, one row had it before and one after, and \
           none is deleted.",
    steps: &[
        (1, "UPDATE pairs SET value = value + 10"),
        (2, "DELETE FROM pairs WHERE value = 20"),
        (1, "COMMIT"),
        (2, "COMMIT"),
    ],
    has_happened: |seen| seen.ends(&[(1, 20), (2, 30)]) && seen.has_committed(2),
};

const P4: Interleaving = Interleaving {
    name: "P4",
    harm: "Lost update: both have read the old value, and both have written a new one.",
    steps: &[
        (1, READ_ONE),
        (2, READ_ONE),
        (1, "UPDATE pairs SET value = 11 WHERE id = 1"),
        (2, "UPDATE pairs SET value = 12 WHERE id = 1"),
        (1, "COMMIT"),
        (2, "COMMIT"),
    ],
    has_happened: |seen| {
        [1, 2].iter().all(|who| seen.has_read(*who, (1, 10)) && seen.has_committed(*who))
    },
};

const G_SINGLE: Interleaving = Interleaving {
    name: "G-single",
    harm: "Read skew: one row as it was before another transaction, the other as it is after it.",
    steps: &[
        (1, READ_ONE),
        (2, READ_BOTH),
        (2, "UPDATE pairs SET value = 12 WHERE id = 1"),
        (2, "UPDATE pairs SET value = 18 WHERE id = 2"),
        (2, "COMMIT"),
        (1, READ_TWO),
        (1, "COMMIT"),
    ],
    has_happened: |seen| seen.has_read(1, (1, 10)) && seen.has_read(1, (2, 18)),
};

const G_SINGLE_PREDICATE: Interleaving = Interleaving {
    name: "G-single, predicate",
    harm: "Read skew by a condition: the old value is found by one, the new by another.",
    steps: &[
        (1, "SELECT id, value FROM pairs WHERE value % 5 = 0 ORDER BY id"),
        (2, "UPDATE pairs SET value = 12 WHERE value = 10"),
        (2, "COMMIT"),
        (1, READ_THIRDS),
        (1, "COMMIT"),
    ],
    has_happened: |seen| seen.has_read(1, (1, 10)) && seen.has_read(1, (1, 12)),
};

const G_SINGLE_WRITE: Interleaving = Interleaving {
    name: "G-single, write",
    harm: "Read skew of a write: it has read what was before the other transaction, and its DELETE \
           misses a row that was only changed after that.",
    steps: &[
        (1, READ_ONE),
        (2, READ_BOTH),
        (2, "UPDATE pairs SET value = 12 WHERE id = 1"),
        (2, "UPDATE pairs SET value = 18 WHERE id = 2"),
        (2, "COMMIT"),
        (1, "DELETE FROM pairs WHERE value = 20"),
        (1, "COMMIT"),
    ],
    has_happened: |seen| {
        seen.has_read(1, (1, 10)) && seen.has_committed(1) && seen.ends(&[(1, 12), (2, 18)])
    },
};

const G2_ITEM: Interleaving = Interleaving {
    name: "G2-item",
    harm: "Write skew: both have read both rows, and each has written another one.",
    steps: &[
        (1, READ_BOTH),
        (2, READ_BOTH),
        (1, "UPDATE pairs SET value = 11 WHERE id = 1"),
        (2, "UPDATE pairs SET value = 21 WHERE id = 2"),
        (1, "COMMIT"),
        (2, "COMMIT"),
    ],
    has_happened: |seen| {
        let has_read_both = |who| seen.has_read(who, (1, 10)) && seen.has_read(who, (2, 20));
        [1, 2].into_iter().all(|who| has_read_both(who) && seen.has_committed(who))
    },
};

const G2: Interleaving = Interleaving {
    name: "G2",
    harm: "Write skew by a condition: both have found nothing, and both have added what it finds.",
    steps: &[
        (1, READ_THIRDS),
        (2, READ_THIRDS),
        (1, "INSERT INTO pairs (id, value) VALUES (3, 30)"),
        (2, "INSERT INTO pairs (id, value) VALUES (4, 42)"),
        (1, "COMMIT"),
        (2, "COMMIT"),
    ],
    has_happened: |seen| {
        let has_found_nothing = |who| seen.reads(who).next().is_some_and(Vec::is_empty);
        [1, 2].into_iter().all(|who| has_found_nothing(who) && seen.has_committed(who))
    },
};

const G2_READER: Interleaving = Interleaving {
    name: "G2, reader",
    harm: "Write skew that only a reader makes: it has seen the second transaction and not the \
           first, and the first had not seen the second.",
    steps: &[
        (1, READ_BOTH),
        (2, "UPDATE pairs SET value = value + 5 WHERE id = 2"),
        (2, "COMMIT"),
        (3, READ_BOTH),
        (3, "COMMIT"),
        (1, "UPDATE pairs SET value = 0 WHERE id = 1"),
        (1, "COMMIT"),
    ],
    has_happened: |seen| {
        let reader = seen.has_read(3, (1, 10)) && seen.has_read(3, (2, 25));
        reader && seen.has_read(1, (2, 20)) && (1..=3).all(|who| seen.has_committed(who))
    },
};
