//! A batch, sorted: what was answered before, what is decided now, and what is decided elsewhere.

use super::Replies;
use crate::lane::Lane;
use crate::ports::delivery::Reply;
use crate::{Trouble, TroubleKind};
use admitone_domain::{Command, CommandMap, StoredAnswer};
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// The commands that must be decided, once each, and where the answers of all of them are.
pub(super) struct Sorted<'a> {
    /// Those that are decided now.
    pub(super) fresh: Vec<&'a Command>,
    answers: CommandMap<Place>,
}

/// Where the answer of a command is.
enum Place {
    /// It was answered before this batch.
    Known(Arc<StoredAnswer>),
    /// It is the so manieth that is decided now.
    Decided(usize),
    /// In another lane.
    Astray(Lane),
}

impl<'a> Sorted<'a> {
    pub(super) fn new(part: &'a [Command], known: Vec<Arc<StoredAnswer>>) -> Self {
        let mut answers = CommandMap::default();
        answers.reserve(part.len());
        answers.extend(known.into_iter().map(|answer| (answer.id, Place::Known(answer))));
        let mut fresh = Vec::with_capacity(part.len());
        for command in part {
            if let Entry::Vacant(place) = answers.entry(command.id) {
                place.insert(Place::Decided(fresh.len()));
                fresh.push(command);
            }
        }
        Self { fresh, answers }
    }

    /// Takes out what belongs into other lanes: it is not decided here.
    pub(super) fn set_apart(&mut self, strays: &CommandMap<Lane>) {
        if strays.is_empty() {
            return;
        }
        self.fresh.retain(|command| !strays.contains_key(&command.id));
        self.answers.extend(strays.iter().map(|(id, lane)| (*id, Place::Astray(*lane))));
        let places = self.fresh.iter().enumerate();
        self.answers.extend(places.map(|(at, command)| (command.id, Place::Decided(at))));
    }

    pub(super) fn replies(&self, part: &[Command], decided: &[Arc<StoredAnswer>]) -> Replies {
        part.iter().map(|command| self.reply(command, decided)).collect()
    }

    fn reply(&self, command: &Command, decided: &[Arc<StoredAnswer>]) -> Result<Reply, Trouble> {
        let (answer, replayed) = match self.answers.get(&command.id) {
            Some(Place::Known(answer)) => (answer, true),
            // The same command twice in one batch: the second one is a repetition of the first.
            Some(Place::Decided(at)) => (&decided[*at], !std::ptr::eq(self.fresh[*at], command)),
            Some(Place::Astray(lane)) => {
                let detail = "nothing of it is written: it belongs into another lane";
                return Err(Trouble::new(TroubleKind::Astray(*lane), "settle", detail));
            }
            None => return Ok(Reply::KeyReused),
        };
        if answer.fingerprint != command.fingerprint {
            return Ok(Reply::KeyReused);
        }
        Ok(Reply::Answered { answer: Arc::clone(answer), replayed })
    }
}
