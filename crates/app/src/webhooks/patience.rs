//! When a message that did not arrive is sent again, and when it is given up.

/// Waits after the first attempt, the second, and so on; the last is kept to.
pub const STEPS_MS: [u64; 9] = [
    5_000,
    30_000,
    2 * 60_000,
    10 * 60_000,
    30 * 60_000,
    3_600_000,
    3 * 3_600_000,
    6 * 3_600_000,
    12 * 3_600_000,
];
/// A message that was tried for so long is given up.
pub const GIVEN_UP_MS: u64 = 3 * 24 * 3_600_000;

/// Whoever asks not to be asked again for longer than this is asked all the same.
pub(super) const ASKED_MAX_MS: u64 = 24 * 3_600_000;

/// How long to wait after so many attempts: a fifth more or less than the step, so that endpoints
/// that came back together are not asked together, and not less than the endpoint asked for. `spread` is any number.
pub(super) fn wait_ms(attempts: u32, spread: u64, asked_ms: Option<u64>) -> u64 {
    let last = STEPS_MS.len() - 1;
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(last).min(last);
    let step = STEPS_MS[step];
    let wait = step - step / 5 + spread % (step * 2 / 5);
    wait.max(asked_ms.unwrap_or(0).min(ASKED_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_the_last_attempt_is_three_days_after_the_first() {
        let mut attempts = 1;
        let mut since_ms = 0;
        while since_ms < GIVEN_UP_MS {
            since_ms += wait_ms(attempts, u64::MAX / 3, None);
            attempts += 1;
        }
        assert!((12..=18).contains(&attempts), "{attempts} attempts");
        for attempts in 1..20 {
            for spread in [0, 1, u64::MAX] {
                let step = STEPS_MS[usize::try_from(attempts - 1).unwrap_or(8).min(8)];
                let wait = wait_ms(attempts, spread, None);
                assert!((step * 4 / 5..step * 6 / 5).contains(&wait), "{wait} of {step}");
            }
        }
    }

    #[test]
    fn who_asks_for_a_longer_wait_has_it_up_to_a_day() {
        assert_eq!(wait_ms(1, 0, Some(60_000)), 60_000);
        assert_eq!(wait_ms(1, 0, Some(0)), wait_ms(1, 0, None), "a shorter one is not granted");
        assert_eq!(wait_ms(1, 0, Some(u64::MAX)), ASKED_MAX_MS);
    }
}
