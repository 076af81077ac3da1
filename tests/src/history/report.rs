//! The result of a run: figures for a file, or a panic that says what is needed to understand it.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::check::{Violation, check, neighbours};
use super::crowd::{Plan, Seen};
use super::pace::Pace;

/// How many violations are shown, and how many entries around the first.
const TOLD: usize = 8;
const AROUND: u64 = 4;
/// The most entries to show if many claim the same index.
const LINES: usize = 16;

/// What a run is called.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// The store it ran on.
    pub store: &'a str,
    /// What happened to it.
    pub scenario: &'a str,
}

impl Seen {
    /// All violations, each with the number of its log.
    #[must_use]
    pub fn violations(&self) -> Vec<(usize, Violation)> {
        let logs = self.logs.iter().enumerate();
        logs.flat_map(|(log, notes)| check(notes).into_iter().map(move |found| (log, found)))
            .collect()
    }

    /// How many actions were acknowledged.
    #[must_use]
    pub fn acted(&self) -> u64 {
        self.logs.iter().map(|notes| notes.acted.len() as u64).sum()
    }

    /// How often a tab was told something that makes a browser reload the page or begin a new session.
    #[must_use]
    pub fn reloads(&self) -> usize {
        let logs = self.logs.iter();
        logs.map(|notes| notes.strays.len() + notes.gone.len())
            .sum()
    }

    /// How long it took until tabs showed acknowledged actions.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let mut pace = Pace::default();
        for notes in &self.logs {
            pace.merge(Pace::of(notes));
        }
        pace
    }

    /// Fails the test if any promise was broken. Writes the figures of the run, and `more`, to a
    /// file.
    ///
    /// # Panics
    ///
    /// Panics with the seed, the first violations, and the history around the first of them.
    #[track_caller]
    pub fn assert_right(&self, name: Name<'_>, plan: &Plan, more: &[(&str, Value)]) {
        let violations = self.violations();
        let mut line = self.figures(name, plan, violations.len(), &self.pace());
        for (what, figure) in more {
            line[*what] = figure.clone();
        }
        write_line(name, &line);
        assert!(
            violations.is_empty(),
            "{}",
            self.story(name, plan, &violations)
        );
    }

    /// The figures of a run.
    #[must_use]
    pub fn figures(&self, name: Name<'_>, plan: &Plan, violations: usize, pace: &Pace) -> Value {
        let frames: usize = self.logs.iter().map(|notes| notes.shown.len()).sum();
        let pages: usize = self.logs.iter().map(|notes| notes.pages.len()).sum();
        json!({
            "store": name.store,
            "scenario": name.scenario,
            "seed": plan.seed,
            "sessions": plan.sessions,
            "tabs": plan.sessions as u64 * plan.tabs,
            "actions": self.acted(),
            "repeated": self.repeated,
            "frames": frames,
            "pages": pages,
            "seconds": self.lasted.as_secs_f64(),
            "violations": violations,
            "until_shown_ms": pace.summary(),
        })
    }

    /// Everything that is needed to understand the failure, and no more.
    #[must_use]
    pub fn story(&self, name: Name<'_>, plan: &Plan, violations: &[(usize, Violation)]) -> String {
        let mut lines = vec![format!(
            "{} violations on {} in `{}`, seed {:#x}",
            violations.len(),
            name.store,
            name.scenario,
            plan.seed
        )];
        for (log, violation) in violations.iter().take(TOLD) {
            lines.push(format!("  log {log}: {violation}"));
        }
        if let Some((log, first)) = violations.iter().min_by_key(|(_, found)| found.near) {
            lines.push(format!(
                "the history of log {log} around entry {}:",
                first.near
            ));
            let near = neighbours(&self.logs[*log], first.near, AROUND);
            lines.extend(near.into_iter().take(LINES).map(|line| format!("  {line}")));
        }
        lines.join("\n")
    }
}

/// Writes one line into a file of its own, where `scripts/test` finds it.
pub fn write_line(name: Name<'_>, line: &Value) {
    let directory = directory();
    fs::create_dir_all(&directory).expect("a directory for the figures");
    let file = directory.join(format!("{}-{}.json", name.store, name.scenario));
    fs::write(file, format!("{line}\n")).expect("a file for the figures");
    eprintln!("{line}");
}

/// `<target>/history`, found from the path of the running test, `<target>/<profile>/deps/`.
fn directory() -> PathBuf {
    let this = env::current_exe().expect("the path of the running test");
    this.ancestors()
        .nth(3)
        .expect("the target directory")
        .join("history")
}
