//! `admitone lab matrix`.

mod cells;
mod sets;

use super::live::Live;
use super::{build, chosen, typed, write_all};
use crate::arguments::{How, Matrix};
use crate::commands::bench::{scratch, stop_on_signal};
use crate::exit::{Exit, Failed};
use crate::voice;
use admitone_lab::Trouble;
use admitone_lab::matrix::{Matrix as Measured, Plan, Verdict, markdown, matrix, page};
use cells::{Cells, cells};
use std::path::Path;

/// What is run where nobody says otherwise.
const USUAL: [&str; 2] = ["overbook", "cash"];
/// And for a first look: what takes a second, and finds out the control.
const FIRST_LOOK: [&str; 1] = ["cash"];

pub(super) fn run(arguments: &Matrix) -> Result<Exit, Failed> {
    let How { quick, runs, seed, threads, out, json, .. } = &arguments.how;
    let names = named(&arguments.workloads, *quick);
    let sets = sets::of_each(&names, &arguments.how.set)?;
    let workloads = names.iter().zip(&sets).map(|(name, set)| chosen(name, (*quick, set)));
    let plan = Plan {
        workloads: workloads.collect::<Result<_, _>>()?,
        cells: cells(arguments),
        seed: *seed,
        threads: usize::from(*threads),
        runs: *runs,
        build: build()?,
        command: typed(),
    };
    let scratch = scratch(out.as_deref())?;
    let stop = stop_on_signal()?;
    let mut live = Live::of_matrix(&arguments.how);
    let all = plan.workloads.len() * plan.cells.len();
    let mut houses = Cells::new(arguments, scratch.path(), (all, live.bar()));
    let ran = matrix(&plan, &mut houses, &stop, &mut |news| live.tell(news));
    live.end();
    if let (Err(Trouble::Interrupted), Some(out)) = (&ran, out) {
        let place = out.display();
        voice::aside(format_args!("admitone: the same command with --resume goes on in {place}"));
    }
    let ran = ran?;
    if let Some(out) = out {
        keep(&ran, out)?;
    }
    if *json {
        voice::json(&ran)?;
    } else {
        voice::text(&markdown(&ran));
    }
    Ok(ended(&ran.verdict()))
}

/// The workloads that are meant.
fn named(given: &[String], is_quick: bool) -> Vec<String> {
    let usual = if is_quick { &FIRST_LOOK[..] } else { &USUAL[..] };
    if given.is_empty() {
        usual.iter().map(|name| (*name).to_owned()).collect()
    } else {
        given.to_vec()
    }
}

/// How the command ends: as that of a run does.
fn ended(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Sound => Exit::Done,
        Verdict::Short => Exit::Slow,
        Verdict::Wrong(why) => {
            voice::aside(format_args!("admitone: {why}"));
            Exit::Unsound
        }
    }
}

/// Writes it in all its forms.
fn keep(ran: &Measured, out: &Path) -> Result<(), Failed> {
    let files = [
        ("matrix.json", serde_json::to_string_pretty(ran)?),
        ("matrix.md", markdown(ran)),
        ("matrix.html", page(ran)),
    ];
    write_all(&files, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_ends_as_a_run_does() {
        assert_eq!(ended(&Verdict::Sound), Exit::Done);
        assert_eq!(ended(&Verdict::Short), Exit::Slow);
        assert_eq!(ended(&Verdict::Wrong("`batched × 2` was found wrong".into())), Exit::Unsound);
    }
}
