//! The matrix: the same workload under one strategy after the other, each on a store of its own,
//! ranked with the reason what limits each.
//!
//! Only what is sound has a rank. The control, `unsafe`, must be convicted: where it is not, the run
//! was too short to find anything, and says nothing about the others either.

mod choose;
mod page;

pub use page::{markdown, page};

use crate::Trouble;
use crate::audit::Finding;
use crate::figures::Spread;
use crate::load::Stop;
use crate::parameters::Parameters;
use crate::record::Head;
use crate::reports::Report;
use crate::run::{Progress, Quarters, Settings, run};
use crate::workloads::Recipe;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The strategy that must be found out.
pub const CONTROL: &str = "unsafe";

/// A strategy with so many instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The strategy.
    pub strategy: String,
    /// How many instances.
    pub instances: usize,
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
    /// The command that repeats it.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub began_s: u64,
}

/// Opens a house for a cell on a store of its own; why not, if it cannot.
pub type Opens<'a> = dyn FnMut(&Cell, &'static dyn Recipe) -> Result<Quarters, String> + 'a;

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
}

/// What a cell came to: the figures of its last act, and the verdict over all of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Whether the audit found nothing.
    pub is_sound: bool,
    /// How many commands were audited.
    pub commands: u64,
    /// How often each kind of finding came.
    pub findings: BTreeMap<String, u64>,
    /// One of each kind, as it was found.
    pub examples: Vec<String>,
    /// The act that is ranked by.
    pub act: String,
    /// Whether it comes at a rate, so that latency counts and not throughput.
    pub is_given: bool,
    /// Audited outcomes a second.
    pub throughput: Option<Spread>,
    /// The median, in milliseconds.
    pub p50_ms: Option<Spread>,
    /// 99 of 100, in milliseconds.
    pub p99_ms: Option<Spread>,
    /// The longest answer, in milliseconds.
    pub longest_ms: Option<Spread>,
    /// What failed.
    pub failed: u64,
    /// Processor time of house and services for each outcome, in microseconds.
    pub cpu_us: Option<f64>,
    /// What limits it.
    pub limit: String,
    /// Whether all goals were reached.
    pub meets_goals: bool,
}

/// Runs all of it. A cell that cannot be run stands in the table with the reason.
pub fn matrix(
    plan: &Plan,
    opens: &mut Opens<'_>,
    stop: &Stop,
    progress: &mut Progress<'_>,
) -> Result<Matrix, Trouble> {
    let mut tables = Vec::new();
    for (recipe, with) in &plan.workloads {
        let about = recipe.about();
        let mut table = Table {
            workload: about.name.to_owned(),
            about: about.about.to_owned(),
            origin: about.origin.to_owned(),
            head: None,
            rows: Vec::new(),
            choices: Vec::new(),
        };
        for (at, cell) in (1..).zip(&plan.cells) {
            let Cell { strategy, instances } = cell;
            let all = plan.cells.len();
            let said = format!("{at} of {all}: {} under {strategy} × {instances}", about.name);
            let settings = Settings {
                recipe: *recipe,
                with: with.clone(),
                seed: plan.seed,
                threads: plan.threads,
                runs: plan.runs,
                faults: Vec::new(),
                strategy: strategy.clone(),
                command: plan.command.clone(),
                began_s: plan.began_s,
            };
            let row = run_cell(cell, &settings, opens, (stop, &said, progress))?;
            table.add(row);
        }
        table.sort();
        table.choices = choose::choices(&table.rows);
        tables.push(table);
    }
    Ok(Matrix { tables, command: plan.command.clone() })
}

