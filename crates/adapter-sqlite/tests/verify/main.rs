//! The verifier on trial: a sale in which everything happened is sound, and each defect that is
//! planted in it is found under its name.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod older;
mod planted;
mod sale;

use admitone_domain::reservation::ItemState;
use planted::{PLANTED, Plant};
use sale::Sale;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_in_which_everything_happened_is_sound() {
    let sale = Sale::new().await;
    let report = sale.store.verify(|_| ()).unwrap();
    assert_eq!(report.findings, Vec::<String>::new());
    assert!(report.rows > 60, "too little was looked at: {} rows", report.rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_defect_is_found_under_its_name() {
    let sale = Sale::new().await;
    for (kind, plant) in PLANTED {
        let copy = sale.copy();
        plant.plant(copy.path());
        let findings = copy.store.verify(|_| ()).unwrap().findings;
        let found = findings.iter().any(|finding| finding.starts_with(&format!("{kind}: ")));
        assert!(found, "{kind}, planted by {plant:?}, is not among {findings:#?}");
    }
}

#[test]
fn every_kind_of_finding_has_a_defect_that_is_found() {
    let planted: BTreeSet<&str> = PLANTED.iter().map(|(kind, _)| *kind).collect();
    let kinds: BTreeSet<&str> = admitone_adapter_sqlite::verify::kinds().collect();
    assert_eq!(planted, kinds);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_is_over_and_was_taken_over_is_no_finding() {
    // As it is when nobody swept: the seat is somebody else's, the old hold still says `held`.
    let sale = Sale::new().await;
    Plant::Reservation(32, |old| old.items[0].state = ItemState::Held).plant(sale.path());
    let findings = sale.store.verify(|_| ()).unwrap().findings;
    let of_seats: Vec<_> = findings.iter().filter(|found| found.contains("seat_")).collect();
    assert_eq!(of_seats, Vec::<&String>::new());
}
