//! The directory of a service: what it keeps, its log, who it runs as.

use super::Life;
use crate::command::{output, program};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The directory of a service.
pub(super) struct Place {
    /// Numbers of processes, the address, the log.
    pub(super) directory: PathBuf,
    pub(super) life: Life,
}

/// Who a service runs as, where it must not be root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    name: String,
    group: String,
}

/// Whether this process may do everything.
pub(super) fn is_root() -> bool {
    output(&["id", "-u"]).is_ok_and(|id| id.trim() == "0")
}

impl User {
    /// The first of these users that there is; nobody in particular where this process is not root.
    pub(super) fn first_of(names: &[&str]) -> Result<Option<Self>, String> {
        if !is_root() {
            return Ok(None);
        }
        let group = |name: &&str| output(&["id", "-g", name]).ok().map(|id| id.trim().to_owned());
        let found = names.iter().find_map(|name| Some((name, group(name)?)));
        let (name, group) = found.ok_or("there is no user that is not root")?;
        Ok(Some(Self { name: (*name).to_owned(), group }))
    }
}

impl Place {
    /// Makes an empty directory.
    pub(super) fn make(directory: &Path, life: Life) -> Result<Self, String> {
        let said = |error| format!("{}: {error}", directory.display());
        std::fs::create_dir_all(directory).map_err(said)?;
        Ok(Self { directory: directory.to_owned(), life })
    }

    /// Removes a directory and the data that had to live elsewhere.
    pub(super) fn remove(directory: &Path) -> Result<(), String> {
        if let Ok(elsewhere) = std::fs::read_to_string(directory.join("elsewhere")) {
            remove(Path::new(&elsewhere))?;
        }
        remove(directory)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.directory.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// A directory on disk for what the service keeps, its user's own. A checkout that only root
    /// can enter is no place for another user: then it is made beside it.
    pub(super) fn data(&self, user: Option<&User>) -> Result<PathBuf, String> {
        let data = self.directory.join("data");
        if self.hand_over(&data, user).is_ok() {
            return Ok(data);
        }
        let name = format!("admitone-{}", std::process::id());
        let place = self.directory.file_name().unwrap_or_default().to_string_lossy();
        let elsewhere = Path::new("/var/tmp").join(format!("{name}-{place}"));
        self.write("elsewhere", &elsewhere.to_string_lossy())?;
        self.hand_over(&elsewhere, user)?;
        Ok(elsewhere)
    }

    fn hand_over(&self, directory: &Path, user: Option<&User>) -> Result<(), String> {
        let path = directory.to_string_lossy();
        std::fs::create_dir_all(directory).map_err(|error| format!("{path}: {error}"))?;
        if let Some(user) = user {
            output(&["chown", &format!("{}:{}", user.name, user.group), &path])?;
        }
        self.run(user, &["test", "-w", &path])
    }

    /// Runs a program to its end, as a user; what it says goes to the log.
    pub(super) fn run(&self, user: Option<&User>, words: &[&str]) -> Result<(), String> {
        let mut command = self.command(user, None, words)?;
        let status = command.status().map_err(|error| format!("{}: {error}", words.join(" ")))?;
        let log = self.directory.join("log");
        let failed = || format!("{} failed, see {}", words.join(" "), log.display());
        if status.success() { Ok(()) } else { Err(failed()) }
    }

    /// A program that runs as a user and writes to the log. With a signal, it gets it when this
    /// process ends.
    pub(super) fn command(
        &self,
        user: Option<&User>,
        at_our_end: Option<&str>,
        words: &[&str],
    ) -> Result<Command, String> {
        let mut all = Vec::new();
        if let Some(user) = user {
            all.extend([
                "setpriv",
                "--clear-groups",
                "--reuid",
                &user.name,
                "--regid",
                &user.group,
            ]);
        }
        if let Some(signal) = at_our_end {
            all.extend(if all.is_empty() { &["setpriv"][..] } else { &[] });
            all.extend(["--pdeathsig", signal]);
        }
        all.extend(words);
        let mut command = program(&all);
        let log = self.log()?;
        let also = log.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(log).stderr(also).current_dir("/");
        Ok(command)
    }

    fn log(&self) -> Result<File, String> {
        let path = self.directory.join("log");
        let opened = File::options().create(true).append(true).open(&path);
        opened.map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn remove(directory: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", directory.display()))
        }
        _ => Ok(()),
    }
}
