//! Faults by a schedule, in the same run as the load: what happens to whom when.
//!
//! A fault is written `AT:WHAT:WHOM[:FOR]`: `3s:kill:instance-1`, `5s:pause:instance-2:800ms`,
//! `6s:restart:instance-1`, `4s:pause:service-1:2s`, `7s:fill-disk:data:3s`,
//! `8s:jump:instance-1:-3600s:2s`, `9s:kill:service-2`, `10s:restart:service-2:COMMAND`,
//! `9s:run:COMMAND`.

mod believed;
mod commands;
mod deeds;
mod plan;
mod until;

pub(crate) use believed::believed;
pub(crate) use deeds::Weather;
pub(crate) use plan::must_be_possible;

use crate::Trouble;
use crate::urls::without_secrets;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A fault that is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// When, after the run began.
    pub at: Duration,
    /// What.
    pub deed: Deed,
    /// As it was written.
    pub text: String,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// An instance ends without a word.
    Kill(usize),
    /// An instance is started again.
    Restart(usize),
    /// A service of this machine, by its number, ends without a word, with all that works for it.
    KillService(usize),
    /// This command of the shell starts a service again; it is there when it listens.
    RestartService(usize, String),
    /// An instance does nothing for a while.
    Pause(usize, Duration),
    /// A service, by its number, does nothing for a while.
    PauseService(usize, Duration),
    /// The disk under the data of the house is full for a while.
    FillDisk(Duration),
    /// Connections to a service, by its number, are cut.
    Cut(usize),
    /// Everything that goes to a service and back takes so much longer, for a while.
    Slow(usize, Duration, Duration),
    /// The wall clock that an instance sees is moved by so many milliseconds, for a while or for
    /// good.
    Jump(usize, i64, Option<Duration>),
    /// A command of the shell: whatever else there is to break.
    Run(String),
}

impl Deed {
    /// The service before which something must stand for it, by its number.
    pub(crate) fn proxied(&self) -> Option<usize> {
        match self {
            Self::Cut(number) | Self::Slow(number, ..) => Some(*number),
            _ => None,
        }
    }

    /// What `serve` must be told so that it can happen.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        matches!(self, Self::Jump(..)).then_some("--movable-clock")
    }
}

/// A fault of the schedule: that it happened, or why it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When, in nanoseconds since the run began; when it was due, if the run was over before.
    pub at_ns: u64,
    /// Until when.
    pub until_ns: u64,
    /// What, as it was written but for what is secret, and if the end of the run ended it.
    pub what: String,
    /// Why it could not be done, if it could not.
    pub trouble: Option<String>,
}

impl std::str::FromStr for Fault {
    type Err = Trouble;

    fn from_str(text: &str) -> Result<Self, Trouble> {
        let shown = without_secrets(text);
        let wrong = |why: &str| Trouble::Impossible(format!("--fault {shown}: {why}"));
        let mut parts = text.splitn(3, ':');
        let at = parts.next().and_then(span).ok_or_else(|| wrong("begin with a time: 3s"))?;
        let what = parts.next().unwrap_or_default();
        let rest = parts.next().unwrap_or_default();
        let words: Vec<&str> = rest.split(':').collect();
        let whom = |begin: &str| {
            let number = words.first()?.strip_prefix(begin)?.strip_prefix('-')?;
            number.parse::<usize>().ok().filter(|number| *number > 0).map(|number| number - 1)
        };
        let time = |at: usize| words.get(at).copied().and_then(span);
        if let ("jump", Some(number)) = (what, whom("instance")) {
            let by = words.get(1).copied().and_then(signed_ms);
            let by = by.ok_or_else(|| wrong("say how far: jump:instance-1:-3600s"))?;
            if words.len() > 2 && time(2).is_none() {
                return Err(wrong("say for how long, or nothing: jump:instance-1:-3600s:2s"));
            }
            return Ok(Self { at, deed: Deed::Jump(number, by, time(2)), text: text.to_owned() });
        }
        let deed = match (what, whom("instance"), whom("service"), time(1)) {
            ("kill", Some(number), _, None) => Deed::Kill(number),
            ("kill", _, Some(number), None) => Deed::KillService(number),
            ("restart", Some(number), _, None) => Deed::Restart(number),
            ("restart", _, Some(number), _) => {
                let command = rest.split_once(':').map(|(_, command)| command.to_owned());
                let command = command.filter(|command| !command.is_empty());
                let how = "say how it is started: restart:service-1:COMMAND";
                Deed::RestartService(number, command.ok_or_else(|| wrong(how))?)
            }
            ("pause", Some(number), _, Some(long)) => Deed::Pause(number, long),
            ("pause", _, Some(number), Some(long)) => Deed::PauseService(number, long),
            ("cut", _, Some(number), None) => Deed::Cut(number),
            ("slow", _, Some(number), Some(by)) => {
                let long = time(2).ok_or_else(|| wrong("say how long: slow:service-1:20ms:3s"))?;
                Deed::Slow(number, by, long)
            }
            ("fill-disk", _, _, Some(long)) if words[0] == "data" => Deed::FillDisk(long),
            ("fill-disk", ..) => {
                return Err(wrong("only the disk under the data is filled: fill-disk:data:3s"));
            }
            ("run", ..) if !rest.is_empty() => Deed::Run(rest.to_owned()),
            _ => {
                return Err(wrong(
                    "write AT:kill|restart:instance-N, AT:kill:service-N, \
                     AT:restart:service-N:COMMAND, AT:pause:instance-N|service-N:FOR, \
                     AT:cut:service-N, AT:slow:service-N:BY:FOR, AT:fill-disk:data:FOR, \
                     AT:jump:instance-N:BY[:FOR] or AT:run:COMMAND",
                ));
            }
        };
        Ok(Self { at, deed, text: text.to_owned() })
    }
}

