//! The camera of the door: a film in which a ticket is held before it, and who comes in.
//!
//! Chromium shows a file in the place of a camera. It has no reader of codes of its own here, as Firefox and
//! iPhones have none: what reads is our script. Where a browser has one, it is asked instead.

use crate::browser::Browser;
use crate::door::{DOOR, entries, tickets, verdicts};
use crate::stage::Stage;
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode, Version};
use serde_json::json;
use std::io::Write;
use std::path::Path;

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
/// Frames in which nothing is before the camera, and in which a ticket is.
const EMPTY: usize = 5;
const HELD: usize = 25;

/// The dark squares of a code, as it is painted.
type Squares = Vec<Vec<bool>>;

/// How a code is held before the camera: how large one square is, how far it is turned, in radians, and how
/// much its upper edge leans back.
#[derive(Clone, Copy)]
struct Pose {
    square: f64,
    turned: f64,
    leans: f64,
}

/// What the ticket's page shows.
fn painted(ann: &Browser) -> Squares {
    let path = ann.run("return document.querySelector('svg.qr path').getAttribute('d')");
    let path = path.as_str().unwrap().to_owned();
    let size = ann.run("return document.querySelector('svg.qr').viewBox.baseVal.width");
    let size = usize::try_from(size.as_u64().unwrap()).unwrap();
    let mut squares = vec![vec![false; size]; size];
    for place in path.split('M').skip(1) {
        let place = place.split('h').next().unwrap();
        let (x, y) = place.split_once(' ').unwrap();
        squares[y.parse::<usize>().unwrap()][x.parse::<usize>().unwrap()] = true;
    }
    squares
}

/// How light a picture is at a place: a dim room, paper in it, and shadow to the right.
fn light(squares: &Squares, pose: Pose, (x, y): (f64, f64)) -> f64 {
    let (dx, dy) = (x - WIDTH as f64 / 2.0, y - HEIGHT as f64 / 2.0);
    let (sin, cos) = pose.turned.sin_cos();
    let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
    // What leans back is smaller the farther it is.
    let far = 1.0 - pose.leans * v / 240.0;
    let half = squares.len() as f64 / 2.0;
    let (column, row) = (u / far / pose.square + half, v / far / pose.square + half);
    let is_paper = [column, row].iter().all(|place| (0.0..squares.len() as f64).contains(place));
    let shadow = 1.0 - 0.4 * x / WIDTH as f64;
    let is_dark = is_paper && squares[row as usize][column as usize];
    shadow
        * if is_dark {
            45.0
        } else if is_paper {
            215.0
        } else {
            110.0
        }
}

/// A picture of it, grey, with a little noise.
fn picture(squares: &Squares, pose: Pose) -> Vec<u8> {
    let mut noise = 12_345_u32;
    let mut pixel = |at: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = ((at % WIDTH) as f64, (at / WIDTH) as f64);
        let places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
        let sum: f64 = places.iter().map(|(a, b)| light(squares, pose, (x + a, y + b))).sum();
        (sum / 4.0 + f64::from(noise >> 28) - 8.0).clamp(0.0, 255.0) as u8
    };
    (0..WIDTH * HEIGHT).map(&mut pixel).collect()
}

/// A film in which nothing is to be seen at first, and then a code.
fn film(to: &Path, squares: &Squares, pose: Pose) {
    let mut film = std::io::BufWriter::new(std::fs::File::create(to).unwrap());
    writeln!(film, "YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg").unwrap();
    let colours = vec![128_u8; WIDTH * HEIGHT / 2];
    let (nothing, code) = (picture(&Vec::new(), pose), picture(squares, pose));
    for grey in std::iter::repeat_n(&nothing, EMPTY).chain(std::iter::repeat_n(&code, HELD)) {
        film.write_all(b"FRAME\n").unwrap();
        film.write_all(grey).unwrap();
        film.write_all(&colours).unwrap();
    }
    film.flush().unwrap();
}

/// A browser whose camera sees a film.
fn with_camera(stage: &Stage, film: &Path) -> Option<Browser> {
    let sees = format!("--use-file-for-fake-video-capture={}", film.display());
    let flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", &sees];
    Browser::at_address(&stage.house.address, &flags)
}

