//! Stored documents that cannot be read: a definite answer, nothing lost, and all other visitors go on.

use bytes::Bytes;
use http::StatusCode;
use via::prelude::*;
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Key, Loaded, Put, Store as _, StoredDocument,
    Write,
};
use via::{App, Clock};
use via_tests::chromium::{Browser, Page};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }

    async fn add_later(task: Task<Self>) -> Result<(), String> {
        let added = task.update(|page| page.count += 1).await;
        added.map_err(|error| error.to_string())
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output id="count" { (self.count) }
            button data-on:click=(cx.add()) { "Add" }
        }
    }
}

#[via::page("/board")]
struct Board {
    #[state(app)]
    text: String,
}

#[via::actions]
impl Board {
    fn write(&mut self, text: String) {
        self.text = text;
    }
}

impl View for Board {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p id="text" { (self.text) } }
    }
}

/// Bytes that are not a document of this build.
const DAMAGES: [&str; 4] = [
    "",
    "\0\u{1}",
    r#"{"format":1,"fields":[]}"#,
    // From a future build.
    r#"{"format":1000,"fields":{}}"#,
];

const MESSAGE: &str = "The stored data of this page cannot be read. Nothing was changed. \
                       Please tell the operator of this site.";

struct Scene {
    store: Faulty,
    server: Serving,
}

impl Scene {
    async fn new() -> Self {
        let store = Faulty::default();
        let app = App::new().store(store.clone());
        let server = Serving::start(app.page::<Desk>().page::<Board>()).await;
        Self { store, server }
    }

    /// The last written key that begins like this.
    fn last(&self, kind: &str) -> Key {
        let mut keys = self.store.written();
        keys.retain(|key| key.as_str().starts_with(kind));
        keys.pop().expect("it was written")
    }

    async fn document(&self, key: &Key) -> StoredDocument {
        let now = Clock::system().now();
        let loaded = self.store.load(std::slice::from_ref(key), now).await;
        match loaded.unwrap().remove(0) {
            Loaded::Found(document) => document,
            other => panic!("{other:?}"),
        }
    }

    /// Replaces the bytes of a document; returns the old ones.
    async fn replace(&self, key: &Key, bytes: impl Into<Bytes>) -> Bytes {
        let document = self.document(key).await;
        let commit = Commit {
            id: CommitId(document.version.commit.0.wrapping_add(1)),
            now: Clock::system().now(),
            writes: vec![Write {
                key: key.clone(),
                expect: Expect::At(document.version),
                change: Change::Put(Put {
                    bytes: bytes.into(),
                    expiry: document.expiry,
                    owner: document.owner,
                }),
            }],
        };
        let outcome = self.store.commit(commit).await.unwrap();
        assert!(
            matches!(outcome, CommitOutcome::Committed(_)),
            "{outcome:?}"
        );
        document.bytes
    }
}

fn assert_damaged(answer: &Answer, number: Option<u64>) {
    assert_eq!(
        (answer.status, answer.code().as_deref(), answer.ack()),
        (StatusCode::INTERNAL_SERVER_ERROR, Some("damaged"), number),
        "{}",
        answer.text()
    );
    // The answer does not ask for a repetition.
    assert_eq!(answer.header("retry-after"), None);
}

async fn assert_not_shown(visitor: &Visitor, path: &str) {
    let page = visitor.get(path).await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.text().contains(MESSAGE), "{}", page.text());
    assert_eq!(page.header("set-cookie"), None, "the session is kept");
}

