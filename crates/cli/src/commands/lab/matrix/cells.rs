//! The cells of a matrix: which there are, the houses they are run in, and what is kept of them.

use crate::arguments::{House, Matrix};
use crate::commands::lab::run::{flags, variables};
use crate::commands::lab::{keep, now_s, shown};
use crate::exit::{Failed, failed};
use crate::shelf::{clear_place, empty_place};
use crate::voice;
use admitone_app::strategy::{DeliveryKind, LockKind, NAMED, Safety, Strategy, StrategyMap};
use admitone_lab::Trouble;
use admitone_lab::bench::STORE;
use admitone_lab::crew::{Opened, keep_logs};
use admitone_lab::machine::Machine;
use admitone_lab::matrix::{CONTROL, Cell, Houses};
use admitone_lab::parameters::Parameters;
use admitone_lab::record::read;
use admitone_lab::reports::{Report, verdict};
use admitone_lab::run::{BUILD, Quarters, Settings};
use admitone_lab::time::Stopwatch;
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};

/// The only strategy of the embedded store.
const EMBEDDED: &str = "single-writer";

/// All strategies with each number of instances, the control first, and the embedded store beside
/// them.
pub(super) fn cells(arguments: &Matrix) -> Vec<Cell> {
    let mut names: Vec<String> = arguments.strategies.iter().map(StrategyMap::to_string).collect();
    if names.is_empty() {
        names = NAMED.iter().map(|named| named.name.to_owned()).collect();
    }
    names.retain(|name| name != CONTROL);
    names.insert(0, CONTROL.to_owned());
    let is_embedded = arguments.house.store.is_none();
    let mut cells = Vec::new();
    for strategy in &names {
        for instances in arguments.instances.iter().map(|count| usize::from(*count)) {
            let harm = harm(strategy, instances);
            cells.push(Cell { strategy: strategy.clone(), instances, is_embedded, harm });
        }
    }
    if !is_embedded && names.iter().any(|name| name == EMBEDDED) {
        let strategy = EMBEDDED.to_owned();
        cells.push(Cell { strategy, instances: 1, is_embedded: true, harm: None });
    }
    cells
}

