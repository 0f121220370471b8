//! `cargo xtask fuzz`: schemathesis asks the running server everything that its OpenAPI document
//! allows, and much that it forbids. Part of `cargo xtask test`.
//!
//! What must hold: no 5xx, no status, content type or body that is not in the document, nothing
//! accepted that the document forbids. A refusal of what it allows is no fault: most wishes for a
//! seat are refused because somebody has it.

pub(crate) mod house;
mod tool;

use crate::command::{built, program};
use house::House;
use std::path::PathBuf;
use std::process::Command;
use tool::Tool;

/// The same wishes every time; another seed finds other things.
const SEED: &str = "2026";
/// So many wishes of each operation, beside those that follow from the document alone.
const EXAMPLES: &str = "60";
/// An answer that takes longer is a fault.
const ANSWER_SECONDS_MAX: &str = "10";
/// Streams that never end: `crates/cli/tests/house/` follows them.
const STREAMS: [&str; 2] = ["follow_seats", "follow_room"];
/// Begins a process that is busy for minutes: `crates/cli/tests/house/drill.rs` waits for one.
const HEAVY: [&str; 1] = ["begin_drill"];
/// These end what the other operations need: the buyer's account, his place inside, the endpoint.
const ENDINGS: [&str; 3] = ["close_own_account", "leave_room", "delete_endpoint"];

pub(crate) fn run() -> Result<(), String> {
    match tool::find()? {
        Tool::At(schemathesis) => ask_everything(&schemathesis),
        Tool::Missing(why) if std::env::var_os("CI").is_some() => {
            Err(format!("schemathesis cannot be had: {why}"))
        }
        Tool::Missing(why) => {
            println!("NOT CHECKED: THE SERVER AGAINST ITS OPENAPI DOCUMENT.");
            println!("Schemathesis cannot be had: {why}");
            Ok(())
        }
    }
}

fn ask_everything(schemathesis: &PathBuf) -> Result<(), String> {
    let house = House::start(&built(&[], "debug")?)?;
    let settings = house.directory().join("schemathesis.toml");
    let text = settings_for(&house)?;
    std::fs::write(&settings, text).map_err(|error| format!("{}: {error}", settings.display()))?;
    let mut asking = Command::new(schemathesis);
    asking.arg("--config-file").arg(&settings).arg("run").arg(house.url("/api/v1/openapi.json"));
    asking.current_dir(house.directory());
    asking.args(["--checks", "all", "--exclude-checks", "positive_data_acceptance"]);
    asking.args(["--phases", "examples,coverage,fuzzing", "--seed", SEED]);
    asking.args(["--max-examples", EXAMPLES, "--max-response-time", ANSWER_SECONDS_MAX]);
    asking.args(["--generation-database", "none", "--continue-on-failure"]);
    // Refusals are expected here, so its advice how to have fewer of them is not.
    asking.args(["--no-color", "--warnings", "off"]);
    for operation in STREAMS.iter().chain(&HEAVY).chain(&ENDINGS) {
        asking.args(["--exclude-operation-id", operation]);
    }
    println!("> schemathesis run, seed {SEED}");
    let ended = asking.status().map_err(|error| format!("schemathesis: {error}"))?;
    house.stop()?;
    if ended.success() { Ok(()) } else { Err("schemathesis found faults".to_owned()) }
}

/// Who asks, and the names of things that are there: a made-up name is not found and no more.
fn settings_for(house: &House) -> Result<String, String> {
    let known = house.prepare()?;
    let head = format!(
        "base-url = \"{}\"\nheaders = {{ queue-token = \"{}\" }}\n\n[auth.openapi.buyer]\n\
         bearer = \"{}\"\n\n[auth.openapi.operator]\nbearer = \"{}\"\n",
        house.url(""),
        known.pass,
        known.buyer_token,
        house.operator_key(),
    );
    let named = [
        ("shows", "show_1"),
        ("rooms", "room_1"),
        ("concerts", "concert_1"),
        ("ticket-types", "type_1"),
        ("reservations", &known.reservation),
        ("payments", &known.payment),
        ("tickets", &known.ticket),
        ("endpoints", &known.endpoint),
    ];
    let named = named.map(|(thing, id)| {
        format!(
            "\n[[operations]]\ninclude-path-regex = '^/api/v1/(operator/)?{thing}/\\{{id\\}}'\n\
             parameters = {{ \"path.id\" = \"{id}\" }}\n"
        )
    });
    Ok(head + &named.concat())
}

/// Whether this user may install packages of the system.
fn is_root() -> bool {
    program(&["id", "-u"]).output().is_ok_and(|said| said.stdout.trim_ascii() == b"0")
}
