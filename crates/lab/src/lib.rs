//! The laboratory: loads admitone over HTTP, writes down what it was answered, and audits it.
//!
//! A *workload* knows how to ask and what an answer means; a *load* sends it, closed or open, and
//! writes a *history*; *figures* are read off the history; the *auditor* compares the history with
//! what the house says afterwards. It shares ids with the product and none of its decisions: a
//! checker that reuses the code under test repeats its mistakes.

pub mod audit;
pub mod bench;
pub mod chance;
pub mod client;
pub mod crew;
pub mod crowd;
pub mod faults;
pub mod figures;
pub mod history;
pub mod instance;
pub mod load;
pub mod machine;
pub mod matrix;
mod mirror;
pub mod parameters;
mod programme;
mod proxy;
mod purse;
mod reads;
pub mod record;
pub mod reports;
mod requests;
pub mod run;
pub mod sampler;
pub mod scene;
mod services;
pub mod site;
pub mod state;
pub mod target;
pub mod time;
mod trouble;
pub mod urls;
pub mod workload;
pub mod workloads;

pub use trouble::Trouble;
