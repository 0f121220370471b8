//! What is told of a run while it goes on, for people who wait: in a line, or as a screen.

use crate::faults::Fault;
use crate::figures::real;
use crate::load::{Look, Plan};
use crate::reports::{number, number_of};
use crate::time::Stopwatch;
use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::time::Duration;

/// How often people who wait are told how it goes.
pub(super) const EVERY: Duration = Duration::from_millis(250);
/// What is called now is what was in so many of those: a second.
const NOW: usize = 4;
/// A line of a screen is no longer.
const WIDTH: usize = 78;

/// What is told.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// What is being done.
    Says(&'a str),
    /// How a load goes.
    Goes(&'a Glance),
}

/// Told what is being done, and how a load goes, for people who wait.
pub type Progress<'a> = dyn FnMut(News<'_>) + 'a;

/// How a load goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// The workload and its act.
    pub title: String,
    /// Which act of how many, and which run.
    pub place: String,
    /// How it is sent.
    pub pace: String,
    /// Seconds since the act began.
    pub elapsed_s: f64,
    /// How long nothing counts, and how long it lasts with that, in seconds.
    pub span_s: (u64, u64),
    /// Requests that were sent in the last second.
    pub asked: f64,
    /// Requests that were answered in it.
    pub answered: f64,
    /// Half of what was done in it took at most so long, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 99 of 100 of it.
    pub p99_ms: Option<f64>,
    /// Requests under way.
    pub under_way: u64,
    /// What was done since the act began.
    pub done: u64,
    /// What ended otherwise since then.
    pub others: u64,
    /// Why, most often first.
    pub reasons: Vec<(String, u64)>,
    /// Faults by when they are due, in seconds from now, and what they are.
    pub faults: Vec<(f64, String)>,
}

/// In a line.
impl fmt::Display for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, elapsed_s, span_s, answered, done, others, .. } = self;
        write!(
            f,
            "{title}: {elapsed_s:.0} of {} s, {answered:.0} answers/s, {done} done, {others} refused \
             or failed",
            span_s.1
        )
    }
}

impl Glance {
    /// What the time is used for.
    fn phase(&self) -> &'static str {
        let (warm_up, whole) = (real(self.span_s.0), real(self.span_s.1));
        match self.elapsed_s {
            early if early < warm_up => "warming up",
            late if late >= whole => "waiting for the last answers",
            _ => "counting",
        }
    }

    /// As a screen of a few lines.
    pub fn screen(&self) -> String {
        let mut out = format!("{}  ({})\n{}\n", self.title, self.place, self.pace);
        // Writing into a text does not fail.
        let _ = self.figures(&mut out);
        let _ = self.reasons(&mut out);
        let _ = self.faults(&mut out);
        let lines = out.lines().map(|line| line.chars().take(WIDTH).collect::<String>());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn figures(&self, out: &mut String) -> fmt::Result {
        let (whole, phase) = (self.span_s.1, self.phase());
        let share = (self.elapsed_s / real(whole.max(1))).clamp(0.0, 1.0);
        let bar: String = (0..BAR)
            .map(|at| if f64::from(at) < share * f64::from(BAR) { '=' } else { ' ' })
            .collect();
        writeln!(out, "[{bar}] {:.0} of {whole} s, {phase}", self.elapsed_s)?;
        let ms = |took: Option<f64>| took.map_or_else(|| "—".to_owned(), |ms| number(ms) + " ms");
        let rate = |each: f64| number(each.round()) + "/s";
        let [asked, answered] = [self.asked, self.answered].map(rate);
        let [half, most] = [self.p50_ms, self.p99_ms].map(ms);
        let [done, others, under_way] = [self.done, self.others, self.under_way].map(number_of);
        writeln!(out, "asked {asked:>14}   answered {answered:>12}   under way {under_way:>8}")?;
        writeln!(out, "p50   {half:>14}   p99      {most:>12}   of the last second")?;
        writeln!(out, "done  {done:>14}   otherwise {others:>11}")
    }

    fn reasons(&self, out: &mut String) -> fmt::Result {
        if self.reasons.is_empty() {
            return Ok(());
        }
        let named = self.reasons.iter().map(|(why, count)| format!("{} {why}", number_of(*count)));
        writeln!(out, "why   {}", named.collect::<Vec<_>>().join(", "))
    }

    fn faults(&self, out: &mut String) -> fmt::Result {
        for (due_s, what) in &self.faults {
            if *due_s > 0.0 {
                writeln!(out, "fault {what}, in {due_s:.0} s")?;
            } else {
                writeln!(out, "fault {what}, {:.0} s ago", -due_s)?;
            }
        }
        Ok(())
    }
}

