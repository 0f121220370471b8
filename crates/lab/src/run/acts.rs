//! Plays the acts of a workload, one after the other, until the last or until somebody wants an end.

use super::live::{EVERY, News, Progress, Watch};
use super::{Lodging, Settings};
use crate::Trouble;
use crate::history::{Event, History, Window};
use crate::load::{Live, Plan, Sent, Stop, send};
use crate::record::Played;
use crate::time::Stopwatch;
use crate::workload::Work;
use crate::workloads::Act;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Numbers of the requests of one act are so far from those of the next.
const ACT: u64 = 1 << 40;

/// An act that was ended sooner than so many seconds after it began to count need not have a success.
const LEAST_S: f64 = 1.0;

/// What was played.
#[derive(Default)]
pub(super) struct Course {
    pub(super) events: Vec<Event>,
    pub(super) acts: Vec<Played>,
    /// What of it was not played, where somebody ended it early.
    pub(super) cut: Option<String>,
}

impl Lodging {
    /// Plays one act after the other. One that is ended early is measured as far as it came, unless
    /// that is not wanted.
    pub(super) fn acts(
        &self,
        acts: &[Act],
        (settings, number): (&Settings, u32),
        (clock, stop): (Stopwatch, &Stop),
        progress: &mut Progress<'_>,
    ) -> Result<Course, Trouble> {
        let mut course = Course::default();
        for (at, act) in (0..).zip(acts) {
            let plan = Plan {
                connections: act.users,
                threads: settings.threads,
                pace: act.pace,
                warm_up: act.warm_up,
                span: act.span,
                seed: settings.seed_of(number),
                stop: Arc::clone(stop),
                live: Arc::new(Live::of(act.measured)),
            };
            let runs = settings.runs.max(1);
            let place = format!("act {} of {}, run {number} of {runs}", at + 1, acts.len());
            let title = format!("{}: {}", settings.recipe.about().name, act.name);
            let words = [title, place, act.pace_in_words()];
            let watch = Watch::begin(words, &plan, (&settings.faults, clock));
            let sent = self.watched(&act.work, watch, progress)?;
            let is_cut = stop.load(Ordering::Relaxed);
            if is_cut && !settings.keeps_cut {
                return Err(Trouble::Interrupted);
            }
            course.add((at, act), sent, is_cut, clock);
            if is_cut {
                break;
            }
        }
        if course.events.is_empty() { Err(Trouble::Interrupted) } else { Ok(course) }
    }

    /// Sends a load, and says now and then how it goes.
    fn watched(
        &self,
        work: &Work,
        mut watch: Watch<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Sent, Trouble> {
        let (addresses, plan) = (self.addresses(), watch.plan);
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| send(&addresses, work, plan));
            while !sending.is_finished() {
                std::thread::sleep(EVERY);
                progress(News::Goes(&watch.glance()));
            }
            let died = |_| Trouble::Impossible("the generator died".to_owned());
            sending.join().map_err(died)?
        })
    }
}

impl Course {
    /// Everything that was sent is audited; what was measured of an act is written down with it. One
    /// that was ended at once says nothing of whether anybody would have succeeded.
    fn add(&mut self, (at, act): (u64, &Act), sent: Sent, is_cut: bool, clock: Stopwatch) {
        let begun = sent.clock.ns_after(&clock);
        let Sent { history: History { mut events, window }, .. } = sent;
        for event in &mut events {
            event.number += at * ACT;
            event.intended_ns += begun;
            event.sent_ns += begun;
            event.ended_ns += begun;
        }
        let Window { from_ns, to_ns } = window;
        let planned = Window { from_ns: from_ns + begun, to_ns: to_ns.saturating_add(begun) };
        let mut window = act.until_sold_out(planned, &events);
        if is_cut {
            window = until_cut(window, act.due(&events));
            self.cut = Some(act.cut(window));
        }
        if !is_cut || window.seconds() >= LEAST_S || act.has_success(window, &events) {
            self.acts.push(act.played(window, clock.ns()));
        }
        self.events.append(&mut events);
    }

    /// Everything that was sent until now.
    pub(super) fn history(&mut self, clock: Stopwatch) -> History {
        let window = Window { from_ns: 0, to_ns: clock.ns() };
        History { events: std::mem::take(&mut self.events), window }
    }
}

/// When somebody wants an end nothing more falls due: what counts ends with what was due last, and not
/// when what was under way was over.
fn until_cut(window: Window, due: impl Iterator<Item = u64>) -> Window {
    let last = due.max().unwrap_or(0);
    Window { to_ns: window.to_ns.min(last.max(window.from_ns)), ..window }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_ends_with_what_was_due_last_when_somebody_ends_it() {
        let due = [100, 700, 600];
        let window = |to_ns| Window { from_ns: 200, to_ns };
        assert_eq!(until_cut(window(10_000), due.into_iter()), window(700));
        assert_eq!(until_cut(window(650), due.into_iter()), window(650), "it was over by itself");
        assert_eq!(
            until_cut(window(10_000), [100].into_iter()),
            window(200),
            "nothing counted yet"
        );
    }
}
