//! `admitone lab run`.

use super::live::Live;
use super::{FORMS, build, chosen, keep, now_s, show, typed};
use crate::arguments::{How, Run};
use crate::commands::bench::{address, scratch, stop_on_signal};
use crate::exit::{Exit, Failed, failed};
use crate::voice;
use admitone_lab::Trouble;
use admitone_lab::bench::STORE;
use admitone_lab::crew::{Opened, keep_logs};
use admitone_lab::history::{History, lines};
use admitone_lab::instance::Variable;
use admitone_lab::load::Stop;
use admitone_lab::record::{Record, clear_runs, place_of};
use admitone_lab::reports::Report;
use admitone_lab::run::{Keeper, Progress, Quarters, Settings, run_and_keep as play};
use admitone_lab::target::Target;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The lowest priority that there is.
const LAST: i32 = 19;

pub(super) fn run(arguments: &Run) -> Result<Exit, Failed> {
    if arguments.beside_a_sale {
        // Before there are threads: each has a priority of its own, and takes it from who starts it.
        rustix::process::nice(LAST).map_err(failed("--beside-a-sale"))?;
    }
    let How { set, quick, runs, seed, threads, out, json, .. } = &arguments.how;
    let (recipe, with) = chosen(&arguments.workload, (*quick, set))?;
    let scratch = scratch(out.as_deref())?;
    let settings = Settings {
        recipe,
        with,
        seed: *seed,
        threads: usize::from(*threads),
        runs: *runs,
        faults: arguments.faults.clone(),
        strategy: strategy_of(arguments),
        build: build()?,
        command: typed(),
        began_s: now_s(),
        // Who ends a rehearsal wants its processors back, and not its figures.
        keeps_cut: !arguments.beside_a_sale,
    };
    let quarters = quarters(arguments, scratch.path(), recipe.about().reference_routes)?;
    let stop = stop_on_signal()?;
    if arguments.beside_a_sale {
        stop_with_input(&stop);
    }
    let mut live = Live::of_run(&arguments.how, arguments.beside_a_sale);
    let mut shelf = Shelf { out: out.as_deref(), as_lines: arguments.lines, whole: 0 };
    let told: &mut Progress<'_> = &mut |news| live.tell(news);
    let played = play(&settings, &quarters, &stop, (told, &mut shelf));
    live.end();
    if let Some(out) = out {
        keep_logs(scratch.path(), out)?;
    }
    let records = played.inspect_err(|_| shelf.say_what_is_kept())?;
    let report = Report::of(&records).ok_or_else(|| failed("the report")("nothing was run"))?;
    if let Some(out) = out {
        for (number, record) in (1..).zip(&records) {
            // How the house ended was not known before.
            record.keep_seen(&place_of(out, number))?;
        }
        keep(&report, out)?;
    }
    let shown = show(&report, *json)?;
    Ok(if report.cuts().next().is_some() { cut(shown) } else { shown })
}

/// How a run ends that somebody ended early: what is wrong is wrong, and what was not played cannot
/// have been reached.
fn cut(shown: Exit) -> Exit {
    voice::aside("admitone: interrupted; the report is of what was played until then");
    if shown == Exit::Unsound { shown } else { Exit::Failed }
}

/// Ends the run when the standard input ends: whoever started it has gone, or wants an end.
fn stop_with_input(stop: &Stop) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        stop.store(true, Ordering::Relaxed);
    });
}

fn strategy_of(arguments: &Run) -> String {
    match &arguments.strategy {
        Some(map) => map.to_string(),
        None if !arguments.urls.is_empty() => "as the house has it".to_owned(),
        None if arguments.house.store.is_some() => "batched".to_owned(),
        None => "single-writer".to_owned(),
    }
}

