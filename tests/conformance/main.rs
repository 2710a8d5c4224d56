//! The local runtime against the published contract: graphs as data, each with what must come of it.
//!
//! A case is a JSON file below `cases/`. It is run by the real program, over real HTTP and a real
//! WebSocket, with real scripts, the shipped tools and a model provider of these tests:
//!
//! ```text
//! rule       what of the contract it shows, in one sentence
//! agents     {name: definition}: agents created before; `${name}` in texts below stands for their ids
//! children   {name: graph}: workflows published before, likewise
//! graph      the workflow
//! start      the body of its start command; a start without input if absent
//! refused    instead of all below: the status and body of a start that is refused
//! acts       what a person does: {after: event line, times?, decide | command: …}, in this order
//! events     the run's whole log as lines; `unordered` of those that run side by side
//! status     how the run ends; failure: its code and a part of its words
//! results    of steps, as patterns; context: the same of the whole context
//! children_end  {name: [status of each of its runs]}
//! ```
//!
//! An event line is its type, its step, `[iteration]`, and of a change of state `from>to`, of a skip
//! `skipped:reason`, of an attempt after the first `#attempt`, of an agent's tool its round and name.
//! How often an agent tells its status is not in the contract, so `agent_turn_status` has no line. In
//! patterns, objects may have more fields than they name, `"$any"` is any value, `"$text:x"` a text
//! that holds `x`.
//!
//! What the model `script` answers stands in the agent's `llm_params.script`, one answer a round:
//! `{"say": TEXT}`, `{"call": TOOL, "with": ARGUMENTS}`, `{"calls": [..]}` for several at once, or
//! `{"echo": true}`, the last message it was sent.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

#[path = "../support/mod.rs"]
mod support;

mod case;
mod model;
mod rig;
mod third_party;

use case::Case;
use futures_util::StreamExt as _;
use rig::Rig;

/// How many cases run at a time.
const AT_A_TIME: usize = 8;

fn cases() -> Vec<Case> {
    let mut files: Vec<_> =
        std::fs::read_dir("tests/conformance/cases").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Case::read(file)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_comes_to_what_the_contract_says() {
    let cases = cases();
    assert!(cases.len() >= 40, "only {} cases were found", cases.len());
    let rig = Rig::start().await;
    let told: Vec<Result<(), String>> = futures_util::stream::iter(&cases)
        .map(|case| async { rig.run(case).await.map_err(|problem| format!("{}: {problem}", case.name)) })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let problems: Vec<_> = told.into_iter().filter_map(Result::err).collect();
    assert!(
        problems.is_empty(),
        "{} of {} cases failed:\n{}",
        problems.len(),
        cases.len(),
        problems.join("\n")
    );
}

/// The suite must show every type of step; one that is forgotten here is named.
#[test]
fn every_type_of_step_has_a_case() {
    let text: String = cases().iter().map(|case| case.raw.to_string()).collect();
    for kind in [
        "mcp_call",
        "llm_call",
        "lua_script",
        "human_task",
        "for_each",
        "while",
        "workflow_call",
        "agent_call",
        "external_agent",
    ] {
        assert!(text.contains(&format!("\"type\":\"{kind}\"")), "no case has a {kind}");
    }
}
