//! The memory that an idle tab takes. The test has its own process, because it
//! measures the memory of the whole process.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use via::App;
use via::prelude::*;
use via_tests::alone::alone;
use via_tests::client::{Action, bytes};
use via_tests::serving::Serving;
use via_tests::weight::resident;

const TABS: usize = 1_000;
/// Includes the client's end of each connection, which is in this process too.
const MOST: usize = 12 * 1024;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "Counter" }
            p { "Count: " output { (self.count) } }
            label { "Step " input type="number" data-bind=(cx.step()); }
            button data-on:click=(cx.increment()) { "Increment" }
        }
    }
}

/// The stream of a new visitor who has acted once.
async fn idle(server: &Serving) -> TcpStream {
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    tab.act(Action::new("Counter::increment").signal("step", 1))
        .await;
    let body = json!({ "tabs": [{ "token": tab.token() }] }).to_string();
    let request = bytes(&visitor.post("/_via/stream", "stream", body));
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let mut seen = Vec::new();
    // Until it shows the page.
    while !seen.windows(9).any(|bytes| bytes == b"</button>") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    stream
}

#[test]
fn an_idle_tab_of_a_session_that_has_state_takes_at_most_twelve_kib() {
    alone(
        "idle_tabs::an_idle_tab_of_a_session_that_has_state_takes_at_most_twelve_kib",
        weigh,
    );
}

#[tokio::main(flavor = "current_thread")]
async fn weigh() {
    let app = App::new().page::<Counter>().streams_per_address(usize::MAX);
    let server = Serving::start(app).await;
    let mut tabs = Vec::new();
    // These also allocate what exists only once, such as pools and tables.
    for _ in 0..100 {
        tabs.push(idle(&server).await);
    }
    let before = resident();
    for _ in 0..TABS {
        tabs.push(idle(&server).await);
    }
    let each = resident().saturating_sub(before) / TABS;
    eprintln!("an idle tab takes {each} bytes");
    assert!(each <= MOST, "{each} bytes");
    drop(tabs);
}
