//! What people see while something runs: a screen on a terminal, lines now and then elsewhere, nothing
//! where nobody wants it.

use crate::arguments::How;
use crate::voice;
use admitone_lab::run::News;
use admitone_lab::time::Stopwatch;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Lines about the same load are so many seconds apart.
const BETWEEN_S: f64 = 5.0;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Nothing,
    /// A few lines that are written over.
    Screen,
    /// A line now and then.
    Lines,
    /// A line for everything, for a program that shows the last of them.
    EveryLine,
}

/// Shows what is told.
pub(super) struct Live {
    way: Way,
    bar: ProgressBar,
    /// Since when the last line about a load is there.
    since: Option<Stopwatch>,
}

impl Live {
    /// For a run. One beside a sale is started by a program.
    pub(super) fn of_run(how: &How, is_beside_a_sale: bool) -> Self {
        Self::new(way((how.quiet, how.json), is_beside_a_sale, std::io::stderr().is_terminal()))
    }

    /// For a matrix, whose cells have lines of their own.
    pub(super) fn of_matrix(how: &How) -> Self {
        match way((how.quiet, how.json), false, std::io::stderr().is_terminal()) {
            Way::Lines => Self::new(Way::Nothing),
            other => Self::new(other),
        }
    }

    fn new(way: Way) -> Self {
        let bar = if way == Way::Screen { screen() } else { ProgressBar::hidden() };
        Self { way, bar, since: None }
    }

    /// Where lines that stay are printed above the screen.
    pub(super) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Shows it.
    pub(super) fn tell(&mut self, news: News<'_>) {
        match (self.way, news) {
            (Way::Nothing, _) => {}
            (Way::Screen, News::Says(step)) => self.bar.set_message(step.to_owned()),
            (Way::Screen, News::Goes(glance)) => self.bar.set_message(glance.screen()),
            (Way::EveryLine, News::Goes(glance)) => voice::aside(glance),
            (Way::Lines | Way::EveryLine, News::Says(step)) => {
                self.since = None;
                voice::aside(step);
            }
            (Way::Lines, News::Goes(glance)) => {
                let is_due = self.since.is_none_or(|since| since.seconds() >= BETWEEN_S);
                if is_due {
                    self.since = Some(Stopwatch::start());
                    voice::aside(glance);
                }
            }
        }
    }

    /// Leaves nothing of it.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

fn way((is_quiet, is_json): (bool, bool), is_beside_a_sale: bool, is_terminal: bool) -> Way {
    match (is_beside_a_sale, is_quiet || is_json, is_terminal) {
        (true, ..) => Way::EveryLine,
        (false, true, _) => Way::Nothing,
        (false, false, true) => Way::Screen,
        (false, false, false) => Way::Lines,
    }
}

fn screen() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}\n{msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_for_people_at_a_terminal_who_want_to_see_something() {
        assert_eq!(way((false, false), false, true), Way::Screen);
        assert_eq!(way((false, false), false, false), Way::Lines);
        for is_terminal in [true, false] {
            assert_eq!(way((true, false), false, is_terminal), Way::Nothing);
            assert_eq!(way((false, true), false, is_terminal), Way::Nothing);
            assert_eq!(way((false, false), true, is_terminal), Way::EveryLine);
        }
    }
}
