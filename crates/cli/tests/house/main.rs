//! The house from outside: the real binary, over HTTP, killed and started again.

mod bad_days;
mod buyer;
mod kill;
mod process;
mod reference;
mod sale;
