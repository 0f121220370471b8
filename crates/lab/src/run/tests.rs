//! What a run refuses before anything is started.

use super::*;
use crate::crew::tests::nowhere;
use crate::workloads::named;

#[test]
fn a_fault_on_nobody_is_refused_before_anything_is_started() {
    let recipe = named("overbook").unwrap();
    let settings = |fault: &str| Settings {
        recipe,
        with: Parameters::of(recipe.about().parameters, true),
        seed: 1,
        threads: 1,
        runs: 1,
        faults: vec![fault.parse().unwrap()],
        strategy: "single-writer".to_owned(),
        build: String::new(),
        command: String::new(),
        began_s: 0,
        keeps_cut: true,
    };
    let places = [Quarters::Own(nowhere()), Quarters::Elsewhere(Vec::new())];
    for (quarters, why) in places.iter().zip(["the run has 1", "runs elsewhere"]) {
        let mut said = 0;
        let settings = settings("1s:kill:instance-9");
        let ran = run(&settings, quarters, &Stop::default(), &mut |_| said += 1);
        let told = ran.unwrap_err().to_string();
        assert!(told.contains("1s:kill:instance-9") && told.contains(why), "{told}");
        assert_eq!(said, 0, "something was begun");
    }
}
