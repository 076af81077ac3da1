//! The browser client, in a Node.js process that answers questions.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::lock::lock;

const SCRIPT: &str = include_str!("browser.mjs");
const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/client");

static BROWSER: Mutex<Option<Browser>> = Mutex::new(None);

struct Browser {
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What the client answers.
///
/// # Panics
///
/// If Node.js cannot be started, or ends.
pub(super) fn ask(question: &str, about: &impl Serialize) -> Value {
    let mut browser = lock(&BROWSER);
    let browser = browser.get_or_insert_with(Browser::start);
    let mut line = json!({ "question": question, "about": about }).to_string();
    line.push('\n');
    browser
        .input
        .write_all(line.as_bytes())
        .expect("Node.js takes a question");
    line.clear();
    browser
        .output
        .read_line(&mut line)
        .expect("Node.js answers in UTF-8");
    serde_json::from_str(&line).expect("Node.js answers in JSON")
}

impl Browser {
    fn start() -> Self {
        let mut process = Command::new("node")
            .args(["--input-type=module", "--eval", SCRIPT, CLIENT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js can be started");
        let input = process.stdin.take().expect("its input is a pipe");
        let output = process.stdout.take().expect("its output is a pipe");
        Self {
            _process: process,
            input,
            output: BufReader::new(output),
        }
    }
}
