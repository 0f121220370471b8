//! The HTTP API under `/api/v1`, its OpenAPI document, the reference routes, health and figures.
//!
//! One endpoint, one function with its description above it; `routes.rs` lists them all. To add
//! one: the handler with its `#[utoipa::path]`, a line in `routes.rs`, a test that exercises it,
//! and `cargo xtask generate` for the committed OpenAPI document.

mod ask;
mod codes;
mod commands;
mod concerts;
mod events;
pub mod figures;
mod health;
pub mod house;
pub mod limits;
mod operator;
pub mod pages;
mod payments;
mod problem;
pub mod reference;
mod reply;
pub mod request_id;
mod reservations;
mod rooms;
mod routes;
pub mod server;
mod shows;
mod tickets;
mod users;
mod view;
mod wallet;
pub mod worker;

pub use house::{Freedoms, House, Parts};
pub use problem::Problem;
pub use routes::{missing, openapi, router};