/// Why a strategy is computed to do harm with so many instances, if it is.
fn harm(strategy: &str, instances: usize) -> Option<String> {
    let map: StrategyMap = strategy.parse().ok()?;
    let most = if instances > 1 { Safety::Safe } else { Safety::Alone };
    let mut reasons: Vec<String> = Vec::new();
    for judged in map.judge().into_iter().filter(|judged| judged.safety > most) {
        let reason = format!("{}: {}", judged.safety, judged.reason);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Where the cells are run, one after the other.
pub(super) struct Cells<'a> {
    arguments: &'a Matrix,
    scratch: &'a Path,
    /// How many there are, how many were opened, and since when the last.
    all: usize,
    opened: u32,
    ended: usize,
    clock: Stopwatch,
    progress: ProgressBar,
}

impl<'a> Cells<'a> {
    pub(super) fn new(
        arguments: &'a Matrix,
        scratch: &'a Path,
        (all, progress): (usize, ProgressBar),
    ) -> Self {
        let clock = Stopwatch::start();
        Self { arguments, scratch, all, opened: 0, ended: 0, clock, progress }
    }

    /// The directory of the cell that was opened last, for its data and logs.
    fn directory(&self) -> PathBuf {
        self.scratch.join(format!("cell-{}", self.opened))
    }

    /// The name of its place on the server.
    fn place(&self) -> String {
        format!("lab_{}_{}", std::process::id(), self.opened)
    }

    /// What is given to a house.
    fn given(&self, cell: &Cell) -> Result<Opened, Failed> {
        let House { store, redis, rabbitmq, kafka } = &self.arguments.house;
        let is_shared = |_: &&String| !cell.is_embedded;
        let store = match store.as_ref().filter(is_shared) {
            Some(url) => Some(super::super::super::block_on(empty_place(url, &self.place()))?),
            None => None,
        };
        let without_guards = store.is_some();
        let beside = |url: &Option<String>| url.as_ref().filter(is_shared).cloned();
        let given = [
            (STORE, store),
            ("ADMITONE_STRATEGY", Some(cell.strategy.clone())),
            ("ADMITONE_REDIS", beside(redis)),
            ("ADMITONE_RABBITMQ", beside(rabbitmq)),
            ("ADMITONE_KAFKA", beside(kafka)),
        ];
        Ok(Opened {
            program: std::env::current_exe()?,
            directory: self.directory(),
            variables: variables(given),
            flags: Vec::new(),
            instances: cell.instances,
            programme: None,
            without_guards,
        })
    }

    /// Says how a cell ended: in a line that stays, for whoever looks at it later.
    fn say(&self, cell: &Cell, workload: &str, ran: Result<&Report, &String>) {
        let came = ran.map_or_else(|why| format!("not run: {why}"), verdict);
        let seconds = self.clock.seconds();
        let line = format!(
            "{} of {}: {workload} under {cell}: {came}; {seconds:.1} s",
            self.ended, self.all
        );
        if self.arguments.how.quiet {
            return;
        }
        if self.progress.is_hidden() {
            voice::aside(line);
        } else {
            self.progress.println(line);
        }
    }

    /// Keeps the report and the logs of a cell.
    fn keep(&self, report: Option<&Report>, to: &Path) -> Result<(), Failed> {
        let doing = format!("making {}", to.display());
        std::fs::create_dir_all(to).map_err(failed(&doing))?;
        keep_logs(&self.directory(), to)?;
        if let Some(report) = report {
            keep(report, to)?;
        }
        Ok(())
    }
}

impl Houses for Cells<'_> {
    fn kept(&mut self, cell: &Cell, settings: &Settings) -> Option<Report> {
        let out = self.arguments.how.out.as_ref().filter(|_| self.arguments.resume)?;
        let workload = settings.recipe.about().name;
        let path = out.join("cells").join(cell.place(workload)).join("report.json");
        let report: Report = read(&path).ok()?;
        let is_of_build = self.arguments.other_builds || is_of_build(&report, settings);
        let is_it =
            is_of_build && is_of(&report, cell, settings) && report.head.store == self.store(cell);
        self.ended += usize::from(is_it);
        is_it.then_some(report)
    }

    /// A house on an empty place of the server without guards: whatever a strategy lets through is to
    /// be seen.
    fn open(&mut self, cell: &Cell, settings: &Settings) -> Result<Quarters, String> {
        self.ended += 1;
        self.opened += 1;
        self.clock = Stopwatch::start();
        self.may_be_run(cell)?;
        let made = std::fs::create_dir_all(self.directory());
        made.map_err(|error| format!("making {}: {error}", self.directory().display()))?;
        let mut opened = self.given(cell).map_err(|why| why.to_string())?;
        opened.flags = flags(settings.recipe.about().reference_routes, true);
        opened.flags.extend(self.arguments.observe.then(|| OBSERVE.to_owned()));
        Ok(Quarters::Own(opened))
    }

    fn close(
        &mut self,
        cell: &Cell,
        workload: &str,
        ran: Result<&Report, &String>,
    ) -> Result<(), Trouble> {
        let directory = self.directory();
        self.say(cell, workload, ran);
        if !directory.is_dir() {
            return Ok(());
        }
        if let Some(out) = &self.arguments.how.out {
            let to = out.join("cells").join(cell.place(workload));
            let kept = self.keep(ran.ok(), &to);
            kept.map_err(|why| Trouble::Impossible(why.to_string()))?;
        }
        // The next cell has another place and another directory: these only take room.
        drop(std::fs::remove_dir_all(&directory));
        if let Some(url) = self.arguments.house.store.as_ref().filter(|_| !cell.is_embedded) {
            drop(super::super::super::block_on(clear_place(url, &self.place())));
        }
        Ok(())
    }

    fn command(&self, cell: &Cell, workload: &str, with: &Parameters) -> String {
        let House { store, redis, rabbitmq, kafka } = &self.arguments.house;
        let how = &self.arguments.how;
        let mut words = vec![format!("admitone lab run {workload}")];
        if !cell.is_embedded {
            let services =
                [("store", store), ("redis", redis), ("rabbitmq", rabbitmq), ("kafka", kafka)];
            let given = services.into_iter().filter_map(|(name, url)| Some((name, url.as_ref()?)));
            words.extend(given.map(|(name, url)| format!("--{name} {}", shown(url))));
            let Cell { strategy, instances, .. } = cell;
            words.push(format!("--strategy '{strategy}' --instances {instances}"));
            words.push("--without-guards".to_owned());
        }
        words.extend(self.arguments.observe.then(|| OBSERVE.to_owned()));
        words.push(format!("--runs {} --seed {} --threads {}", how.runs, how.seed, how.threads));
        words.extend(with.values().iter().map(|(name, value)| format!("--set {name}={value}")));
        words.join(" ")
    }

    fn now_s(&self) -> u64 {
        now_s()
    }
}