fn run_cell(
    cell: &Cell,
    settings: &Settings,
    opens: &mut Opens<'_>,
    (stop, said, progress): (&Stop, &str, &mut Progress<'_>),
) -> Result<(Row, Option<Head>), Trouble> {
    let not = |why: String| (Row { cell: cell.clone(), why_not: Some(why), result: None }, None);
    let quarters = match opens(cell, settings.recipe) {
        Ok(quarters) => quarters,
        Err(why) => return Ok(not(why)),
    };
    let ran = run(settings, &quarters, stop, &mut |step| progress(&format!("{said}: {step}")));
    let records = match ran {
        Ok(records) => records,
        Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
        Err(trouble) => return Ok(not(trouble.to_string())),
    };
    let Some(report) = Report::of(&records) else { return Ok(not("nothing was run".to_owned())) };
    let result = Some(Measured::of(&report));
    Ok((Row { cell: cell.clone(), why_not: None, result }, Some(report.head)))
}

impl Measured {
    fn of(report: &Report) -> Self {
        let mut findings: BTreeMap<String, u64> = BTreeMap::new();
        let mut examples = Vec::new();
        for finding in report.findings() {
            let count = findings.entry(Finding::kind(finding).to_owned()).or_default();
            *count += 1;
            if *count == 1 {
                examples.push(finding.to_string());
            }
        }
        let processors = report.head.machine.processors;
        let last = report.acts.last();
        let figures = report.runs.first().and_then(|run| run.acts.last());
        let cpu_us = figures.and_then(|act| {
            let used = act.cost.house_cpu? + act.cost.services_cpu.unwrap_or(0.0);
            (act.throughput > 0.0).then(|| used * 1e6 / act.throughput)
        });
        Self {
            is_sound: report.is_sound(),
            commands: report.commands(),
            findings,
            examples,
            act: last.map(|act| act.name.clone()).unwrap_or_default(),
            is_given: last.is_some_and(|act| act.is_open),
            throughput: last.and_then(|act| act.throughput),
            p50_ms: last.and_then(|act| act.p50_ms),
            p99_ms: last.and_then(|act| act.p99_ms),
            longest_ms: last.and_then(|act| act.longest_ms),
            failed: report.acts.iter().map(|act| act.failed).sum(),
            cpu_us,
            limit: figures.map(|act| act.cost.limit(processors)).unwrap_or_default(),
            meets_goals: report.meets_its_goals(),
        }
    }

    /// Which of two is better. At a given rate the one that failed less, then the faster one.
    fn better(&self, other: &Self) -> Ordering {
        let median = |spread: Option<Spread>, missing: f64| spread.map_or(missing, |s| s.median);
        let fast = |one: &Self| median(one.p99_ms, f64::INFINITY);
        let much = |one: &Self| median(one.throughput, 0.0);
        if self.is_given {
            return self.failed.cmp(&other.failed).then(fast(self).total_cmp(&fast(other)));
        }
        much(other).total_cmp(&much(self))
    }
}

impl Table {
    fn add(&mut self, (row, head): (Row, Option<Head>)) {
        self.head = self.head.take().or(head);
        self.rows.push(row);
    }

    fn sort(&mut self) {
        self.rows.sort_by(|one, other| match (&one.result, &other.result) {
            (Some(one), Some(other)) => {
                other.is_sound.cmp(&one.is_sound).then_with(|| one.better(other))
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
    }

    /// Whether the control was run and found out in every cell of it; nothing where it was not run.
    pub fn control(&self) -> Option<bool> {
        let controls = self.rows.iter().filter(|row| row.cell.strategy == CONTROL);
        let found = controls.filter_map(|row| row.result.as_ref()).map(|result| !result.is_sound);
        found.reduce(|one, other| one && other)
    }
}

impl Matrix {
    /// Whether the audit can be believed: the control was found out wherever it was run.
    pub fn is_trustworthy(&self) -> bool {
        self.tables.iter().all(|table| table.control() != Some(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(strategy: &str, is_sound: bool, throughput: f64) -> Row {
        let spread = Spread { median: throughput, min: throughput, max: throughput };
        let result = Measured {
            is_sound,
            commands: 10,
            findings: BTreeMap::new(),
            examples: Vec::new(),
            act: "a".to_owned(),
            is_given: false,
            throughput: Some(spread),
            p50_ms: None,
            p99_ms: None,
            longest_ms: Some(spread),
            failed: 0,
            cpu_us: Some(1_000.0 / throughput),
            limit: "its lock".to_owned(),
            meets_goals: true,
        };
        let cell = Cell { strategy: strategy.to_owned(), instances: 2 };
        Row { cell, why_not: None, result: Some(result) }
    }

    fn table(rows: Vec<Row>) -> Table {
        let mut table = Table {
            workload: "overbook".to_owned(),
            about: String::new(),
            origin: String::new(),
            head: None,
            rows,
            choices: Vec::new(),
        };
        table.sort();
        table.choices = choose::choices(&table.rows);
        table
    }

    #[test]
    fn the_unsound_is_never_ranked_above_the_sound_however_fast_it_is() {
        let none =
            Row { why_not: Some("no broker".into()), result: None, ..row("kafka", true, 1.0) };
        let table = table(vec![
            none,
            row("unsafe", false, 9_000.0),
            row("pessimistic", true, 200.0),
            row("batched", true, 5_000.0),
        ]);
        let names: Vec<&str> = table.rows.iter().map(|row| row.cell.strategy.as_str()).collect();
        assert_eq!(names, ["batched", "pessimistic", "unsafe", "kafka"]);
        assert_eq!(table.control(), Some(true));
        let markdown = markdown(&Matrix { tables: vec![table.clone()], command: "x".into() });
        assert!(
            markdown.contains("| 1 | `batched`") && markdown.contains("no broker"),
            "{markdown}"
        );
        assert!(table.choices.iter().all(|choice| choice.strategy != "unsafe"));
        let page = page(&Matrix { tables: vec![table], command: "x".into() });
        assert!(page.contains("batched") && page.contains("its lock"));
    }

    #[test]
    fn a_matrix_whose_control_was_not_found_out_is_not_to_be_trusted() {
        let table = table(vec![row("unsafe", true, 9_000.0), row("batched", true, 5_000.0)]);
        let matrix = Matrix { tables: vec![table], command: String::new() };
        assert!(!matrix.is_trustworthy());
        assert!(markdown(&matrix).contains("control was not found out"), "{}", markdown(&matrix));
    }
}