/// `800ms`, `3s`.
fn span(text: &str) -> Option<Duration> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

/// `+800ms`, `-3s`, in milliseconds.
fn signed_ms(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * i64::try_from(span(rest)?.as_millis()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let deed = |text: &str| text.parse::<Fault>().map(|fault| fault.deed).ok();
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        assert_eq!(deed("3s:kill:instance-1"), Some(Deed::Kill(0)));
        assert_eq!(deed("500ms:restart:instance-2"), Some(Deed::Restart(1)));
        assert_eq!(deed("5s:pause:instance-2:800ms"), Some(Deed::Pause(1, ms(800))));
        assert_eq!(deed("5s:pause:service-1:2s"), Some(Deed::PauseService(0, s(2))));
        assert_eq!(deed("5s:slow:service-1:20ms:3s"), Some(Deed::Slow(0, ms(20), s(3))));
        assert_eq!(deed("5s:cut:service-2"), Some(Deed::Cut(1)));
        assert_eq!(deed("5s:fill-disk:data:3s"), Some(Deed::FillDisk(s(3))));
        assert_eq!(deed("5s:kill:service-1"), Some(Deed::KillService(0)));
        let command = "redis-server --bind ::1";
        let restart = Some(Deed::RestartService(1, command.to_owned()));
        assert_eq!(deed(&format!("5s:restart:service-2:{command}")), restart);
        assert_eq!(deed("5s:jump:instance-2:-90s"), Some(Deed::Jump(1, -90_000, None)));
        assert_eq!(deed("5s:jump:instance-1:+5ms:2s"), Some(Deed::Jump(0, 5, Some(s(2)))));
        assert_eq!(deed("5s:run:date -u +%H:%M"), Some(Deed::Run("date -u +%H:%M".into())));
        for wrong in [
            "kill:instance-1",
            "3s:kill:instance-0",
            "3s:slow:service-1:20ms",
            "3s:cut",
            "3s:restart:service-1",
            "3s:jump:instance-1",
            "3s:jump:instance-1:--5s",
            "3s:jump:instance-1:5s:soon",
            "3s:fill-disk:data",
        ] {
            assert_eq!(deed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_disk_is_filled_but_that_of_the_data() {
        for other in ["4s:fill-disk:foo:1s", "4s:fill-disk:1s", "4s:fill-disk::1s"] {
            let why = other.parse::<Fault>().unwrap_err().to_string();
            assert!(why.ends_with("is filled: fill-disk:data:3s"), "{other}: {why}");
        }
    }

    #[test]
    fn a_fault_that_cannot_be_read_shows_no_password() {
        let why = "soon:run:psql postgres://ann:pw@h/db".parse::<Fault>().unwrap_err().to_string();
        assert!(!why.contains("pw") && why.contains("postgres://h/…"), "{why}");
    }
}