impl Cells<'_> {
    /// Whether a cell makes sense here; why not, if it does not.
    fn may_be_run(&self, cell: &Cell) -> Result<(), String> {
        let Cell { strategy, instances, is_embedded, harm } = cell;
        if *is_embedded && (strategy != EMBEDDED || *instances > 1) {
            return Err(format!(
                "the embedded store has one instance and takes `{EMBEDDED}` alone: give --store"
            ));
        }
        let is_wanted = strategy == CONTROL || self.arguments.even_harmful;
        if let Some(harm) = harm.as_ref().filter(|_| !is_wanted) {
            return Err(harm.clone());
        }
        let map: StrategyMap = strategy.parse().map_err(|why| format!("{why}"))?;
        let House { redis, rabbitmq, kafka, .. } = &self.arguments.house;
        for way in map.strategies() {
            let (is_redis, is_rabbitmq, is_kafka) = needs(way);
            for (is_needed, given, name) in [
                (is_redis, redis, "redis"),
                (is_rabbitmq, rabbitmq, "rabbitmq"),
                (is_kafka, kafka, "kafka"),
            ] {
                if is_needed && given.is_none() {
                    return Err(format!("it needs --{name}, which was not given"));
                }
            }
        }
        Ok(())
    }

    /// The kind of store of a cell, as its report has it.
    fn store(&self, cell: &Cell) -> String {
        let store = self.arguments.house.store.as_ref().filter(|_| !cell.is_embedded);
        let scheme = store.and_then(|url| url.split(':').next()).unwrap_or("embedded");
        scheme.to_owned()
    }
}

/// Whether a strategy needs Redis, RabbitMQ, Kafka.
fn needs(way: Strategy) -> (bool, bool, bool) {
    let is_redis = way.delivery == DeliveryKind::Jobs
        || matches!(way.lock, LockKind::PubSub | LockKind::Redlock);
    let is_kafka = matches!(way.delivery, DeliveryKind::Kafka | DeliveryKind::KafkaBatch);
    (is_redis, way.delivery == DeliveryKind::RabbitMq, is_kafka)
}

/// Whether a kept report is of the build that runs.
fn is_of_build(report: &Report, settings: &Settings) -> bool {
    report.head.versions.get(BUILD) == Some(&settings.build)
}

/// Whether a kept report is of this cell, with these settings and services.
fn is_of(report: &Report, cell: &Cell, settings: &Settings) -> bool {
    let head = &report.head;
    head.strategy == cell.strategy
        && head.instances == cell.instances
        && head.parameters == *settings.with.values()
        && (head.seed, head.threads) == (settings.seed, settings.threads)
        && u32::try_from(report.runs.len()) == Ok(settings.runs.max(1))
        && head.machine == Machine::here()
        && services(&head.command) == services(&settings.command)
        && is_observed(&head.command) == is_observed(&settings.command)
}

/// The services that a command names, and of how many addresses each is. Where they listen is another
/// place each time they are started.
fn services(command: &str) -> Vec<(&str, usize)> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| SERVICES.contains(&pair[0]));
    pairs.map(|pair| (pair[0], pair[1].split(',').count())).collect()
}

