//! `admitone lab publish`.

use crate::arguments::{Publish, Published};
use crate::exit::{Exit, Failed, failed};
use crate::voice;
use admitone_lab::matrix::{Matrix, choose_page, result_page, summary};
use admitone_lab::record::read;

pub(super) fn run(arguments: &Publish) -> Result<Exit, Failed> {
    let path = &arguments.matrix;
    let path = if path.is_dir() { path.join("matrix.json") } else { path.clone() };
    let matrix: Matrix = read(&path)?;
    if let Some(why) = matrix.doubts() {
        return Err(failed("publishing")(format!("nothing follows from it: {why}")));
    }
    // The pages are made of the small file, so that they can be held against it.
    let small = summary(&matrix)?;
    let matrix: Matrix = serde_json::from_str(&small)?;
    match (&arguments.to, arguments.page) {
        (_, Some(Published::Result)) => voice::text(&result_page(&matrix)),
        (_, Some(Published::Choose)) => voice::text(&choose_page(&matrix)),
        (Some(to), None) => {
            std::fs::create_dir_all(to).map_err(failed(&format!("making {}", to.display())))?;
            let files = [
                ("matrix.json", small),
                ("README.md", result_page(&matrix)),
                ("choose.md", choose_page(&matrix)),
            ];
            for (name, text) in files {
                let path = to.join(name);
                let doing = format!("writing {}", path.display());
                std::fs::write(&path, text).map_err(failed(&doing))?;
            }
        }
        (None, None) => {}
    }
    Ok(Exit::Done)
}
