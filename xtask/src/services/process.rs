//! Processes: started once, recognised by number and time of birth, stopped by number.

use super::Life;
use super::place::{Place, User};
use crate::command::output;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(50);
/// Half a minute of pauses.
const PAUSES_MAX: usize = 600;
/// Another may take a free port between our look and the start.
const STARTS_MAX: usize = 3;

/// A process that was started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    number: u32,
    /// A number that is used again belongs to somebody else.
    born: String,
    /// The signal that ends it well.
    end: String,
}

/// What to start.
pub(super) struct Wish<'a> {
    /// Under which its number is recorded.
    pub(super) name: &'a str,
    pub(super) user: Option<&'a User>,
    /// The signal that ends it well.
    pub(super) end: &'a str,
    /// The program and its arguments for a port.
    pub(super) words: &'a dyn Fn(u16) -> Vec<String>,
    /// Whether it answers on its port.
    pub(super) answers: &'a dyn Fn(u16) -> bool,
}

/// Starts a program on a free port and waits until it answers; the port.
pub(super) fn start(place: &Place, wish: &Wish<'_>) -> Result<u16, String> {
    let mut last = String::new();
    for _ in 0..STARTS_MAX {
        let port = free_port()?;
        match try_to_start(place, wish, port) {
            Ok(()) => return Ok(port),
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn try_to_start(place: &Place, wish: &Wish<'_>, port: u16) -> Result<(), String> {
    let words = (wish.words)(port);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let at_our_end = (place.life == Life::WithUs).then_some(wish.end);
    let mut command = place.command(wish.user, at_our_end, &words)?;
    // A group of its own: what a terminal sends to ours is not meant for it.
    let spawned = command.process_group(0).spawn();
    let mut child = spawned.map_err(|error| format!("{}: {error}", words.join(" ")))?;
    let process =
        Process::of(child.id(), wish.end).ok_or_else(|| format!("{} ended at once", wish.name))?;
    let record = format!("{} {} {}", process.number, process.born, wish.end);
    place.write(&format!("{}.pid", wish.name), &record)?;
    for _ in 0..PAUSES_MAX {
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            break;
        }
        if (wish.answers)(port) {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    process.stop();
    let log = place.directory.join("log");
    Err(format!("{} does not answer on port {port}, see {}", wish.name, log.display()))
}

/// A port of loopback that nobody has.
pub(super) fn free_port() -> Result<u16, String> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|bound| bound.local_addr());
    bound.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

impl Process {
    fn of(number: u32, end: &str) -> Option<Self> {
        Some(Self { number, born: state(number)?.1, end: end.to_owned() })
    }

    /// The processes whose numbers a directory has.
    pub(super) fn recorded_in(directory: &Path) -> Vec<Self> {
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        let records = entries.filter_map(Result::ok).map(|entry| entry.path());
        let records = records.filter(|path| path.extension().is_some_and(|end| end == "pid"));
        records.filter_map(|path| Self::parse(&std::fs::read_to_string(path).ok()?)).collect()
    }

    fn parse(record: &str) -> Option<Self> {
        let mut words = record.split_whitespace();
        let number = words.next()?.parse().ok()?;
        Some(Self { number, born: words.next()?.to_owned(), end: words.next()?.to_owned() })
    }

    /// Whether it still runs: a process that only waits to be counted does not.
    pub(super) fn is_alive(&self) -> bool {
        state(self.number).is_some_and(|(state, born)| state != "Z" && born == self.born)
    }

    /// Asks it to end, and ends it when it does not; then what it left behind in its group, such as
    /// the browsers of a driver.
    pub(super) fn stop(&self) {
        if self.is_alive() {
            self.end_it();
            drop(output(&["kill", "-KILL", "--", &format!("-{}", self.number)]));
        }
    }

    fn end_it(&self) {
        for signal in [&*self.end, "KILL"] {
            if !self.is_alive() {
                return;
            }
            drop(output(&["kill", &format!("-{signal}"), &self.number.to_string()]));
            for _ in 0..PAUSES_MAX {
                if !self.is_alive() {
                    return;
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// The state and the time of birth of a process, as the kernel tells them.
fn state(number: u32) -> Option<(String, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name is in parentheses and may contain anything.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.to_owned();
    Some((state, words.nth(18)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_number_and_birth() {
        let us = Process::of(std::process::id(), "TERM").unwrap();
        assert!(us.is_alive());
        assert!(!Process { born: "1".to_owned(), ..us.clone() }.is_alive(), "the number's heir");
        let record = format!("{} {} TERM", us.number, us.born);
        assert_eq!(Process::parse(&record), Some(us));
    }

    #[test]
    fn what_a_stopped_process_left_behind_is_ended_too() {
        let place = std::env::temp_dir().join(format!("left-behind-{}", std::process::id()));
        let line = format!("trap 'exit 0' TERM; sleep 61 & echo $! >{}; wait", place.display());
        let mut sh = std::process::Command::new("sh");
        let mut child = sh.args(["-c", &line]).process_group(0).spawn().unwrap();
        let left = loop {
            let said = std::fs::read_to_string(&place).unwrap_or_default();
            if let Ok(number) = said.trim().parse() {
                break number;
            }
            std::thread::sleep(PAUSE);
        };
        let left = Process::of(left, "TERM").unwrap();
        // Its number stays taken until it is waited for; so it counts as ended.
        Process::of(child.id(), "TERM").unwrap().stop();
        child.wait().unwrap();
        std::fs::remove_file(&place).unwrap();
        for _ in 0..PAUSES_MAX {
            if !left.is_alive() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("it lives");
    }

    #[test]
    fn a_stopped_process_is_gone_and_its_heir_is_left_alone() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::of(child.id(), "TERM").unwrap();
        Process { born: "1".to_owned(), ..process.clone() }.stop();
        assert!(process.is_alive());
        process.stop();
        assert!(!process.is_alive());
        child.wait().unwrap();
    }
}
