//! The sheets of the waiting room: all who wait see one page, but for their numbers. It is rendered
//! when what it tells of the show has changed, once a second at most, and not for each who asks.

use super::outlook::{Left, Outlook, Standing};
use crate::facts::ShowFacts;
use crate::frame::Frame;
use crate::language::Language;
use crate::oops::Oops;
use crate::sheet::{Marks, Sheet};
use crate::site::Site;
use crate::visitor::Visitor;
use crate::words;
use admitone_app::rooms::Visit;
use admitone_app::waiting_room::Mode;
use admitone_domain::Moment;
use admitone_domain::id::ShowId;
use admitone_domain::party::Role;
use askama::Template;
use std::collections::HashMap;
use std::fmt::Write;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many sheets are kept at most: some dozens for a show whose line is being watched.
const SHEETS_MAX: usize = 2_000;

/// The gaps.
const NOW: char = 'n';
const FORM_TOKEN: char = 'f';
const NEXT_MS: char = 'm';
const NEXT_S: char = 's';
const AHEAD: char = 'a';
const PLACE: char = 'p';
const PASSED: char = 'b';
const LOW: char = 'l';
const HIGH: char = 'h';
const UNTIL: char = 'u';
const CLOCK: char = 'c';

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    /// The page.
    Page,
    /// What changes on it.
    Part,
}

/// All that a sheet depends on beside what there is to tell of the show.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Look {
    show: ShowId,
    extent: Extent,
    language: Language,
    is_signed_in: bool,
    role: Option<Role>,
    status: &'static str,
    is_over: bool,
    is_near: bool,
    chance: &'static str,
    left: std::mem::Discriminant<Left>,
}

/// A sheet, and what it tells.
struct Kept {
    facts: Arc<ShowFacts>,
    mode: Mode,
    message: String,
    sheet: Sheet,
}

/// All sheets that were asked for lately.
#[derive(Default)]
pub(crate) struct Sheets {
    kept: Mutex<HashMap<Look, Arc<Kept>>>,
}

#[derive(Template)]
#[template(path = "line.html")]
struct Page<'a> {
    frame: &'a Frame,
    facts: &'a ShowFacts,
    part: Part<'a>,
}

/// What changes on the page: sent alone to the script, which puts it in its place.
#[derive(Template)]
#[template(path = "line_part.html")]
struct Part<'a> {
    frame: &'a Frame,
    facts: &'a ShowFacts,
    outlook: &'a Outlook,
    marks: &'a Marks,
}

impl Sheets {
    /// The page or the part of a visitor.
    pub(super) fn text(
        &self,
        site: &Site,
        visitor: &Visitor,
        (outlook, extent): (&Outlook, Extent),
    ) -> Result<String, Oops> {
        let look = Look::of(visitor, outlook, extent);
        let kept = match self.known(&look, outlook) {
            Some(kept) => kept,
            None => self.keep(look, Kept::new(site, visitor, (outlook, extent))?),
        };
        let form_token = visitor.form_token(site);
        let own = Own { outlook, now: site.office.clock.now(), form_token };
        Ok(kept.sheet.filled(|gap, page| own.write(gap, page)))
    }

    /// A sheet that tells what there is to tell now.
    fn known(&self, look: &Look, outlook: &Outlook) -> Option<Arc<Kept>> {
        let kept = self.lock().get(look).cloned()?;
        let is_current = Arc::ptr_eq(&kept.facts, &outlook.facts)
            && kept.mode == outlook.mode
            && kept.message == outlook.message;
        is_current.then_some(kept)
    }

