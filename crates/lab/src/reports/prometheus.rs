//! What every act of every run came to, as figures in Prometheus' text format: for a collector that
//! reads files, beside the figures that the house itself has.

use super::about::{Said, about, which};
use super::{ActFigures, Report};
use crate::figures::real;
use std::fmt::Write;

/// A figure: its name, what it is, and how it is read off an act.
type Figure = (&'static str, &'static str, fn(&ActFigures) -> Option<f64>);

const FIGURES: [Figure; 14] = [
    ("throughput", "Audited outcomes a second.", |act| Some(act.throughput)),
    (
        "failed",
        "What was not answered as wanted and was no refusal by the rules, of all that was due.",
        |act| Some(real(act.failed())),
    ),
    ("refused", "What the rules refused, of all that was due.", |act| Some(real(act.refused()))),
    ("mean_seconds", "The mean of what was answered as wanted.", |act| ms(act.mean_ms)),
    ("p50_seconds", "Half of it took at most so long.", |act| ms(act.latency.p50_ms)),
    ("p95_seconds", "95 of 100 of it.", |act| ms(act.latency.p95_ms)),
    ("p99_seconds", "99 of 100 of it.", |act| ms(act.latency.p99_ms)),
    ("longest_seconds", "The longest answer.", |act| ms(act.longest_ms)),
    ("lock_wait_seconds", "How long a batch waited for its lock.", |act| ms(act.cost.lock_wait_ms)),
    ("lock_hold_seconds", "How long a batch held it.", |act| ms(act.cost.lock_hold_ms)),
    ("batch_commands", "Commands in a batch.", |act| act.cost.batch),
    ("house_processors", "Processors that the house used.", |act| act.cost.house_cpu),
    ("services_processors", "Processors that its services used.", |act| act.cost.services_cpu),
    ("generator_processors", "Processors that the generator used.", |act| act.cost.generator_cpu),
];

fn ms(value: Option<f64>) -> Option<f64> {
    value.map(|ms| ms / 1e3)
}

/// The lines.
pub fn prometheus(report: &Report) -> String {
    let mut out = String::new();
    for (name, help, of) in FIGURES {
        let name = format!("admitone_lab_{name}");
        let lines = samples(report, of);
        write_figure(&mut out, (&name, help), &lines);
    }
    let infos = report.runs.iter().zip(1..).map(|(run, number)| {
        let seed = [("seed", run.seed.to_string())];
        let more = label_list(seed.into_iter().chain(about(&report.head)));
        (format!("{},{more}", labels(report, number, None)), 1.0)
    });
    let help = "What was run where, and how it is repeated.";
    write_figure(&mut out, ("admitone_lab_run_info", help), &infos.collect::<Vec<_>>());
    let findings = report.runs.iter().zip(1..).map(|(run, number)| {
        let found = real(u64::try_from(run.findings.len()).unwrap_or(u64::MAX));
        (labels(report, number, None), found)
    });
    let help = "What the audit found.";
    write_figure(&mut out, ("admitone_lab_findings", help), &findings.collect::<Vec<_>>());
    out
}

type Sample = (String, f64);

/// What an act of a run came to; nothing where it was not measured.
fn samples(report: &Report, of: impl Fn(&ActFigures) -> Option<f64>) -> Vec<Sample> {
    let runs = report.runs.iter().zip(1..);
    let acts = runs.flat_map(|(run, number)| run.acts.iter().map(move |act| (act, number)));
    let sample = |(act, number): (&ActFigures, u32)| {
        Some((labels(report, number, Some(&act.name)), of(act)?))
    };
    acts.filter_map(sample).collect()
}

fn labels(report: &Report, run: u32, act: Option<&str>) -> String {
    let act = act.map(|act| ("act", act.to_owned()));
    label_list(which(report, run).into_iter().chain(act))
}

fn label_list(labels: impl IntoIterator<Item = Said>) -> String {
    let labels = labels.into_iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(&text)));
    labels.collect::<Vec<_>>().join(",")
}

fn write_figure(out: &mut String, (name, help): (&str, &str), lines: &[Sample]) {
    if lines.is_empty() {
        return;
    }
    // Writing into a text does not fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in lines {
        let value = format!("{value:.6}");
        let value = value.trim_end_matches('0').trim_end_matches('.');
        let _ = writeln!(out, "{name}{{{labels}}} {value}");
    }
}

/// A value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;
    use crate::reports::tests::{costly, second};

    #[test]
    fn every_act_has_its_figures_and_what_was_not_measured_has_none() {
        let text = prometheus(&Report::of(&[costly()]).unwrap());
        let run =
            "workload=\"polls\",strategy=\"batched\",store=\"embedded\",instances=\"1\",run=\"1\"";
        for (name, value) in
            [("throughput", "999"), ("lock_hold_seconds", "0.00343"), ("failed", "0")]
        {
            let line = format!("admitone_lab_{name}{{{run},act=\"polls\"}} {value}");
            let found =
                text.lines().find(|found| found.starts_with(&format!("admitone_lab_{name}{{")));
            assert!(found.unwrap().starts_with(&line), "{line}: {text}");
        }
        assert!(text.contains(&format!("admitone_lab_findings{{{run}}} 0")), "{text}");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        assert!(
            lines.clone().count() > 10
                && lines.clone().all(|line| line.ends_with(|c: char| c.is_ascii_digit())),
            "{text}"
        );
        let bare = prometheus(&Report::of(&[second(&Outcome::Unknown)]).unwrap());
        assert!(!bare.contains("lock_hold") && !bare.contains("p99"), "{bare}");
    }

    #[test]
    fn every_run_says_what_was_run_where_and_how_it_is_repeated() {
        let mut record = costly();
        record.head.command = "admitone lab run polls --set 'x=\"1\"'".to_owned();
        record.head.versions = [("build".to_owned(), "build 1a".to_owned())].into();
        let mut second = record.clone();
        second.head.seed = 2;
        let text = prometheus(&Report::of(&[record, second]).unwrap());
        for (run, seed) in [(1, 1), (2, 2)] {
            let begin = "admitone_lab_run_info{workload=\"polls\",strategy=\"batched\",";
            let mut lines = text.lines().filter(|line| line.starts_with(begin));
            let line = lines.find(|line| line.contains(&format!(",run=\"{run}\","))).unwrap();
            assert!(
                line.contains(&format!(",seed=\"{seed}\",parameters=\"\",threads=\"1\",")),
                "{line}"
            );
            assert!(
                line.contains(",build=\"build 1a\",") && line.contains(",machine=\""),
                "{line}"
            );
            let end = "command=\"admitone lab run polls --set 'x=\\\"1\\\"'\"} 1";
            assert!(line.ends_with(end), "{line}");
        }
    }

    #[test]
    fn what_ends_a_label_is_escaped() {
        assert_eq!(escaped("a \"b\" \\ c\n"), "a \\\"b\\\" \\\\ c\\n");
    }
}
