//! What was told, in the order in which it happened: every change of a reservation and of a
//! wallet exactly once, without a gap; every movement of a wallet with the balance it led to.

use super::{Kind, Report, each};
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{BuyerId, EntryId, ReservationId};
use admitone_domain::pass::PassKey;
use admitone_domain::reservation::Ware;
use admitone_domain::{Event, Happening, Key, KeyMap};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{HashMap, HashSet};

/// What the events say.
#[derive(Default)]
pub(super) struct Told {
    /// The newest version that was told of each row.
    versions: KeyMap<u64>,
    /// Passes that were used up.
    ended: HashSet<PassKey>,
    /// Seats that items had before they got others.
    seats: HashSet<(ReservationId, u32, Ware)>,
    /// The balance of the wallet after each entry.
    balances: HashMap<EntryId, i64>,
    /// Where each wallet is after all of them.
    wallets: HashMap<BuyerId, i64>,
}

impl Told {
    /// Whether a pass was told as ended.
    pub(super) fn has_ended(&self, pass: PassKey) -> bool {
        self.ended.contains(&pass)
    }

    /// All passes that were told as ended.
    pub(super) fn ended(&self) -> impl Iterator<Item = PassKey> {
        self.ended.iter().copied()
    }

    /// Whether an item of a reservation was this before it got another seat.
    pub(super) fn had(&self, reservation: ReservationId, item: u32, what: Ware) -> bool {
        self.seats.contains(&(reservation, item, what))
    }

    /// The balance after an entry, if it was told.
    pub(super) fn balance_after(&self, entry: EntryId) -> Option<i64> {
        self.balances.get(&entry).copied()
    }

    /// Where a wallet's movements lead.
    pub(super) fn wallet(&self, buyer: BuyerId) -> i64 {
        self.wallets.get(&buyer).copied().unwrap_or(0)
    }

    /// Compares a row of which every change is told with the last that was.
    pub(super) fn check_end(&self, key: Key, version: u64, report: &mut Report) {
        let last = self.versions.get(&key).copied().unwrap_or(0);
        if last != version {
            let line = format_args!("{key:?} has version {version}, {last} was told");
            report.find(Kind::EventsEnd, line);
        }
    }

    fn hear(
        &mut self,
        tables: &Connection,
        event: &Event,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        if let Key::Reservation(_) | Key::Wallet(_) = event.aggregate {
            let last = self.versions.insert(event.aggregate, event.version).unwrap_or(0);
            // Two changes in one batch are one version.
            if event.version != last && event.version != last + 1 {
                let (key, version) = (event.aggregate, event.version);
                report.find(Kind::EventGap, format_args!("{key:?} from {last} to {version}"));
            }
        }
        match event.what {
            Happening::PassEnded(pass) => drop(self.ended.insert(pass)),
            Happening::Moved { entry } => self.follow(tables, entry, report)?,
            Happening::Reseated { item, from, .. } => {
                if let Key::Reservation(id) = event.aggregate {
                    self.seats.insert((id, item, Ware::Seat(from)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn follow(
        &mut self,
        tables: &Connection,
        id: EntryId,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let sql = "SELECT buyer, iif(kind IN (1, 3), -amount, amount) FROM entry WHERE id = ?1";
        let mut query = tables.prepare_cached(sql).map_err(trouble::of("verify"))?;
        let found = query
            .query_row([id.0], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?)))
            .optional()
            .map_err(trouble::of("verify"))?;
        let Some((buyer, amount)) = found else {
            report.find(Kind::EntryMissing, id);
            return Ok(());
        };
        let wallet = self.wallets.entry(BuyerId(u128::from_be_bytes(buyer))).or_default();
        *wallet = wallet.saturating_add(amount);
        if *wallet < 0 {
            report.find(Kind::RunningBalance, format_args!("{wallet} after {id}"));
        }
        self.balances.insert(id, *wallet);
        Ok(())
    }
}

pub(super) fn replay(tables: &Connection, report: &mut Report) -> Result<Told, Trouble> {
    let mut told = Told::default();
    let sql = "SELECT 'the events of batch ' || seq, body FROM event ORDER BY seq";
    each(tables, sql, report, |_, events: Vec<Event>, report| {
        events.iter().try_for_each(|event| told.hear(tables, event, report))
    })?;
    Ok(told)
}
