//! The box office, the boards and the rooms over a store in memory, each promise by its name.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod boards;
mod copies;
mod handing;
mod house;
mod imports;
mod imports_at_once;
mod imports_seats;
mod keys;
mod messages;
mod missed;