#[test]
fn a_ticket_before_the_camera_lets_in_once() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let (codes, history) = tickets(&ann, 1);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ticket.y4m");
    film(&file, &painted(&ann), Pose { square: 7.0, turned: 0.4, leans: 0.12 });
    let Some(opal) = with_camera(&stage, &file) else { return };
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    let asked = "return performance.getEntriesByType('resource').filter((one) =>
        one.name.includes('/assets/qr-')).length";
    assert_eq!(opal.run(asked), 0, "what reads codes is asked for when somebody scans");
    opal.click("#camera");
    opal.read("Come in");
    assert_eq!(verdicts(&opal), ["Come in"]);
    let has_own = opal.run("return 'BarcodeDetector' in window") == true;
    assert_eq!(
        opal.run(asked).as_u64() == Some(1),
        !has_own,
        "our reader, where there is no other"
    );
    // It stays before the camera and is not scanned again; taken away for a while it would be.
    opal.wait("document.getElementById('video').currentTime > 2");
    assert_eq!(verdicts(&opal), ["Come in"], "the same ticket before the camera is one scan");
    opal.click("#camera");
    opal.wait("document.getElementById('video').hidden");

    // Typed instead it is known as well, and was used.
    opal.fill("#code", &codes[0]);
    opal.click("#door button.big");
    opal.wait("document.querySelectorAll('#results p').length === 2");
    assert!(verdicts(&opal)[0].starts_with("Already used since"), "{:?}", verdicts(&opal));
    assert_eq!(entries(&opal, &history), 1);
}

#[test]
fn a_browser_with_a_reader_of_its_own_is_asked_for_what_it_sees() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let (codes, _) = tickets(&ann, 1);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nothing.y4m");
    film(&file, &Vec::new(), Pose { square: 7.0, turned: 0.0, leans: 0.0 });
    let Some(opal) = with_camera(&stage, &file) else { return };
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    opal.run_with(
        "const code = arguments[0];
         window.BarcodeDetector = class { static async getSupportedFormats() { return ['qr_code']; }
             async detect() { return [{ rawValue: code }]; } };",
        &json!([codes[0]]),
    );
    opal.click("#camera");
    opal.read("Come in");
    assert_eq!(opal.run("return typeof readQr"), "undefined", "ours was not needed");
}

#[test]
fn two_tickets_before_the_camera_are_one_scan_each() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let (codes, _) = tickets(&ann, 2);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nothing.y4m");
    film(&file, &Vec::new(), Pose { square: 7.0, turned: 0.0, leans: 0.0 });
    let Some(opal) = with_camera(&stage, &file) else { return };
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    // Both lie on one page: the reader sees now both, now one of them.
    opal.run_with(
        "const [a, b] = [...arguments].map((rawValue) => ({ rawValue })); window.looks = 0;
         window.BarcodeDetector = class { static async getSupportedFormats() { return ['qr_code']; }
             async detect() { return [[a, b], [b], [a]][window.looks++ % 3]; } };",
        &json!([codes[0], codes[1]]),
    );
    opal.click("#camera");
    opal.wait("window.looks > 12");
    opal.wait("document.getElementById('waiting').hidden");
    assert_eq!(verdicts(&opal), ["Come in", "Come in"]);
}

#[test]
fn whoever_clicks_again_while_the_browser_asks_has_one_camera() {
    let stage = Stage::set();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nothing.y4m");
    film(&file, &Vec::new(), Pose { square: 7.0, turned: 0.0, leans: 0.0 });
    let Some(opal) = with_camera(&stage, &file) else { return };
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    opal.run(
        "const devices = navigator.mediaDevices, really = devices.getUserMedia.bind(devices);
         const allowed = new Promise((allow) => { window.allow = allow; }); window.tracks = [];
         devices.getUserMedia = async (wish) => {
             await allowed;
             const stream = await really(wish);
             window.tracks.push(...stream.getTracks());
             return stream;
         };",
    );
    opal.click("#camera");
    opal.click("#camera");
    opal.run("window.allow()");
    opal.wait("document.getElementById('video').currentTime > 0");
    assert_eq!(opal.run("return window.tracks.length"), 1);
    opal.wait(
        "(document.getElementById('camera').click(), document.getElementById('video').hidden)",
    );
    assert_eq!(opal.run("return window.tracks[0].readyState"), "ended", "it was put away");
    assert!(opal.run("return document.getElementById('no-camera').hidden") == true);
}

#[test]
fn a_page_that_is_given_no_camera_says_so() {
    let stage = Stage::set();
    let Some(opal) = Browser::at(&stage.house) else { return };
    opal.sign_in_with(&stage.key());
    // As where the page did not come by https.
    let none = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });";
    opal.tell("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": none }));
    opal.go(DOOR);
    opal.read("The camera cannot be used here");
    assert!(opal.run("return document.getElementById('camera').hidden") == true);
}

