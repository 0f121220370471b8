//! Does what a schedule says, each fault on a thread of its own.

use super::commands::{run, start};
use super::until::{GLANCE, Until};
use super::{Deed, Fault, Happened};
use crate::Trouble;
use crate::crew::{Crew, missing};
use crate::load::Stop;
use crate::machine::{listener_at, tree};
use crate::proxy::Proxy;
use crate::services::Service;
use crate::target::{As, Visit};
use crate::time::Stopwatch;
use crate::urls::without_secrets;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a service may take to listen.
const START_SECONDS: f64 = 30.0;
/// A disk is filled in steps of so many bytes, up to a bound.
const FILL: usize = 1 << 20;
const FILL_STEPS: usize = 4 << 10;
/// What stands beside a fault that nobody saw.
const TOO_LATE: &str = "the run was over before it was due";
/// What stands behind a fault that was to last longer.
const CUT: &str = "(until the run was over)";

/// Everybody whom faults can hurt.
#[derive(Clone, Default)]
pub(crate) struct Weather {
    pub(crate) crew: Option<Arc<Mutex<Crew>>>,
    pub(crate) services: Arc<Vec<Service>>,
    /// What stands before services, by their numbers.
    pub(crate) proxies: Arc<BTreeMap<usize, Proxy>>,
}

/// Faults under way.
pub(crate) struct Storm {
    threads: Vec<JoinHandle<Happened>>,
    over: Stop,
}

impl Weather {
    /// Begins to do what the schedule says, until the run is over or somebody wants an end.
    pub(crate) fn begin(&self, faults: &[Fault], (clock, stop): (Stopwatch, &Stop)) -> Storm {
        let over = Stop::default();
        let threads = faults.iter().map(|fault| {
            let (weather, fault, until) = (self.clone(), fault.clone(), Until::new(&over, stop));
            std::thread::spawn(move || weather.happen(&fault, clock, &until))
        });
        Storm { threads: threads.collect(), over }
    }

    fn happen(&self, fault: &Fault, clock: Stopwatch, until: &Until) -> Happened {
        let (due_ns, mut what) = (crate::time::nanos(fault.at), without_secrets(&fault.text));
        while clock.ns() < due_ns {
            if until.is_over() {
                let trouble = Some(TOO_LATE.to_owned());
                return Happened { at_ns: due_ns, until_ns: due_ns, what, trouble };
            }
            std::thread::sleep(GLANCE);
        }
        let at_ns = clock.ns();
        let trouble = self.do_it(&fault.deed, until).err().map(|trouble| trouble.to_string());
        if until.is_cut() {
            what = format!("{what} {CUT}");
        }
        Happened { at_ns, until_ns: clock.ns(), what, trouble }
    }

    /// Does it and, where it is for a while, undoes it.
    fn do_it(&self, deed: &Deed, until: &Until) -> Result<(), Trouble> {
        match deed {
            Deed::Kill(number) => self.crew()?.kill(*number)?,
            Deed::Restart(number) => self.crew()?.restart(*number)?,
            Deed::Pause(number, long) => {
                self.crew()?.pause(*number, Signal::STOP)?;
                until.wait(*long);
                // Another fault may have ended it meanwhile: it did nothing all the same.
                drop(self.crew()?.pause(*number, Signal::CONT));
            }
            Deed::PauseService(number, long) => {
                let tree = self.service(*number)?;
                signal(&tree, Signal::STOP)?;
                until.wait(*long);
                // As with an instance, it may be gone.
                drop(signal(&tree, Signal::CONT));
            }
            Deed::KillService(number) => signal(&self.service(*number)?, Signal::KILL)?,
            Deed::RestartService(number, command) => {
                start(command)?;
                await_listener(self.place(*number)?)?;
            }
            Deed::Cut(number) => {
                let connections = self.proxy(*number)?.cut();
                must_touch(connections > 0, "there was no connection to cut")?;
            }
            Deed::Slow(number, by, long) => {
                let proxy = self.proxy(*number)?;
                let before = proxy.slowed();
                proxy.slow(*by);
                until.wait(*long);
                proxy.slow(Duration::ZERO);
                must_touch(proxy.slowed() > before, "nothing went there or came back meanwhile")?;
            }
            Deed::FillDisk(long) => {
                // Whoever else wants the crew does not wait until there is room again.
                let data = self.crew()?.data();
                fill(&data, *long, until)?;
            }
            Deed::Jump(number, by_ms, long) => {
                self.move_clock(*number, *by_ms)?;
                if let Some(long) = long {
                    until.wait(*long);
                    self.move_clock(*number, -by_ms)?;
                }
            }
            Deed::Run(command) => run(command, until)?,
        }
        Ok(())
    }

