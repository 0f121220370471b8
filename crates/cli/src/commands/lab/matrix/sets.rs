//! `--set` of several workloads: for one of them, or for all that have the parameter.

use crate::exit::{Failed, failed};
use admitone_lab::workloads::named;

/// What is set of each workload: `users=50` of all that have it, `confirm.seconds=5` of one.
pub(super) fn of_each(workloads: &[String], sets: &[String]) -> Result<Vec<Vec<String>>, Failed> {
    let mut of_each = vec![Vec::new(); workloads.len()];
    for set in sets {
        let mut is_anyones = false;
        for (workload, of_it) in workloads.iter().zip(&mut of_each) {
            if let Some(own) = of(workload, set) {
                is_anyones = true;
                of_it.push(own.to_owned());
            }
        }
        if !is_anyones {
            let why = format!("none of {} has it", workloads.join(", "));
            return Err(failed(&format!("--set {set}"))(why));
        }
    }
    Ok(of_each)
}

/// What of `--set` is for this workload.
fn of<'a>(workload: &str, set: &'a str) -> Option<&'a str> {
    let (name, _) = set.split_once('=').unwrap_or((set, ""));
    if let Some((meant, _)) = name.split_once('.') {
        return (meant == workload).then(|| &set[meant.len() + 1..]);
    }
    // One that is not known is named where the workload itself is looked up.
    let known = named(workload).map(|recipe| recipe.about().parameters).unwrap_or_default();
    known.iter().any(|one| one.name == name).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(workloads: &[&str], sets: &[&str]) -> Result<Vec<Vec<String>>, Failed> {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        of_each(&own(workloads), &own(sets))
    }

    #[test]
    fn a_parameter_is_set_for_all_that_have_it_or_for_the_one_that_is_named() {
        let sets = ["users=7", "confirm.seconds=5", "count=100"];
        let read = read(&["overbook", "cash", "confirm"], &sets).unwrap();
        assert_eq!(read[0], ["users=7"]);
        assert_eq!(read[1], ["users=7", "count=100"]);
        assert_eq!(read[2], ["users=7", "seconds=5"]);
    }

    #[test]
    fn what_no_workload_has_is_refused() {
        let said = read(&["cash"], &["confirm.seconds=5"]).unwrap_err().to_string();
        assert!(said.contains("none of cash has it"), "{said}");
        assert!(read(&["cash"], &["stock=5"]).is_err());
    }
}
