//! What somebody wants rehearsed, as a plan: checked, with a copy of what is for sale.

use crate::Trouble;
use crate::box_office::BoxOffice;
use crate::ports::rehearsals::{Arrivals, BUYERS_MAX, Plan, SECONDS_MAX};
use crate::programme_copy::copy_programme;
use admitone_domain::id::{OperatorId, ShowId};
use admitone_domain::{Key, Loaded, Row};

/// What somebody wants rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// One show; all that have not begun when none is named.
    pub only: Option<ShowId>,
    /// With so many buyers.
    pub buyers: u32,
    /// They come within so many seconds.
    pub seconds: u32,
    /// How they come.
    pub arrivals: Arrivals,
}

/// Why it cannot be rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unplanned {
    /// Too many, too few, too long or too short.
    #[error("1 to {} buyers, within 1 to {} seconds", BUYERS_MAX, SECONDS_MAX)]
    Bounds,
    /// There is no such show.
    #[error("there is no such show")]
    NoShow,
    /// There is nothing to rehearse.
    #[error("nothing is for sale that could be rehearsed")]
    Nothing,
    /// The store is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// A plan of what an operator wants. Its title is empty where everything is rehearsed.
///
/// # Errors
/// It is out of bounds, of nothing, or the store cannot be read.
pub async fn plan(office: &BoxOffice, wanted: Wanted, by: OperatorId) -> Result<Plan, Unplanned> {
    let Wanted { only, buyers, seconds, arrivals } = wanted;
    if !(1..=BUYERS_MAX).contains(&buyers) || !(1..=SECONDS_MAX).contains(&seconds) {
        return Err(Unplanned::Bounds);
    }
    let title = match only {
        None => String::new(),
        Some(id) => title(office, id).await?,
    };
    let programme = copy_programme(office, only).await?;
    if programme.concerts.is_empty() {
        return Err(Unplanned::Nothing);
    }
    let by = match office.row(Key::Operator(by)).await?.map(Loaded::into_row) {
        Some(Row::Operator(known)) => format!("{} ({by})", known.name),
        _ => by.to_string(),
    };
    Ok(Plan { programme, buyers, seconds, arrivals, title, by })
}

/// What a show is called in the list.
async fn title(office: &BoxOffice, id: ShowId) -> Result<String, Unplanned> {
    let row = office.row(Key::Show(id)).await?.map(Loaded::into_row);
    let Some(Row::Show(show)) = row else { return Err(Unplanned::NoShow) };
    match office.row(Key::Concert(show.concert)).await?.map(Loaded::into_row) {
        Some(Row::Concert(concert)) => Ok(format!("{}, {id}", concert.title)),
        _ => Err(Unplanned::NoShow),
    }
}
