//! Bad days of a house whose instances share a store: what they stand on is killed, stopped, cut off,
//! or told another time, while buyers buy. Whoever asks is answered within the deadline, each refusal
//! has its reason, what was acknowledged is there once. With `ADMITONE_LONG` the days are longer.

mod clock;
mod database;
mod fencing;
mod instances;
mod load;
mod network;
mod nodes;
mod pool;
mod replica;

use crate::process::{House, serve};
use std::path::Path;
use std::time::Duration;

/// No answer of these houses takes longer.
const ANSWER: Duration = Duration::from_secs(4);

fn is_long() -> bool {
    std::env::var_os("ADMITONE_LONG").is_some()
}

/// Starts an instance with the deadline of these days, and with settings beside it.
fn instance(directory: &Path, flags: &[&str], settings: &[(&str, &str)]) -> House {
    let mut command = serve(directory, flags);
    command.env("ADMITONE_ANSWER_MS", ANSWER.as_millis().to_string());
    command.envs(settings.iter().copied());
    House::run(command, directory)
}

/// Waits, while the buyers go on.
fn for_a_while(span_ms: u64) {
    std::thread::sleep(Duration::from_millis(if is_long() { 4 * span_ms } else { span_ms }));
}
