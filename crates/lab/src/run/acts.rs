//! Plays the acts of a workload, one after the other, until the last or until somebody wants an end.

use super::live::{EVERY, News, Progress, Watch};
use super::{Lodging, Settings};
use crate::Trouble;
use crate::history::{Event, History, Window};
use crate::load::{Live, Plan, Sent, Stop, send};
use crate::record::{Played, Seen};
use crate::sampler::Sampler;
use crate::time::Stopwatch;
use crate::workload::Work;
use crate::workloads::Act;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};

/// An act that was ended sooner than so many seconds after it began to count need not have a success.
const LEAST_S: f64 = 1.0;

/// What was played.
#[derive(Default)]
pub(super) struct Course {
    pub(super) events: Vec<Event>,
    pub(super) acts: Vec<Played>,
    /// Within what they were sent, where that is longer than what counts of them.
    pub(super) sent: BTreeMap<usize, Window>,
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
        (clock, stop, sampler): (Stopwatch, &Stop, &Sampler),
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
            sampler.look(Some(act.warm_up));
            let sent = self.watched(&act.work, watch, progress)?;
            let ended_ns = clock.ns();
            sampler.look(None);
            let is_cut = stop.load(Ordering::Relaxed);
            if is_cut && !settings.keeps_cut {
                return Err(Trouble::Interrupted);
            }
            course.add((at, act), sent, is_cut, (clock, ended_ns));
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
            let (under_way, is_over) = channel::<()>();
            let sending = scope.spawn(|| {
                // Dropped when it is over, however it ends: nobody who waits is late to see it.
                let _under_way = under_way;
                send(&addresses, work, plan)
            });
            while is_over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                progress(News::Goes(&watch.glance()));
            }
            progress(News::Goes(&watch.glance()));
            let died = |_| Trouble::Impossible("the generator died".to_owned());
            sending.join().map_err(died)?
        })
    }
}

impl Course {
    /// Everything that was sent is audited; what was measured of an act is written down with it. One
    /// that was ended at once says nothing of whether anybody would have succeeded.
    fn add(
        &mut self,
        (at, act): (u64, &Act),
        load: Sent,
        is_cut: bool,
        (clock, ended_ns): (Stopwatch, u64),
    ) {
        let begun = load.clock.ns_after(&clock);
        let Sent { history: History { mut events, window }, .. } = load;
        for event in &mut events {
            event.move_to_act(at);
            event.intended_ns += begun;
            event.sent_ns += begun;
            event.ended_ns += begun;
        }
        let Window { from_ns, to_ns } = window;
        let planned = Window { from_ns: from_ns + begun, to_ns: to_ns.saturating_add(begun) };
        let mut window = act.until_sold_out(planned, &events);
        let mut sent = planned;
        if is_cut {
            [window, sent] = [window, sent].map(|one| until_cut(one, act.due(&events)));
            self.cut = Some(act.cut(window));
        }
        if !is_cut || window.seconds() >= LEAST_S || act.has_success(window, &events) {
            if window != sent {
                self.sent.insert(self.acts.len(), sent);
            }
            self.acts.push(act.played(window, ended_ns));
        }
        self.events.append(&mut events);
    }

    /// What is to be seen of it in this run of so many. One that was ended early has no figures beside
    /// those of whole runs; what is found in it is found.
    pub(super) fn seen(self, (number, runs): (u32, u32)) -> Seen {
        let is_beside_whole = self.cut.is_some() && number > 1;
        let (acts, sent) =
            if is_beside_whole { Default::default() } else { (self.acts, self.sent) };
        let cut = self.cut.map(|cut| format!("run {number} of {runs}: {cut}"));
        Seen { acts, cut, sent, ..Seen::default() }
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
    use crate::client::Answer;
    use crate::history::{Asked, Op, Outcome};
    use crate::load::Pace;
    use crate::workload::Workload;
    use std::time::Duration;

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

    #[test]
    fn what_fails_behind_the_last_ticket_is_within_what_was_sent() {
        let act = Act {
            name: "sale".to_owned(),
            work: Work::Requests(Arc::new(Nobody)),
            pace: Pace::Closed,
            users: 1,
            warm_up: Duration::ZERO,
            span: Duration::from_secs(1),
            measured: Op::Hold,
            goals: Vec::new(),
        };
        let refused =
            |status, code: Option<&str>| Outcome::Refused { status, code: code.map(Into::into) };
        let outcomes = [
            (100, Outcome::Done { named: 1, value: 0 }),
            (200, refused(409, Some("SOLD_OUT"))),
            (300, refused(500, None)),
        ];
        let event = |(at_ns, outcome): (u64, Outcome)| Event {
            asked: Asked { op: Op::Hold, ..Asked::default() },
            intended_ns: at_ns,
            sent_ns: at_ns,
            ended_ns: at_ns + 10,
            outcome,
            ..Event::default()
        };
        let window = Window { from_ns: 0, to_ns: 1_000 };
        let history = History { events: outcomes.into_iter().map(event).collect(), window };
        let clock = Stopwatch::start();
        let mut course = Course::default();
        course.add((0, &act), Sent { history, clock }, false, (clock, 1_000));
        let history = course.history(clock);
        let seen = course.seen((1, 1));
        let played = &seen.acts[0];
        assert_eq!(played.window.to_ns, 111, "what is divided by time ends with the last ticket");
        assert_eq!(seen.sent(0, played), window);
        let outcomes = history.of(Op::Hold, seen.sent(0, played)).outcomes();
        assert_eq!((outcomes["500"], outcomes["409 SOLD_OUT"], outcomes["done"]), (1, 1, 1));
    }

    struct Nobody;

    impl Workload for Nobody {
        fn ask(&self, _number: u64, _out: &mut Vec<u8>) {}

        fn hear(&self, _number: u64, _answer: &Answer<'_>) -> Outcome {
            Outcome::Unknown
        }
    }
}
