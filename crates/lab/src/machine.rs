//! The machine and its processes, as far as they say: what reports state, and what processor time,
//! memory and open files things take.

use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The machine, as far as it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// How many processors.
    pub processors: usize,
    /// What they are called.
    pub processor: Option<String>,
    /// The kernel.
    pub kernel: Option<String>,
    /// How much memory, in MiB.
    pub memory_mib: Option<u64>,
    /// Whether this build is for speed.
    pub optimised: bool,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let field = |path: &str, name: &str, between: &str| {
            let text = std::fs::read_to_string(path).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?.to_owned();
            Some(line.split_once(between)?.1.trim().to_owned())
        };
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok();
        let memory = field("/proc/meminfo", "MemTotal", ":");
        let kib = memory.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field("/proc/cpuinfo", "model name", ": "),
            kernel: kernel.map(|text| text.trim().to_owned()),
            memory_mib: kib.map(|kib| kib / 1_024),
            optimised: !cfg!(debug_assertions),
        }
    }
}

/// A process that others are asked of.
#[derive(Debug, Clone, Copy, Default)]
struct Stat {
    parent: u32,
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have spaces and brackets; behind its last bracket it is numbers only.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let parent = u32::try_from(number(1)?).ok()?;
    Some(Stat { parent, ticks: number(11)? + number(12)? })
}

/// All processes.
fn stats() -> HashMap<u32, Stat> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

/// Processes and all that they started.
fn inside(roots: &[u32], stats: &HashMap<u32, Stat>) -> HashSet<u32> {
    let mut inside: HashSet<u32> = roots.iter().copied().collect();
    // A child may have a smaller number than its parent: until nothing is added.
    loop {
        let more: Vec<u32> = stats
            .iter()
            .filter(|(pid, stat)| !inside.contains(pid) && inside.contains(&stat.parent))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            return inside;
        }
        inside.extend(more);
    }
}

/// Processes and all that they started.
pub(crate) fn tree(roots: &[u32]) -> Vec<u32> {
    inside(roots, &stats()).into_iter().collect()
}

/// Processor seconds so far of processes and all that they started.
pub(crate) fn tree_cpu_seconds(roots: &[u32]) -> f64 {
    let stats = stats();
    let mine = inside(roots, &stats);
    let ticks = mine.iter().filter_map(|pid| stats.get(pid)).map(|stat| stat.ticks).sum();
    let per_second = crate::figures::real(rustix::param::clock_ticks_per_second());
    crate::figures::real(ticks) / per_second
}

/// Memory that a process has, in KiB, and how many files it has open.
pub(crate) fn holdings(pid: u32) -> Option<(u64, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib = line.split_whitespace().nth(1)?.parse().ok()?;
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    Some((kib, u64::try_from(files).unwrap_or(u64::MAX)))
}

/// How many bytes lie in a directory.
pub(crate) fn bytes_in(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| entry.metadata().map_or(0, |data| data.len());
    entries.map(size).sum()
}

/// The process of this machine that listens at an address.
pub(crate) fn listener_at(address: SocketAddr) -> Option<u32> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let text = std::fs::read_to_string(table).ok()?;
        let port = format!(":{:04X}", address.port());
        text.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_it = fields.get(1)?.ends_with(&port) && *fields.get(3)? == "0A";
            is_it.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
        })
    })?;
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // The smallest is the one that the others come from.
    pids.filter(|pid| has_open(*pid, &inode)).min()
}

fn has_open(pid: u32, what: &str) -> bool {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    targets.any(|target| target.as_os_str() == what)
}

/// What a program says of its version. What a virtual machine runs says it by where it lies.
pub(crate) fn version_of(pid: u32) -> Option<String> {
    let around = ["cmdline", "environ"].map(|name| std::fs::read(format!("/proc/{pid}/{name}")));
    let around: Vec<u8> = around.into_iter().flatten().flatten().collect();
    let around = String::from_utf8_lossy(&around);
    let lies = [("Kafka", "/kafka-"), ("Kafka", "/kafka_2.13-"), ("RabbitMQ", "/rabbitmq_server-")];
    let told = lies
        .into_iter()
        .find_map(|(name, before)| Some(format!("{name} {}", version_behind(&around, before)?)));
    told.or_else(|| said_of(pid))
}

/// The version in the name of a directory.
fn version_behind(text: &str, before: &str) -> Option<String> {
    let rest = &text[text.find(before)? + before.len()..];
    let is_of_it = |c: char| c.is_ascii_digit() || c == '.';
    let version: String = rest.chars().take_while(|c| is_of_it(*c)).collect();
    let version = version.trim_end_matches('.');
    version.contains('.').then(|| version.to_owned())
}

/// What a program answers when it is asked. One file may be several programs, by how it is called.
fn said_of(pid: u32) -> Option<String> {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let called = String::from_utf8_lossy(line.split(|byte| matches!(byte, 0 | b' ')).next()?);
    let said = Command::new(program).arg0(&*called).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.lines().next().map(|line| line.trim().chars().take(120).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_what_a_virtual_machine_runs_is_where_it_lies() {
        let kafka = "java -cp /root/kafka-4.1.1/* kafka.Kafka";
        assert_eq!(version_behind(kafka, "/kafka-").as_deref(), Some("4.1.1"));
        let rabbit = "ERL_LIBS=/usr/lib/rabbitmq_server-3.10.8/plugins";
        assert_eq!(version_behind(rabbit, "/rabbitmq_server-").as_deref(), Some("3.10.8"));
        assert_eq!(version_behind("/kafka-data/1", "/kafka-"), None);
    }

    #[test]
    fn who_listens_is_found_with_what_it_takes() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let pid = listener_at(socket.local_addr().unwrap()).unwrap();
        assert_eq!(pid, std::process::id());
        assert!(holdings(pid).unwrap().0 > 0);
        assert!(tree_cpu_seconds(&[pid]) >= 0.0);
    }
}
