//! The matrix: the same workloads under one strategy after the other, each on a store of its own,
//! ranked with the reason what limits each.
//!
//! Only what is sound has a rank. The control, `unsafe`, must be convicted: where it is not, the run
//! was too short to find anything, and says nothing about the others either. What is computed to do
//! harm has no rank even where a run did not find it out.

mod advice;
mod builds;
mod choose;
mod measured;
mod page;
mod publish;
mod standing;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

pub use measured::{ActMeasured, Measured};
pub use page::{markdown, page};
pub use publish::{choose_page, result_page, summary};
pub use verdict::Verdict;

use crate::Trouble;
use crate::load::Stop;
use crate::parameters::Parameters;
use crate::record::Head;
use crate::reports::Report;
use crate::run::{BUILD, Glance, News, Progress, Quarters, Settings, run};
use crate::workloads::Recipe;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// The strategy that must be found out.
pub const CONTROL: &str = "unsafe";

/// A strategy with so many instances on a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The strategy.
    pub strategy: String,
    /// How many instances.
    pub instances: usize,
    /// Whether it has the embedded store, and not the one that the others have.
    #[serde(default)]
    pub is_embedded: bool,
    /// Why it is computed to do harm, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harm: Option<String>,
}

/// As people read it: `batched × 2`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let embedded = if self.is_embedded { ", embedded" } else { "" };
        write!(f, "{} × {}{embedded}", self.strategy, self.instances)
    }
}

impl Cell {
    /// Where what is kept of it stands, below the directory of the matrix.
    pub fn place(&self, workload: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let plain = |c: char| if is_plain(c) { c } else { '_' };
        let strategy: String = self.strategy.chars().map(plain).collect();
        let embedded = if self.is_embedded { "-embedded" } else { "" };
        format!("{workload}/{strategy}-{}{embedded}", self.instances)
    }
}

/// What is run under each.
pub struct Plan {
    /// The workloads, with their parameters.
    pub workloads: Vec<(&'static dyn Recipe, Parameters)>,
    /// The cells.
    pub cells: Vec<Cell>,
    /// For what is random.
    pub seed: u64,
    /// How many threads send.
    pub threads: usize,
    /// How often each is run.
    pub runs: u32,
    /// Which build of the program it is, as reports call it.
    pub build: String,
    /// The command that repeats it.
    pub command: String,
}

/// Where the cells are run, and what is kept of them.
pub trait Houses {
    /// The report of a cell that was run before, if it need not be run again.
    fn kept(&mut self, cell: &Cell, settings: &Settings) -> Option<Report>;

    /// A house for a cell, on a store of its own; why not, if it cannot be.
    fn open(&mut self, cell: &Cell, settings: &Settings) -> Result<Quarters, String>;

    /// A cell is over: its report is kept, or said why there is none; its store is no longer needed.
    fn close(
        &mut self,
        cell: &Cell,
        workload: &str,
        ran: Result<&Report, &String>,
    ) -> Result<(), Trouble>;

    /// The command that repeats a cell alone.
    fn command(&self, cell: &Cell, workload: &str, with: &Parameters) -> String;

    /// What time it is, in seconds since 1970. Each cell begins at its own: points of two in one series
    /// would else be written over each other.
    fn now_s(&self) -> u64;
}

/// Everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Matrix {
    /// A table for each workload.
    pub tables: Vec<Table>,
    /// The command that repeats it.
    pub command: String,
}

/// One workload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// The workload.
    pub workload: String,
    /// What it does.
    pub about: String,
    /// Where it comes from.
    pub origin: String,
    /// Whether people want the same rows: else a strategy that keeps nobody apart is not found out.
    pub is_contended: bool,
    /// What was run where; of the first cell that could be run.
    pub head: Option<Head>,
    /// The cells: ranked, then those that are unsound, then those that could not be run.
    pub rows: Vec<Row>,
    /// What to take for what, by what was measured.
    pub choices: Vec<Choice>,
}

/// A situation and what was best in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The situation.
    pub when: String,
    /// The strategy.
    pub strategy: String,
    /// The figure that says so.
    pub because: String,
}

