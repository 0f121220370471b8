//! `admitone lab`: workloads, the auditor, reports, the matrix of strategies.

mod kept;
mod list;
mod live;
mod matrix;
mod publish;
mod run;

use crate::arguments::{Again, Compare, Kept, Lab, LabTask, Replay};
use crate::exit::{Exit, Failed, failed};
use crate::voice::{self, say};
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use admitone_lab::parameters::Parameters;
use admitone_lab::record::Record;
use admitone_lab::reports::{
    Report, compare, csv, influx_lines, k6_summary, markdown, page, prometheus, verdict,
};
use admitone_lab::urls::without_secrets as shown;
use admitone_lab::workloads::{ALL, Recipe, named};
use std::path::Path;

pub(crate) fn run(lab: &Lab) -> Result<Exit, Failed> {
    super::serve::allow_open_files();
    match &lab.task {
        LabTask::List(arguments) => list::run(arguments),
        LabTask::Run(arguments) => run::run(arguments),
        LabTask::Replay(arguments) => replay(arguments),
        LabTask::Compare(arguments) => side_by_side(arguments),
        LabTask::Report(arguments) => again(arguments),
        LabTask::Matrix(arguments) => matrix::run(arguments),
        LabTask::Publish(arguments) => publish::run(arguments),
    }
}

/// A workload with its parameters.
fn chosen(
    name: &str,
    (is_quick, set): (bool, &[String]),
) -> Result<(&'static dyn Recipe, Parameters), Failed> {
    let known = || ALL.map(|recipe| recipe.about().name).join(", ");
    let recipe = named(name).ok_or_else(|| failed(name)(format!("no workload; {}", known())))?;
    let mut with = Parameters::of(recipe.about().parameters, is_quick);
    set.iter().try_for_each(|text| with.set(text))?;
    Ok((recipe, with))
}

/// Which build of the program this is, by what is in its file: two of the same version may differ.
fn build() -> Result<String, Failed> {
    const DIGITS: usize = 12;
    let program = std::env::current_exe()?;
    let doing = format!("reading {}", program.display());
    let file = std::fs::File::open(&program).map_err(failed(&doing))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(format!("build {}", &hasher.finalize().to_hex()[..DIGITS]))
}

/// What is no business of whoever reads a report.
const SECRET: &str = "--operator-key";

/// The command as it was typed, for a shell and without what is secret.
fn typed() -> String {
    as_typed(std::env::args().skip(1))
}

fn as_typed(words: impl Iterator<Item = String>) -> String {
    let mut text = "admitone".to_owned();
    let mut is_secret = false;
    for word in words {
        let shown = match word.strip_prefix(SECRET) {
            _ if is_secret => "…".to_owned(),
            Some(value) if value.starts_with('=') => format!("{SECRET}=…"),
            _ => shown(&word),
        };
        is_secret = !is_secret && word == SECRET;
        text.push(' ');
        text.push_str(&quoted(shown));
    }
    text
}

/// A word as a shell takes it for one.
fn quoted(word: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+…".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Seconds since 1970.
fn now_s() -> u64 {
    u64::try_from(SystemClock::default().now().0 / 1_000_000).unwrap_or(0)
}

fn replay(arguments: &Replay) -> Result<Exit, Failed> {
    let Replay { kept, quick: is_quick, lines: as_lines } = arguments;
    let found = kept::records(&kept.directory, if *is_quick { 1 } else { usize::MAX })?;
    if *as_lines {
        for (place, record) in &found {
            let below = place.strip_prefix(&kept.directory).unwrap_or(place);
            run::keep_lines(&record.history, &kept.place().join(below))?;
        }
    }
    let records: Vec<Record> = found.into_iter().map(|(_, record)| record).collect();
    let report = Report::of(&records).ok_or_else(|| failed("replay")("no run is kept there"))?;
    // A report of one run is not put in the place of one of all of them.
    if kept.out.is_some() || !is_quick {
        keep(&report, kept.place())?;
    }
    show(&report, kept.json)
}

fn again(arguments: &Again) -> Result<Exit, Failed> {
    let kept = &arguments.kept;
    let report = kept::report(&kept.directory)?;
    keep(&report, kept.place())?;
    show(&report, kept.json)
}

fn side_by_side(arguments: &Compare) -> Result<Exit, Failed> {
    let reports = arguments.reports.iter().map(|one| kept::report(one));
    let reports: Vec<Report> = reports.collect::<Result<_, _>>()?;
    let (table, rows) = (compare::table(&reports), compare::compare(&reports));
    let rows = serde_json::to_string_pretty(&rows)?;
    if let Some(out) = &arguments.out {
        write_all(&[("compare.md", table.clone()), ("compare.json", rows.clone())], out)?;
    }
    if arguments.json {
        say!("{rows}");
    } else {
        voice::text(&table);
    }
    Ok(if reports.iter().all(Report::is_sound) { Exit::Done } else { Exit::Unsound })
}

/// The forms of a report, by their files.
const FORMS: [&str; 7] = [
    "report.json",
    "report.html",
    "report.md",
    "report.csv",
    "k6-summary.json",
    "report.influx",
    "report.prom",
];

/// Writes a report in all its forms.
fn keep(report: &Report, out: &Path) -> Result<(), Failed> {
    let texts = [
        serde_json::to_string_pretty(report)?,
        page(report),
        markdown(report),
        csv(report),
        serde_json::to_string_pretty(&k6_summary(report))?,
        influx_lines(report),
        prometheus(report),
    ];
    write_all(&FORMS.into_iter().zip(texts).collect::<Vec<_>>(), out)
}

/// Writes files into a directory, which is made if it is not there.
fn write_all(files: &[(&str, String)], out: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(out).map_err(failed(&format!("making {}", out.display())))?;
    for (name, text) in files {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(failed(&format!("writing {}", path.display())))?;
    }
    Ok(())
}

impl Kept {
    /// Where reports go.
    fn place(&self) -> &Path {
        self.out.as_deref().unwrap_or(&self.directory)
    }
}

/// Prints a report; how the command ends.
fn show(report: &Report, as_json: bool) -> Result<Exit, Failed> {
    if as_json {
        voice::json(report)?;
    } else {
        voice::text(&markdown(report));
    }
    if !report.is_sound() {
        voice::aside(format_args!("admitone: {}", verdict(report)));
        return Ok(Exit::Unsound);
    }
    Ok(if report.meets_its_goals() { Exit::Done } else { Exit::Slow })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it_and_without_what_is_secret() {
        let shown = |words: &[&str]| as_typed(words.iter().map(|word| (*word).to_owned()));
        let run = ["lab", "run", "cash", "--operator-key", "op_1", "--url", "http://h:1/"];
        assert_eq!(shown(&run), "admitone lab run cash --operator-key … --url http://h:1/…");
        assert_eq!(shown(&["--operator-key=op_1", "--json"]), "admitone --operator-key=… --json");
        let fault = ["--fault", "5s:run:date -u", "--strategy", "it's one", "--out", ""];
        let wanted = r"admitone --fault '5s:run:date -u' --strategy 'it'\''s one' --out ''";
        assert_eq!(shown(&fault), wanted);
        let store = ["--store", "postgres://ann:a,b@h:5432/house", "--set", "users=1"];
        assert_eq!(shown(&store), "admitone --store postgres://h:5432/… --set users=1");
    }
}
