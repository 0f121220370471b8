//! What the room believes about the future: how many of the invited are there, how fast people
//! leave, how good its own forecasts were. Efficiency and honesty depend on it, safety never does.

use serde::{Deserialize, Serialize};

mod departures;
mod forecast;
mod show_rate;

pub(crate) use departures::Departures;
pub(crate) use forecast::Forecast;
pub use forecast::Stretch;
pub(crate) use show_rate::ShowRate;

/// All estimates of a room. They start anew with the process.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Estimates {
    pub(crate) shown: ShowRate,
    pub(crate) departures: Departures,
    pub(crate) forecast: Forecast,
}
