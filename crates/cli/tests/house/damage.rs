//! Directories that cannot be written and files that were damaged: said with what to do, and
//! never touched.

use crate::buyer::Buyer;
use crate::process::{House, admitone, serve};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory that nobody may write. Dropped, it may be written again.
struct ReadOnly {
    path: PathBuf,
    is_mounted: bool,
}

impl ReadOnly {
    /// By its mode; the superuser does not care about modes, but about a mount.
    fn new(path: &Path) -> Self {
        set_mode(path, 0o555);
        let probe = path.join("probe");
        let is_mounted = std::fs::write(&probe, "").is_ok();
        if is_mounted {
            std::fs::remove_file(&probe).unwrap();
            mount(&["--bind"], path);
            mount_again_read_only(path);
        }
        assert!(std::fs::write(&probe, "").is_err());
        Self { path: path.to_owned(), is_mounted }
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("-l").arg(&self.path).status();
        }
        set_mode(&self.path, 0o755);
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mount(how: &[&str], path: &Path) {
    let mounted = Command::new("mount").args(how).args([path, path]).status().unwrap();
    assert!(mounted.success());
}

fn mount_again_read_only(path: &Path) {
    let mounted = Command::new("mount").args(["-o", "remount,bind,ro"]).arg(path).status().unwrap();
    assert!(mounted.success());
}

/// What `serve` says when it ends at once.
fn serve_ends(directory: &Path) -> (Option<i32>, String) {
    let output = serve(directory, &["--demo"]).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_directory_that_cannot_be_written_is_said_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let fresh = directory.path().join("fresh");
    std::fs::create_dir(&fresh).unwrap();
    let used = directory.path().join("used");
    std::fs::create_dir(&used).unwrap();
    assert!(House::start(&used, &["--demo"]).stop());
    for path in [fresh, used] {
        let _read_only = ReadOnly::new(&path);
        let (code, said) = serve_ends(&path);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(path.to_str().unwrap()) && said.contains("writable"), "{said}");
        let (code, said) = admitone(&["verify"], &path);
        assert_eq!(code, 3, "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// How a file was damaged.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// Everything behind the first page is noise.
    Noise,
    /// The second half is gone.
    Cut,
    /// It is another file altogether.
    Foreign,
    /// The first page of a table is noise, all else is well.
    Table(&'static str),
}

/// The tables whose loss must be noticed.
const TABLES: [(&str, &[&str]); 3] = [
    ("journal.db", &["batch", "sequence"]),
    ("tables.db", &["reservation", "seat", "answer_page", "entry", "event"]),
    ("rooms.db", &["room_batch", "room_checkpoint"]),
];

impl Damage {
    fn of(self, path: &Path) -> Vec<u8> {
        let whole = std::fs::read(path).unwrap();
        match self {
            Self::Noise => with_noise(&whole, PAGE..whole.len()),
            Self::Cut => whole[..whole.len() / 2].to_vec(),
            Self::Foreign => b"this is no database, and it is long enough".repeat(200),
            Self::Table(table) => {
                let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
                let database = rusqlite::Connection::open(path).unwrap();
                let page: usize = database.query_row(sql, [table], |row| row.get(0)).unwrap();
                with_noise(&whole, (page - 1) * PAGE..page * PAGE)
            }
        }
    }

    /// Whether the house must notice before it opens; a page that is read later is for `verify`.
    fn is_met_at_start(self) -> bool {
        match self {
            Self::Noise | Self::Cut | Self::Foreign => true,
            Self::Table(table) => {
                ["batch", "reservation", "answer_page", "room_batch", "room_checkpoint"]
                    .contains(&table)
            }
        }
    }
}

const PAGE: usize = 4_096;

fn with_noise(whole: &[u8], where_to: std::ops::Range<usize>) -> Vec<u8> {
    let mut damaged = whole.to_vec();
    for at in where_to {
        damaged[at] = u8::try_from(at * 131 % 251).unwrap();
    }
    damaged
}

#[test]
fn a_damaged_database_is_named_with_what_to_do_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house).admitted("room_1");
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#);
    assert_eq!(held.status, 201, "{}", held.body);
    assert!(house.stop());
    for (file, tables) in TABLES {
        empty_log_of(&directory.path().join(file));
        for damage in [Damage::Noise, Damage::Cut, Damage::Foreign] {
            convict(copy(directory.path()).path(), file, damage);
        }
        for table in tables {
            convict(copy(directory.path()).path(), file, Damage::Table(table));
        }
    }
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "undamaged it is sound: {said}");
}

fn copy(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// What stands in the log beside a database would heal it.
fn empty_log_of(database: &Path) {
    let database = rusqlite::Connection::open(database).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

fn convict(directory: &Path, file: &str, damage: Damage) {
    let path = directory.join(file);
    let damaged = damage.of(&path);
    std::fs::write(&path, &damaged).unwrap();
    let about = format!("{file} {damage:?}");
    let (code, said) = admitone(&["verify"], directory);
    assert!(code == 1 || code == 3, "{about}: {code} {said}");
    check(&about, file, &said);
    if damage.is_met_at_start() {
        let (code, said) = serve_ends(directory);
        assert_eq!(code, Some(3), "{about}: {said}");
        check(&about, file, &said);
    }
    let is_left = std::fs::read(&path).unwrap() == damaged;
    assert!(is_left, "{about}: somebody wrote into it");
}

fn check(about: &str, file: &str, said: &str) {
    assert!(said.contains(file) && said.contains("restore"), "{about}: {said}");
    assert!(!said.contains("panicked"), "{about}: {said}");
}
