//! Plots as SVG that stands inside a page: lines over time, and a distribution. Colours come from the
//! page's style, so that they follow light and dark.

use super::words::number;
use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;

/// A line of a plot.
pub(super) struct Line {
    pub(super) name: String,
    /// One of the colours of the page, by number.
    pub(super) colour: usize,
    pub(super) points: Vec<(f64, f64)>,
}

impl Line {
    fn is_seen(&self) -> bool {
        self.points.iter().any(|point| point.1.is_finite())
    }
}

/// A plot.
pub(super) struct Plot<'a> {
    /// What is plotted, with its unit.
    pub(super) title: &'a str,
    /// What goes to the right, with its unit.
    pub(super) across: &'a str,
    pub(super) lines: Vec<Line>,
    /// Faults: from, until, what.
    pub(super) marks: Vec<(f64, f64, String)>,
    /// Whether what goes up is drawn by its logarithm.
    pub(super) is_log: bool,
    /// What stands below the axis, where it is no number.
    pub(super) ticks: Option<Vec<(f64, String)>>,
}

impl Plot<'_> {
    /// The plot as a figure of a page; nothing if there is nothing to plot.
    pub(super) fn figure(&self) -> String {
        if !self.lines.iter().any(Line::is_seen) {
            return String::new();
        }
        let scale = self.scale();
        let mut out = String::new();
        // Writing into a text does not fail.
        let _ = write!(
            out,
            "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\">",
            escaped(self.title),
            escaped(self.title)
        );
        self.axes(&mut out, &scale);
        self.marks(&mut out, &scale);
        for line in self.lines.iter().filter(|line| line.is_seen()) {
            draw(&mut out, line, &scale);
        }
        out.push_str("</svg>");
        self.legend(&mut out);
        out.push_str("</figure>");
        out
    }

    fn scale(&self) -> Scale {
        let mut scale = Scale {
            right: f64::MIN,
            left: f64::MAX,
            low: f64::MAX,
            high: 0.0,
            is_log: self.is_log,
        };
        for (x, y) in self.lines.iter().flat_map(|line| &line.points) {
            scale.left = scale.left.min(*x);
            scale.right = scale.right.max(*x);
            if y.is_finite() {
                scale.high = scale.high.max(*y);
                if *y > 0.0 {
                    scale.low = scale.low.min(*y);
                }
            }
        }
        if self.ticks.is_none() {
            scale.left = scale.left.min(0.0);
        }
        if scale.right <= scale.left {
            scale.right = scale.left + 1.0;
        }
        if self.is_log {
            scale.low = 10.0_f64.powf(scale.low.min(scale.high).max(1e-3).log10().floor());
            scale.high = 10.0_f64.powf(scale.high.max(scale.low * 1.1).log10().ceil());
        } else {
            scale.low = 0.0;
            scale.high = nice(scale.high.max(1e-9));
        }
        scale
    }

    fn axes(&self, out: &mut String, scale: &Scale) {
        for value in scale.steps() {
            let y = scale.y(value);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 3.5,
                number(value)
            );
        }
        let across = self.ticks.clone().unwrap_or_else(|| {
            let step = nice((scale.right - scale.left) / 6.0);
            let count = (0..20_u32).map(f64::from).map(|at| scale.left + at * step);
            count.take_while(|x| *x <= scale.right).map(|x| (x, number(x))).collect()
        });
        for (value, text) in across {
            let _ = write!(
                out,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                scale.x(value),
                HEIGHT - BOTTOM + 14.0,
                escaped(&text)
            );
        }
        let _ = write!(
            out,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 3.0,
            escaped(self.across)
        );
    }

    fn marks(&self, out: &mut String, scale: &Scale) {
        // What was noticed when all was over has no place here.
        for (from, until, what) in self.marks.iter().filter(|mark| mark.0 <= scale.right) {
            let (x, end) = (scale.x(*from), scale.x(until.min(scale.right)));
            let _ = write!(
                out,
                "<g class=\"fault\"><rect x=\"{x:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>\
                 <title>{}</title></g>",
                (end - x).max(1.5),
                HEIGHT - TOP - BOTTOM,
                escaped(what)
            );
        }
    }

    fn legend(&self, out: &mut String) {
        // One line that says nothing its plot does not say needs no name.
        let is_named = self.lines.iter().any(|line| line.name.contains(char::is_uppercase));
        if self.lines.len() < 2 && !is_named {
            return;
        }
        out.push_str("<ul class=\"legend\">");
        // What nobody saw has no line, and none in the legend.
        for line in self.lines.iter().filter(|line| line.is_seen()) {
            let _ = write!(
                out,
                "<li><i class=\"c{}\"></i>{}</li>",
                line.colour % COLOURS,
                escaped(&line.name)
            );
        }
        out.push_str("</ul>");
    }
}

