//! Statements that are sent together, as one message.

use crate::client::{Client, within};
use crate::trouble;
use admitone_app::Trouble;
use mysql_async::Row;
use mysql_async::prelude::Queryable;
use std::fmt::Write;

/// One statement, and what its answer has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) sql: String,
    /// So many rows must be touched; another number means that somebody was faster.
    pub(crate) expected: Option<usize>,
}

impl Step {
    /// A statement whose answer is read.
    pub(crate) fn read(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), expected: None }
    }

    /// A statement that must touch so many rows.
    pub(crate) fn write(sql: impl Into<String>, expected: usize) -> Self {
        Self { sql: sql.into(), expected: Some(expected) }
    }
}

/// Sends all steps as one message; the rows of each step. The server stops at the first error.
pub(crate) async fn run(
    client: &mut Client,
    operation: &'static str,
    steps: &[Step],
) -> Result<Vec<Vec<Row>>, Trouble> {
    within(client.silence(), operation, send(&mut **client, operation, steps)).await
}

/// The same for whoever sees to it that it ends.
pub(crate) async fn send(
    client: &mut impl Queryable,
    operation: &'static str,
    steps: &[Step],
) -> Result<Vec<Vec<Row>>, Trouble> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let failed = trouble::of(operation);
    let all: Vec<&str> = steps.iter().map(|step| step.sql.as_str()).collect();
    let mut answers = client.query_iter(all.join(";\n")).await.map_err(&failed)?;
    let mut found = Vec::with_capacity(steps.len());
    let mut conflict = None;
    for step in steps {
        let touched = answers.affected_rows();
        found.push(answers.collect::<Row>().await.map_err(&failed)?);
        let is_right = step.expected.is_none_or(|rows| u64::try_from(rows).ok() == Some(touched));
        if !is_right && conflict.is_none() {
            let begin: String = step.sql.chars().take(80).collect();
            let expected = step.expected.unwrap_or_default();
            conflict = Some(format!("{touched} of {expected} rows: {begin}"));
        }
    }
    match conflict {
        Some(said) => Err(trouble::conflict(operation, said)),
        None => Ok(found),
    }
}

/// Bytes as a literal: nothing in it can end it.
pub(crate) fn literal(bytes: &[u8]) -> String {
    format!("X'{}'", hex(bytes))
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut all, byte| {
        // Writing to a string cannot fail.
        let _ = write!(all, "{byte:02x}");
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_typed_ends_a_literal() {
        assert_eq!(literal(b"a'; --\\"), "X'61273b202d2d5c'");
    }
}