    fn crew(&self) -> Result<MutexGuard<'_, Crew>, Trouble> {
        let elsewhere = || Trouble::Impossible("the house runs elsewhere".to_owned());
        let crew = self.crew.as_ref().ok_or_else(elsewhere)?;
        Ok(crew.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the house see another wall clock; the machine's stays as it is.
    fn move_clock(&self, number: usize, by_ms: i64) -> Result<(), Trouble> {
        let targets = self.crew()?.targets();
        let target = targets.get(number).ok_or_else(|| missing(number, targets.len()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("moving a clock"))?;
        runtime.block_on(async {
            let path = format!("/bench/clock?by_ms={by_ms}");
            let mut visit = Visit::begin(target.address).await?;
            visit.post(As::Nobody, &path, None, None).await.map(drop)
        })
    }

    /// The processes of a service, looked for anew each time: it may have been started again.
    fn service(&self, number: usize) -> Result<Vec<u32>, Trouble> {
        let missing = || Trouble::Impossible("there is no such service here".to_owned());
        let root = listener_at(self.place(number)?).ok_or_else(missing)?;
        Ok(tree(&[root]))
    }

    fn place(&self, number: usize) -> Result<SocketAddr, Trouble> {
        let missing = || Trouble::Impossible("there is no such service".to_owned());
        self.services.get(number).and_then(|one| one.address).ok_or_else(missing)
    }

    fn proxy(&self, number: usize) -> Result<&Proxy, Trouble> {
        let missing = || Trouble::Impossible("there is no such service".to_owned());
        self.proxies.get(&number).ok_or_else(missing)
    }
}

impl Storm {
    /// What happened, and what was due after the end and did not.
    pub(crate) fn end(self) -> Vec<Happened> {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.threads.into_iter().filter_map(|thread| thread.join().ok());
        let mut happened: Vec<Happened> = ended.collect();
        happened.sort_by_key(|one| one.at_ns);
        happened
    }
}

/// What touched nobody did not happen.
fn must_touch(is_touched: bool, otherwise: &str) -> Result<(), Trouble> {
    if is_touched { Ok(()) } else { Err(Trouble::Impossible(otherwise.to_owned())) }
}

/// Sends a signal to processes; one that has ended meanwhile is sent nothing, but one must be there
/// that may be sent it.
fn signal(pids: &[u32], signal: Signal) -> Result<(), Trouble> {
    let pids = pids.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
    let sent = pids.filter(|pid| kill_process(*pid, signal).is_ok()).count();
    if sent > 0 {
        return Ok(());
    }
    Err(Trouble::Impossible("none of its processes could be sent a signal".to_owned()))
}

/// Fills the disk of a directory; gives it back after a while. A large disk is not filled whole.
fn fill(directory: &Path, long: Duration, until: &Until) -> Result<(), Trouble> {
    let path = directory.join("filled");
    let doing = format!("filling the disk of {}", directory.display());
    let mut file = File::create(&path).map_err(Trouble::system(&*doing))?;
    let block = vec![0x5a; FILL];
    let (mut steps, mut is_full) = (0, false);
    while !is_full && steps < FILL_STEPS && !until.is_over() {
        is_full = file.write_all(&block).is_err();
        steps += 1;
    }
    until.wait(long);
    drop(file);
    std::fs::remove_file(&path).map_err(Trouble::system(&*doing))?;
    if is_full {
        return Ok(());
    }
    let taken = if steps < FILL_STEPS { "as much as the run lasted" } else { "4 GiB" };
    Err(Trouble::Impossible(format!("{doing}: it took {taken} and was not full")))
}

/// Waits until a service listens, also where the run is over meanwhile: what the house has is read
/// behind it, and not without the service.
fn await_listener(address: SocketAddr) -> Result<(), Trouble> {
    let clock = Stopwatch::start();
    while clock.seconds() < START_SECONDS {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(GLANCE);
    }
    Err(Trouble::Impossible(format!("nothing listens at {address}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crew::tests::gone;

    /// What came of a schedule on a house whose only instance has ended.
    fn came_of(schedule: &[&str], wait: Duration) -> Vec<(String, u64, Option<String>)> {
        let faults: Vec<Fault> = schedule.iter().map(|text| text.parse().unwrap()).collect();
        let crew = Some(Arc::new(Mutex::new(gone())));
        let weather = Weather { crew, ..Weather::default() };
        let storm = weather.begin(&faults, (Stopwatch::start(), &Stop::default()));
        std::thread::sleep(wait);
        let happened = storm.end().into_iter();
        happened.map(|one| (one.what, one.at_ns, one.trouble)).collect()
    }

    #[test]
    fn what_could_not_be_done_stands_among_the_faults_with_the_reason() {
        let schedule =
            ["0ms:kill:instance-1", "0ms:pause:instance-1:1ms", "0ms:jump:instance-9:1s"];
        let came = came_of(&schedule, Duration::from_millis(60));
        let said = |what: &str| {
            let found = came.iter().find(|(text, ..)| text == what).unwrap();
            found.2.clone().unwrap()
        };
        assert_eq!(said(schedule[0]), "instance-1 is down");
        assert_eq!(said(schedule[1]), "instance-1 is down");
        assert_eq!(said(schedule[2]), "there is no instance-9: the run has 1");
    }

    #[test]
    fn a_cut_and_a_delay_that_touch_nothing_are_not_done() {
        let service = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(service.local_addr().unwrap()).unwrap();
        let weather = Weather { proxies: Arc::new([(0, proxy)].into()), ..Weather::default() };
        let faults = ["0ms:cut:service-1", "0ms:slow:service-1:1ms:1ms"];
        let faults = faults.map(|text| text.parse().unwrap());
        let storm = weather.begin(&faults, (Stopwatch::start(), &Stop::default()));
        std::thread::sleep(Duration::from_millis(60));
        assert!(storm.end().iter().all(|one| one.trouble.is_some()));
    }

    #[test]
    fn what_lasts_longer_than_the_run_is_undone_when_it_is_over_or_somebody_ends_it() {
        let service = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(service.local_addr().unwrap()).unwrap();
        let weather = Weather { proxies: Arc::new([(0, proxy)].into()), ..Weather::default() };
        let faults =
            ["0ms:slow:service-1:9ms:60s", "600s:cut:service-1"].map(|text| text.parse().unwrap());
        for is_stopped in [false, true] {
            let (clock, stop) = (Stopwatch::start(), Stop::default());
            let storm = weather.begin(&faults, (clock, &stop));
            while !weather.proxies[&0].is_slow() {
                std::thread::sleep(GLANCE);
            }
            stop.store(is_stopped, Ordering::Relaxed);
            while is_stopped && weather.proxies[&0].is_slow() {
                std::thread::sleep(GLANCE);
            }
            let came = storm.end();
            assert!(!weather.proxies[&0].is_slow());
            assert!(clock.seconds() < 20.0, "{}", clock.seconds());
            assert_eq!(came[0].what, format!("{} {CUT}", faults[0].text));
            assert!(came[0].until_ns < 20_000_000_000, "{came:?}");
            assert_eq!(came[1].trouble.as_deref(), Some(TOO_LATE));
        }
    }

    #[test]
    fn a_disk_is_given_back_when_the_run_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let until = Until::default();
        until.end();
        let why = fill(directory.path(), Duration::from_mins(1), &until).unwrap_err().to_string();
        assert!(why.ends_with("it took as much as the run lasted and was not full"), "{why}");
        assert!(until.is_cut() && !directory.path().join("filled").exists());
    }

    #[test]
    fn what_was_due_after_the_end_stands_there_as_not_happened() {
        let came = came_of(&["600s:run:true"], Duration::ZERO);
        let wanted = ("600s:run:true".to_owned(), 600_000_000_000, Some(TOO_LATE.to_owned()));
        assert_eq!(came, [wanted]);
    }

    #[test]
    fn a_signal_that_reaches_nobody_is_trouble() {
        // Beyond the greatest number that a process can have.
        assert!(signal(&[1 << 23], Signal::CONT).is_err());
        assert!(signal(&[], Signal::CONT).is_err());
        assert!(signal(&[1 << 23, std::process::id()], Signal::CONT).is_ok());
    }
}
