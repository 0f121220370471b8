//! The parameters of a workload: whole numbers by name, with what they are where nobody says
//! otherwise.

use crate::Trouble;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name, with its unit last.
    pub name: &'static str,
    /// What it is where nobody says otherwise.
    pub usual: u64,
    /// What it is in a quick run.
    pub quick: u64,
    /// What it is for.
    pub about: &'static str,
}

impl Parameter {
    /// The least and the most that it may be.
    pub fn bounds(&self) -> RangeInclusive<u64> {
        bounds_of(self.name).unwrap_or(0..=u64::MAX)
    }
}

/// What a parameter may be, by its name, which means the same in every workload: none of nothing, where nothing
/// would be sent or sold, and no more than a house takes.
fn bounds_of(name: &str) -> Option<RangeInclusive<u64>> {
    Some(match name {
        "users" | "users_more" | "buyers" | "rate" | "seats" => 1..=1_000_000,
        // The last step has so many, and without a step there is the open loop.
        "users_max" => 0..=10_000,
        "stock" | "tickets" | "count" | "concerts" => 1..=100_000_000,
        "inside_max" => 0..=1_000_000,
        // A week, and a day: no hold of a house is longer.
        "seconds" | "ramp_seconds" | "patience" => 1..=604_800,
        "hold_seconds" => 1..=86_400,
        "think_ms" | "slow_ms" => 0..=3_600_000,
        "days" => 1..=300,
        "arrivals" => 0..=2,
        "closed" => 0..=1,
        percent if percent.ends_with("_percent") => 0..=100,
        _ => return None,
    })
}

/// What the parameters of a run are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<String, u64>,
}

impl Parameters {
    /// What they are where nobody says otherwise.
    pub fn of(known: &[Parameter], is_quick: bool) -> Self {
        let value = |one: &Parameter| if is_quick { one.quick } else { one.usual };
        Self { values: known.iter().map(|one| (one.name.to_owned(), value(one))).collect() }
    }

    /// Sets one, such as `users=100`.
    pub fn set(&mut self, text: &str) -> Result<(), Trouble> {
        let wrong = |why: String| Trouble::Impossible(format!("--set {text}: {why}"));
        let (name, value) =
            text.split_once('=').ok_or_else(|| wrong("write NAME=NUMBER".to_owned()))?;
        let value = value.replace('_', "").parse();
        let value: u64 = value.map_err(|_| wrong("a whole number is needed".to_owned()))?;
        let Some(known) = self.values.get_mut(name) else {
            let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
            return Err(wrong(format!("this workload has {}", known.join(", "))));
        };
        if let Some(bounds) = bounds_of(name).filter(|bounds| !bounds.contains(&value)) {
            let (least, most) = bounds.into_inner();
            return Err(wrong(format!("{name} may be {least} to {most}, and not {value}")));
        }
        *known = value;
        Ok(())
    }

    /// All of them.
    pub fn values(&self) -> &BTreeMap<String, u64> {
        &self.values
    }

    /// One; 0 if there is no such.
    pub fn get(&self, name: &str) -> u64 {
        self.values.get(name).copied().unwrap_or(0)
    }

    /// One as a count.
    pub(crate) fn count(&self, name: &str) -> usize {
        usize::try_from(self.get(name)).unwrap_or(usize::MAX)
    }

    /// One as a count that is small.
    pub(crate) fn small(&self, name: &str) -> u32 {
        u32::try_from(self.get(name)).unwrap_or(u32::MAX)
    }

    /// One as seconds.
    pub(crate) fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(self.get(name))
    }

    /// One as milliseconds.
    pub(crate) fn ms(&self, name: &str) -> Duration {
        Duration::from_millis(self.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_overridden_by_name_and_an_unknown_one_is_refused_with_those_there_are() {
        let known = [Parameter { name: "users", usual: 1_000, quick: 10, about: "how many" }];
        let mut with = Parameters::of(&known, false);
        assert_eq!(with.get("users"), 1_000);
        with.set("users=2_000").unwrap();
        assert_eq!(with.get("users"), 2_000);
        assert_eq!(Parameters::of(&known, true).get("users"), 10);
        let said = with.set("user=1").unwrap_err().to_string();
        assert!(said.contains("has users"), "{said}");
        assert!(with.set("users=many").is_err() && with.set("users").is_err());
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_them_and_changes_nothing() {
        let known = ["users", "seconds", "pay_percent"];
        let known = known.map(|name| Parameter { name, usual: 7, quick: 7, about: "how many" });
        let mut with = Parameters::of(&known, false);
        for (set, bounds) in [
            ("users=0", "users may be 1 to 1000000, and not 0"),
            ("users=4294967296", "users may be 1 to 1000000, and not 4294967296"),
            ("seconds=0", "seconds may be 1 to 604800, and not 0"),
            ("pay_percent=150", "pay_percent may be 0 to 100, and not 150"),
        ] {
            assert_eq!(with.set(set).unwrap_err().to_string(), format!("--set {set}: {bounds}"));
        }
        assert!(with.values().values().all(|value| *value == 7));
        assert!(with.set("pay_percent=100").is_ok() && with.set("users=1").is_ok());
    }

    #[test]
    fn every_parameter_of_a_workload_has_bounds_and_is_within_them() {
        let all = crate::workloads::ALL.iter().flat_map(|recipe| recipe.about().parameters);
        for one in all {
            let bounds = bounds_of(one.name).unwrap_or_else(|| panic!("{}", one.name));
            assert!(bounds.contains(&one.usual) && bounds.contains(&one.quick), "{}", one.name);
        }
    }
}
