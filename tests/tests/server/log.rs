//! What the tests of this program log, and that no text of a user forges a line of it.

use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;

use http::StatusCode;
use via::App;
use via::prelude::*;
use via_tests::client::Action;
use via_tests::serving::Serving;

/// Logs for the whole program: a subscriber of one test comes too late for what another one's
/// thread has found to be off.
static LOGGING: LazyLock<()> = LazyLock::new(|| {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_ansi(false)
        .with_writer(|| Log)
        .init();
});

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What was logged by this thread, on which a test runs with its server.
pub(crate) struct Log;

impl Log {
    /// From now on there is a log.
    pub(crate) fn begin() {
        LazyLock::force(&LOGGING);
    }

    pub(crate) fn text() -> String {
        LOGGED.with_borrow(|logged| String::from_utf8_lossy(logged).into_owned())
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
}

#[via::actions]
impl Desk {
    #[expect(clippy::needless_pass_by_value, reason = "actions own their arguments")]
    fn stumble(&mut self, over: String) {
        panic!("no entry {over}");
    }
}

impl View for Desk {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { (self.count) }
    }
}

#[tokio::test]
async fn the_text_of_a_user_begins_no_line_of_the_log() {
    Log::begin();
    let server = Serving::start(App::new().page::<Desk>()).await;
    let tab = server.visit("/").await.attach("/").await;
    let forged = "2026-11-30T00:00:00Z ERROR via: all is lost";
    for over in [
        format!("x\n{forged}"),
        format!("x\r{forged}"),
        format!("x\u{2028}{forged}\u{1b}[2J"),
        "x".repeat(10_000),
    ] {
        let before = Log::text().len();
        let answer = tab.act(Action::new("Desk::stumble").arg(over)).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let logged = Log::text()[before..].to_owned();
        assert!(logged.contains("an action panicked"), "{logged}");
        assert!(logged.contains("no entry x"), "{logged}");
        assert_eq!(logged.matches(char::is_control).count(), 1, "{logged:?}");
        assert!(logged.ends_with('\n') && !logged.contains('\u{2028}'));
        assert!(logged.len() < 3000, "{}", logged.len());
    }
    server.stop().await;
}
