//! Reads a wallet: its entries and its balance, as they are at one moment.

use crate::Trouble;
use crate::target::{As, Visit};
use crate::time::pause;
use serde_json::Value;
use std::time::Duration;

/// What nobody was told the end of may still be done: read so often at most, until nothing moves.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// All entries of a wallet, and its balance. What is on its way through a queue when a load ends
/// arrives later: entries and balance are two answers, and one that came between them would look as if
/// the house had miscounted.
pub(crate) async fn read<T>(
    visit: &mut Visit,
    who: As<'_>,
    entry: impl Fn(&Value) -> Option<T>,
) -> Result<(Vec<T>, i64), Trouble> {
    let mut balance = balance_of(visit, who).await?;
    for _ in 0..TRIES {
        let (mut entries, mut unreadable) = (Vec::new(), 0_u32);
        let one = |value: &Value| match entry(value) {
            Some(entry) => entries.push(entry),
            None => unreadable += 1,
        };
        visit.list(who, "/api/v1/wallet/entries", one).await?;
        if unreadable > 0 {
            return Err(Trouble::Impossible(format!("{unreadable} entries cannot be read")));
        }
        let before = std::mem::replace(&mut balance, balance_of(visit, who).await?);
        if before == balance {
            return Ok((entries, balance));
        }
        pause(PAUSE).await;
    }
    Err(Trouble::Impossible("a wallet moves long after the load has ended".to_owned()))
}

async fn balance_of(visit: &mut Visit, who: As<'_>) -> Result<i64, Trouble> {
    let balance = visit.get(who, "/api/v1/wallet").await?["balance"].as_i64();
    balance.ok_or_else(|| Trouble::Impossible("a wallet without a balance".to_owned()))
}
