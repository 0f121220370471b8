//! A matrix whose control cannot be run.

use super::{lab, text};

#[test]
fn a_matrix_on_the_embedded_store_has_no_control_and_is_published_by_nobody() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--quick", "--set", "count=50", "--set", "users=4", "--instances", "1"];
    let one = ["matrix", "cash", "--strategy", "single-writer", "--out", directory];
    let ran = lab(&[&one[..], &few[..]].concat());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("no control in `cash`") && said.contains("give --store"), "{said}");
    let table = text(&out.path().join("matrix.md"));
    assert!(table.contains("No control: `unsafe × 1, embedded` was not run"), "{table}");
    let to = out.path().join("results");
    let refused = lab(&["publish", directory, "--to", to.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("give --store") && !to.exists(), "{said}");
}
