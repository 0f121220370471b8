//! What was run where: all that a figure needs beside it to mean anything.

use super::{BUILD, Lodging, Settings, elsewhere};
use crate::faults::believed;
use crate::machine::Machine;
use crate::record::Head;
use std::collections::BTreeMap;

impl Lodging {
    pub(super) fn head(&self, settings: &Settings, seed: u64) -> Head {
        let about = settings.recipe.about();
        let machine = Machine::here();
        Head {
            workload: about.name.to_owned(),
            about: about.about.to_owned(),
            origin: about.origin.to_owned(),
            parameters: settings.with.values().clone(),
            seed,
            strategy: settings.strategy.clone(),
            store: self.store.clone(),
            instances: self.targets.len(),
            threads: settings.threads,
            versions: self.all_versions(settings),
            limits: self.limits(settings, &machine),
            machine,
            command: settings.command.clone(),
            began_s: settings.began_s,
        }
    }

    /// A house of our own is the same program as the generator.
    fn all_versions(&self, settings: &Settings) -> BTreeMap<String, String> {
        let mut versions = self.versions.clone();
        if self.crew.is_none() {
            return elsewhere::versions(versions, &settings.build);
        }
        versions.insert("admitone".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        versions.insert(BUILD.to_owned(), settings.build.clone());
        versions
    }

    fn limits(&self, settings: &Settings, machine: &Machine) -> Vec<String> {
        let processors = machine.processors;
        let mut limits = vec![if self.crew.is_some() {
            format!("the generator, the house and its services share {processors} processors")
        } else {
            format!(
                "the house runs elsewhere: the machine is the generator's, which has {processors} \
                 processors, and what the house has is not known"
            )
        }];
        if !machine.optimised {
            limits.push("this build is not optimised: it says nothing about speed".to_owned());
        }
        limits.extend(settings.recipe.limit(&settings.with));
        limits.extend(believed(&settings.faults));
        limits
    }
}
