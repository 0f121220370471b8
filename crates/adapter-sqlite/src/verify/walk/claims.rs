//! What the items of all reservations claim, compared with what the rows of seats, ticket types
//! and quotas say.

use super::{Kind, Report, column, each, find};
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::{Claim, Claims};
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId};
use admitone_domain::reservation::ItemState;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::show::SeatBlock;
use admitone_domain::{Key, Row};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Compares all of it with the rows.
pub(super) fn compare(
    claims: &Claims,
    tables: &Connection,
    report: &mut Report,
) -> Result<(), Trouble> {
    for (seat, of_seat) in &claims.seats {
        let live = claims.live(of_seat);
        check_alone(*seat, &live, report);
        check_seat(tables, *seat, &live, report)?;
    }
    check_taken_seats(claims, tables, report)?;
    check_plans(tables, report)?;
    compare_stocks(claims, tables, report)?;
    compare_quotas(claims, tables, report)
}

/// Every seat that somebody has is an item of that reservation, in that state, to that time.
fn check_taken_seats(
    claims: &Claims,
    tables: &Connection,
    report: &mut Report,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let sql = "SELECT id, state, owner, held_until FROM seat";
    let mut query = tables.prepare(sql).map_err(&failed)?;
    let mut rows = query.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        report.rows += 1;
        let (id, state) = (SeatId(column(row, 0)?), column::<u8>(row, 1)?);
        if !matches!(state, 1 | 2) {
            continue;
        }
        let owner = ReservationId(column::<Option<u64>>(row, 2)?.unwrap_or(0));
        let is_his =
            |claim: &&Claim| claim.by == owner && (claim.state == ItemState::Sold) == (state == 2);
        match claims.seats.get(&id).and_then(|of_seat| of_seat.iter().find(is_his)) {
            None => report.find(Kind::SeatOfNobody, id),
            Some(claim) if state == 1 && column::<Option<i64>>(row, 3)? != Some(claim.until.0) => {
                report.find(Kind::SeatUntil, format_args!("{id} of {owner}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn compare_stocks(
    claims: &Claims,
    tables: &Connection,
    report: &mut Report,
) -> Result<(), Trouble> {
    for (id, counted) in &claims.stocks {
        let Some(Row::TicketType(stock)) = find(tables, Key::TicketType(*id))? else {
            report.find(Kind::StockUnknown, id);
            continue;
        };
        for (_, by) in counted.shows.iter().filter(|(show, _)| *show != stock.show) {
            report.find(Kind::SeatOfOtherShow, format_args!("{id} of {by}"));
        }
    }
    let sql = "SELECT 'type_' || id, body, show, capacity, held, sold FROM ticket_type";
    each(tables, sql, report, |row, body: Row, report| {
        let Row::TicketType(stock) = body else {
            report.find(Kind::Unreadable, column::<String>(row, 0)?);
            return Ok(());
        };
        let columns = (column(row, 2)?, column(row, 3)?, column(row, 4)?, column(row, 5)?);
        if columns != (stock.show.0, stock.capacity, stock.held, stock.sold) {
            report.find(Kind::Column, stock.id);
        }
        let counted = claims.stocks.get(&stock.id);
        let counted = counted.map_or((0, 0), |counted| (counted.held, counted.sold));
        if counted != (stock.held, stock.sold) {
            let line = format_args!(
                "{} says {} held and {} sold, its items are {} and {}",
                stock.id, stock.held, stock.sold, counted.0, counted.1
            );
            report.find(Kind::StockCount, line);
        }
        Ok(())
    })
}

fn compare_quotas(
    claims: &Claims,
    tables: &Connection,
    report: &mut Report,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut left = claims.quotas.clone();
    let mut query = tables.prepare("SELECT show, buyer, taken FROM quota").map_err(&failed)?;
    let mut rows = query.query([]).map_err(&failed)?;
    let mut check = |(show, buyer): (ShowId, BuyerId), said: u32, counted: u32| {
        if said != counted {
            let line = format_args!("{buyer} has {counted} items of {show}, it says {said}");
            report.find(Kind::Quota, line);
        }
    };
    let mut count = 0;
    while let Some(row) = rows.next().map_err(&failed)? {
        count += 1;
        let buyer = BuyerId(u128::from_be_bytes(column(row, 1)?));
        let key = (ShowId(column(row, 0)?), buyer);
        check(key, column(row, 2)?, left.remove(&key).unwrap_or(0));
    }
    for (key, counted) in left {
        check(key, 0, counted);
    }
    report.rows += count;
    Ok(())
}

/// One live claim at most.
fn check_alone(seat: SeatId, live: &[Claim], report: &mut Report) {
    if live.len() < 2 {
        return;
    }
    let sold = live.iter().filter(|claim| claim.state == ItemState::Sold).count();
    let kind = match sold {
        0 => Kind::HeldTwice,
        1 => Kind::HeldAndSold,
        2.. => Kind::SoldTwice,
    };
    let owners: Vec<String> = live.iter().map(|claim| claim.by.to_string()).collect();
    report.find(kind, format_args!("{seat} of {}", owners.join(", ")));
}

/// The seat row decides: every live claim is the one that it points to, or it is wrong.
fn check_seat(
    tables: &Connection,
    id: SeatId,
    live: &[Claim],
    report: &mut Report,
) -> Result<(), Trouble> {
    let seat = match find(tables, Key::Seat(id))? {
        Some(Row::Seat(seat)) => Some(seat),
        _ => None,
    };
    for claim in live {
        if !seat.is_some_and(|seat| points_to(&seat, *claim)) {
            let says = seat.map(|seat| seat.state);
            let said = format_args!("{id} of {}, the seat says {says:?}", claim.by);
            report.find(Kind::SeatElsewhere, said);
        }
        if seat.is_some_and(|seat| seat.show != claim.show) {
            report.find(Kind::SeatOfOtherShow, format_args!("{id} of {}", claim.by));
        }
    }
    Ok(())
}

fn points_to(seat: &Seat, claim: Claim) -> bool {
    match seat.state {
        SeatState::Sold { by } => by == claim.by && claim.state == ItemState::Sold,
        SeatState::Held { by, .. } => by == claim.by && claim.state != ItemState::Sold,
        SeatState::Free | SeatState::Blocked => false,
    }
}

/// A plan names all seats of its show, and each that it names is there.
fn check_plans(tables: &Connection, report: &mut Report) -> Result<(), Trouble> {
    let sql = "SELECT id FROM seat WHERE show = ?1 ORDER BY id";
    let mut planned: BTreeMap<u64, Vec<SeatId>> = BTreeMap::new();
    each(
        tables,
        "SELECT 'the plan of show_' || id, body FROM plan",
        report,
        |row, body, report| {
            let Row::Plan(show, plan) = body else {
                report.find(Kind::Unreadable, column::<String>(row, 0)?);
                return Ok(());
            };
            let mut seats: Vec<SeatId> = plan.blocks.iter().flat_map(SeatBlock::seats).collect();
            seats.sort_unstable();
            planned.insert(show.0, seats);
            Ok(())
        },
    )?;
    let failed = trouble::of("verify");
    let mut shows = tables.prepare("SELECT DISTINCT show FROM seat").map_err(&failed)?;
    let shows = shows.query_map([], |row| row.get::<_, u64>(0)).map_err(&failed)?;
    for show in shows {
        planned.entry(show.map_err(&failed)?).or_default();
    }
    for (show, planned) in planned {
        let mut query = tables.prepare_cached(sql).map_err(&failed)?;
        let ids = query.query_map([show], |row| row.get(0).map(SeatId)).map_err(&failed)?;
        let there: Vec<SeatId> = ids.collect::<Result<_, _>>().map_err(&failed)?;
        for seat in there.iter().filter(|seat| planned.binary_search(seat).is_err()) {
            report.find(Kind::SeatOutsidePlan, format_args!("{seat} of show_{show}"));
        }
        for seat in planned.iter().filter(|seat| there.binary_search(seat).is_err()) {
            report.find(Kind::PlanWithoutSeat, format_args!("{seat} of show_{show}"));
        }
    }
    Ok(())
}
