//! axe-core, which looks at pages for what shuts people out: one script, from npm, under
//! `target/tools`, brought once.

use crate::command::{output, root};

/// The version with which the pages were checked. Another one finds other things.
const PACKAGE: &str = "axe-core@4.14.1";

/// Where the script is; brought when it is not there.
pub(super) fn bring() -> Result<String, String> {
    let home = root().join("target/tools").join(PACKAGE.replace('@', "-"));
    let script = home.join("node_modules/axe-core/axe.min.js");
    // Written last: half an installation is none.
    let complete = home.join("complete");
    if !complete.exists() {
        eprintln!("installing {PACKAGE} into {}", home.display());
        let said = |error| format!("{}: {error}", home.display());
        std::fs::create_dir_all(&home).map_err(said)?;
        let prefix = home.to_string_lossy();
        let quietly = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"];
        output(&[&["npm", "install"][..], &quietly, &[&prefix, PACKAGE]].concat())?;
        std::fs::write(&complete, "").map_err(said)?;
    }
    Ok(script.to_string_lossy().into_owned())
}
