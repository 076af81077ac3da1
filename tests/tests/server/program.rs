//! The counter example as a process: how it ends, and what it says if it cannot start.

use std::process::Command;
use std::time::{Duration, Instant};

use via_tests::client::{Action, Visitor};
use via_tests::server::{Options, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_told_to_stop_says_goodbye_and_keeps_what_was_done() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::build("counter-example").start(Options::sqlite(directory.path()));
    let visitor = Visitor::new(server.address());
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    stream.named("via-hello").await;
    let answer = tab
        .act(Action::new("Counter::increment").signal("step", 3))
        .await;
    assert_eq!(answer.ack(), Some(1));

    let told = Instant::now();
    let status = tokio::task::block_in_place(|| server.terminate());
    assert!(status.success(), "{status}");
    assert!(told.elapsed() < Duration::from_secs(10));
    stream.named("via-bye").await;

    tokio::task::block_in_place(|| server.restart());
    let page = visitor.get("/").await.text();
    assert!(page.contains("<output>3</output>"), "{page}");
}

#[test]
fn a_program_that_cannot_open_its_store_says_which_and_why() {
    let program = Server::build("counter-example");
    for (url, said) in [
        ("postgres://db", "postgres://"),
        ("sqlite:///nowhere/at/all/counter.db", "/nowhere/at/all"),
        ("sqlite:///dev/null/counter.db", "/dev/null"),
    ] {
        let ended = Command::new(program.executable())
            .env("VIA_STORE", url)
            .env("VIA_ADDR", "127.0.0.1:0")
            .output()
            .unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success(), "{url}");
        assert!(text.starts_with("Error: "), "{url}: {text}");
        assert!(text.contains(said), "{url}: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{url}: {text}");
    }
}
