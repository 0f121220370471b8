//! The seats of a show: more of them, other prices, out of the sale and back.

use super::{price, show_id};
use crate::frame::go_to;
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::StaffForm;
use crate::words;
use admitone_app::board::{SeatMark, SeatView, Snapshot};
use admitone_app::logbook::Target;
use admitone_app::operating::{self, BlockFields, SeatsFields};
use admitone_domain::command::operate::Operate;
use admitone_domain::id::{SeatId, ShowId};
use admitone_domain::show::{Attribute, SeatBlock};
use admitone_domain::{Action, Money};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::collections::BTreeSet;

/// The change that is of the show, and of no seats.
const KEPT: &str = "kept";

/// Neighbouring seats, as they stand.
pub(super) struct Block {
    /// Its place in the plan, by which a form names it.
    pub(super) place: usize,
    pub(super) section: String,
    pub(super) row: String,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) prices: BTreeSet<Money>,
    pub(super) free: u32,
    pub(super) held: u32,
    pub(super) sold: u32,
    pub(super) blocked: u32,
    /// For whom or why some are out of the sale, with their numbers.
    pub(super) labels: Vec<String>,
    /// What is said of some, with their numbers.
    pub(super) said: Vec<(Attribute, String)>,
}

/// The blocks of a show, in the order of its plan.
pub(super) fn blocks(snapshot: &Snapshot) -> Vec<Block> {
    let of_plan = |(place, block): (usize, &SeatBlock)| Block {
        place,
        section: block.section.clone(),
        row: block.row.clone(),
        first: block.first_number,
        last: block.first_number.saturating_add(block.count.saturating_sub(1)),
        prices: BTreeSet::new(),
        free: 0,
        held: 0,
        sold: 0,
        blocked: 0,
        labels: Vec::new(),
        said: Vec::new(),
    };
    let mut blocks: Vec<Block> = snapshot.plan.blocks.iter().enumerate().map(of_plan).collect();
    for (block, counted) in snapshot.plan.blocks.iter().zip(&mut blocks) {
        let end = block.first_seat.0.saturating_add(u64::from(block.count));
        // Seats are in the order of their ids.
        let begin = snapshot.seats.partition_point(|seat| seat.id < block.first_seat);
        let of_block = snapshot.seats[begin..].iter().take_while(|seat| seat.id.0 < end);
        let blocked = of_block.clone().filter(|seat| seat.mark == SeatMark::Blocked);
        let label = |seat: &SeatView| snapshot.plan.labels.get(&seat.id);
        let labels = spans(block, blocked.filter_map(|seat| Some((seat.id, label(seat)?))));
        counted.labels = labels.iter().map(|(label, span)| format!("{span}: {label}")).collect();
        let said = |seat: &SeatView| Some((seat.id, snapshot.plan.attribute(seat.id)?));
        counted.said = spans(block, of_block.clone().filter_map(said));
        for seat in of_block {
            counted.prices.insert(seat.price);
            match seat.mark {
                SeatMark::Free => counted.free += 1,
                SeatMark::Held => counted.held += 1,
                SeatMark::Sold => counted.sold += 1,
                SeatMark::Blocked => counted.blocked += 1,
            }
        }
    }
    blocks
}

/// What is said of seats of a block, with the numbers of neighbours of which the same is said.
fn spans<T: PartialEq>(
    block: &SeatBlock,
    said: impl Iterator<Item = (SeatId, T)>,
) -> Vec<(T, String)> {
    let mut spans: Vec<(T, u32, u32)> = Vec::new();
    for (seat, said) in said {
        let Some(number) = block.number_of(seat) else { continue };
        match spans.last_mut() {
            Some((before, _, last)) if *before == said && *last + 1 == number => *last = number,
            _ => spans.push((said, number, number)),
        }
    }
    let written = |(said, first, last): (T, u32, u32)| {
        (said, if first == last { first.to_string() } else { format!("{first}–{last}") })
    };
    spans.into_iter().map(written).collect()
}

/// `POST /operator/shows/{id}/seats`: a row more.
pub(crate) async fn add(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(format!("/operator/shows/{id}"));
    let form = &asked.form;
    let show = site.show(show_id(&id)?).await?;
    let block = BlockFields {
        section: form.text("section").to_owned(),
        row: form.text("row").to_owned(),
        first_number: form.parsed("first_number").map_err(onward)?,
        count: form.parsed("count").map_err(onward)?,
        price: price(form, show.currency).map_err(onward)?,
        attribute: Attribute::of_name(form.text("attribute")),
    };
    let add = operating::add_seats(&site.office, show.id, vec![block]).await;
    let add = add.map_err(|unfit| onward(unfit.into()))?;
    site.operate(&asked, add).await.map_err(onward)?;
    site.live().forget().await;
    Ok(go_to(&format!("/operator/shows/{id}#seats")))
}

