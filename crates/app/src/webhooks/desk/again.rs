//! Telling an endpoint again what happened since a moment: on a road of its own, so that what
//! happens now goes on meanwhile, with the same patience and the same order.

use super::{Asked, DeskTrouble, Done, WebhookDesk};
use crate::events::behind;
use crate::logbook::Deed;
use crate::ports::webhooks::Replay;
use crate::webhooks::GIVEN_UP_MS;
use admitone_domain::Moment;

/// So many at once.
const REPLAYS_MAX: usize = 4;
/// The last attempt at a message is made well before its road is forgotten.
const KEPT_MS: u64 = GIVEN_UP_MS + 24 * 3_600_000;
/// Clocks of instances differ by less.
const APART_MS: u64 = 5_000;

impl WebhookDesk {
    /// Tells it again what happened since a moment, and what of it had not been told.
    pub async fn replay_since(
        &self,
        id: u64,
        since: Moment,
        asked: Asked,
    ) -> Result<Done, DeskTrouble> {
        let now = self.clock.now();
        if now < since {
            return Err(DeskTrouble::Invalid("`since` is not over yet".to_owned()));
        }
        let from = Moment(since.0.saturating_sub_unsigned(APART_MS * 1_000));
        let begin = behind(&*self.outbox, from).await?;
        let end = self.outbox.end().await?.newest;
        self.alter(id, Deed::Replayed, asked, |_, known| {
            if known.disabled.is_some() {
                return Err(DeskTrouble::Cannot("it is disabled: enable it first"));
            }
            if known.replays.len() >= REPLAYS_MAX {
                return Err(DeskTrouble::Cannot("enough is told again already: wait for it"));
            }
            let (number, until) = (known.version, now.plus_ms(KEPT_MS));
            known.replays.push(Replay { number, since, begin, end, until });
            Ok(())
        })
        .await
    }
}
