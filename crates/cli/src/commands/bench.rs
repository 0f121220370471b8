//! `admitone bench`: load, audit and report in one command.

use crate::arguments::{Bench, Scenario};
use crate::exit::{Exit, Failed, failed};
use crate::voice;
use admitone_lab::bench::report::{Report, table};
use admitone_lab::bench::{self, Name, Place, Settings};
use admitone_lab::instance::Variable;
use admitone_lab::load::Stop;
use admitone_lab::target::Target;
use admitone_lab::urls::without_secrets;
use indicatif::ProgressBar;
use rustix::process::{Pid, kill_process, kill_process_group};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Of the load of each run, so much more is warm-up.
const WARM_UP_SHARE: f64 = 1.0 / 3.0;

pub(crate) fn run(arguments: &Bench) -> Result<Exit, Failed> {
    let settings = settings(arguments);
    let scratch = scratch(arguments.out.as_deref())?;
    let place = place(arguments, scratch.path())?;
    let stop = stop_on_signal()?;
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(200));
    let measured =
        bench::run(&settings, &place, &stop, &mut |step| progress.set_message(step.to_owned()));
    progress.finish_and_clear();
    if let Some(out) = &arguments.out {
        keep_log(scratch.path(), out)?;
    }
    let report = measured?;
    if let Some(out) = &arguments.out {
        keep(&report, out)?;
    }
    if arguments.json {
        voice::json(&report)?;
    } else {
        voice::text(&table(&report));
    }
    Ok(if report.is_sound() { Exit::Done } else { Exit::Unsound })
}

fn settings(arguments: &Bench) -> Settings {
    let names = arguments.scenarios.iter().map(|scenario| name(*scenario)).collect();
    let scenarios = if arguments.scenarios.is_empty() { Name::USUAL.to_vec() } else { names };
    let common = Settings {
        scenarios,
        runs: arguments.runs,
        seconds: arguments.seconds,
        warm_up_seconds: (arguments.seconds * WARM_UP_SHARE).min(1.0),
        connections: usize::from(arguments.connections),
        threads: usize::from(arguments.threads),
        rate: arguments.rate,
        first_ceiling: 75_000,
        seed: arguments.seed,
    };
    if !arguments.quick {
        return common;
    }
    let rate = arguments.rate.or(Some(500));
    let (seconds, warm_up_seconds) = (0.2, 0.05);
    Settings {
        runs: 1,
        seconds,
        warm_up_seconds,
        connections: 16,
        rate,
        first_ceiling: 8_000,
        ..common
    }
}

fn name(scenario: Scenario) -> Name {
    match scenario {
        Scenario::Holds => Name::Holds,
        Scenario::Charges => Name::Charges,
        Scenario::Polls => Name::Polls,
        Scenario::Seats50 => Name::Seats50,
        Scenario::Seats2000 => Name::Seats2000,
        Scenario::Lists => Name::Lists,
        Scenario::WaitingPage => Name::WaitingPage,
        Scenario::Start => Name::Start,
        Scenario::StartMillion => Name::StartMillion,
    }
}

/// A directory for the store, which is gone when the benchmark is over.
pub(super) fn scratch(out: Option<&Path>) -> Result<TempDir, Failed> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("admitone-bench-");
    let made = match out {
        Some(out) => {
            let doing = format!("making {}", out.display());
            std::fs::create_dir_all(out).map_err(failed(&doing))?;
            builder.tempdir_in(out).map_err(failed(&doing))
        }
        None => builder.tempdir().map_err(failed("making a temporary directory")),
    }?;
    let mut scratches = SCRATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    scratches.push(made.path().to_owned());
    Ok(made)
}

/// The directories for stores that there are: whoever ends at once, and comes back to nobody who would
/// drop them, takes them away.
static SCRATCHES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// A house that is asked to end may still write into one: it is looked so often whether it is gone.
const CLEARINGS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(10);

/// Takes the stores away. What a house has open it closes as it would.
fn clear_scratches() {
    for path in SCRATCHES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        for _ in 0..CLEARINGS {
            drop(std::fs::remove_dir_all(path));
            if !path.exists() {
                break;
            }
            std::thread::sleep(BETWEEN);
        }
    }
}

fn place(arguments: &Bench, directory: &Path) -> Result<Place, Failed> {
    if let (Some(url), Some(key)) = (&arguments.url, &arguments.operator_key) {
        let target = Target { address: address(url)?, operator_key: key.clone() };
        return Ok(Place::Elsewhere(target));
    }
    let program = std::env::current_exe()?;
    Ok(Place::Own { program, directory: directory.to_owned(), variables: variables(arguments) })
}

/// What of the flags is for the house.
fn variables(arguments: &Bench) -> Vec<Variable> {
    let strategy = arguments.strategy.as_ref().map(ToString::to_string);
    let flags = [
        (bench::STORE, arguments.store.clone()),
        ("ADMITONE_STRATEGY", strategy),
        ("ADMITONE_REDIS", arguments.redis.clone()),
        ("ADMITONE_RABBITMQ", arguments.rabbitmq.clone()),
        ("ADMITONE_KAFKA", arguments.kafka.clone()),
    ];
    flags.into_iter().filter_map(|(name, value)| Some(Variable { name, value: value? })).collect()
}

