//! What is kept of runs while others go on: whatever becomes of these, those were played.

use crate::Trouble;
use crate::record::Record;

/// Keeps runs, by their numbers, as soon as there is something to keep.
pub trait Keeper {
    /// All was sent, and nobody knows yet what is there: a house that cannot be asked leaves no more.
    fn sent(&mut self, number: u32, record: &Record) -> Result<(), Trouble>;

    /// It is known what is there.
    fn whole(&mut self, number: u32, record: &Record) -> Result<(), Trouble>;
}

/// Keeps nothing.
pub(super) struct Nothing;

impl Keeper for Nothing {
    fn sent(&mut self, _number: u32, _record: &Record) -> Result<(), Trouble> {
        Ok(())
    }

    fn whole(&mut self, _number: u32, _record: &Record) -> Result<(), Trouble> {
        Ok(())
    }
}
