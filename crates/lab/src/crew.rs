//! The instances of a house of our own: started, watched, hurt by faults, and ended by their ids.

use crate::Trouble;
use crate::faults::Happened;
use crate::instance::{Instance, Opening, Variable, ready, task};
use crate::target::Target;
use crate::time::Stopwatch;
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// How a house of our own is started.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The program.
    pub program: PathBuf,
    /// An empty directory for data and logs.
    pub directory: PathBuf,
    /// How it is configured: store, strategy, services.
    pub variables: Vec<Variable>,
    /// Further flags of `serve`.
    pub flags: Vec<String>,
    /// What it sells when it opens: a document as of `import`.
    pub programme: Option<PathBuf>,
    /// How many instances.
    pub instances: usize,
    /// Whether its new tables go without the constraints that catch an oversell.
    pub without_guards: bool,
}

/// The running instances.
#[derive(Debug)]
pub struct Crew {
    opened: Opened,
    members: Vec<Member>,
    operator_key: String,
    ended_well: bool,
    /// Those that ended without being asked to, and of which nobody was told yet.
    fallen: Vec<Fallen>,
}

/// An instance that ended by itself.
#[derive(Debug)]
struct Fallen {
    /// When that was noticed.
    noticed: Stopwatch,
    what: String,
}

#[derive(Debug)]
struct Member {
    address: SocketAddr,
    instance: Option<Instance>,
}

impl Crew {
    /// Starts them, the first alone: it brings the store to this version.
    pub fn start(opened: &Opened) -> Result<Self, Trouble> {
        let Opened { program, variables, .. } = opened;
        let data = opened.directory.join("data").display().to_string();
        if opened.without_guards {
            task(program, &["migrate", "--without-guards", "--data-dir", &data], variables)?;
        }
        if let Some(programme) = &opened.programme {
            let file = programme.display().to_string();
            task(program, &["import", &file, "--data-dir", &data], variables)?;
        }
        let mut crew = Self {
            opened: opened.clone(),
            members: Vec::new(),
            operator_key: String::new(),
            ended_well: true,
            fallen: Vec::new(),
        };
        for number in 0..opened.instances.max(1) {
            let instance = crew.open(number, None)?;
            crew.operator_key.clone_from(&instance.target.operator_key);
            let address = instance.target.address;
            crew.members.push(Member { address, instance: Some(instance) });
        }
        crew.wait()?;
        Ok(crew)
    }

    fn open(&self, number: usize, listen: Option<SocketAddr>) -> Result<Instance, Trouble> {
        let log = self.log(number);
        let key = Some(self.operator_key.as_str()).filter(|key| !key.is_empty());
        Instance::start(&Opening {
            program: &self.opened.program,
            data: &self.opened.directory.join("data"),
            variables: &self.opened.variables,
            flags: &self.opened.flags,
            operator_key: key,
            listen,
            log: &log,
        })
    }

    fn log(&self, number: usize) -> PathBuf {
        self.opened.directory.join(format!("server-{}.log", number + 1))
    }

