//! Other processes that open the same place: the test binary, run again for the same test.
//!
//! A child reads one command per line from its standard input. It marks the lines of its answers,
//! because the test runner writes to the same output. It ends when its input ends.

use std::{
    env,
    io::{self, BufRead, BufReader, Write as _},
    process::{self, ChildStdin, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use super::{
    case::on_a_runtime,
    harness::{Elsewhere, Harness},
    support::{commit, committed, create, increment, key, load, put, write, zero},
};
use crate::store::{Expect, Key, Loaded, Store, Version};

/// The environment variable that makes a process a child. Its value is the address of the place.
const VARIABLE: &str = "VIA_STORE_CONFORMANCE_CHILD";
/// The beginning of each answer of a child.
const MARK: &str = "via-store-conformance: ";
/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a case that starts other processes. In such a process, runs the child instead.
///
/// `path` is the path of the test, with the name of its crate.
pub fn run_with_children<H: Elsewhere>(
    path: &str,
    make: &dyn Fn() -> H,
    case: impl AsyncFnOnce(&H, &Children),
) {
    if let Ok(address) = env::var(VARIABLE) {
        serve(&H::at(&address));
        return;
    }
    on_a_runtime(path, async {
        let harness = make();
        let test = path.split_once("::").map_or(path, |(_, test)| test);
        let children = Children {
            test: test.to_owned(),
            address: harness.address(),
        };
        case(&harness, &children).await;
    });
}

/// Starts processes that open the same place.
#[derive(Debug)]
pub struct Children {
    test: String,
    address: String,
}

impl Children {
    /// Starts a process and waits until it has opened its store.
    pub(super) fn start(&self) -> Child {
        let program = env::current_exe().expect("a test knows its binary");
        let mut process = Command::new(program)
            .args(["--exact", &self.test, "--nocapture", "--test-threads=1"])
            .env(VARIABLE, &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary of the test can be run again");
        let commands = process.stdin.take();
        let output = process.stdout.take().expect("the output is piped");
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                // The test runner may have written to the line already.
                if let Some((_, answer)) = line.split_once(MARK)
                    && sender.send(answer.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        let mut child = Child {
            process,
            commands,
            answers,
        };
        assert_eq!(child.answer(), "ready");
        child
    }
}

/// A process that has the store open.
pub(super) struct Child {
    process: process::Child,
    commands: Option<ChildStdin>,
    answers: mpsc::Receiver<String>,
}

impl Child {
    /// Sends a command without waiting.
    pub(super) fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("the input is piped");
        writeln!(commands, "{command}").expect("the child listens");
    }

    /// The next answer.
    pub(super) fn answer(&mut self) -> String {
        self.answers.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let status = self.process.try_wait();
            panic!("the other process did not answer: {error}; its status is {status:?}")
        })
    }

    pub(super) fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.answer()
    }

    /// Kills the process like `kill -9`, and returns the answers that it had already sent.
    pub(super) fn kill(mut self) -> Vec<String> {
        self.end();
        self.answers.iter().collect()
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// The main loop of a child.
fn serve<H: Harness>(harness: &H) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system has threads");
    let store = Arc::new(runtime.block_on(harness.open()));
    say("ready");
    for command in io::stdin().lock().lines() {
        let Ok(command) = command else { return };
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["create", name] => {
                let version = runtime.block_on(create(&store, &key(name), zero()));
                say(&told(Some(version)));
            }
            ["load", name] => {
                let version = match runtime.block_on(load(&store, &key(name))) {
                    Loaded::Found(document) => Some(document.version),
                    Loaded::Absent | Loaded::Deleted => None,
                };
                say(&told(version));
            }
            ["increment", name, tasks, times] => {
                let (tasks, times) = (parsed(tasks), parsed(times));
                runtime.block_on(count(&store, &key(name), tasks, times));
                say("done");
            }
            ["storm", name, tasks] => {
                for task in 0..parsed(tasks) {
                    let (store, name) = (store.clone(), format!("{name}/{task}"));
                    runtime.spawn(async move { storm(&store, &name).await });
                }
            }
            _ => panic!("{command:?} is not a command"),
        }
    }
}

fn say(answer: &str) {
    let mut output = io::stdout().lock();
    // An error means that the parent is gone, so this process is about to end too.
    let _ = writeln!(output, "{MARK}{answer}").and_then(|()| output.flush());
}

fn parsed(word: &str) -> usize {
    word.parse()
        .unwrap_or_else(|_| panic!("{word:?} is not a number"))
}

/// A version as a child prints it.
pub(super) fn told(version: Option<Version>) -> String {
    format!("{version:?}")
}

/// Adds `tasks * times` to a number, with `tasks` concurrent tasks.
pub(super) async fn count<S: Store>(store: &Arc<S>, key: &Key, tasks: usize, times: usize) {
    let mut counters = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (store, key) = (store.clone(), key.clone());
        counters.spawn(async move { increment(&store, &key, times).await });
    }
    counters.join_all().await;
}

/// Commits two documents together in a loop, and reports each commit.
async fn storm(store: &impl Store, name: &str) {
    let last = key(name);
    let mut expect = Expect::Absent;
    for number in 1.. {
        let bytes = format!("{number}");
        let writes = vec![
            write(&last, expect, put(bytes.clone())),
            write(
                &key(&format!("{name}/{number}")),
                Expect::Absent,
                put(bytes),
            ),
        ];
        let versions = committed(commit(store, writes).await);
        say(&format!("{name} {number}"));
        expect = Expect::At(versions[0]);
    }
}
