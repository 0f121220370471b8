//! What a scenario has to say: how to set the stage for a load, and how to audit it afterwards.

use super::Settings;
use crate::Trouble;
use crate::audit::Audited;
use crate::history::History;
use crate::instance::cpu_seconds;
use crate::load::Stop;
use crate::site::Site;
use crate::target::Target;
use crate::workload::Workload;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The house under measurement.
pub(super) struct House<'a> {
    site: Site,
    pub(super) settings: &'a Settings,
    pub(super) stop: Stop,
    /// The house's process, if it is one of ours.
    process: Option<u32>,
}

/// Something that is measured beside a no-op route.
pub(super) trait Scenario {
    /// What it is, in a sentence.
    fn about(&self) -> &'static str;

    /// The requests a second of its open loop, if they are not to follow from its ceiling.
    fn rate(&self) -> Option<u32> {
        None
    }

    /// Sets the stage for one load of at most so many requests.
    fn stage(&self, house: &House<'_>, requests_max: u64) -> Result<Box<dyn Stage>, Trouble>;
}

/// A stage for one load: fresh seats, a fresh wallet.
pub(super) trait Stage {
    /// What is measured.
    fn workload(&self) -> Arc<dyn Workload>;

    /// The same load on a no-op route.
    fn noop(&self) -> Arc<dyn Workload>;

    /// Compares what was answered with what is there.
    fn audit(&self, house: &House<'_>, history: &History) -> Result<Audited, Trouble>;
}

impl<'a> House<'a> {
    pub(super) fn new(
        target: Target,
        process: Option<u32>,
        settings: &'a Settings,
        stop: Stop,
    ) -> Result<Self, Trouble> {
        Ok(Self { site: Site::new(target)?, settings, stop, process })
    }

    /// Goes on, unless somebody wants an end.
    pub(super) fn go_on(&self) -> Result<(), Trouble> {
        if self.stop.load(Ordering::Relaxed) { Err(Trouble::Interrupted) } else { Ok(()) }
    }

    /// Processor seconds so far: of the generator, which is this process, and of the house.
    pub(super) fn processor_seconds(&self) -> [Option<f64>; 2] {
        [cpu_seconds(std::process::id()), self.process.and_then(cpu_seconds)]
    }
}

impl Deref for House<'_> {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
