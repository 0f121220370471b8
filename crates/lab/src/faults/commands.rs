//! Commands of the shell that a schedule names: what is kept of them may be read by anybody, and none
//! of them keeps a run waiting.

use super::until::{GLANCE, Until};
use crate::Trouble;
use crate::time::Stopwatch;
use crate::urls::without_secrets;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a command may go on when the run is over.
const LEFT: Duration = Duration::from_secs(5);
/// How long the rest of what it said may take to come when it has ended. What it left behind may keep
/// the pipe open for good.
const REST: Duration = Duration::from_secs(2);
/// So much of what a command says is remembered, in bytes, and so much of its last line shown, in
/// characters.
const REMEMBERED: usize = 16 << 10;
const SHOWN: usize = 300;

/// Runs a command to its end, and one that goes on behind the end of the run until it is killed.
pub(super) fn run(command: &str, until: &Until) -> Result<(), Trouble> {
    run_for(command, until, LEFT)
}

fn run_for(command: &str, until: &Until, left: Duration) -> Result<(), Trouble> {
    let shown = shown(command);
    let mut shell = shell(command);
    let mut child = shell.stderr(Stdio::piped()).spawn().map_err(Trouble::system(&*shown))?;
    let said = Said::of(&mut child);
    let why = match ended(&mut child, until, left).map_err(Trouble::system(&*shown))? {
        Some(status) if status.success() => return Ok(()),
        Some(status) => match said.last() {
            Some(last) => format!("{status}: {last}"),
            None => format!("{status}, and it said nothing"),
        },
        None => {
            let seconds = left.as_secs_f64();
            format!("it went on for {seconds} s behind the end of the run, and was killed")
        }
    };
    Err(Trouble::Impossible(format!("{shown}: {why}")))
}

/// Starts what goes on when the laboratory has ended.
pub(super) fn start(command: &str) -> Result<(), Trouble> {
    // It is nobody's child: who ends the laboratory and all that it started does not end it.
    let mut apart = Command::new("setsid");
    apart.args(["--fork", "sh", "-c", command]);
    apart.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    apart.status().map(drop).map_err(Trouble::system(shown(command)))
}

/// Of a group of its own: what it starts can be ended with it, and nothing of it by who ends the
/// laboratory from a terminal.
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).process_group(0);
    shell.stdin(Stdio::null()).stdout(Stdio::null());
    shell
}

/// How a command ended; nothing of one that had to be killed, with all that it started.
fn ended(child: &mut Child, until: &Until, left: Duration) -> std::io::Result<Option<ExitStatus>> {
    let mut over: Option<Stopwatch> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if over.is_none() && until.is_over() {
            over = Some(Stopwatch::start());
        }
        if over.is_some_and(|over| over.seconds() >= left.as_secs_f64()) {
            break;
        }
        std::thread::sleep(GLANCE);
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait().map(|_| None)
}

/// What a command said, and who hears it: on a thread, since it ends when the last ends who holds the
/// pipe, and that may be nobody for days.
struct Said {
    heard: Arc<Mutex<Heard>>,
    hearing: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    /// Whether there was more before.
    has_more: bool,
}

impl Said {
    fn of(child: &mut Child) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        let hearing = child.stderr.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut bytes = [0; 4 << 10];
                while let Ok(length @ 1..) = pipe.read(&mut bytes) {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).add(&bytes[..length]);
                }
            })
        });
        Self { heard, hearing }
    }

    /// The last line that says something, for anybody to read.
    fn last(&self) -> Option<String> {
        let clock = Stopwatch::start();
        let is_heard = || self.hearing.as_ref().is_none_or(JoinHandle::is_finished);
        while !is_heard() && clock.seconds() < REST.as_secs_f64() {
            std::thread::sleep(GLANCE);
        }
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).last()
    }
}

impl Heard {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * REMEMBERED {
            self.bytes.drain(..self.bytes.len() - REMEMBERED);
            self.has_more = true;
        }
    }

    fn last(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        // A line whose beginning is lost may end with a password of which nobody sees that it is one.
        let whole = if self.has_more { text.split_once('\n')?.1 } else { &*text };
        let last = whole.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(shown(last.trim()))
    }
}

/// What a report keeps of a command and of what it said: one line of no great length, and no password.
/// It is cut last, since the end of an address says that there is a password before it.
fn shown(text: &str) -> String {
    let line = without_secrets(&text.replace(['\n', '\r'], " "));
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(command: &str) -> String {
        run(command, &Until::default()).unwrap_err().to_string()
    }

    #[test]
    fn of_a_command_that_fails_no_password_is_kept() {
        let address = "postgres://ann:pw@h:1/house";
        let said = why(&format!("false {address}"));
        assert_eq!(said, "false postgres://h:1/…: exit status: 1, and it said nothing");
        let said = why(&format!("x='{address}'; echo $x: no such host >&2; exit 2"));
        assert!(said.ends_with("exit status: 2: postgres://h:1/…"), "{said}");
        // What follows an address is not told apart from it.
        let said = why(&format!("echo cannot reach {address} >&2; exit 2"));
        assert!(!said.contains("pw") && said.contains(": exit status: 2: cannot reach "), "{said}");
        let nowhere = Command::new("/nonexistent").spawn().map(drop);
        let said = nowhere.map_err(Trouble::system(shown(address))).unwrap_err().to_string();
        assert!(said.starts_with("postgres://h:1/…: "), "{said}");
    }

    #[test]
    fn of_what_a_command_said_one_line_is_kept_which_says_something() {
        let said = why("echo one >&2\necho two >&2; echo '  ' >&2; exit 3");
        assert_eq!(said, "echo one >&2 echo two >&2; echo '  ' >&2; exit 3: exit status: 3: two");
        let said = why("kill -9 $$");
        assert_eq!(said, "kill -9 $$: signal: 9 (SIGKILL), and it said nothing");
        let said = why("head -c 100000 /dev/zero | tr '\\0' a >&2; echo >&2; echo b >&2; exit 1");
        assert!(said.ends_with(": b"), "{said}");
        let mut long = Heard::default();
        (0..100).for_each(|_| long.add(&[b'a'; 1 << 10]));
        assert_eq!(long.last(), None, "how it begins is not known");
        assert_eq!(shown(&"a".repeat(400)).chars().count(), SHOWN + 1);
    }

    #[test]
    fn what_a_command_leaves_behind_is_not_waited_for() {
        let clock = Stopwatch::start();
        run("sleep 20 & true", &Until::default()).unwrap();
        let said = why("sleep 20 & echo no >&2; false");
        assert!(said.ends_with("exit status: 1: no"), "{said}");
        assert!(clock.seconds() < 10.0, "{}", clock.seconds());
    }

    #[test]
    fn a_command_that_goes_on_behind_the_end_of_the_run_is_killed_with_what_it_started() {
        let until = Until::default();
        until.end();
        let clock = Stopwatch::start();
        run_for("sleep 0.1", &until, Duration::from_secs(20)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let command = format!("sleep 20 & echo $! > {}; wait", file.display());
        let said = run_for(&command, &until, Duration::from_secs(3)).unwrap_err().to_string();
        assert!(said.ends_with("3 s behind the end of the run, and was killed"), "{said}");
        assert!(clock.seconds() < 10.0, "{}", clock.seconds());
        let pid = std::fs::read_to_string(&file).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        // Who is killed dies when he has his turn, and whoever takes over what nobody waits for may not have looked yet.
        let is_dead = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        while !is_dead() {
            assert!(clock.seconds() < 15.0, "it goes on");
            std::thread::sleep(GLANCE);
        }
    }
}
