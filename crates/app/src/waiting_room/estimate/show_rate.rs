//! How many of those who were invited are there. Unbiased: by the time a place ripens, everybody
//! who keeps the promise has been seen, so each ripening is a complete count.

use serde::{Deserialize, Serialize};

const MEMORY: u64 = 500;
const ENOUGH: u64 = 50;

/// The share over about the last five hundred invited.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ShowRate {
    invited: u64,
    present_milli: u64,
}

impl ShowRate {
    /// So many places ripened, and so many of their users were on the deck.
    pub(crate) fn note(&mut self, invited: u64, present: u64) {
        self.invited += invited;
        self.present_milli += present * 1_000;
        if self.invited > MEMORY {
            self.present_milli = self.present_milli * MEMORY / self.invited;
            self.invited = MEMORY;
        }
    }

    /// Thousandths; `None` until there is enough to go by.
    pub(crate) fn permille(&self) -> Option<u32> {
        let share = self.present_milli.checked_div(self.invited)?.min(1_000);
        (self.invited >= ENOUGH).then_some(u32::try_from(share).unwrap_or(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_unknown_first_and_then_follows_the_crowd() {
        let mut shown = ShowRate::default();
        shown.note(40, 40);
        assert_eq!(shown.permille(), None);
        (0..100).for_each(|_| shown.note(20, 18));
        assert!((895..=905).contains(&shown.permille().unwrap()));
        (0..200).for_each(|_| shown.note(20, 6));
        assert!((295..=305).contains(&shown.permille().unwrap()));
    }
}
