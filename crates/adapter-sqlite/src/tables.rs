//! The SQL tables: rows in and out.

pub(crate) mod read;
pub(crate) mod write;

use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::Row;
use admitone_domain::id::BuyerId;

/// A row as it stands in a `body` column.
pub(crate) fn encode(row: &Row) -> rusqlite::Result<Vec<u8>> {
    postcard::to_stdvec(row).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A row from a `body` column.
pub(crate) fn decode<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, Trouble> {
    postcard::from_bytes(body).map_err(|error| trouble::unreadable("read a row", error))
}

/// A buyer as a key: 16 bytes.
pub(crate) fn buyer(id: BuyerId) -> [u8; 16] {
    id.0.to_be_bytes()
}
