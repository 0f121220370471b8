//! `admitone lab matrix`.

use super::run::{flags, live, variables};
use super::{chosen, now_s, typed};
use crate::arguments::{How, Matrix};
use crate::commands::bench::{scratch, stop_on_signal};
use crate::exit::{Exit, Failed, failed};
use crate::shelf::empty_place;
use admitone_app::strategy::{NAMED, StrategyMap};
use admitone_lab::bench::STORE;
use admitone_lab::crew::Opened;
use admitone_lab::matrix::{CONTROL, Cell, Plan, markdown, matrix, page};
use admitone_lab::run::Quarters;
use admitone_lab::workloads::Recipe;
use std::path::Path;

/// What is run where nobody says otherwise.
const USUAL: [&str; 2] = ["overbook", "cash"];

pub(super) fn run(arguments: &Matrix) -> Result<Exit, Failed> {
    let How { set, quick, runs, seed, threads, out, json } = &arguments.how;
    let usual = USUAL.map(str::to_owned);
    let names = if arguments.workloads.is_empty() { &usual[..] } else { &arguments.workloads };
    let workloads = names.iter().map(|name| chosen(name, (*quick, set)));
    let plan = Plan {
        workloads: workloads.collect::<Result<_, _>>()?,
        cells: cells(arguments),
        seed: *seed,
        threads: usize::from(*threads),
        runs: *runs,
        command: typed(),
        began_s: now_s(),
    };
    let scratch = scratch(out.as_deref())?;
    let stop = stop_on_signal()?;
    let progress = live();
    let mut number = 0;
    let mut opens = |cell: &Cell, recipe: &'static dyn Recipe| {
        number += 1;
        let directory = scratch.path().join(format!("cell-{number}"));
        open(arguments, (cell, recipe), (&directory, number)).map_err(|why| why.to_string())
    };
    let ran = matrix(&plan, &mut opens, &stop, &mut |step| progress.set_message(step.to_owned()));
    progress.finish_and_clear();
    let ran = ran?;
    let as_json = serde_json::to_string_pretty(&ran)?;
    if let Some(out) = out {
        let files = [
            ("matrix.json", &as_json),
            ("matrix.md", &markdown(&ran)),
            ("matrix.html", &page(&ran)),
        ];
        for (name, text) in files {
            let path = out.join(name);
            std::fs::write(&path, text).map_err(failed(&format!("writing {}", path.display())))?;
        }
    }
    if *json {
        println!("{as_json}");
    } else {
        print!("{}", markdown(&ran));
    }
    Ok(if ran.is_trustworthy() { Exit::Done } else { Exit::Unsound })
}

/// All strategies with each number of instances, the control first.
fn cells(arguments: &Matrix) -> Vec<Cell> {
    let mut names: Vec<String> = arguments.strategies.iter().map(StrategyMap::to_string).collect();
    if names.is_empty() {
        names = NAMED.iter().map(|named| named.name.to_owned()).collect();
    }
    names.retain(|name| name != CONTROL);
    names.insert(0, CONTROL.to_owned());
    let cell = |strategy: &String| {
        let strategy = strategy.clone();
        arguments.instances.iter().map(move |instances| Cell {
            strategy: strategy.clone(),
            instances: usize::from(*instances),
        })
    };
    names.iter().flat_map(cell).collect()
}

/// A house for a cell, on an empty place of the server without guards: whatever a strategy lets
/// through is to be seen.
fn open(
    arguments: &Matrix,
    (cell, recipe): (&Cell, &'static dyn Recipe),
    (directory, number): (&Path, u32),
) -> Result<Quarters, Failed> {
    std::fs::create_dir_all(directory)?;
    let store = match &arguments.house.store {
        Some(url) => {
            let name = format!("lab_{}_{number}", std::process::id());
            Some(super::super::block_on(empty_place(url, &name))?)
        }
        None if cell.instances > 1 => {
            return Err(failed("not on the embedded store")("it has one instance"));
        }
        None => None,
    };
    let has_store = store.is_some();
    let given = [
        (STORE, store),
        ("ADMITONE_STRATEGY", Some(cell.strategy.clone())),
        ("ADMITONE_REDIS", arguments.house.redis.clone()),
        ("ADMITONE_RABBITMQ", arguments.house.rabbitmq.clone()),
        ("ADMITONE_KAFKA", arguments.house.kafka.clone()),
    ];
    Ok(Quarters::Own(Opened {
        program: std::env::current_exe()?,
        directory: directory.to_owned(),
        variables: variables(given),
        flags: flags(recipe.about().reference_routes, true),
        instances: cell.instances,
        without_guards: has_store,
    }))
}
