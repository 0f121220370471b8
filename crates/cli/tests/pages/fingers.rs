//! Fingers and the mouse on the map: it moves with what drags it, and grows between two fingers.

use crate::browser::Browser;
use crate::seat_map::middle;
use crate::stage::{Stage, WINTER};
use serde_json::{Value, json};

/// What is seen of the map: the place in its upper left corner, and how large a step of the map is.
#[derive(Debug, Clone, Copy)]
struct View {
    x: f64,
    y: f64,
    z: f64,
}

impl View {
    fn of(ann: &Browser) -> Self {
        // What was moved is there in the next picture.
        let drawn =
            "const done = arguments[0], view = () => done(document.getElementById('map').view());
            requestAnimationFrame(() => requestAnimationFrame(view));";
        let view = ann.run_later(drawn, &json!([]));
        let [x, y, z] = ["x", "y", "z"].map(|part| view[part].as_f64().unwrap());
        Self { x, y, z }
    }

    /// What of the map is at a point of the canvas.
    fn at(self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x + x / self.z, self.y + y / self.z)
    }
}

/// Half a point of the screen: what is rounded on the way.
fn is_near((ax, ay): (f64, f64), (bx, by): (f64, f64), z: f64) -> bool {
    (ax - bx).abs() * z < 0.5 && (ay - by).abs() * z < 0.5
}

/// The map at a size at which a click chooses.
fn at_the_map() -> Option<(Stage, Browser)> {
    let stage = Stage::set();
    let ann = Browser::at(&stage.house)?;
    ann.sign_up("Ann", 0);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.run("document.getElementById('canvas').scrollIntoView({ block: 'center' })");
    ann.click("#in");
    Some((stage, ann))
}

/// Fingers touch, move or leave: where each of them is then.
fn touch(ann: &Browser, what: &str, fingers: &[(i64, i64)]) {
    let point = |(id, (x, y)): (usize, &(i64, i64))| json!({ "x": x, "y": y, "id": id });
    let points: Vec<Value> = fingers.iter().enumerate().map(point).collect();
    ann.tell("Input.dispatchTouchEvent", &json!({ "type": what, "touchPoints": points }));
}

/// The middle of the map, on the page and on its canvas.
fn centre(ann: &Browser) -> ((i64, i64), (f64, f64)) {
    let size = ann.run(
        "const at = document.getElementById('canvas').getBoundingClientRect();
         return [at.left, at.top]",
    );
    let (x, y) = middle(ann);
    #[expect(clippy::cast_precision_loss, reason = "a point of a screen")]
    let on = (x as f64 - size[0].as_f64().unwrap(), y as f64 - size[1].as_f64().unwrap());
    ((x, y), on)
}

#[test]
fn the_mouse_and_a_finger_move_the_map_and_choose_nothing() {
    let Some((_stage, ann)) = at_the_map() else { return };
    let ((x, y), on) = centre(&ann);
    let before = View::of(&ann);
    ann.drag((x, y), (x + 90, y - 40));
    let after = View::of(&ann);
    let held = before.at(on);
    let (mx, my) = on;
    assert!(is_near(after.at((mx + 90.0, my - 40.0)), held, after.z), "{before:?} {after:?}");
    assert!((after.z - before.z).abs() < f64::EPSILON, "it is as large as before");

    touch(&ann, "touchStart", &[(x, y)]);
    touch(&ann, "touchMove", &[(x - 30, y + 10)]);
    touch(&ann, "touchMove", &[(x - 60, y + 50)]);
    touch(&ann, "touchEnd", &[]);
    let last = View::of(&ann);
    let held = after.at(on);
    assert!(is_near(last.at((mx - 60.0, my + 50.0)), held, last.z), "{after:?} {last:?}");
    assert_eq!(ann.chosen(), Vec::<String>::new(), "who drags chooses nothing");

    // A finger that stays where it is chooses: it is the moving that makes the difference.
    ann.run("document.getElementById('map').point(5)");
    let seat = ann.run(
        "const at = document.getElementById('canvas').getBoundingClientRect();
         const [x, y] = document.getElementById('map').point(5);
         return [Math.round(at.left + x), Math.round(at.top + y)]",
    );
    let seat = (seat[0].as_i64().unwrap(), seat[1].as_i64().unwrap());
    touch(&ann, "touchStart", &[seat]);
    touch(&ann, "touchEnd", &[]);
    assert_eq!(ann.chosen(), ["seat_5"]);
}

#[test]
fn two_fingers_make_the_map_larger_and_smaller_and_keep_what_is_between_them() {
    let Some((_stage, ann)) = at_the_map() else { return };
    let ((x, y), on) = centre(&ann);
    let before = View::of(&ann);
    touch(&ann, "touchStart", &[(x - 40, y), (x + 40, y)]);
    touch(&ann, "touchMove", &[(x - 60, y), (x + 60, y)]);
    touch(&ann, "touchMove", &[(x - 80, y), (x + 80, y)]);
    let larger = View::of(&ann);
    assert!((larger.z / before.z - 2.0).abs() < 0.01, "twice as far apart: {before:?} {larger:?}");
    assert!(is_near(larger.at(on), before.at(on), larger.z), "{before:?} {larger:?}");

    // Both go to the right and come together again: what was between them goes with them.
    touch(&ann, "touchMove", &[(x + 10, y), (x + 90, y)]);
    touch(&ann, "touchEnd", &[]);
    let last = View::of(&ann);
    let (mx, my) = on;
    assert!((last.z / before.z - 1.0).abs() < 0.01, "{before:?} {last:?}");
    assert!(is_near(last.at((mx + 50.0, my)), before.at(on), last.z), "{before:?} {last:?}");
    assert_eq!(ann.chosen(), Vec::<String>::new(), "who pinches chooses nothing");
}
