//! How a run ends: whoever is down is started again, and the house says what it has.

use super::{Lodging, Settings};
use crate::Trouble;
use crate::audit::serial::Transaction;
use crate::crew::Crew;
use crate::faults::{Deed, Happened};
use crate::history::History;
use crate::site::Site;
use crate::state::{Rest, Scope, State, collect, observed};
use crate::target::Visit;
use crate::time::Stopwatch;
use std::sync::{MutexGuard, PoisonError};

impl Lodging {
    /// What is there. A house that goes down while it is asked is asked once more.
    pub(super) fn state(
        &self,
        settings: &Settings,
        (site, scope): (&Site, &Scope),
        history: &History,
    ) -> Result<State, Trouble> {
        self.all_back()?;
        let read = || {
            let mut state = collect(site, scope, &self.rest(history))?;
            state.transactions = self.observed(site)?;
            Ok(state)
        };
        let mut state = match read() {
            Err(_) if self.is_anybody_down() => {
                self.all_back()?;
                read()
            }
            read => read,
        }?;
        if settings.faults.iter().any(|fault| matches!(fault.deed, Deed::Jump(..))) {
            state.rules = state.rules.with_moved_clock();
        }
        Ok(state)
    }

    /// Who ended meanwhile without being asked to, among the faults.
    pub(super) fn fallen(&self, clock: Stopwatch) -> Vec<Happened> {
        self.crew().map(|mut crew| crew.fallen(clock)).unwrap_or_default()
    }

    /// Whoever is down is needed for the audit.
    pub(super) fn all_back(&self) -> Result<(), Trouble> {
        self.crew().map_or(Ok(()), |mut crew| crew.restart_dead())
    }

    fn is_anybody_down(&self) -> bool {
        self.crew().is_some_and(|mut crew| crew.is_anybody_down())
    }

    fn crew(&self) -> Option<MutexGuard<'_, Crew>> {
        Some(self.crew.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whatever nobody was told the end of may be under way.
    fn rest(&self, history: &History) -> Rest {
        if history.events.iter().any(|event| event.outcome.is_open()) {
            Rest::wanted(self.addresses())
        } else {
            Rest::unneeded()
        }
    }

    /// What the transactions read and wrote, if the instances tell.
    fn observed(&self, site: &Site) -> Result<Vec<Transaction>, Trouble> {
        site.wait(async {
            let mut all = Vec::new();
            for (number, address) in (1..).zip(self.addresses()) {
                all.append(&mut observed(&mut Visit::begin(address).await?, number).await?);
            }
            Ok(all)
        })
    }
}
