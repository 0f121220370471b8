//! What SQLite says, as trouble.

use admitone_app::{Trouble, TroubleKind};

/// Maps an error of an operation.
pub(crate) fn of(operation: &'static str) -> impl Fn(rusqlite::Error) -> Trouble {
    move |error| {
        let kind = match error.sqlite_error_code() {
            Some(
                rusqlite::ErrorCode::DatabaseCorrupt
                | rusqlite::ErrorCode::NotADatabase
                | rusqlite::ErrorCode::ConstraintViolation,
            ) => TroubleKind::Inconsistent,
            _ => TroubleKind::Unavailable,
        };
        Trouble::new(kind, operation, error)
    }
}

/// Maps an error of an operation on a file that people know by its name, with what to do.
pub(crate) fn in_file(operation: &'static str, file: &str) -> impl Fn(rusqlite::Error) -> Trouble {
    move |error| {
        let mut trouble = of(operation)(error);
        trouble.detail = match trouble.kind {
            TroubleKind::Inconsistent => {
                format!("{file}: {}; restore the directory from a copy", trouble.detail)
            }
            _ => format!("{file}: {}", trouble.detail),
        };
        trouble
    }
}

/// A thread of the store has ended.
pub(crate) fn ended(operation: &'static str) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, operation, "the store is closed")
}

/// Something that was stored cannot be read back.
pub(crate) fn unreadable(operation: &'static str, error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, operation, error)
}
