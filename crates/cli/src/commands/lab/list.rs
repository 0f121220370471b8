//! `admitone lab list`.

use super::write_all;
use crate::arguments::List;
use crate::exit::{Exit, Failed};
use crate::voice;
use admitone_app::strategy::NAMED;
use admitone_lab::parameters::Parameter;
use admitone_lab::workloads::{ALL, About};
use serde_json::{Value, json};
use std::fmt::Write;

pub(super) fn run(arguments: &List) -> Result<Exit, Failed> {
    let (text, values) = (as_text(arguments.quick), as_json(arguments.quick));
    if let Some(out) = &arguments.out {
        let values = serde_json::to_string_pretty(&values)?;
        write_all(&[("workloads.txt", text.clone()), ("workloads.json", values)], out)?;
    }
    if arguments.json {
        voice::json(&values)?;
    } else {
        voice::text(&text);
    }
    Ok(Exit::Done)
}

fn as_json(is_quick: bool) -> Value {
    let workloads: Vec<Value> =
        ALL.iter().map(|recipe| described(recipe.about(), is_quick)).collect();
    let strategies: Vec<&str> = NAMED.iter().map(|named| named.name).collect();
    json!({ "workloads": workloads, "strategies": strategies })
}

fn described(about: About, is_quick: bool) -> Value {
    let parameter = |one: &Parameter| {
        let Parameter { name, usual, quick, about } = one;
        let (least, most) = one.bounds().into_inner();
        let mut said =
            json!({ "name": name, "quick": quick, "about": about, "least": least, "most": most });
        if !is_quick {
            said["usual"] = (*usual).into();
        }
        said
    };
    let parameters: Vec<Value> = about.parameters.iter().map(parameter).collect();
    json!({ "name": about.name, "about": about.about, "origin": about.origin, "parameters": parameters })
}

fn as_text(is_quick: bool) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    for about in ALL.iter().map(|recipe| recipe.about()) {
        let _ = writeln!(text, "{}\n    {}\n    {}", about.name, about.about, about.origin);
        for one in about.parameters {
            let Parameter { name, usual, quick, about } = one;
            let (least, most) = one.bounds().into_inner();
            let _ = if is_quick {
                writeln!(text, "    --set {name}={quick}: {about}; {least} to {most}")
            } else {
                writeln!(
                    text,
                    "    --set {name}={usual} (quick {quick}): {about}; {least} to {most}"
                )
            };
        }
    }
    text.push_str("strategies\n");
    for named in NAMED {
        let _ = writeln!(text, "    {}: {}", named.name, named.meaning);
    }
    text
}
