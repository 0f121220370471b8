//! The figures over time in `InfluxDB`'s line protocol: one line for each slice, behind it one for
//! each reason of refusals. The tags say of which run and act it is, so that what several runs wrote
//! is told apart; what is a rate in it, times `lasts_s`, is what happened in it. Before them stands of each run a line that says how it was made, and one for each
//! fault that happened.

use super::about::{about, which};
use super::{Point, Report, RunReport};
use std::fmt::Write;

/// The lines.
pub fn lines(report: &Report) -> String {
    let mut out = String::new();
    let head = &report.head;
    for (number, run) in (1..).zip(&report.runs) {
        let tags = which(report, number).map(|(name, text)| format!("{name}={}", tag(&text)));
        let of_run = tags.join(",");
        // Writing into a text does not fail.
        let _ = write_run(&mut out, (report, run), &of_run);
        for point in &run.series {
            let act = point.act.as_deref().or_else(|| act_at(run, point.at_s));
            let of_act = act.map(|act| format!("{of_run},act={}", tag(act)));
            let tags = of_act.unwrap_or_else(|| of_run.clone());
            let _ = write_point(&mut out, point, &tags, head.began_s);
        }
    }
    out
}

/// The act that a slice is of where a report of an older version does not say it: the last that counted when it
/// began, or else the first.
fn act_at(run: &RunReport, at_s: f64) -> Option<&str> {
    let begun = run.acts.iter().rev().find(|act| act.from_s <= at_s);
    Some(begun.or(run.acts.first())?.name.as_str())
}

/// What was run where, and how it is repeated; and what happened to it.
fn write_run(
    out: &mut String,
    (report, run): (&Report, &RunReport),
    tags: &str,
) -> std::fmt::Result {
    let began_ns = u128::from(report.head.began_s) * 1_000_000_000;
    let about = about(&report.head);
    let said = about.iter().filter(|(name, _)| *name != "began_s");
    let said: Vec<String> = said.map(|(name, text)| format!("{name}={}", string(text))).collect();
    let found = run.findings.len();
    writeln!(
        out,
        "admitone_lab_run,{tags} seed=\"{}\",findings={found}i,commands={}i,{} {began_ns}",
        run.seed,
        run.commands,
        said.join(",")
    )?;
    for fault in run.faults.iter().filter(|fault| fault.trouble.is_none()) {
        let lasted_s = super::seconds(fault.until_ns.saturating_sub(fault.at_ns));
        let (what, at_ns) = (string(&fault.what), began_ns + u128::from(fault.at_ns));
        writeln!(out, "admitone_lab_fault,{tags} what={what},lasted_s={lasted_s:.4} {at_ns}")?;
    }
    Ok(())
}

/// A text as a field.
fn string(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
    format!("\"{text}\"")
}

fn write_point(out: &mut String, point: &Point, tags: &str, began_s: u64) -> std::fmt::Result {
    let behind = std::time::Duration::from_secs_f64(point.at_s.max(0.0)).as_millis();
    let at_ns = (u128::from(began_s) * 1_000 + behind) * 1_000_000;
    let figures = [
        ("lasts_s", Some(point.lasts_s).filter(|lasts_s| *lasts_s > 0.0)),
        ("done", Some(point.done)),
        ("failed", Some(point.failed)),
        ("p50_ms", point.p50_ms),
        ("p95_ms", point.p95_ms),
        ("p99_ms", point.p99_ms),
        ("generator_cpu", point.generator_cpu),
        ("house_cpu", point.house_cpu),
        ("services_cpu", point.services_cpu),
        ("lock_wait_ms", point.lock_wait_ms),
        ("lock_hold_ms", point.lock_hold_ms),
        ("batch", point.batch),
        ("conflicts", point.conflicts),
    ];
    let fields: Vec<String> = figures
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={:.4}", (*value)?)))
        .collect();
    writeln!(out, "admitone_lab,{tags} {} {at_ns}", fields.join(","))?;
    for (code, refused) in &point.refused {
        writeln!(out, "admitone_lab_refused,{tags},code={} rate={refused:.4} {at_ns}", tag(code))?;
    }
    Ok(())
}

