//! Runs a workload: starts a house or goes to one, sets the stage, plays the acts while faults
//! happen and everybody is watched, and asks the house what it has when it is over.

mod acts;
mod elsewhere;
mod ending;
mod head;
mod kept;
mod live;
mod played;
mod room;

pub use kept::Keeper;
pub use live::{Glance, News, Progress};

use crate::Trouble;
use crate::crew::{Crew, Opened};
use crate::faults::{Fault, Weather, must_be_possible};
use crate::load::Stop;
use crate::machine::listener_at;
use crate::parameters::Parameters;
use crate::proxy::Proxy;
use crate::record::Record;
use crate::sampler::{Sampler, Watched};
use crate::services::{STORE, Service, lead_to, services_of, versions_of};
use crate::site::Site;
use crate::state::State;
use crate::target::Target;
use crate::time::Stopwatch;
use crate::workloads::{Act, Brief, Recipe};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Under what name the build stands among the versions.
pub const BUILD: &str = "build";
/// What is run.
#[derive(Clone)]
pub struct Settings {
    /// The workload.
    pub recipe: &'static dyn Recipe,
    /// Its parameters.
    pub with: Parameters,
    /// For what is random.
    pub seed: u64,
    /// How many threads send.
    pub threads: usize,
    /// How often.
    pub runs: u32,
    /// What happens meanwhile.
    pub faults: Vec<Fault>,
    /// How the house settles commands, as reports call it.
    pub strategy: String,
    /// Which build of the program it is, as reports call it.
    pub build: String,
    /// The command that repeats it.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub began_s: u64,
    /// Whether what was measured is audited and told when somebody ends it early, as a run of hours
    /// wants to be; otherwise it is thrown away.
    pub keeps_cut: bool,
}

impl Settings {
    /// The seed of a run.
    fn seed_of(&self, run: u32) -> u64 {
        self.seed.wrapping_add(u64::from(run - 1))
    }

    /// What a house of our own is told for the workload and the faults.
    fn flags(&self) -> Vec<String> {
        let mut flags = self.recipe.flags(&self.with);
        let wanted: BTreeSet<&str> =
            self.faults.iter().filter_map(|fault| fault.deed.flag()).collect();
        flags.extend(wanted.into_iter().map(str::to_owned));
        flags
    }
}

/// Where the house is.
#[derive(Debug, Clone)]
pub enum Quarters {
    /// Processes of our own.
    Own(Opened),
    /// Instances that run already.
    Elsewhere(Vec<Target>),
}

/// Runs it as often as is wanted, each time on a fresh stage of the same house. Whatever happens, a
/// house of our own is ended.
pub fn run(
    settings: &Settings,
    quarters: &Quarters,
    stop: &Stop,
    progress: &mut Progress<'_>,
) -> Result<Vec<Record>, Trouble> {
    run_and_keep(settings, quarters, stop, (progress, &mut kept::Nothing))
}

