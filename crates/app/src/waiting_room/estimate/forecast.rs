//! How good the room's forecasts were, and by how much the next ones are stretched for it
//! (split-conformal correction). It forecasts when the line will reach some places ahead, waits
//! until it does, and keeps the last five hundred ratios of actual to forecast time.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const RATIOS: usize = 500;
const RATIOS_ENOUGH: usize = 50;
const OPEN_MAX: usize = 256;
const EVERY_US: i64 = 1_000_000;
/// Forecasts are made for places 2^4 to 2^20 ahead in turn.
const FAR_MIN: u32 = 4;
const FAR_MAX: u32 = 20;

/// The room's record as a prophet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Forecast {
    open: Vec<Made>,
    ratios: VecDeque<u64>,
    covered: VecDeque<bool>,
    stretch: Option<Stretch>,
    next_us: i64,
    far: u32,
}

/// By how much a forecast is stretched: 60 of 100 times lie between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// One time in five it takes less than this many thousandths of the forecast.
    pub low_permille: u64,
    /// One time in five it takes more.
    pub high_permille: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Made {
    place: u64,
    at_us: i64,
    forecast_ms: u64,
    stretch: Option<Stretch>,
}

impl Forecast {
    /// For which place a forecast should be made now, if any.
    pub(crate) fn wanted(&mut self, now_us: i64, called_to: u64, issued: u64) -> Option<u64> {
        if now_us < self.next_us || self.open.len() >= OPEN_MAX {
            return None;
        }
        self.next_us = now_us.saturating_add(EVERY_US);
        self.far = if self.far >= FAR_MAX { FAR_MIN } else { self.far.max(FAR_MIN - 1) + 1 };
        let place = called_to + (1 << self.far);
        if place > issued {
            self.far = 0;
        }
        (place <= issued).then_some(place)
    }

    /// The forecast for that place.
    pub(crate) fn made(&mut self, place: u64, forecast_ms: u64, now_us: i64) {
        let stretch = self.stretch;
        self.open.push(Made { place, at_us: now_us, forecast_ms: forecast_ms.max(1), stretch });
    }

    /// Compares what was forecast with what happened.
    pub(crate) fn reached(&mut self, called_to: u64, now_us: i64) {
        let mut resolved = Vec::new();
        self.open.retain(|made| {
            let is_open = made.place > called_to;
            if !is_open {
                resolved.push(*made);
            }
            is_open
        });
        let has_news = !resolved.is_empty();
        for made in resolved {
            let actual_ms = u64::try_from(now_us.saturating_sub(made.at_us) / 1_000).unwrap_or(0);
            push(&mut self.ratios, actual_ms.saturating_mul(1_000) / made.forecast_ms);
            if let Some(stretch) = made.stretch {
                let (low_ms, high_ms) = stretch.apply(made.forecast_ms);
                push(&mut self.covered, (low_ms..=high_ms).contains(&actual_ms));
            }
        }
        if has_news || self.stretch.is_none() {
            self.stretch = self.quantiles();
        }
    }

    /// `None`: still calculating.
    pub(crate) fn stretch(&self) -> Option<Stretch> {
        self.stretch
    }

    /// How many of a thousand published intervals held; should be near 600.
    pub(crate) fn coverage_permille(&self) -> Option<u32> {
        let held = self.covered.iter().filter(|held| **held).count();
        let share = (held * 1_000).checked_div(self.covered.len())?;
        u32::try_from(share).ok()
    }

    fn quantiles(&self) -> Option<Stretch> {
        if self.ratios.len() < RATIOS_ENOUGH {
            return None;
        }
        let mut sorted: Vec<u64> = self.ratios.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
        Some(Stretch { low_permille: at(20), high_permille: at(80) })
    }
}

impl Stretch {
    /// The interval around a forecast.
    pub(crate) fn apply(self, forecast_ms: u64) -> (u64, u64) {
        let scale = |permille: u64| forecast_ms.saturating_mul(permille) / 1_000;
        (scale(self.low_permille), scale(self.high_permille))
    }
}

fn push<T>(ring: &mut VecDeque<T>, item: T) {
    if ring.len() >= RATIOS {
        ring.pop_front();
    }
    ring.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_stretched_until_three_of_five_hold() {
        let mut forecast = Forecast::default();
        let mut state = 7_u64;
        for round in 0..4_000_u64 {
            let now_us = i64::try_from(round * 100_000_000).unwrap();
            forecast.made(round + 1, 1_000, now_us);
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Twice as slow as forecast on average, spread widely.
            let actual_us = i64::try_from(1_000_000 + (state >> 40) % 2_000_000).unwrap();
            forecast.reached(round + 1, now_us + actual_us);
        }
        let coverage = forecast.coverage_permille().unwrap();
        assert!((530..=670).contains(&coverage), "{coverage}");
    }

    #[test]
    fn every_forecast_that_came_true_counts_long_before_there_are_as_many_as_are_kept() {
        let mut forecast = Forecast::default();
        let mut reach = |place: u64, actual_us: i64| {
            let now_us = i64::try_from(place).unwrap() * 100_000_000;
            forecast.made(place, 1_000, now_us);
            forecast.reached(place, now_us + actual_us);
            forecast.stretch()
        };
        let first = (1..=50).fold(None, |_, place| reach(place, 1_000_000)).unwrap();
        assert_eq!(first.high_permille, 1_000);
        let later = (51..=150).fold(None, |_, place| reach(place, 3_000_000)).unwrap();
        assert_eq!(later.high_permille, 3_000);
    }

    #[test]
    fn it_says_calculating_until_there_is_enough_to_go_by() {
        let mut forecast = Forecast::default();
        for place in 1..50 {
            forecast.made(place, 1_000, 0);
            forecast.reached(place, 1_000_000);
        }
        assert_eq!(forecast.stretch(), None);
        forecast.made(50, 1_000, 0);
        forecast.reached(50, 1_000_000);
        assert!(forecast.stretch().is_some());
    }
}
