//! How endpoints and what was sent to them are written.

use super::{List, Page};
use admitone_app::ports::webhooks::{Attempt, Endpoint, WHY_DISABLED, WHY_GONE};

fn types(endpoint: &Endpoint) -> String {
    endpoint.types.join(", ")
}

impl List {
    /// Of what it is told, as it is typed.
    pub(super) fn types(&self, endpoint: &Endpoint) -> String {
        types(endpoint)
    }
}

impl Page {
    /// Of what it is told, as it is typed.
    pub(super) fn types(&self) -> String {
        types(&self.endpoint)
    }

    /// Why it is told nothing: it wanted nothing more, or somebody switched it off.
    pub(super) fn why_off(&self, why: &str) -> String {
        match why.strip_suffix(WHY_DISABLED) {
            Some(who) => self.frame.say1("webhook.off_by", who),
            None if why == WHY_GONE => self.frame.say("webhook.off_gone").to_owned(),
            None => why.to_owned(),
        }
    }

    /// What came of an attempt.
    pub(super) fn outcome(&self, attempt: &Attempt) -> &str {
        self.frame.language.say(match attempt.outcome() {
            "arrived" => "webhook.arrived",
            "gone" => "webhook.gone",
            _ => "webhook.failed",
        })
    }

    /// Its colour.
    pub(super) fn class(&self, attempt: &Attempt) -> &'static str {
        if attempt.outcome() == "arrived" { "free" } else { "low" }
    }

    /// What was answered, or what went wrong.
    pub(super) fn said(&self, attempt: &Attempt) -> String {
        let status = attempt.status.map(|status| status.to_string());
        status.or_else(|| attempt.error.clone()).unwrap_or_default()
    }

    /// Whether it can be sent again: what told of nothing cannot.
    pub(super) fn can_repeat(&self, attempt: &Attempt) -> bool {
        attempt.event != 0
    }
}