async fn add(tab: &Tab) {
    let answer = tab.act(Action::new("Desk::add")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_a_definite_answer_and_left_as_it_is() {
    for damage in DAMAGES {
        let scene = Scene::new().await;
        let other = scene.server.visit("/").await;
        let others_tab = other.attach("/").await;
        add(&others_tab).await;
        let visitor = scene.server.visit("/").await;
        let tab = visitor.attach("/").await;
        add(&tab).await;
        let mut stream = visitor.stream(&[&tab, &tab]).await;
        stream.named("datastar-patch-elements").await;

        let key = scene.last("session/");
        let bytes = scene.replace(&key, damage).await;
        for place in ["0", "1"] {
            let event = stream.named("via-tab").await;
            assert_eq!(event.json()["code"], "damaged");
            assert_eq!(event.frame().unwrap().tab, place);
        }
        assert_eq!(stream.next().await, None);
        for number in [2, 2, 3] {
            let answer = tab.act(Action::new("Desk::add").number(number)).await;
            assert_damaged(&answer, Some(number));
        }
        let task = Action::new("Desk::add_later").number(4);
        assert_damaged(&tab.act(task).await, Some(4));
        assert_damaged(&visitor.try_attach("/").await, None);
        let refused = visitor.stream(&[&tab]).await;
        assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_not_shown(&visitor, "/").await;
        assert_eq!(scene.document(&key).await.bytes, damage);

        // No other visitor is affected.
        add(&others_tab).await;
        assert_eq!(other.get("/").await.shows("count"), "2");

        // After the document is repaired, everything works again.
        scene.replace(&key, bytes).await;
        assert_eq!(visitor.get("/").await.shows("count"), "1");
        let again = tab.act(Action::new("Desk::add").number(2)).await;
        assert_eq!(again.status, StatusCode::NO_CONTENT);
        assert_eq!(visitor.get("/").await.shows("count"), "2");
    }
}

#[tokio::test]
async fn a_shared_value_that_cannot_be_read_is_said_to_its_pages_alone() {
    for damage in DAMAGES {
        let scene = Scene::new().await;
        let visitor = scene.server.visit("/").await;
        let (desk, board) = (visitor.attach("/").await, visitor.attach("/board").await);
        add(&desk).await;
        let write = |number| Action::new("Board::write").arg("hello").number(number);
        board.act(write(1)).await.assert_ok();
        let mut stream = visitor.stream(&[&desk, &board]).await;
        stream.named("datastar-patch-elements").await;
        stream.named("datastar-patch-elements").await;

        let key = scene.last("app/");
        let bytes = scene.replace(&key, damage).await;
        let event = stream.named("via-tab").await;
        assert_eq!(event.json()["code"], "damaged");
        assert_eq!(event.frame().unwrap().tab, "1");
        assert_damaged(&board.act(write(2)).await, Some(2));
        assert_damaged(&visitor.try_attach("/board").await, None);
        assert_not_shown(&visitor, "/board").await;
        assert_not_shown(&scene.server.visitor(), "/board").await;
        assert_eq!(scene.document(&key).await.bytes, damage);

        add(&desk).await;
        let patch = stream.named("datastar-patch-elements").await;
        assert_eq!(patch.frame().unwrap().tab, "0");
        assert_eq!(visitor.get("/").await.shows("count"), "2");

        scene.replace(&key, bytes).await;
        assert_eq!(visitor.get("/board").await.shows("text"), "hello");
        board.act(write(2)).await.assert_ok();
    }
}

fn notice(page: &Page) -> String {
    let text = page.wait_for("document.querySelector('.via-notice')?.firstChild.data");
    text.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_says_that_a_session_cannot_be_read_and_goes_on_once_it_can() {
    let scene = Scene::new().await;
    let profile = Browser::shared().profile();
    let url = format!("http://{}/", scene.server.address());
    let tabs = [profile.open(&url), profile.open(&url)];
    for (count, tab) in (1..).zip(&tabs) {
        tab.expect("status of 500");
        tab.expect("the server answered 500 damaged");
        tab.online();
        tab.click("button");
        tab.shows("output", count);
    }
    profile.expect_network_errors();

    let key = scene.last("session/");
    let bytes = scene.replace(&key, "").await;
    for tab in &tabs {
        assert_eq!(notice(tab), MESSAGE);
        tab.click("button");
        tab.settled();
        assert_eq!(
            tab.eval("document.querySelectorAll('.via-notice').length"),
            1
        );
    }
    tabs[0].click(".via-notice button");
    tabs[0].wait_for("document.querySelector('h1')?.textContent === 'This page cannot be shown'");
    assert!(
        tabs[0]
            .eval("document.body.textContent")
            .as_str()
            .unwrap()
            .contains(MESSAGE)
    );

    scene.replace(&key, bytes).await;
    tabs[0].reload();
    tabs[1].click(".via-notice button");
    for (count, tab) in (3..).zip(&tabs) {
        tab.online();
        tab.click("button");
        tab.shows("output", count);
    }
}
