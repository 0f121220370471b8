//! The figures of every run as comma separated values, one line for each act of each run. What is done, refused and
//! failed is what came of all that were due from `from_s` to `due_to_s`; what is a second, and how long it took, is
//! until `to_s`, when everything was sold.

use super::Report;
use super::about::about;

const COLUMNS: &str = "workload,strategy,store,instances,run,seed,act,from_s,to_s,due_to_s,due,done,\
                       refused,failed,audited_per_s,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,longest_ms,lateness_p99_ms,\
                       house_cpu,services_cpu,generator_cpu,batch,commits_per_s,lock_wait_ms,\
                       lock_hold_ms,conflicts_per_command,findings";

/// The lines, the first with the names. The last columns are the same in all: what was run where.
pub fn csv(report: &Report) -> String {
    let head = &report.head;
    let (names, texts): (Vec<&str>, Vec<String>) = about(head).into_iter().unzip();
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    let mut lines = vec![format!("{COLUMNS},{}", names.join(","))];
    for (number, run) in (1..).zip(&report.runs) {
        for act in &run.acts {
            let done = act.outcomes.get("done").copied().unwrap_or(0);
            let mut cells: Vec<String> = vec![
                quoted(&head.workload),
                quoted(&head.strategy),
                quoted(&head.store),
                head.instances.to_string(),
                format!("{number}"),
                run.seed.to_string(),
                quoted(&act.name),
                format!("{:.3}", act.from_s),
                format!("{:.3}", act.to_s),
                format!("{:.3}", act.due_to_s.unwrap_or(act.to_s)),
                act.due.to_string(),
                done.to_string(),
                act.refused().to_string(),
                act.failed().to_string(),
            ];
            let cost = &act.cost;
            let figures = [
                Some(act.throughput),
                act.mean_ms,
                act.latency.p50_ms,
                act.latency.p90_ms,
                act.latency.p95_ms,
                act.latency.p99_ms,
                act.longest_ms,
                act.lateness.p99_ms,
                cost.house_cpu,
                cost.services_cpu,
                cost.generator_cpu,
                cost.batch,
                cost.commits,
                cost.lock_wait_ms,
                cost.lock_hold_ms,
                cost.conflicts,
            ];
            cells.extend(
                figures.map(|figure| figure.map_or_else(String::new, |f| format!("{f:.4}"))),
            );
            cells.push(run.findings.len().to_string());
            cells.extend(texts.iter().cloned());
            lines.push(cells.join(","));
        }
    }
    lines.join("\n") + "\n"
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;
    use crate::reports::tests::second;

    #[test]
    fn what_the_rules_refused_stands_beside_what_failed() {
        let cells = |status: u16| {
            let report = Report::of(&[second(&Outcome::Refused { status, code: None })]).unwrap();
            let text = csv(&report);
            let lines: Vec<Vec<&str>> =
                text.lines().map(|line| line.split(',').collect()).collect();
            ["due", "done", "refused", "failed"].map(|name| {
                let at = lines[0].iter().position(|column| *column == name).unwrap();
                lines[1][at].to_owned()
            })
        };
        assert_eq!(cells(409), ["999", "0", "999", "0"]);
        assert_eq!(cells(503), ["999", "0", "0", "999"]);
    }

    #[test]
    fn what_was_due_is_what_came_of_it_and_until_when_it_was_stands_beside_it() {
        let mut record = second(&Outcome::Done { named: 0, value: 0 });
        for event in record.history.events.iter_mut().filter(|event| event.number >= 300) {
            event.outcome = Outcome::Refused { status: 409, code: Some("SOLD_OUT".into()) };
        }
        let all = record.seen.acts[0].window;
        record.seen.acts[0].window.to_ns = 300_000_001;
        record.seen.sent.insert(0, all);
        let text = csv(&Report::of(&[record]).unwrap());
        let [names, cells] =
            [0, 1].map(|at| text.lines().nth(at).unwrap().split(',').collect::<Vec<_>>());
        let cell = |name: &str| cells[names.iter().position(|column| *column == name).unwrap()];
        let counts = ["due", "done", "refused", "failed"].map(cell);
        assert_eq!(counts, ["999", "300", "699", "0"]);
        assert_eq!(["to_s", "due_to_s"].map(cell), ["0.300", "1.000"]);
    }

    #[test]
    fn every_line_says_what_was_run_where_and_how_it_is_repeated() {
        let mut record = second(&Outcome::Unknown);
        record.head.command = "admitone lab run polls --set users=7".to_owned();
        record.head.parameters = [("seconds".to_owned(), 3), ("users".to_owned(), 7)].into();
        record.head.versions = [("build".to_owned(), "build 1a".to_owned())].into();
        record.head.limits = vec!["one, and two".to_owned()];
        record.head.machine.processor = Some("X".to_owned());
        let text = csv(&Report::of(&[record.clone(), record]).unwrap());
        let lines: Vec<&str> = text.lines().collect();
        let names = ",findings,parameters,threads,build,versions,machine,limits,began_s,command";
        assert!(lines[0].ends_with(names), "{text}");
        for line in &lines[1..] {
            assert!(line.contains(",1,seconds=3 users=7,1,build 1a,,\""), "{text}");
            let end = ",\"one, and two\",0,admitone lab run polls --set users=7";
            assert!(line.contains(" × X") && line.ends_with(end), "{text}");
        }
        assert_eq!(lines.len(), 3, "{text}");
    }

    #[test]
    fn what_has_a_comma_is_quoted() {
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("plain"), "plain");
    }
}
