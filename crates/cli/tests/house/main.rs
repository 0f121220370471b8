//! The house from outside: the real binary, over HTTP, killed and started again.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod bad_days;
mod bench;
mod brokers;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod buses;
mod buyer;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod cached_lists;
mod closing;
mod cluster;
mod crowd;
mod damage;
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and says so")]
mod days;
mod demo;
mod deploy;
mod disk;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod drill;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod endpoint;
mod figures;
mod freedoms;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod gateway;
mod identity;
mod idle;
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and says so")]
mod instances;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod jobs;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod kill;
mod lab;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod limits;
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and says so")]
mod live;
#[expect(clippy::print_stdout, reason = "it measures and says so")]
mod lock_waits;
mod looking;
#[expect(clippy::print_stdout, reason = "it says what was observed")]
mod matrix;
#[expect(clippy::print_stdout, reason = "whoever runs tests must see what was not tested")]
mod nginx;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod one_map;
mod operations;
mod operators;
mod passes;
mod process;
mod redis;
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and says so")]
mod redis_locks;
mod reference;
mod repeats;
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and says so")]
mod rolling;
mod sale;
#[expect(clippy::disallowed_methods, reason = "it measures and says so")]
mod sell_out;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod shared_rooms;
mod shared_store;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod shopper;
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and says so")]
mod strategy;
mod stream;
mod talking;
mod terminal;
#[expect(clippy::disallowed_methods, reason = "its patience is measured")]
mod webhooks;