/// So many colours the page has.
pub(super) const COLOURS: usize = 8;

fn draw(out: &mut String, line: &Line, scale: &Scale) {
    let (mut path, mut dots) = (String::new(), String::new());
    // Where nothing was measured there is no line.
    let is_drawn = |y: f64| y.is_finite() && !(scale.is_log && y <= 0.0);
    for part in line.points.split(|(_, y)| !is_drawn(*y)) {
        if let [(x, y)] = part {
            // A line of no length: it is seen by its round ends alone.
            let _ = write!(dots, "M{:.1} {:.1}h0", scale.x(*x), scale.y(*y));
            continue;
        }
        for (at, (x, y)) in part.iter().enumerate() {
            let step = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", scale.x(*x), scale.y(*y));
        }
    }
    for (class, path) in [("line", path), ("line dot", dots)] {
        if path.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "<path class=\"{class} c{}\" d=\"{path}\"><title>{}</title></path>",
            line.colour % COLOURS,
            escaped(&line.name)
        );
    }
}

struct Scale {
    left: f64,
    right: f64,
    low: f64,
    high: f64,
    is_log: bool,
}

impl Scale {
    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(self.low).log10() - self.low.log10())
                / (self.high.log10() - self.low.log10())
        } else {
            value / self.high
        };
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn steps(&self) -> Vec<f64> {
        if !self.is_log {
            return (0..=4).map(|at| self.high * f64::from(at) / 4.0).collect();
        }
        let mut steps = vec![self.low];
        while let Some(next) =
            steps.last().map(|last| last * 10.0).filter(|n| *n <= self.high * 1.01)
        {
            steps.push(next);
        }
        steps
    }
}

/// The next number up that is easily read.
fn nice(value: f64) -> f64 {
    let power = 10.0_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 4.0, 5.0, 10.0].into_iter().find(|step| step * power >= value);
    step.unwrap_or(10.0) * power
}

/// Text that means itself in a page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, f64)>, is_log: bool) -> String {
        let line = Line { name: "a < b".to_owned(), colour: 1, points };
        let marks = vec![(1.0, 2.0, "3s:kill:instance-1".to_owned())];
        Plot { title: "t", across: "s", lines: vec![line], marks, is_log, ticks: None }.figure()
    }

    #[test]
    fn a_line_is_interrupted_where_nothing_was_measured() {
        let points = vec![(0.0, 1.0), (0.5, 2.0), (1.0, f64::NAN), (2.0, 3.0), (3.0, 4.0)];
        let svg = plot(points, false);
        let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2);
        assert_eq!(path.matches('L').count(), 2);
        assert!(svg.contains("a &lt; b") && svg.contains("kill:instance-1"), "{svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn a_single_point_is_a_dot() {
        let one = plot(vec![(1.0, 2.0)], false);
        assert!(one.contains("<path class=\"line dot c1\" d=\"M") && one.contains("h0\""), "{one}");
        assert!(!one.contains("class=\"line c1\""), "{one}");
        let points = vec![(0.0, 1.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 2.0)];
        let beside = plot(points, false);
        assert!(
            beside.contains("class=\"line c1\"") && beside.matches("h0").count() == 1,
            "{beside}"
        );
    }

    #[test]
    fn what_nobody_saw_has_no_line_and_no_name() {
        let line = |name: &str, y: f64| Line {
            name: name.to_owned(),
            colour: 0,
            points: vec![(0.0, y), (1.0, y)],
        };
        let lines = vec![line("house", f64::NAN), line("generator", 1.0)];
        let plot =
            Plot { title: "t", across: "s", lines, marks: vec![], is_log: false, ticks: None };
        let svg = plot.figure();
        assert!(svg.contains("generator") && !svg.contains("house"), "{svg}");
    }

    #[test]
    fn what_is_drawn_by_its_logarithm_has_a_line_for_each_power() {
        let svg = plot(vec![(0.0, 0.5), (1.0, 80.0)], true);
        assert!(svg.contains(">100<") && svg.contains(">0.100<"), "{svg}");
        assert_eq!(plot(Vec::new(), true), "");
    }

    #[test]
    fn an_axis_ends_at_a_number_that_is_easily_read() {
        assert!((nice(37.0) - 40.0).abs() < 1e-9);
        assert!((nice(1_100.0) - 2_000.0).abs() < 1e-9);
    }
}
