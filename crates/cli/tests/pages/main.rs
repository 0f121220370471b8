//! The pages in a real browser, on the real binary: whole roads of buyers and operators, what every
//! page looks like, what it weighs, and who is shut out of it.
//!
//! They need `ADMITONE_TEST_CHROMIUM`, where a chromedriver listens, and `ADMITONE_TEST_AXE`, where
//! axe-core is: `cargo xtask services up chromium axe`. Pictures are left in `target/tmp/pictures`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bank;
mod browser;
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it paints pictures"
)]
mod camera;
mod door;
mod driver;
mod every_page;
mod fingers;
mod habits;
#[expect(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "it measures")]
mod hall;
mod hold_time;
mod keyboard;
mod line;
mod no_script;
mod odd_pages;
mod outlook;
#[expect(dead_code, clippy::expect_used, reason = "it is that of the other house tests, whole")]
#[path = "../house/process.rs"]
mod process;
mod road;
mod roles;
mod seat_map;
mod spaces;
mod stage;
mod weights;
mod wire;
mod zones;
