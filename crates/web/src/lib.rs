//! The pages for buyers and operators: rendered here, served beside the API, by the same use cases.
//!
//! One page, one file: the handler, the template's data, what it posts to. Words stand in
//! `messages/`, one file for each language; looks in `assets/`, without a build step. Every step
//! works as a plain form: scripts only make it livelier. To add a page: a file in `buyer/` or
//! `operator/`, its template, a line in `routes.rs`. To add a language: a file in `messages/` and a
//! line in `language.rs`.

#![expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_self,
    reason = "templates hand over references, and ask their frame for everything"
)]

mod assets;
mod buyer;
mod clerk;
mod door;
mod facts;
mod form;
mod frame;
mod language;
mod limits;
mod movement;
mod oops;
mod operator;
mod query;
mod routes;
mod session;
mod sheet;
mod site;
mod staff;
mod unfit;
mod visitor;
mod words;

pub use limits::{Caller, Limits};
pub use routes::{missing, router};
pub use session::Keys;
pub use site::{Freedoms, Parts, Site};