    fn keep(&self, look: Look, made: Kept) -> Arc<Kept> {
        let (made, mut kept) = (Arc::new(made), self.lock());
        if kept.len() >= SHEETS_MAX {
            kept.clear();
        }
        kept.insert(look, Arc::clone(&made));
        made
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Look, Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Look {
    fn of(visitor: &Visitor, outlook: &Outlook, extent: Extent) -> Self {
        Self {
            show: outlook.facts.show.id,
            extent,
            language: visitor.language,
            is_signed_in: visitor.buyer.is_some(),
            role: visitor.role,
            status: outlook.status(),
            is_over: matches!(outlook.standing, Standing::Outside { is_over: true }),
            is_near: outlook.is_near(),
            chance: outlook.chance(),
            left: discriminant(&outlook.left()),
        }
    }
}

impl Kept {
    fn new(
        site: &Site,
        visitor: &Visitor,
        (outlook, extent): (&Outlook, Extent),
    ) -> Result<Self, Oops> {
        let marks = Marks::new((site.chance)());
        let (facts, path) = (&*outlook.facts, format!("/shows/{}/line", outlook.facts.show.id));
        let frame = &Frame::new(site, visitor).marked(path, (FORM_TOKEN, NOW), &marks);
        let part = Part { frame, facts, outlook, marks: &marks };
        let sheet = match extent {
            Extent::Page => Sheet::render(&Page { frame, facts, part }, &marks)?,
            Extent::Part => Sheet::render(&part, &marks)?,
        };
        let (facts, message) = (Arc::clone(&outlook.facts), outlook.message.clone());
        Ok(Self { facts, mode: outlook.mode, message, sheet })
    }
}

/// What is of one visitor alone.
struct Own<'a> {
    outlook: &'a Outlook,
    now: Moment,
    form_token: String,
}

impl Own<'_> {
    fn write(&self, gap: char, page: &mut String) {
        let visit = self.outlook.visit();
        let of = |part: fn(&Visit) -> u64| visit.map_or(0, part);
        let number = match (gap, self.outlook.left()) {
            (FORM_TOKEN, _) => return page.push_str(&self.form_token),
            (CLOCK, _) => return page.push_str(&words::clock(self.until().ms_since(self.now))),
            (NOW, _) => self.now.0.unsigned_abs() / 1_000,
            (UNTIL, _) => self.until().0.unsigned_abs() / 1_000,
            (NEXT_MS, _) => of(|visit| visit.next_poll_ms),
            // For a page that reloads itself: earlier, never later.
            (NEXT_S, _) => of(|visit| (visit.next_poll_ms / 1_000).max(1)),
            (AHEAD, _) => of(|visit| visit.ahead),
            (PLACE, _) => of(|visit| visit.place),
            // How far the line has come, in places.
            (PASSED, _) => of(|visit| visit.place.saturating_sub(visit.ahead.saturating_add(1))),
            (LOW, Left::Between(low, _)) => low,
            (HIGH, Left::Between(_, high) | Left::About(high)) => high,
            _ => 0,
        };
        // Writing into a string cannot fail.
        write!(page, "{number}").unwrap_or_default();
    }

    /// Until when the pass is good.
    fn until(&self) -> Moment {
        self.outlook.visit().and_then(|visit| visit.active_until).unwrap_or(self.now)
    }
}

impl Page<'_> {
    /// The seconds after which the page reloads itself where no script does. Inside it would take
    /// the page away from somebody who reads it.
    fn next_s(&self) -> Option<String> {
        let waits = matches!(self.part.outlook.standing, Standing::Waiting(_));
        waits.then(|| self.part.marks.gap(NEXT_S))
    }
}

impl Part<'_> {
    fn gap(&self, gap: char) -> String {
        self.marks.gap(gap)
    }

    /// The time left, as an interval in words.
    fn interval(&self) -> String {
        match self.outlook.left() {
            Left::Unknown => self.frame.say("line.calculating").to_owned(),
            Left::UnderAMinute => self.frame.say("line.under_a_minute").to_owned(),
            Left::About(_) => self.frame.say1("line.about", self.gap(HIGH)),
            Left::Between(_, _) => self.frame.say2("line.between", self.gap(LOW), self.gap(HIGH)),
        }
    }

    /// Why nothing moves, if there is a reason.
    fn why(&self) -> Option<&'static str> {
        match &self.outlook.mode {
            Mode::Paused => Some("line.paused"),
            Mode::Closed => Some("line.closed"),
            Mode::Draining => Some("line.draining"),
            Mode::Open | Mode::Bypass { .. } => None,
        }
    }

    /// Whether places are given.
    fn gives_places(&self) -> bool {
        matches!(self.outlook.mode, Mode::Open | Mode::Paused | Mode::Bypass { .. })
    }

    fn has_place(&self) -> bool {
        self.outlook.visit().is_some()
    }

    /// What somebody who hears the page is told, when it changes.
    fn said(&self) -> String {
        match &self.outlook.standing {
            Standing::Inside(_) => self.frame.say("line.turn").to_owned(),
            Standing::Waiting(_) => self.frame.say1("line.ahead_said", self.gap(AHEAD)),
            Standing::Outside { .. } => String::new(),
        }
    }
}
