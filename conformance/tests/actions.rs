//! The action and the workflow for plugin authors are sound YAML, and say the same of each other and of `yoikit`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const ACTION: &str = ".github/actions/test/action.yml";

#[test]
fn every_input_of_the_action_is_used_and_every_one_used_is_there() {
    let action = read(ACTION);
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().unwrap();
    for step in steps.iter().filter(|step| step.get("run").is_some()) {
        assert_eq!(step["shell"], "bash", "a composite step names its shell");
        let script = step["run"].as_str().unwrap();
        assert!(
            !script.contains("${{"),
            "what was typed comes through the environment, never into the script"
        );
    }
    let used: BTreeSet<&str> = steps
        .iter()
        .filter_map(|step| step.get("env")?.as_object())
        .flat_map(|env| env.values())
        .filter_map(|value| value.as_str()?.strip_prefix("${{ inputs.")?.strip_suffix(" }}"))
        .collect();
    assert_eq!(used, keys(&action["inputs"]));
}

#[test]
fn the_workflow_gives_the_action_what_it_takes() {
    let (action, workflow) = (read(ACTION), read("docs/ci/github.yml"));
    let steps = workflow["jobs"]["conformance"]["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| {
            step["uses"]
                .as_str()
                .is_some_and(|uses| uses.contains("/.github/actions/test@"))
        })
        .unwrap();
    let given = keys(&step["with"]);
    let inputs = action["inputs"].as_object().unwrap();
    assert!(given.iter().all(|input| inputs.contains_key(*input)));
    let required = inputs.iter().filter(|(_, input)| input["required"] == true);
    for (name, _) in required {
        assert!(given.contains(name.as_str()), "{name}");
    }
}
