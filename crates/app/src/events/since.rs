//! Where in the outbox a moment is.

use crate::Trouble;
use crate::ports::outbox::Outbox;
use admitone_domain::Moment;

/// Behind which number stands what happened at a moment or later. Numbers and moments rise
/// together, but for what was in hand at the same time.
pub(crate) async fn behind(outbox: &dyn Outbox, moment: Moment) -> Result<u64, Trouble> {
    let (mut below, mut end) = (0, outbox.end().await?.newest);
    while below < end {
        let middle = below + (end - below) / 2;
        let next = outbox.news(middle, &[], 1).await?.events.into_iter().next();
        match next {
            Some((number, event)) if event.at < moment => below = number,
            Some(_) | None => end = middle,
        }
    }
    Ok(below)
}

/// Behind which number nothing was told yet. What is in hand meanwhile is behind it.
pub async fn from_now_on(outbox: &dyn Outbox) -> Result<u64, Trouble> {
    let end = outbox.end().await?;
    Ok(end.gaps.iter().map(|gap| gap.first - 1).min().unwrap_or(end.newest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::outbox::{End, Gap, News};
    use admitone_domain::id::ReservationId;
    use admitone_domain::{Event, Happening, Key};
    use async_trait::async_trait;

    /// Events by number and moment.
    struct Told(Vec<(u64, i64)>);

    #[async_trait]
    impl Outbox for Told {
        async fn end(&self) -> Result<End, Trouble> {
            let newest = self.0.last().map_or(0, |(number, _)| *number);
            Ok(End { newest, gaps: Vec::new() })
        }

        async fn news(&self, after: u64, _gaps: &[Gap], limit: usize) -> Result<News, Trouble> {
            let event = |at| Event {
                aggregate: Key::Reservation(ReservationId(1)),
                version: 1,
                at: Moment(at),
                what: Happening::Released,
            };
            let new = self.0.iter().filter(|(number, _)| *number > after).take(limit);
            let events = new.map(|(number, at)| (*number, event(*at))).collect();
            Ok(News { events, ..News::default() })
        }
    }

    #[tokio::test]
    async fn it_is_found_between_numbers_that_are_far_apart() {
        let told = Told(vec![(3, 10), (4, 10), (1 << 40, 20), ((1 << 40) + 1, 30), (1 << 41, 40)]);
        for (moment, number) in [
            (0, 0),
            (10, 0),
            (11, 4),
            (20, 4),
            (21, 1 << 40),
            (30, 1 << 40),
            (40, (1 << 40) + 1),
            (41, 1 << 41),
        ] {
            assert_eq!(behind(&told, Moment(moment)).await, Ok(number), "{moment}");
        }
        assert_eq!(behind(&Told(Vec::new()), Moment(5)).await, Ok(0));
    }
}
