//! Does what a schedule says, each fault on a thread of its own.

use super::{Deed, Fault, Happened};
use crate::Trouble;
use crate::crew::{Crew, missing};
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
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How soon the thread of a fault sees that the run is over.
const GLANCE: Duration = Duration::from_millis(5);
/// How long a service may take to listen.
const START_SECONDS: f64 = 30.0;
/// A disk is filled in steps of so many bytes, up to a bound.
const FILL: usize = 1 << 20;
const FILL_STEPS: usize = 4 << 10;
/// What stands beside a fault that nobody saw.
const TOO_LATE: &str = "the run was over before it was due";

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
    over: crate::load::Stop,
}

impl Weather {
    /// Begins to do what the schedule says.
    pub(crate) fn begin(&self, faults: &[Fault], clock: Stopwatch) -> Storm {
        let over = crate::load::Stop::default();
        let threads = faults.iter().map(|fault| {
            let (weather, fault, over) = (self.clone(), fault.clone(), Arc::clone(&over));
            std::thread::spawn(move || weather.happen(&fault, clock, &over))
        });
        Storm { threads: threads.collect(), over }
    }

    fn happen(&self, fault: &Fault, clock: Stopwatch, over: &crate::load::Stop) -> Happened {
        let (due_ns, what) = (crate::time::nanos(fault.at), without_secrets(&fault.text));
        while clock.ns() < due_ns {
            if over.load(std::sync::atomic::Ordering::Relaxed) {
                let trouble = Some(TOO_LATE.to_owned());
                return Happened { at_ns: due_ns, until_ns: due_ns, what, trouble };
            }
            std::thread::sleep(GLANCE);
        }
        let at_ns = clock.ns();
        let trouble = self.do_it(&fault.deed).err().map(|trouble| trouble.to_string());
        Happened { at_ns, until_ns: clock.ns(), what, trouble }
    }

    fn do_it(&self, deed: &Deed) -> Result<(), Trouble> {
        match deed {
            Deed::Kill(number) => self.crew()?.kill(*number)?,
            Deed::Restart(number) => self.crew()?.restart(*number)?,
            Deed::Pause(number, long) => {
                self.crew()?.pause(*number, Signal::STOP)?;
                std::thread::sleep(*long);
                // Another fault may have ended it meanwhile: it did nothing all the same.
                drop(self.crew()?.pause(*number, Signal::CONT));
            }
            Deed::PauseService(number, long) => {
                let tree = self.service(*number)?;
                signal(&tree, Signal::STOP)?;
                std::thread::sleep(*long);
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
                std::thread::sleep(*long);
                proxy.slow(Duration::ZERO);
                must_touch(proxy.slowed() > before, "nothing went there or came back meanwhile")?;
            }
            Deed::FillDisk(long) => fill(&self.crew()?.data(), *long)?,
            Deed::Jump(number, by_ms, long) => {
                self.move_clock(*number, *by_ms)?;
                if let Some(long) = long {
                    std::thread::sleep(*long);
                    self.move_clock(*number, -by_ms)?;
                }
            }
            Deed::Run(command) => run(command)?,
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
        self.over.store(true, std::sync::atomic::Ordering::Relaxed);
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
fn fill(directory: &Path, long: Duration) -> Result<(), Trouble> {
    let path = directory.join("filled");
    let doing = format!("filling the disk of {}", directory.display());
    let mut file = File::create(&path).map_err(Trouble::system(&*doing))?;
    let block = vec![0x5a; FILL];
    let is_full = (0..FILL_STEPS).any(|_| file.write_all(&block).is_err());
    std::thread::sleep(long);
    drop(file);
    std::fs::remove_file(&path).map_err(Trouble::system(&*doing))?;
    if is_full {
        return Ok(());
    }
    Err(Trouble::Impossible(format!("{doing}: it took 4 GiB and was not full")))
}

/// Starts what goes on when the laboratory has ended.
fn start(command: &str) -> Result<(), Trouble> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).process_group(0);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().map(drop).map_err(Trouble::system(command))
}

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

fn run(command: &str) -> Result<(), Trouble> {
    let output = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).output();
    let output = output.map_err(Trouble::system(command))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Trouble::Impossible(format!("{command}: {said}")))
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
        let storm = weather.begin(&faults, Stopwatch::start());
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
        let storm = weather.begin(&faults, Stopwatch::start());
        std::thread::sleep(Duration::from_millis(60));
        assert!(storm.end().iter().all(|one| one.trouble.is_some()));
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
