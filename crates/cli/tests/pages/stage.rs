//! What the tests stand on: a house with a programme, and people who come to it.

use crate::browser::Browser;
use crate::process::{House, admitone, serve};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A house that sells, in a directory of its own.
pub(crate) struct Stage {
    pub(crate) house: House,
    directory: TempDir,
}

/// Concerts by what they are for; show n is that of concert n.
pub(crate) const WINTER: &str = "show_1";
pub(crate) const BRIEF: &str = "show_2";
pub(crate) const GATED: &str = "show_3";
pub(crate) const TOMORROW: &str = "show_4";
pub(crate) const DAY: &str = "show_5";

impl Stage {
    /// With the usual programme.
    pub(crate) fn set() -> Self {
        Self::with(&programme())
    }

    /// With a programme.
    pub(crate) fn with(programme: &Value) -> Self {
        Self::run(programme, |directory| serve(directory, &[]))
    }

    /// With a programme, and the command that serves it.
    pub(crate) fn run(programme: &Value, served: impl FnOnce(&Path) -> Command) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("programme.json");
        std::fs::write(&file, programme.to_string()).unwrap();
        let (code, said) = admitone(&["import", file.to_str().unwrap()], directory.path());
        assert_eq!(code, 0, "{said}");
        let house = House::run(served(directory.path()), directory.path());
        Self { house, directory }
    }

    /// Ends the house, and has its books recomputed.
    pub(crate) fn strike(self) {
        assert!(self.house.stop());
        let (code, said) = admitone(&["verify"], self.directory.path());
        assert_eq!(code, 0, "{said}");
    }

    /// The key of the first operator.
    pub(crate) fn key(&self) -> String {
        self.house.operator_key.clone().unwrap()
    }
}

/// A show that is on sale, of this concert, with what else is to be said of it.
pub(crate) fn concert(name: &str, category: &str, more: &Value) -> Value {
    let mut show = json!({
        "opens_at": "2099-01-30T10:00:00Z", "closes_at": "2099-01-30T12:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-30T00:00:00Z",
        "time_zone": "Asia/Seoul",
    });
    let more = more.as_object().unwrap().clone();
    show.as_object_mut().unwrap().extend(more);
    let venue = "Olympic Hall, Seoul";
    json!({ "name": name, "category": category, "venue": venue, "shows": [show] })
}

/// Rows of seats of one section.
pub(crate) fn rows(section: &str, rows: u32, seats: u32, price: u32) -> Vec<Value> {
    let row = |row: u32| json!({ "section": section, "row": row.to_string(), "numbers": [1, seats], "price": price });
    (1..=rows).map(row).collect()
}

fn programme() -> Value {
    let hall =
        [rows("R", 4, 20, 132_000), rows("S", 6, 24, 99_000), rows("Balcony", 3, 28, 66_000)]
            .concat();
    let standing = json!([{ "name": "Standing", "price": 55_000, "quantity": 300 }]);
    let day = json!([{ "name": "Day ticket", "price": 25_000, "quantity": 300 }]);
    let small = rows("A", 2, 10, 10_000);
    let gate = json!({ "active_max": 40, "mode": "paused", "poll_ceiling_ms": 3_000, "rate":
        { "users": 25, "interval_ms": 1_000, "shape": { "smooth": { "burst": 25 } } } });
    json!({
        "rooms": [{ "name": "Main entrance", "settings": gate }],
        "concerts": [
            concert("Winter Lights", "ballad", &json!({ "seats": hall, "ticket_types": standing })),
            concert("Brief Encounter", "jazz", &json!({
                "seats": small, "hold_seconds": 16, "extensions_max": 1 })),
            concert("Behind the Gate", "rock", &json!({
                "seats": rows("A", 8, 50, 88_000), "room": "Main entrance" })),
            concert("Tomorrow", "pop", &json!({
                "seats": small, "booking_opens_at": "2098-12-01T11:00:00Z" })),
            concert("Morning Jazz", "jazz", &json!({ "ticket_types": day })),
        ],
    })
}

impl Browser {
    /// Opens an account at the pages, and charges its wallet if it shall have something.
    pub(crate) fn sign_up(&self, name: &str, amount: u32) {
        self.go("/sign-up");
        self.fill("[name=name]", name);
        self.fill("[name=password]", "correct horse");
        self.click_through("main form button");
        self.arrive("/");
        self.read("My tickets");
        if amount > 0 {
            self.go("/wallet");
            self.fill("main [name=amount]", &amount.to_string());
            self.click_through("main form button");
            self.read("Charged");
        }
    }

    /// Signs in as an operator.
    pub(crate) fn sign_in_with(&self, key: &str) {
        self.go("/operator/sign-in");
        self.fill("[name=key]", key);
        self.click_through("main form button");
        self.arrive("/operator");
        self.wait("!location.pathname.endsWith('sign-in')");
    }

    /// Waits until the map can be used.
    pub(crate) fn see_map(&self) {
        self.wait("document.getElementById('map')?.dataset.ready === 'yes'");
    }

    /// Clicks a seat on the map.
    pub(crate) fn take(&self, seat: u32) {
        let script = "document.getElementById('canvas').scrollIntoView({ block: 'center' });
            const box = document.getElementById('map');
            const [x, y] = box.point(arguments[0]);
            const at = document.getElementById('canvas').getBoundingClientRect();
            return [Math.round(at.left + x), Math.round(at.top + y)]";
        let point = self.run_with(script, &json!([seat]));
        self.click_at(point[0].as_i64().unwrap(), point[1].as_i64().unwrap());
    }

    /// The names of the chosen seats.
    pub(crate) fn chosen(&self) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll('#chosen li')].map((li) => li.dataset.id)";
        let found = self.run(script);
        found.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }
}