/// A value of a tag: what separates is written with a backslash.
fn tag(text: &str) -> String {
    text.replace(' ', "\\ ").replace(',', "\\,").replace('=', "\\=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The fields of a measurement that the dashboard of a run asks for.
    fn plotted(measurement: &str) -> BTreeSet<String> {
        let text = include_str!("../../../../deploy/grafana/run.json");
        let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
        let panels = dashboard["panels"].as_array().unwrap().iter();
        let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
        let queries = targets.map(|target| target["query"].as_str().unwrap());
        let of_it = queries.filter(|query| query.contains(&format!("FROM \"{measurement}\" ")));
        of_it.map(|query| query.split('"').nth(1).unwrap().to_owned()).collect()
    }

    #[test]
    fn the_dashboard_of_a_run_plots_what_is_written_and_all_of_it() {
        let some = Some(1.0);
        let point = Point {
            refused: [("SOLD_OUT".to_owned(), 2.0)].into(),
            p50_ms: some,
            p95_ms: some,
            p99_ms: some,
            generator_cpu: some,
            house_cpu: some,
            services_cpu: some,
            lock_wait_ms: some,
            lock_hold_ms: some,
            batch: some,
            conflicts: some,
            lasts_s: 0.25,
            ..Point::default()
        };
        let mut out = String::new();
        write_point(&mut out, &point, "run=1", 0).unwrap();
        for line in out.lines() {
            let (begin, fields) = line.split_once(' ').unwrap();
            let measurement = begin.split(',').next().unwrap();
            let fields = fields.split(' ').next().unwrap().split(',');
            let written = fields.filter_map(|field| Some(field.split_once('=')?.0.to_owned()));
            // How long a slice is is for whoever adds them up.
            let written: BTreeSet<String> = written.filter(|field| field != "lasts_s").collect();
            assert_eq!(plotted(measurement), written, "{measurement}");
        }
    }

    #[test]
    fn the_tags_say_of_which_run_and_act_a_slice_is() {
        let mut record = crate::reports::tests::costly();
        let mut second = record.seen.acts[0].clone();
        "two, more".clone_into(&mut second.name);
        (second.window.from_ns, second.window.to_ns) = (500_000_000, 1_000_000_000);
        let first = &mut record.seen.acts[0];
        (first.window.to_ns, first.ended_ns) = (500_000_000, 500_000_000);
        record.seen.acts.push(second);
        for event in record.history.events.iter_mut().filter(|event| event.number >= 500) {
            event.number += 1 << 40;
        }
        record.head.instances = 2;
        let lines = lines(&Report::of(&[record]).unwrap());
        let begin = "admitone_lab,workload=polls,strategy=batched,store=embedded,instances=2,run=1";
        let of = |act: &str| {
            lines.lines().filter(|line| line.starts_with(&format!("{begin},act={act} "))).count()
        };
        assert_eq!((of("polls"), of("two\\,\\ more")), (2, 2), "{lines}");
        assert_eq!(lines.lines().count(), 5, "{lines}");
    }

    #[test]
    fn a_run_says_how_it_was_made_and_what_happened_to_it() {
        let mut record = crate::reports::tests::costly();
        record.head.began_s = 100;
        record.head.command = "admitone lab run polls --fault '1s:run:echo \"x\"'".to_owned();
        record.head.versions = [("build".to_owned(), "build 1a".to_owned())].into();
        let fault = |what: &str, trouble: Option<&str>| crate::faults::Happened {
            at_ns: 250_000_000,
            until_ns: 750_000_000,
            what: what.to_owned(),
            trouble: trouble.map(str::to_owned),
        };
        record.seen.faults =
            vec![fault("1s:kill:instance-1", None), fault("1s:cut:service-9", Some("no such"))];
        let text = lines(&Report::of(&[record]).unwrap());
        let lines: Vec<&str> = text.lines().collect();
        let tags = "workload=polls,strategy=batched,store=embedded,instances=1,run=1";
        let begin = format!("admitone_lab_run,{tags} seed=\"1\",findings=0i,commands=999i,");
        assert!(lines[0].starts_with(&begin), "{text}");
        assert!(
            lines[0].contains(",build=\"build 1a\",") && lines[0].contains(",machine=\""),
            "{text}"
        );
        let end = "command=\"admitone lab run polls --fault '1s:run:echo \\\"x\\\"'\" 100000000000";
        assert!(lines[0].ends_with(end), "{text}");
        let fault = format!(
            "admitone_lab_fault,{tags} what=\"1s:kill:instance-1\",lasted_s=0.5000 100250000000"
        );
        assert_eq!(lines[1], fault);
        assert!(!text.contains("cut:service-9"), "it did not happen: {text}");
    }

    #[test]
    fn the_dashboard_of_a_run_shows_faults_and_tells_runs_apart() {
        let text = include_str!("../../../../deploy/grafana/run.json");
        let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
        let faults = &dashboard["annotations"]["list"][0];
        let query = faults["query"].as_str().unwrap();
        assert!(
            query.contains("\"what\"") && query.contains("FROM \"admitone_lab_fault\" "),
            "{query}"
        );
        assert_eq!(faults["textColumn"], "what");
        let targets = dashboard["panels"].as_array().unwrap().iter();
        for target in targets.flat_map(|panel| panel["targets"].as_array().unwrap()) {
            let (query, alias) =
                (target["query"].as_str().unwrap(), target["alias"].as_str().unwrap());
            for name in ["workload", "strategy", "instances"] {
                let groups = query.split_once("GROUP BY").unwrap().1;
                assert!(groups.contains(&format!("\"{name}\"")), "{name}: {query}");
                assert!(alias.contains(&format!("$tag_{name}")), "{name}: {alias}");
            }
        }
    }

    #[test]
    fn a_slice_is_a_line_with_its_tags_and_its_time() {
        let refused = [("SOLD_OUT".to_owned(), 2.0)].into();
        let point = Point {
            at_s: 1.5,
            lasts_s: 0.25,
            done: 10.0,
            p50_ms: Some(2.0),
            refused,
            ..Point::default()
        };
        let mut out = String::new();
        write_point(&mut out, &point, &format!("strategy={}", tag("a b=c,d")), 100).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines[0],
            "admitone_lab,strategy=a\\ b\\=c\\,d lasts_s=0.2500,done=10.0000,failed=0.0000,p50_ms=2.0000 101500000000"
        );
        assert!(
            lines[1].starts_with("admitone_lab_refused,") && lines[1].contains("code=SOLD_OUT")
        );
    }
}
