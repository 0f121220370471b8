//! A disk that is full: nothing is acknowledged that is not durable, and the sale goes on as soon
//! as there is room again.

use crate::buyer::{Buyer, text};
use crate::process::{Answer, House, admitone, serve_after};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What a full disk may take before it must have been noticed.
const CHARGES_MAX: u32 = 20_000;

/// A small disk of its own. Dropped, it is taken away.
pub(crate) struct SmallDisk {
    pub(crate) path: PathBuf,
    _below: tempfile::TempDir,
}

impl SmallDisk {
    /// One of so many MiB; only the superuser may mount one.
    pub(crate) fn mount(mib: u32) -> Option<Self> {
        let below = tempfile::tempdir().unwrap();
        let path = below.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "none"])
            .arg(&path)
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self { path, _below: below })
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// How room is taken away from a house that runs, and given back.
trait Squeeze {
    fn take_room(&self, house: &House);
    fn give_room(&self, house: &House);
}

impl Squeeze for SmallDisk {
    fn take_room(&self, _house: &House) {
        let mut filler = std::fs::File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 4_096]).is_ok() {}
    }

    fn give_room(&self, _house: &House) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

/// No file of the process may grow: works without rights, as a quota does.
struct Quota;

impl Squeeze for Quota {
    fn take_room(&self, house: &House) {
        limit_files(house, "1");
    }

    fn give_room(&self, house: &House) {
        limit_files(house, "unlimited");
    }
}

fn limit_files(house: &House, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let pid = house.pid().to_string();
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

#[test]
fn a_full_disk_refuses_and_the_sale_goes_on_when_there_is_room() {
    match SmallDisk::mount(12) {
        Some(disk) => survive(&disk, &disk.path),
        None => survive(&Quota, tempfile::tempdir().unwrap().path()),
    }
}

#[test]
fn files_that_may_not_grow_refuse_and_the_sale_goes_on_when_they_may() {
    survive(&Quota, tempfile::tempdir().unwrap().path());
}

/// Every charge that was acknowledged is in the balance once, whatever the disk did; those that
/// were refused are done when they are sent again under their key.
fn survive(squeeze: &impl Squeeze, directory: &Path) {
    // Writes beyond a limit fail, instead of ending the process.
    let mut limited = serve_after("trap '' XFSZ", directory, &["--demo"]);
    // The log stands on the same disk: a line that cannot be written must not end a request.
    limited.stderr(std::fs::File::create(directory.join("log")).unwrap());
    let house = House::run(limited, directory);
    let mut ann = Buyer::new(&house);
    let mut acknowledged = 0;
    charge(&mut ann, "before").expect("there is room");
    acknowledged += 1;
    squeeze.take_room(&house);
    let (refused, done_meanwhile) = charge_until_refused(&mut ann);
    acknowledged += done_meanwhile;
    // Time for a fold to meet the full disk too.
    std::thread::sleep(Duration::from_millis(1_200));
    for n in 0..20 {
        acknowledged += i64::from(charge(&mut ann, &format!("full-{n}")).is_ok());
    }
    assert_eq!(balance(&mut ann), Some(acknowledged), "reading goes on, and says what is durable");
    assert_eq!(house.connect().get("/health/live", &[]).status, 200);
    assert_eq!(house.connect().get("/health/ready", &[]).status, 503, "nothing can be sold");

    squeeze.give_room(&house);
    let ready = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        house.connect().get("/health/ready", &[]).status == 200
    });
    assert!(ready, "it finds out by itself: nobody sells where it is not ready");
    acknowledged += goes_on(&mut ann, &refused);
    assert_eq!(balance(&mut ann), Some(acknowledged));
    house.kill();

    let house = House::start(directory, &["--demo"]);
    ann.connection = house.connect();
    assert_eq!(balance(&mut ann), Some(acknowledged), "nothing is lost");
    for n in 0..done_meanwhile {
        let again = ann.post_as(&format!("until-{n}"), "/api/v1/wallet/charges", &one());
        assert!(again.has_header("idempotent-replayed: true"), "{}", again.body);
    }
    assert_eq!(balance(&mut ann), Some(acknowledged), "and nothing is done twice");
    assert!(house.stop());
    let (code, said) = admitone(&["verify"], directory);
    assert_eq!(code, 0, "{said}");
}

fn one() -> String {
    json!({ "amount": 1 }).to_string()
}

/// A charge, or the problem that it met, which says that it may be tried again and when.
fn charge(ann: &mut Buyer, key: &str) -> Result<(), Answer> {
    let answer = ann.post_as(key, "/api/v1/wallet/charges", &one());
    if answer.status == 201 {
        return Ok(());
    }
    assert_eq!(answer.status, 503, "{}", answer.body);
    let problem = answer.json();
    assert_eq!(text(&problem, "code"), "UNAVAILABLE");
    assert_eq!(problem["retryable"], true);
    assert!(answer.has_header("retry-after: 5"), "{}", answer.head);
    Err(answer)
}

/// The key of the first charge that is refused, and how many were acknowledged before it.
fn charge_until_refused(ann: &mut Buyer) -> (String, i64) {
    for n in 0..CHARGES_MAX {
        let key = format!("until-{n}");
        if charge(ann, &key).is_err() {
            return (key, i64::from(n));
        }
    }
    panic!("{CHARGES_MAX} charges were acknowledged on a full disk");
}

/// Sends the same charge until it is acknowledged.
fn goes_on(ann: &mut Buyer, key: &str) -> i64 {
    for _ in 0..50 {
        if charge(ann, key).is_ok() {
            return 1;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("there is room again, and the sale does not go on");
}

fn balance(ann: &mut Buyer) -> Option<i64> {
    ann.get("/api/v1/wallet").json()["balance"].as_i64()
}
