//! The parameters of a workload: whole numbers by name, with what they are where nobody says
//! otherwise.

use crate::Trouble;
use std::collections::BTreeMap;
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
        let value = value.map_err(|_| wrong("a whole number is needed".to_owned()))?;
        let Some(known) = self.values.get_mut(name) else {
            let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
            return Err(wrong(format!("this workload has {}", known.join(", "))));
        };
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
}