#[test]
fn without_a_camera_it_is_said_and_codes_are_typed() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(opal) = Browser::at(&stage.house) else { return };
    let (codes, _) = tickets(&ann, 1);
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    opal.click("#camera");
    opal.read("The camera cannot be used here");
    opal.fill("#code", &codes[0]);
    opal.click("#door button.big");
    opal.read("Come in");
}

/// A code of this text, as a printer makes it, with the white around it.
fn printed(text: &str, version: i16, level: EcLevel) -> Option<Squares> {
    let code = QrCode::with_version(text, Version::Normal(version), level).ok()?;
    let (width, colours) = (code.width(), code.into_colors());
    let mut squares = vec![vec![false; width + 8]; width + 8];
    for (at, colour) in colours.into_iter().enumerate() {
        squares[at / width + 4][at % width + 4] = colour == Color::Dark;
    }
    Some(squares)
}

#[test]
fn our_reader_reads_every_small_code_turned_and_leaning() {
    let stage = Stage::set();
    let Some(opal) = Browser::at(&stage.house) else { return };
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    bring_reader(&opal);
    let poses = [(0.0, 0.0), (0.5, 0.08), (2.3, 0.0), (4.0, 0.08)];
    let texts = ["A1-ABCD", "0123456", "caf\u{e9} 1"];
    let mut read = 0;
    for version in 1..=6_i16 {
        for level in [EcLevel::L, EcLevel::M, EcLevel::Q, EcLevel::H] {
            let at = usize::try_from(version).unwrap() + level as usize;
            let (text, (turned, leans)) = (texts[at % texts.len()], poses[at % poses.len()]);
            let Some(squares) = printed(text, version, level) else { continue };
            let square = 300.0 / squares.len() as f64;
            let grey = picture(&squares, Pose { square, turned, leans });
            let said = seen(&opal, &grey, SLOW_LOOKS);
            assert_eq!(said, json!(text), "version {version}, {level:?}, {turned}");
            read += 1;
        }
    }
    assert!(read > 20, "only {read} codes were tried");
    let nothing = picture(&Vec::new(), Pose { square: 7.0, turned: 0.0, leans: 0.0 });
    assert!(seen(&opal, &nothing, 1).is_null(), "there is nothing to read");
}

#[test]
fn our_reader_searches_a_picture_no_longer_than_its_time_and_goes_on_in_the_next() {
    let stage = Stage::set();
    let Some(opal) = Browser::at(&stage.house) else { return };
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    bring_reader(&opal);
    // A small code that leans so much that its fourth corner has to be searched for.
    let squares = printed("A1-ABCD", 1, EcLevel::L).unwrap();
    let square = 300.0 / squares.len() as f64;
    let grey = picture(&squares, Pose { square, turned: 0.5, leans: 0.16 });
    // Every look at the clock takes 20 ms, as a search does where the phone is old.
    let slow = "let now = 0; window.looks = 0;
        performance.now = () => { window.looks += 1; return now += 20; };";
    opal.run(slow);
    assert!(seen(&opal, &grey, 1).is_null(), "it is not found at once, or there is no search");
    let looks = opal.run("return window.looks").as_u64().unwrap();
    assert!((2..=5).contains(&looks), "it went on for {looks} looks at the clock");
    assert_eq!(seen(&opal, &grey, SLOW_LOOKS), json!("A1-ABCD"), "in one of the next pictures");
}

/// In so many pictures a code is found on the slowest machine.
const SLOW_LOOKS: u32 = 400;

/// Has the page load our reader.
fn bring_reader(opal: &Browser) {
    let bring = "const done = arguments[0], script = document.createElement('script');
        script.src = document.getElementById('door').dataset.reader; script.onload = () => done(true);
        document.head.append(script);";
    assert!(opal.run_later(bring, &json!([])) == true);
}

/// What our reader says of a grey picture that it sees up to so many times.
fn seen(opal: &Browser, grey: &[u8], times: u32) -> serde_json::Value {
    use base64::Engine;
    let sent = base64::engine::general_purpose::STANDARD.encode(grey);
    let script = "const [sent, width, height, times] = arguments, grey = atob(sent);
        const data = new Uint8ClampedArray(grey.length * 4);
        for (let i = 0; i < data.length; i++) data[i] = i % 4 === 3 ? 255 : grey.charCodeAt(i >> 2);
        let said = null;
        for (let i = 0; i < times && !said; i++) said = readQr({ data, width, height });
        return said;";
    opal.run_with(script, &json!([sent, WIDTH, HEIGHT, times]))
}
