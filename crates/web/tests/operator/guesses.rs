//! Whoever guesses passwords and keys is slowed down; without that he gets in.

use crate::browser::{Answer, Browser};
use crate::house::{House, KEY};
use admitone_app::Trouble;
use admitone_app::ports::buckets::{Buckets, Rate, Taken};
use axum::http::StatusCode;
use std::sync::Arc;

/// What somebody thinks who wants to be Ann; the last is right, and is what [`House`] has her choose.
const GUESSES: [&str; 10] = [
    "password",
    "12345678",
    "qwertyui",
    "letmein1",
    "iloveyou",
    "sunshine",
    "football",
    "princess",
    "trustno1",
    "a long password",
];
/// So many keys of operators may be tried from one address in one go.
const KEYS: usize = 60;

/// Buckets that are never empty: the guard is off.
struct Endless;

#[async_trait::async_trait]
impl Buckets for Endless {
    async fn take(&self, _name: &str, rate: Rate) -> Result<Taken, Trouble> {
        Ok(Taken { wait_us: None, left: rate.burst })
    }
}

async fn try_password(browser: &mut Browser, name: &str, password: &str) -> Answer {
    let form = browser.form("/sign-in", "/sign-in").await;
    browser.post(&form.with("name", name).with("password", password)).await
}

async fn try_key(browser: &mut Browser, key: &str) -> Answer {
    let form = browser.form("/operator/sign-in", "/operator/sign-in").await;
    browser.post(&form.with("key", key)).await
}

/// The answer to the last of the guesses.
async fn guess(house: &House) -> Answer {
    let mut guesser = house.nobody();
    for password in &GUESSES[..GUESSES.len() - 1] {
        let answer = try_password(&mut guesser, "Ann", password).await;
        assert_ne!(answer.status, StatusCode::SEE_OTHER, "{password}");
    }
    try_password(&mut guesser, "Ann", GUESSES[GUESSES.len() - 1]).await
}

#[tokio::test]
async fn whoever_guesses_a_password_is_slowed_down_and_nobody_else_is() {
    let house = House::open().await;
    let late = guess(&house).await;
    assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS, "{}", late.body);
    assert!(late.has("Too many requests"), "{}", late.body);
    let other = try_password(&mut house.nobody(), "Bob", "another password").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "another name is not limited");
    // Whoever knows it waits a quarter of a minute.
    house.clock.advance_ms(15_000);
    let ann = try_password(&mut house.nobody(), "Ann", GUESSES[GUESSES.len() - 1]).await;
    assert_eq!(ann.status, StatusCode::SEE_OTHER, "{}", ann.body);
}

#[tokio::test]
async fn without_the_limit_the_last_guess_gets_in() {
    let house = House::with_buckets(Arc::new(Endless)).await;
    let hit = guess(&house).await;
    assert_eq!((hit.status, hit.location.as_str()), (StatusCode::SEE_OTHER, "/"));
}

#[tokio::test]
async fn keys_are_tried_no_faster_than_one_a_second_from_one_address() {
    for (house, expected) in [
        (House::open().await, StatusCode::TOO_MANY_REQUESTS),
        (House::with_buckets(Arc::new(Endless)).await, StatusCode::SEE_OTHER),
    ] {
        let mut guesser = house.nobody();
        for number in 0..KEYS {
            let wrong = try_key(&mut guesser, &format!("amo_{number}")).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{number}");
        }
        assert_eq!(try_key(&mut guesser, KEY).await.status, expected);
        house.clock.advance_ms(1_000);
        let patient = try_key(&mut house.nobody(), KEY).await;
        assert_eq!(patient.status, StatusCode::SEE_OTHER, "{}", patient.body);
    }
}