fn quarters(arguments: &Run, directory: &Path, reference_routes: bool) -> Result<Quarters, Failed> {
    if let (false, Some(key)) = (arguments.urls.is_empty(), &arguments.operator_key) {
        let target = |url: &String| {
            Ok::<_, Failed>(Target { address: address(url)?, operator_key: key.clone() })
        };
        return Ok(Quarters::Elsewhere(
            arguments.urls.iter().map(target).collect::<Result<_, _>>()?,
        ));
    }
    let strategy = arguments.strategy.as_ref().map(ToString::to_string);
    let given = [
        (STORE, arguments.house.store.clone()),
        ("ADMITONE_STRATEGY", strategy),
        ("ADMITONE_REDIS", arguments.house.redis.clone()),
        ("ADMITONE_RABBITMQ", arguments.house.rabbitmq.clone()),
        ("ADMITONE_KAFKA", arguments.house.kafka.clone()),
        ("ADMITONE_SABOTAGE", planted(arguments)),
        // Prices of a sale that is copied are in its currency, and wallets must be.
        ("ADMITONE_CURRENCY", currency_of(arguments)),
    ];
    if arguments.instances > 1 && arguments.house.store.is_none() {
        return Err(failed("--instances")(
            "the embedded store has one instance: give one that several can share, with --store",
        ));
    }
    Ok(Quarters::Own(Opened {
        program: std::env::current_exe()?,
        directory: directory.to_owned(),
        variables: variables(given),
        flags: flags_of(arguments, reference_routes),
        programme: arguments.programme.clone(),
        instances: usize::from(arguments.instances),
        without_guards: arguments.without_guards,
    }))
}

/// The currency of the sale beside which it runs.
fn currency_of(arguments: &Run) -> Option<String> {
    std::env::var("ADMITONE_CURRENCY").ok().filter(|_| arguments.beside_a_sale)
}

/// The defect that is planted.
#[cfg(feature = "sabotage")]
fn planted(arguments: &Run) -> Option<String> {
    arguments.sabotage.clone()
}

#[cfg(not(feature = "sabotage"))]
fn planted(_arguments: &Run) -> Option<String> {
    None
}

/// The variables that have a value.
pub(super) fn variables<const N: usize>(
    given: [(&'static str, Option<String>); N],
) -> Vec<Variable> {
    given.into_iter().filter_map(|(name, value)| Some(Variable { name, value: value? })).collect()
}

/// What `serve` is told: whoever names a strategy here wants to see what it does.
pub(super) fn flags(reference_routes: bool, allow_unsafe: bool) -> Vec<String> {
    let flags = [("--reference-routes", reference_routes), ("--allow-unsafe", allow_unsafe)];
    flags.into_iter().filter(|(_, is_on)| *is_on).map(|(flag, _)| flag.to_owned()).collect()
}

fn flags_of(arguments: &Run, reference_routes: bool) -> Vec<String> {
    let allow_unsafe = arguments.without_guards || arguments.strategy.is_some();
    let mut flags = flags(reference_routes, allow_unsafe);
    flags.extend(arguments.observe.then(|| "--observe".to_owned()));
    flags
}

/// Where runs are kept, if they are.
struct Shelf<'a> {
    out: Option<&'a Path>,
    as_lines: bool,
    /// How many can be audited.
    whole: usize,
}

impl Shelf<'_> {
    fn place(&self, number: u32) -> Option<PathBuf> {
        Some(place_of(self.out?, usize::try_from(number).unwrap_or(usize::MAX)))
    }

    /// Whoever lost a run has those before it.
    fn say_what_is_kept(&self) {
        if let (Some(out), 1..) = (self.out, self.whole) {
            let (whole, out) = (self.whole, out.display());
            voice::aside(format_args!(
                "admitone: runs before it are kept, {whole} in number: `admitone lab replay {out}`"
            ));
        }
    }
}

impl Keeper for Shelf<'_> {
    fn sent(&mut self, number: u32, record: &Record) -> Result<(), Trouble> {
        let (Some(out), Some(place)) = (self.out, self.place(number)) else { return Ok(()) };
        if number == 1 {
            clear_runs(out, &FORMS)?;
        }
        record.keep_course(&place)?;
        if self.as_lines {
            let kept = keep_lines(&record.history, &place);
            kept.map_err(|why| Trouble::Impossible(why.to_string()))?;
        }
        Ok(())
    }

    fn whole(&mut self, number: u32, record: &Record) -> Result<(), Trouble> {
        let Some(place) = self.place(number) else { return Ok(()) };
        record.keep_seen(&place)?;
        record.keep_state(&place)?;
        self.whole += 1;
        Ok(())
    }
}

/// Writes a history as JSON lines.
pub(super) fn keep_lines(history: &History, directory: &Path) -> Result<(), Failed> {
    let path = directory.join("history.jsonl");
    let doing = format!("writing {}", path.display());
    std::fs::create_dir_all(directory).map_err(failed(&doing))?;
    let mut file = BufWriter::new(File::create(&path).map_err(failed(&doing))?);
    lines::write(&mut file, history)?;
    Ok(())
}