/// `POST /operator/shows/{id}/seats/change`: some of a row, by their numbers.
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(format!("/operator/shows/{id}"));
    let (show, form) = (show_id(&id)?, &asked.form);
    let plan = site.office.boards.board(show).await?.plan();
    let place: usize = form.parsed("block").map_err(onward)?;
    let block = plan.blocks.get(place).ok_or_else(|| onward(Oops::malformed()))?;
    let (from, to) = (form.optional("from")?, form.optional("to")?);
    let chosen = chosen(block, from, to);
    let change = wanted(&site, &asked, (show, chosen)).await.map_err(onward)?;
    let why = match form.text("change") {
        // Until when spaces are kept is of the show, whichever row was looked at.
        KEPT => asked.why().to_owned(),
        _ => label(block, (from, to), asked.why()),
    };
    let about = (Target::Show, show.to_string());
    let done = site.submit_saying_why(&asked, about, &why, Action::Operate(change)).await;
    done.map_err(onward)?;
    site.live().forget().await;
    Ok(go_to(&format!("/operator/shows/{id}#seats")))
}

/// What shall become of seats.
async fn wanted(
    site: &Site,
    asked: &StaffForm,
    (show, chosen): (ShowId, Vec<SeatId>),
) -> Result<Operate, Oops> {
    let form = &asked.form;
    let fields = match form.text("change") {
        "block" => {
            SeatsFields::Block(Some(asked.why().to_owned()).filter(|label| !label.is_empty()))
        }
        "unblock" => SeatsFields::Unblock,
        "plain" => SeatsFields::Attribute(None),
        KEPT => {
            let until = match form.text("kept_until") {
                "" => None,
                text => {
                    let zone = site.show(show).await?.time_zone;
                    Some(words::moment_of(text, &zone).ok_or_else(Oops::malformed)?)
                }
            };
            return Ok(operating::keep_seats(show, until));
        }
        other => match Attribute::of_name(other) {
            Some(said) => SeatsFields::Attribute(Some(said)),
            None => SeatsFields::Price(price(form, site.show(show).await?.currency)?),
        },
    };
    Ok(operating::change_seats(show, chosen, fields)?)
}

/// For whom or why, with the seats it is about; empty where nothing was said.
fn label(block: &SeatBlock, (from, to): (Option<u32>, Option<u32>), why: &str) -> String {
    if why.is_empty() {
        return String::new();
    }
    let last = block.first_number.saturating_add(block.count.saturating_sub(1));
    let (from, to) = (from.unwrap_or(block.first_number), to.unwrap_or(last));
    format!("{} {}, {from}–{to}: {why}", block.section, block.row)
}

/// The seats of a block with numbers between two, or from its beginning, or to its end.
fn chosen(block: &SeatBlock, from: Option<u32>, to: Option<u32>) -> Vec<SeatId> {
    let numbered = block.seats().zip(block.first_number..);
    let wanted = numbered.filter(|(_, number)| {
        from.is_none_or(|from| from <= *number) && to.is_none_or(|to| *number <= to)
    });
    wanted.map(|(seat, _)| seat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_chosen_by_their_numbers() {
        let block = SeatBlock {
            section: "A".into(),
            row: "1".into(),
            first_number: 11,
            count: 4,
            first_seat: SeatId(100),
        };
        assert_eq!(chosen(&block, Some(12), Some(13)), [SeatId(101), SeatId(102)]);
        assert_eq!(chosen(&block, None, Some(11)), [SeatId(100)]);
        assert_eq!(chosen(&block, None, None).len(), 4);
        assert!(chosen(&block, Some(15), None).is_empty());
        assert_eq!(label(&block, (Some(12), None), "sponsors"), "A 1, 12–14: sponsors");
        assert_eq!(label(&block, (None, None), ""), "");
        let said = [(100, "a"), (101, "a"), (103, "a"), (99, "b")];
        let spans = spans(&block, said.into_iter().map(|(id, said)| (SeatId(id), said)));
        assert_eq!(spans, [("a", "11–12".to_owned()), ("a", "14".to_owned())]);
    }
}