/// So wide is the bar of a screen.
const BAR: u32 = 30;

/// Looks at a load again and again.
pub(super) struct Watch<'a> {
    title: String,
    place: String,
    pace: String,
    pub(super) plan: &'a Plan,
    faults: &'a [Fault],
    /// Of the run, and of the act.
    clocks: (Stopwatch, Stopwatch),
    seen: VecDeque<(f64, Look)>,
}

impl<'a> Watch<'a> {
    /// Begins with an act.
    pub(super) fn begin(
        [title, place, sent]: [String; 3],
        plan: &'a Plan,
        (faults, run): (&'a [Fault], Stopwatch),
    ) -> Self {
        let clocks = (run, Stopwatch::start());
        Self { title, place, pace: sent, plan, faults, clocks, seen: VecDeque::new() }
    }

    /// How it goes now.
    pub(super) fn glance(&mut self) -> Glance {
        let (elapsed_s, now) = (self.clocks.1.seconds(), self.plan.live.look());
        self.seen.push_back((elapsed_s, now.clone()));
        if self.seen.len() > NOW + 1 {
            self.seen.pop_front();
        }
        let start = || (0.0, Look::default());
        let (then_s, then) = match self.seen.front() {
            Some(oldest) if self.seen.len() > NOW => oldest.clone(),
            _ => start(),
        };
        let span_s = (elapsed_s - then_s).max(1e-3);
        let each = |after: u64, before: u64| real(after.saturating_sub(before)) / span_s;
        let run_s = self.clocks.0.seconds();
        let due = |fault: &Fault| (fault.at.as_secs_f64() - run_s, fault.text.clone());
        let Plan { warm_up, span, .. } = self.plan;
        Glance {
            title: self.title.clone(),
            place: self.place.clone(),
            pace: self.pace.clone(),
            elapsed_s,
            span_s: (warm_up.as_secs(), (*warm_up + *span).as_secs()),
            asked: each(now.sent, then.sent),
            answered: each(now.answered, then.answered),
            p50_ms: now.took_since(&then, 500),
            p99_ms: now.took_since(&then, 990),
            under_way: now.under_way(),
            done: now.done,
            others: now.others,
            reasons: now.reasons,
            faults: self.faults.iter().map(due).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance() -> Glance {
        Glance {
            title: "sell-out: sale".to_owned(),
            place: "act 1 of 1, run 2 of 5".to_owned(),
            pace: "closed loop of 256".to_owned(),
            elapsed_s: 12.3,
            span_s: (1, 61),
            asked: 2_412.4,
            answered: 2_398.0,
            p50_ms: Some(4.126),
            p99_ms: Some(41.26),
            under_way: 256,
            done: 23_456,
            others: 789,
            reasons: vec![("SOLD_OUT".to_owned(), 700), ("unknown".to_owned(), 89)],
            faults: vec![
                (-9.3, "3s:kill:instance-1".to_owned()),
                (7.7, "20s:restart:instance-1".to_owned()),
            ],
        }
    }

    #[test]
    fn a_screen_has_what_is_known() {
        let wanted = "\
sell-out: sale  (act 1 of 1, run 2 of 5)
closed loop of 256
[=======                       ] 12 of 61 s, counting
asked        2,412/s   answered      2,398/s   under way      256
p50          4.13 ms   p99           41.3 ms   of the last second
done          23,456   otherwise         789
why   700 SOLD_OUT, 89 unknown
fault 3s:kill:instance-1, 9 s ago
fault 20s:restart:instance-1, in 8 s";
        assert_eq!(glance().screen(), wanted);
    }

    #[test]
    fn a_screen_says_what_the_time_is_used_for_and_fits_where_it_is_shown() {
        let at = |elapsed_s: f64| Glance { elapsed_s, ..glance() }.screen();
        assert!(
            at(0.5).contains("1 of 61 s, warming up") || at(0.5).contains("0 of 61 s, warming up")
        );
        assert!(at(61.2).contains("61 of 61 s, waiting for the last answers"));
        let reasons = (0..40).map(|at| (format!("REASON_{at}"), 1)).collect();
        let many = Glance { p50_ms: None, p99_ms: None, reasons, ..glance() }.screen();
        assert!(many.lines().all(|line| line.chars().count() <= WIDTH), "{many}");
        assert!(many.contains("p50                —"), "{many}");
    }

    #[test]
    fn a_line_says_the_same_in_short() {
        let wanted =
            "sell-out: sale: 12 of 61 s, 2398 answers/s, 23456 done, 789 refused or failed";
        assert_eq!(glance().to_string(), wanted);
    }
}