/// The same, and keeps each run as soon as it is played: what goes wrong later takes nothing back.
pub fn run_and_keep(
    settings: &Settings,
    quarters: &Quarters,
    stop: &Stop,
    (progress, keeper): (&mut Progress<'_>, &mut dyn Keeper),
) -> Result<Vec<Record>, Trouble> {
    let about = settings.recipe.about();
    room::must_have_room(settings, quarters)?;
    let lodging = Lodging::enter(settings, quarters, progress)?;
    let runs = settings.runs.max(1);
    let mut records: Vec<Record> = Vec::new();
    for number in 1..=runs {
        progress(News::Says(&format!("{}: run {number} of {runs}, the stage", about.name)));
        match lodging.play(settings, number, stop, (progress, keeper)) {
            Ok(record) => records.push(record),
            Err(Trouble::Interrupted) if settings.keeps_cut && number > 1 => {}
            Err(trouble) => {
                lodging.leave();
                return Err(trouble);
            }
        }
        let is_over = settings.keeps_cut && stop.load(Ordering::Relaxed);
        let played = records.len();
        if let (true, Some(last)) = (is_over && number < runs, records.last_mut()) {
            let behind = || format!("somebody ended it behind run {played} of {runs}");
            last.seen.cut.get_or_insert_with(behind);
            break;
        }
    }
    let ended_well = lodging.leave();
    for record in &mut records {
        // One in which an instance ended by itself did not end well, however the others did.
        record.seen.ended_well = record.seen.ended_well.or(ended_well);
    }
    Ok(records)
}

/// A house to play in.
struct Lodging {
    crew: Option<Arc<Mutex<Crew>>>,
    targets: Vec<Target>,
    services: Vec<u32>,
    known: Arc<Vec<Service>>,
    versions: BTreeMap<String, String>,
    proxies: Arc<BTreeMap<usize, Proxy>>,
    store: String,
}

impl Lodging {
    fn enter(
        settings: &Settings,
        quarters: &Quarters,
        progress: &mut Progress<'_>,
    ) -> Result<Self, Trouble> {
        let opened = match quarters {
            Quarters::Elsewhere(targets) => return Self::elsewhere(settings, targets),
            Quarters::Own(opened) => opened,
        };
        let known = services_of(&opened.variables);
        must_be_possible(&settings.faults, Some(opened.instances.max(1)), &known)?;
        progress(News::Says("starting a house"));
        let addresses = known.iter().filter_map(|service| service.address);
        let services: Vec<u32> = addresses.filter_map(listener_at).collect();
        let versions = versions_of(&services);
        let behind_one: BTreeSet<usize> =
            settings.faults.iter().filter_map(|fault| fault.deed.proxied()).collect();
        let addresses =
            behind_one.iter().filter_map(|number| Some((*number, known[*number].address?)));
        let started = addresses.map(|(number, address)| Ok((number, Proxy::start(address)?)));
        let proxies = started.collect::<Result<BTreeMap<_, _>, Trouble>>()?;
        let mut behind = opened.clone();
        behind.flags.extend(settings.flags());
        lead_to(&proxies, &known, &mut behind.variables);
        let crew = Crew::start(&behind)?;
        let store = opened.variables.iter().find(|variable| variable.name == STORE);
        let scheme = store.and_then(|store| store.value.split(':').next()).unwrap_or("embedded");
        Ok(Self {
            targets: crew.targets(),
            crew: Some(Arc::new(Mutex::new(crew))),
            services,
            known: Arc::new(known),
            versions,
            proxies: Arc::new(proxies),
            store: scheme.to_owned(),
        })
    }

    fn play(
        &self,
        settings: &Settings,
        number: u32,
        stop: &Stop,
        (progress, keeper): (&mut Progress<'_>, &mut dyn Keeper),
    ) -> Result<Record, Trouble> {
        let about = settings.recipe.about();
        let seed = settings.seed_of(number);
        self.all_back()?;
        let first = self.targets.first().cloned();
        let first = first.ok_or_else(|| Trouble::Impossible("no house".to_owned()))?;
        let site = Site::new(first)?;
        let brief = Brief { site: &site, with: &settings.with, seed };
        let set = settings.recipe.set(&brief)?;
        site.settle()?;
        let clock = Stopwatch::start();
        let sampler = Sampler::start(self.everybody(), clock);
        let storm = self.weather().begin(&settings.faults, (clock, stop));
        let played = self.acts(&set.acts, (settings, number), (clock, stop, &sampler), progress);
        let (faults, looks) = (storm.end(), sampler.stop());
        let mut course = played?;
        let history = course.history(clock);
        progress(News::Says(&format!("{}: run {number}, the audit", about.name)));
        let mut head = self.head(settings, seed);
        head.limits.extend(set.acts.iter().filter_map(Act::limit));
        let mut meanwhile = course.seen((number, settings.runs.max(1)));
        (meanwhile.samples, meanwhile.faults) = (looks, faults);
        let mut record = Record { head, history, state: State::default(), seen: meanwhile };
        record.seen.add_fallen(self.fallen(clock));
        keeper.sent(number, &record)?;
        record.state = self.state(settings, (&site, &set.scope), &record.history)?;
        record.seen.add_fallen(self.fallen(clock));
        keeper.whole(number, &record)?;
        Ok(record)
    }

    fn everybody(&self) -> Watched {
        Watched {
            crew: self.crew.clone(),
            addresses: self.addresses(),
            services: self.services.clone(),
        }
    }

    fn weather(&self) -> Weather {
        Weather {
            crew: self.crew.clone(),
            services: Arc::clone(&self.known),
            proxies: Arc::clone(&self.proxies),
        }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.targets.iter().map(|target| target.address).collect()
    }

    /// Ends a house of our own; whether it ended well.
    fn leave(self) -> Option<bool> {
        let crew = Arc::into_inner(self.crew?)?;
        Some(crew.into_inner().unwrap_or_else(PoisonError::into_inner).stop())
    }
}

#[cfg(test)]
mod tests;