/// `http://host:port`, as `serve` prints it, or without the beginning.
pub(super) fn address(url: &str) -> Result<SocketAddr, Failed> {
    let (scheme, bare) = url.split_once("://").unwrap_or(("http", url));
    // A password in it is repeated nowhere.
    let shown = without_secrets(&format!("{scheme}://{bare}"));
    let form = "write http://HOST:PORT, as `serve` says it";
    let why = match (scheme, bare.trim_end_matches('/')) {
        ("https", _) => format!(
            "https is not spoken here: name what listens behind it on the machine itself, and {form}"
        ),
        ("http", bare) if bare.contains('@') => format!(
            "a house knows nobody by a name and a password: {form}, and the key with --operator-key"
        ),
        ("http", bare) if bare.contains(['/', '?', '#']) => {
            format!("a house has no path before its own: {form}")
        }
        ("http", bare) if has_port(bare) => {
            let found = bare.to_socket_addrs().map_err(failed(&shown))?.next();
            return found.ok_or_else(|| failed(&shown)("no address"));
        }
        ("http", _) => format!("it names no port: {form}"),
        _ => format!("that is not spoken here: {form}"),
    };
    Err(failed(&shown)(why))
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

/// Set when somebody asks the benchmark to end; it then ends its house too. Asked a second time, both
/// end at once.
pub(super) fn stop_on_signal() -> Result<Stop, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        let mut kinds = vec![SignalKind::terminate(), SignalKind::interrupt()];
        // Whoever began it with `nohup` wants it to outlive its terminal.
        kinds.extend((!ignores_hang_up()).then(SignalKind::hangup));
        kinds.into_iter().map(signal).collect::<Result<Vec<_>, _>>()?
    };
    let stop = Stop::default();
    let watched = Arc::clone(&stop);
    std::thread::spawn(move || {
        for is_asked_again in [false, true] {
            runtime.block_on(std::future::poll_fn(|context| {
                let is_there = |one: &mut Signal| one.poll_recv(context).is_ready();
                if signals.iter_mut().any(is_there) { Poll::Ready(()) } else { Poll::Pending }
            }));
            watched.store(true, Ordering::Relaxed);
            if is_asked_again {
                end_at_once();
            }
        }
    });
    Ok(stop)
}

/// Whether a hang-up of the terminal was to be ignored when this began.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// As a shell reports a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// Asks the houses to end, and waits for none of them.
fn end_at_once() {
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        for pid in pids {
            // Houses and commands of faults are of groups of their own, with what they started.
            let asked = kill_process_group(pid, rustix::process::Signal::TERM);
            let _ = asked.or_else(|_| kill_process(pid, rustix::process::Signal::TERM));
        }
    }
    clear_scratches();
    std::process::exit(INTERRUPTED);
}

fn keep_log(scratch: &Path, out: &Path) -> Result<(), Failed> {
    let log = scratch.join("server.log");
    if log.exists() {
        std::fs::copy(&log, out.join("server.log")).map_err(failed("keeping the log"))?;
    }
    Ok(())
}

fn keep(report: &Report, out: &Path) -> Result<(), Failed> {
    let json = serde_json::to_vec_pretty(report)?;
    for (name, text) in [("report.json", json), ("report.txt", table(report).into_bytes())] {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(failed(&format!("writing {}", path.display())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_serve_says_it() {
        for text in ["http://127.0.0.1:9", "http://127.0.0.1:9/", "127.0.0.1:9"] {
            assert_eq!(address(text).unwrap(), SocketAddr::from(([127, 0, 0, 1], 9)), "{text}");
        }
        assert_eq!(address("http://[::1]:9/").unwrap().port(), 9);
    }

    #[test]
    fn an_address_that_is_none_says_why_and_shows_no_password() {
        for (text, why) in [
            ("http://ann:pw@127.0.0.1:9", "http://127.0.0.1:9: a house knows nobody by a name"),
            ("ann:pw@127.0.0.1:9", "http://127.0.0.1:9: a house knows nobody by a name"),
            ("https://ann:pw@h:9/x", "https://h:9/…: https is not spoken here: "),
            ("https://127.0.0.1:9", "https://127.0.0.1:9: https is not spoken here: "),
            ("http://127.0.0.1:9/foo", "http://127.0.0.1:9/…: a house has no path"),
            ("http://127.0.0.1:9?x", "http://127.0.0.1:9/…: a house has no path"),
            ("http://127.0.0.1", "http://127.0.0.1: it names no port: write http://HOST:PORT"),
            ("http://[::1]", "http://[::1]: it names no port"),
            ("ftp://127.0.0.1:9", "ftp://127.0.0.1:9: that is not spoken here"),
        ] {
            let said = address(text).unwrap_err().to_string();
            assert!(said.starts_with(why) && !said.contains("pw"), "{text}: {said}");
        }
    }
}
