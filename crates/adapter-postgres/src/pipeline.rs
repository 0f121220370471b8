//! Statements that are sent together: all of them before the first is answered.

use crate::client::Client;
use crate::trouble;
use admitone_app::Trouble;
use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join_all;
use futures_util::{TryStreamExt, pin_mut};
use std::borrow::Cow;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

/// A value of one statement: a column of a batch, or a single one.
#[derive(Debug, Clone)]
pub(crate) enum Array {
    Number(Vec<i64>),
    Maybe(Vec<Option<i64>>),
    Id(Vec<Uuid>),
    Text(Vec<String>),
    Bytes(Vec<Vec<u8>>),
    Flag(Vec<bool>),
    /// Not an array: one number, or none.
    Single(Option<i64>),
    /// Not an array: one word.
    Word(String),
}

impl Array {
    fn parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Number(values) => values,
            Self::Maybe(values) => values,
            Self::Id(values) => values,
            Self::Text(values) => values,
            Self::Bytes(values) => values,
            Self::Flag(values) => values,
            Self::Single(value) => value,
            Self::Word(value) => value,
        }
    }
}

/// One statement, its values, and what its answer has to be.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) values: Vec<Array>,
    /// So many rows must be touched; another number means that somebody was faster.
    pub(crate) expected: Option<usize>,
    /// Nothing of it may be done before all others of its batch are done.
    pub(crate) is_last: bool,
}

impl Step {
    /// A statement whose answer is read.
    pub(crate) fn read(sql: &'static str, values: Vec<Array>) -> Self {
        Self { sql: Cow::Borrowed(sql), values, expected: None, is_last: false }
    }

    /// A statement that must touch so many rows.
    pub(crate) fn write(sql: &'static str, values: Vec<Array>, expected: usize) -> Self {
        Self { expected: Some(expected), ..Self::read(sql, values) }
    }

    /// The same, behind all others.
    pub(crate) fn last(self) -> Self {
        Self { is_last: true, ..self }
    }
}

/// Sends a beginning, if there is one, and all steps behind it; the rows of each step.
///
/// After an error the server refuses the rest of a transaction's steps, and the first answer that
/// is bad is the one that says why.
pub(crate) async fn run(
    client: &Client,
    operation: &'static str,
    beginning: Option<&'static str>,
    steps: &[Step],
) -> Result<Vec<Vec<Row>>, Trouble> {
    client.within(operation, send(client, operation, beginning, steps)).await
}

async fn send(
    client: &ClientWrapper,
    operation: &'static str,
    beginning: Option<&'static str>,
    steps: &[Step],
) -> Result<Vec<Vec<Row>>, Trouble> {
    let failed = trouble::of(operation);
    let mut statements = Vec::with_capacity(steps.len());
    for step in steps {
        // Asks the server only the first time that a connection needs it.
        statements.push(client.prepare_cached(&step.sql).await.map_err(&failed)?);
    }
    let begin = async {
        match beginning {
            Some(sql) => client.batch_execute(sql).await.map_err(trouble::of(operation)),
            None => Ok(()),
        }
    };
    let sent = steps.iter().zip(&statements).map(|(step, statement)| {
        let one = one(client, operation, step, statement);
        Box::pin(one) as std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>>
    });
    futures_util::try_join!(begin, try_join_all(sent)).map(|(_begun, answers)| answers)
}

async fn one(
    client: &ClientWrapper,
    operation: &'static str,
    step: &Step,
    statement: &Statement,
) -> Result<Vec<Row>, Trouble> {
    let failed = trouble::of(operation);
    let values = step.values.iter().map(Array::parameter);
    let stream = client.query_raw(statement, values).await.map_err(&failed)?;
    pin_mut!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(&failed)? {
        rows.push(row);
    }
    Ok(rows)
}
