//! The load generator itself: it measures what really happens, and it says what it cannot measure.

use std::process::{Command, Output};

use serde_json::Value;

use crate::TURN;

fn load(arguments: &[&str]) -> Output {
    let _turn = TURN.blocking_lock();
    Command::new(env!("CARGO_BIN_EXE_load"))
        .args(arguments)
        .output()
        .expect("the load generator runs")
}

/// The lines of a measurement, after the line with its conditions.
#[track_caller]
fn measured(arguments: &[&str]) -> Vec<Value> {
    let output = load(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines[0]["scenario"], "conditions");
    lines[1..].to_vec()
}

#[test]
fn actions_are_counted_beside_the_floor_and_beside_idle_tabs() {
    let lines = measured(&[
        "actions",
        "--tabs",
        "2",
        "--rounds",
        "1",
        "--seconds",
        "0.1",
        "--idle",
        "20",
    ]);
    assert_eq!(lines[0]["scenario"], "idle");
    assert!(lines[0]["kib_per_tab"].is_number(), "{}", lines[0]);
    assert_eq!(lines[1]["idle"], 20);
    for figure in ["per_second", "p50_us", "cpu_us", "floor_per_second"] {
        let value = lines[1][figure].as_f64();
        assert!(value.is_some_and(|value| value > 0.0), "{}", lines[1]);
    }
}

#[test]
fn one_commit_reaches_every_tab() {
    let lines = measured(&["fanout", "--tabs", "50", "--rounds", "2"]);
    assert_eq!(lines[0]["tabs"], 50);
    assert!(lines[0]["ratio"].is_number(), "{}", lines[0]);
}

#[test]
fn others_act_beside_tabs_that_read_nothing() {
    let lines = measured(&["stalled", "--tabs", "20"]);
    for figure in ["others_p99_ms", "others_p99_ms_before", "mib"] {
        assert!(lines[0][figure].is_number(), "{}", lines[0]);
    }
}

#[test]
fn tabs_that_are_cut_all_come_back() {
    let lines = measured(&["herd", "--tabs", "100", "--rounds", "2"]);
    assert!(lines[0]["all_ms"].is_number(), "{}", lines[0]);
}

#[test]
fn the_bytes_of_an_update_stay_few() {
    let lines = measured(&["bytes"]);
    for (line, most) in lines.iter().zip([120.0, 170.0]) {
        let update = line["update"].as_f64().expect("a number of bytes");
        assert!(update <= most, "{line}");
    }
}

#[test]
fn actions_are_counted_in_sqlite_beside_bare_flushes() {
    let lines = measured(&[
        "stores",
        "--store",
        "sqlite",
        "--rounds",
        "1",
        "--seconds",
        "0.2",
    ]);
    assert_eq!(lines[0]["store"], "sqlite");
    assert!(lines[0]["medium_per_second"].is_number(), "{}", lines[0]);
}

#[test]
fn a_scenario_that_does_not_exist_is_named() {
    let output = load(&["dance"]);
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("what is `dance`?"), "{error}");
}
