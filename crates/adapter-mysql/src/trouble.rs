//! What MariaDB and the pool say, as trouble.

use admitone_app::{Trouble, TroubleKind};
use mysql_async::Error;

/// Maps an error of an operation.
pub(crate) fn of(operation: &'static str) -> impl Fn(Error) -> Trouble {
    move |error| match error {
        // What a connection is asked first has two rows there.
        Error::Server(said) if said.code == 1242 => {
            Trouble::new(TroubleKind::Unavailable, operation, "this server only reads: a replica")
        }
        Error::Server(said) => Trouble::new(kind(said.code), operation, said),
        other => Trouble::new(TroubleKind::Unavailable, operation, other),
    }
}

/// Whether an error leaves it open what became of the statement: the connection was lost, or the
/// server ended it, perhaps after the work was done.
pub(crate) fn is_open_ended(error: &Error) -> bool {
    match error {
        // Shutdown, killed, timed out as idle.
        Error::Server(said) => matches!(said.code, 1053 | 1077 | 1317 | 1927 | 1928 | 4031),
        _ => true,
    }
}

fn kind(code: u16) -> TroubleKind {
    match code {
        // A row of this name is there, a row changed since the snapshot, a deadlock.
        1062 | 1020 | 1213 => TroubleKind::Conflict,
        // Too many connections; a lock or a statement that took too long.
        1040 | 1203 | 1205 | 1226 | 1969 | 3024 => TroubleKind::Busy,
        // Not our tables; a value that cannot be; a guard, of MariaDB and of MySQL; damaged.
        1054 | 1064 | 1146 | 1264 | 1366 | 1406 | 1690 | 4025 | 3819 | 1034 | 1194 | 1712 => {
            TroubleKind::Inconsistent
        }
        _ => TroubleKind::Unavailable,
    }
}

/// Somebody else changed it first.
pub(crate) fn conflict(operation: &'static str, detail: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Conflict, operation, detail)
}

/// Something that was stored cannot be read back.
pub(crate) fn unreadable(operation: &'static str, error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, operation, error)
}