    /// Waits until all say that they are ready.
    fn wait(&self) -> Result<(), Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("starting the laboratory"))?;
        for member in &self.members {
            runtime.block_on(ready(member.address))?;
        }
        Ok(())
    }

    /// Where they listen, and who operates them.
    pub fn targets(&self) -> Vec<Target> {
        let target = |member: &Member| Target {
            address: member.address,
            operator_key: self.operator_key.clone(),
        };
        self.members.iter().map(target).collect()
    }

    /// The processes that live.
    pub fn pids(&self) -> Vec<u32> {
        self.members.iter().filter_map(|member| Some(member.instance.as_ref()?.pid())).collect()
    }

    /// The directory of their data.
    pub(crate) fn data(&self) -> PathBuf {
        self.opened.directory.join("data")
    }

    /// Looks whether somebody ended without being asked to. Whoever did is down from here on.
    pub(crate) fn notice(&mut self) {
        for (number, member) in (1..).zip(&mut self.members) {
            let Some(status) = member.instance.as_mut().and_then(Instance::ended) else { continue };
            member.instance = None;
            let what = format!("instance-{number} ended by itself, {status}");
            self.fallen.push(Fallen { noticed: Stopwatch::start(), what });
        }
    }

    /// Who ended without being asked to since somebody was told last, as it stands among the faults of
    /// a run with this clock.
    pub(crate) fn fallen(&mut self, clock: Stopwatch) -> Vec<Happened> {
        self.notice();
        let told = self.fallen.drain(..).map(|Fallen { noticed, what }| {
            let at_ns = noticed.ns_after(&clock);
            Happened { at_ns, until_ns: at_ns, what, trouble: None }
        });
        told.collect()
    }

    /// Ends an instance without a word.
    pub(crate) fn kill(&mut self, number: usize) -> Result<(), Trouble> {
        self.running(number)?;
        self.end(number);
        Ok(())
    }

    fn end(&mut self, number: usize) {
        if let Some(instance) = self.members.get_mut(number).and_then(|one| one.instance.take()) {
            instance.kill();
        }
    }

    /// Stops an instance where it is, or lets it go on.
    pub(crate) fn pause(&mut self, number: usize, signal: Signal) -> Result<(), Trouble> {
        self.running(number)?.signal(signal);
        Ok(())
    }

    /// An instance that lives: what has ended can be hurt no more.
    fn running(&mut self, number: usize) -> Result<&mut Instance, Trouble> {
        self.notice();
        let missing = missing(number, self.members.len());
        let member = self.members.get_mut(number).ok_or(missing)?;
        let down = || Trouble::Impossible(format!("instance-{} is down", number + 1));
        member.instance.as_mut().ok_or_else(down)
    }

    /// Starts an instance again where it was.
    pub(crate) fn restart(&mut self, number: usize) -> Result<(), Trouble> {
        self.notice();
        let address = self.members.get(number).map(|member| member.address);
        let address = address.ok_or_else(|| missing(number, self.members.len()))?;
        self.end(number);
        let instance = self.open(number, Some(address))?;
        self.members[number].instance = Some(instance);
        Ok(())
    }

    /// Whether somebody is down.
    pub(crate) fn is_anybody_down(&mut self) -> bool {
        self.notice();
        self.members.iter().any(|member| member.instance.is_none())
    }

    /// Starts all again that are down, and waits until they are ready.
    pub(crate) fn restart_dead(&mut self) -> Result<(), Trouble> {
        self.notice();
        let dead: Vec<usize> = (0..self.members.len())
            .filter(|number| self.members[*number].instance.is_none())
            .collect();
        if dead.is_empty() {
            return Ok(());
        }
        dead.into_iter().try_for_each(|number| self.restart(number))?;
        self.wait()
    }

    /// Asks all to end and waits; whether all that lived ended well.
    pub fn stop(mut self) -> bool {
        self.notice();
        // Those of which a run was told already are its business.
        self.ended_well &= self.fallen.is_empty();
        for member in &mut self.members {
            if let Some(instance) = member.instance.take() {
                instance.signal(Signal::CONT);
                self.ended_well &= instance.stop();
            }
        }
        self.ended_well
    }
}

/// Who is not there, and how many are.
pub(crate) fn missing(number: usize, instances: usize) -> Trouble {
    let who = number + 1;
    Trouble::Impossible(format!("there is no instance-{who}: the run has {instances}"))
}

/// Copies what the instances logged.
pub fn keep_logs(from: &Path, to: &Path) -> Result<(), Trouble> {
    let entries = std::fs::read_dir(from).map_err(Trouble::system("keeping the logs"))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let kept = std::fs::copy(&path, to.join(entry.file_name()));
            kept.map_err(Trouble::system("keeping the logs"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One instance of a program that is not there.
    pub(crate) fn nowhere() -> Opened {
        Opened {
            program: PathBuf::from("/nonexistent/admitone"),
            directory: std::env::temp_dir(),
            variables: Vec::new(),
            flags: Vec::new(),
            programme: None,
            instances: 1,
            without_guards: false,
        }
    }

    /// A house with one instance, which was started and has ended.
    pub(crate) fn gone() -> Crew {
        let opened = nowhere();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let members = vec![Member { address, instance: None }];
        Crew { opened, members, operator_key: String::new(), ended_well: true, fallen: Vec::new() }
    }

    #[test]
    fn whoever_is_not_there_is_not_hurt() {
        let mut crew = gone();
        let said = |done: Result<(), Trouble>| done.unwrap_err().to_string();
        let down = "instance-1 is down";
        assert_eq!(said(crew.kill(0)), down);
        assert_eq!(said(crew.pause(0, Signal::STOP)), down);
        let missing = "there is no instance-9: the run has 1";
        assert_eq!(said(crew.kill(8)), missing);
        assert_eq!(said(crew.pause(8, Signal::STOP)), missing);
        assert_eq!(said(crew.restart(8)), missing);
    }
}