/// Whether a command has the house tell what its transactions did, which makes it slower.
fn is_observed(command: &str) -> bool {
    command.split_whitespace().any(|word| word == OBSERVE)
}

const OBSERVE: &str = "--observe";
const SERVICES: [&str; 4] = ["--store", "--redis", "--rabbitmq", "--kafka"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_safe_only_alone_is_known_to_do_harm_with_two_instances_and_not_with_one() {
        for name in ["simple-lock", "spin-lock", "single-writer"] {
            assert_eq!(harm(name, 1), None, "{name}");
            assert!(harm(name, 2).unwrap().starts_with("safe only alone: "), "{name}");
        }
        assert_eq!(harm("batched", 2), None);
        assert!(harm(CONTROL, 1).unwrap().starts_with("unsafe: "));
    }

    fn settings() -> Settings {
        let command = "admitone lab run cash --store postgres://h:1/… --redis redis://h:2,redis://h:3 \
                       --strategy 'batched' --instances 2";
        let recipe = admitone_lab::workloads::named("cash").unwrap();
        Settings {
            recipe,
            with: Parameters::of(recipe.about().parameters, true),
            seed: 1,
            threads: 1,
            runs: 1,
            faults: Vec::new(),
            strategy: "batched".to_owned(),
            build: "build 0a1b2c".to_owned(),
            command: command.to_owned(),
            began_s: 7,
            keeps_cut: false,
        }
    }

    /// The report that these settings left, with another figure in its head.
    fn left(field: &str, value: serde_json::Value) -> Report {
        let Settings { with, seed, threads, strategy, build, command, .. } = settings();
        let mut head = serde_json::json!({
            "workload": "cash", "about": "", "origin": "", "parameters": with.values(), "seed": seed,
            "strategy": strategy, "store": "postgres", "instances": 2, "threads": threads,
            "versions": { BUILD: build }, "machine": Machine::here(), "limits": [],
            "command": command, "began_s": 5,
        });
        head[field] = value;
        let run = serde_json::json!({
            "seed": seed, "acts": [], "checked": {}, "commands": 1, "findings": [], "series": [],
            "faults": [],
        });
        let report = serde_json::json!({ "head": head, "acts": [], "runs": [run] });
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn what_another_build_or_other_settings_left_is_run_again() {
        let strategy = "batched".to_owned();
        let cell = Cell { strategy, instances: 2, is_embedded: false, harm: None };
        let is_kept =
            |field: &str, value: serde_json::Value| is_of(&left(field, value), &cell, &settings());
        assert!(is_kept("began_s", 1.into()));
        // The same services at other addresses.
        let moved = settings().command.replace("h:", "i:");
        assert!(is_kept("command", moved.into()));
        assert!(is_of_build(&left("began_s", 1.into()), &settings()));
        for build in [serde_json::json!({}), serde_json::json!({ BUILD: "build ffffff" })] {
            assert!(is_kept("versions", build.clone()), "where other builds are let stand");
            assert!(!is_of_build(&left("versions", build), &settings()));
        }
        let alone = settings().command.replace("--redis redis://h:2,redis://h:3 ", "");
        let fewer = settings().command.replace(",redis://h:3", "");
        let observed = format!("{} --observe", settings().command);
        for other in [alone, fewer, observed] {
            assert!(!is_kept("command", other.into()));
        }
        assert!(!is_kept("seed", 2.into()));
        assert!(!is_kept("parameters", serde_json::json!({ "count": 1 })));
    }

    #[test]
    fn every_named_strategy_that_needs_a_service_says_which() {
        let of = |name: &str| needs(NAMED.iter().find(|one| one.name == name).unwrap().strategy);
        assert_eq!(of("pessimistic"), (false, false, false));
        assert_eq!(of("job-queue"), (true, false, false));
        assert_eq!(of("rabbitmq-lock"), (true, true, false));
        assert_eq!(of("kafka"), (false, false, true));
        assert_eq!(of("kafka-batch"), (true, false, true));
    }
}