/// One cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// Which.
    pub cell: Cell,
    /// Why it could not be run, if it could not.
    pub why_not: Option<String>,
    /// What it came to.
    pub result: Option<Measured>,
    /// Of which build of the program that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

/// Runs all of it. A cell that cannot be run stands in the table with the reason.
pub fn matrix(
    plan: &Plan,
    houses: &mut dyn Houses,
    stop: &Stop,
    progress: &mut Progress<'_>,
) -> Result<Matrix, Trouble> {
    let all = plan.workloads.len() * plan.cells.len();
    let mut at = 0;
    let mut tables = Vec::new();
    for (recipe, with) in &plan.workloads {
        let about = recipe.about();
        let mut table = Table {
            workload: about.name.to_owned(),
            about: about.about.to_owned(),
            origin: about.origin.to_owned(),
            is_contended: about.is_contended,
            head: None,
            rows: Vec::new(),
            choices: Vec::new(),
        };
        for cell in &plan.cells {
            at += 1;
            let said = format!("{at} of {all}: {} under {cell}", about.name);
            let settings = Settings {
                recipe: *recipe,
                with: with.clone(),
                seed: plan.seed,
                threads: plan.threads,
                runs: plan.runs,
                faults: Vec::new(),
                strategy: cell.strategy.clone(),
                build: plan.build.clone(),
                command: houses.command(cell, about.name, with),
                began_s: houses.now_s(),
                keeps_cut: false,
            };
            table.add(run_cell(cell, &settings, houses, (stop, &said, progress))?);
        }
        table.sort();
        table.choices = choose::choices(&table.rows);
        tables.push(table);
    }
    Ok(Matrix { tables, command: plan.command.clone() })
}

/// Runs a cell, or takes what is kept of it. Whatever goes wrong with one ends none of the others;
/// only an interruption, and a disk that keeps nothing, end all.
fn run_cell(
    cell: &Cell,
    settings: &Settings,
    houses: &mut dyn Houses,
    (stop, said, progress): (&Stop, &str, &mut Progress<'_>),
) -> Result<(Row, Option<Head>), Trouble> {
    if let Some(report) = houses.kept(cell, settings) {
        progress(News::Says(&format!("{said}: was run before")));
        return Ok(Row::of(cell, Ok(&report)));
    }
    let ran = houses.open(cell, settings).and_then(|quarters| {
        let ran = run(settings, &quarters, stop, &mut |news| match news {
            News::Says(what) => progress(News::Says(&format!("{said}: {what}"))),
            News::Goes(glance) => {
                let title = format!("{said}: {}", glance.title);
                progress(News::Goes(&Glance { title, ..glance.clone() }));
            }
        });
        let records = ran.map_err(|trouble| trouble.to_string())?;
        Report::of(&records).ok_or_else(|| "nothing was run".to_owned())
    });
    houses.close(cell, settings.recipe.about().name, ran.as_ref())?;
    if stop.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(Trouble::Interrupted);
    }
    Ok(Row::of(cell, ran.as_ref()))
}

impl Row {
    /// What a cell came to, or why it did not.
    fn of(cell: &Cell, ran: Result<&Report, &String>) -> (Self, Option<Head>) {
        let row = Self {
            cell: cell.clone(),
            why_not: ran.err().cloned(),
            result: ran.ok().map(Measured::of),
            build: ran.ok().and_then(|report| report.head.versions.get(BUILD).cloned()),
        };
        (row, ran.ok().map(|report| report.head.clone()))
    }

    /// What it came to, if it was sound and is not known to be harmful.
    pub fn ranked(&self) -> Option<&Measured> {
        self.result.as_ref().filter(|result| result.is_sound && self.cell.harm.is_none())
    }
}

impl Table {
    fn add(&mut self, (row, head): (Row, Option<Head>)) {
        self.head = self.head.take().or(head);
        self.rows.push(row);
    }

    fn sort(&mut self) {
        self.rows.sort_by(|one, other| match (&one.result, &other.result) {
            (Some(a), Some(b)) => {
                other.ranked().is_some().cmp(&one.ranked().is_some()).then_with(|| a.better(b))
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
    }
}
