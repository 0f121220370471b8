//! What PostgreSQL and the pool say, as trouble.

use admitone_app::{Trouble, TroubleKind};
use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// Maps an error of an operation.
pub(crate) fn of(operation: &'static str) -> impl Fn(tokio_postgres::Error) -> Trouble {
    move |error| {
        let kind = error.code().map_or(TroubleKind::Unavailable, kind);
        Trouble::new(kind, operation, said(&error))
    }
}

/// What the server said, or what stands behind what the driver says.
fn said(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => said.to_string(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

/// Whether an error leaves it open what became of the statement: the connection was lost, or the
/// server ended it, perhaps after the work was done.
pub(crate) fn is_open_ended(error: &tokio_postgres::Error) -> bool {
    let ends = |code: &SqlState| code.code().starts_with("57P") || code.code().starts_with("08");
    error.code().is_none_or(ends)
}

fn kind(code: &SqlState) -> TroubleKind {
    let conflicts = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
    ];
    let busy = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::OUT_OF_MEMORY,
    ];
    // 23: a guard; 22: a value that cannot be; 42: not our tables; XX: damaged.
    let contradictions = ["22", "23", "42", "XX"];
    if conflicts.contains(code) {
        TroubleKind::Conflict
    } else if busy.contains(code) {
        TroubleKind::Busy
    } else if contradictions.iter().any(|class| code.code().starts_with(class)) {
        TroubleKind::Inconsistent
    } else {
        TroubleKind::Unavailable
    }
}

/// Maps an error of the pool. That all connections are in use is no outage.
pub(crate) fn of_pool(operation: &'static str) -> impl Fn(PoolError) -> Trouble {
    move |error| match error {
        PoolError::Backend(error) => of(operation)(error),
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
            Trouble::new(TroubleKind::Busy, operation, "all connections are in use")
        }
        other => Trouble::new(TroubleKind::Unavailable, operation, other),
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
