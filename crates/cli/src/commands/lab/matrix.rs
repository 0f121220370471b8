//! `admitone lab matrix`.

mod cells;
mod sets;

use super::live::Live;
use super::{build, chosen, now_s, typed, write_all};
use crate::arguments::{How, Matrix};
use crate::commands::bench::{scratch, stop_on_signal};
use crate::exit::{Exit, Failed};
use crate::voice;
use admitone_lab::Trouble;
use admitone_lab::matrix::{Matrix as Measured, Plan, markdown, matrix, page};
use cells::{Cells, cells};
use std::path::Path;

/// What is run where nobody says otherwise.
const USUAL: [&str; 2] = ["overbook", "cash"];

pub(super) fn run(arguments: &Matrix) -> Result<Exit, Failed> {
    let How { quick, runs, seed, threads, out, json, .. } = &arguments.how;
    let usual = USUAL.map(str::to_owned);
    let names = if arguments.workloads.is_empty() { &usual[..] } else { &arguments.workloads };
    let sets = sets::of_each(names, &arguments.how.set)?;
    let workloads = names.iter().zip(&sets).map(|(name, set)| chosen(name, (*quick, set)));
    let plan = Plan {
        workloads: workloads.collect::<Result<_, _>>()?,
        cells: cells(arguments),
        seed: *seed,
        threads: usize::from(*threads),
        runs: *runs,
        build: build()?,
        command: typed(),
        began_s: now_s(),
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
    Ok(if ran.is_trustworthy() { Exit::Done } else { Exit::Unsound })
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
