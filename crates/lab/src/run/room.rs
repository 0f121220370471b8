//! Whether this machine bears so many connections as are wanted: found out before anything is started, and
//! not when the last of them is opened.

use super::{Quarters, Settings};
use crate::Trouble;
use rustix::process::{Resource, getrlimit};

/// What a process has open beside its connections: its program, logs, the store.
const BESIDE: u64 = 100;
const PORTS: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Refuses more connections than there are open files or ports for.
pub(super) fn must_have_room(settings: &Settings, quarters: &Quarters) -> Result<(), Trouble> {
    let addresses = match quarters {
        Quarters::Own(opened) => opened.instances,
        Quarters::Elsewhere(targets) => targets.len(),
    };
    let wanted = settings.recipe.connections(&settings.with);
    let name = settings.recipe.about().name;
    let files = getrlimit(Resource::Nofile).current;
    let ports = std::fs::read_to_string(PORTS).ok().and_then(|text| ports(&text));
    match why_not(wanted, u64::try_from(addresses).unwrap_or(1), (files, ports)) {
        Some(why) => Err(Trouble::Impossible(format!("{name}: {why}"))),
        None => Ok(()),
    }
}

/// Why so many connections to so many addresses are too many.
fn why_not(
    wanted: u64,
    addresses: u64,
    (files, ports): (Option<u64>, Option<u64>),
) -> Option<String> {
    let room = files.map(|files| files.saturating_sub(BESIDE));
    if let (Some(files), true) = (files, room.is_some_and(|room| wanted > room)) {
        return Some(format!(
            "{wanted} users at once are {wanted} open files and {BESIDE} beside them, and a process may \
             have {files} here: raise that with `ulimit -n {}`, or `--set` fewer users",
            wanted.saturating_add(BESIDE)
        ));
    }
    let all = ports.map(|ports| ports.saturating_mul(addresses.max(1)));
    let all = all.filter(|all| wanted > *all)?;
    Some(format!(
        "{wanted} users at once need a port each, and this machine has {all} for as many instances as \
         there are ({PORTS}): widen that, or `--set` fewer users"
    ))
}

/// How many ports a range has.
fn ports(text: &str) -> Option<u64> {
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(last.checked_sub(first)? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_are_files_or_ports_for_is_refused_with_the_limit_and_what_raises_it() {
        let files = why_not(1_000, 1, (Some(1_024), None)).unwrap();
        assert!(files.contains("have 1024 here") && files.contains("`ulimit -n 1100`"), "{files}");
        assert_eq!(why_not(924, 1, (Some(1_024), None)), None);
        assert_eq!(why_not(1_000_000, 1, (None, None)), None, "nobody limits it");
        let range = ports("32768\t60999\n");
        assert_eq!(range, Some(28_232));
        assert!(why_not(28_233, 1, (None, range)).unwrap().contains("has 28232"));
        assert_eq!(why_not(28_233, 2, (None, range)), None);
    }
}
