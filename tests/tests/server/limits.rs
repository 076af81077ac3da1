//! How much a document and the memory store can hold: at each limit, and above it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use via::prelude::*;
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, Put, Store, StoreError,
    Timestamp, Write,
};
use via::{App, Clock};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

use crate::log::Log;

#[via::page("/")]
struct Desk {
    #[state]
    text: String,
    #[state]
    count: u32,
    #[state(app)]
    board: String,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }

    fn write(&mut self, size: usize) {
        self.count += 1;
        self.text = noise(size);
    }

    fn post(&mut self, size: usize) {
        self.count += 1;
        self.board = noise(size);
    }
}

impl View for Desk {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! {
            p id="text" { (self.text.len()) }
            p id="count" { (self.count) }
            p id="board" { (self.board.len()) }
        }
    }
}

/// Text that cannot be compressed.
fn noise(size: usize) -> String {
    let mut seed = size as u64;
    std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'0' + (seed >> 58) as u8)
    })
    .filter(|c| *c != '\\')
    .take(size)
    .collect()
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// More than the difference in bytes of two documents with equal state.
const GIVE: usize = 150;

fn action(name: &str, size: usize) -> Action {
    Action::new(name).arg(size)
}

fn add() -> Action {
    Action::new("Desk::add")
}

async fn done(tab: &Tab, action: Action) {
    let answer = tab.act(action).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

/// The server has no room. It says when to come back, and does not say that the action was done.
fn assert_full(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("full")),
        "{}",
        answer.text()
    );
    assert_eq!(
        (answer.ack(), answer.header("retry-after")),
        (None, Some("5"))
    );
}

/// The text, the count and the board, as the page shows them.
async fn shown(visitor: &Visitor) -> (usize, usize, usize) {
    let page = visitor.get("/").await;
    page.assert_ok();
    let number = |id| page.shows(id).parse().unwrap();
    (number("text"), number("count"), number("board"))
}

/// A visitor who has acted until the bookkeeping in the documents does not grow any more, and the
/// size of each document besides the text and the board.
async fn settled(server: &Serving, store: &Faulty) -> (Tab, Visitor, [usize; 2]) {
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    for size in 1..=10 {
        done(&tab, action("Desk::post", size)).await;
    }
    let mut beside = [0; 2];
    for (size, kind) in beside.iter_mut().zip(["session/", "app/"]) {
        let mut keys = store.written();
        keys.retain(|key| key.as_str().starts_with(kind));
        let now = Clock::system().now();
        let loaded = store.load(&keys[..1], now).await.unwrap();
        let [Loaded::Found(document)] = &*loaded else {
            panic!("{kind} {loaded:?}");
        };
        *size = document.bytes.len();
    }
    (tab, visitor, beside)
}

#[tokio::test]
async fn a_document_may_have_1_mib_and_an_action_that_wants_more_changes_nothing() {
    Log::begin();
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Desk>()).await;
    let (tab, visitor, [session, app]) = settled(&server, &store).await;
    for (name, beside) in [("Desk::write", session), ("Desk::post", app)] {
        let largest = MIB - beside - GIVE;
        done(&tab, action(name, largest)).await;
        let before = shown(&visitor).await;
        assert!([before.0, before.2].contains(&largest));

        for _ in 0..2 {
            let answer = tab.act(action(name, MIB - beside + GIVE)).await;
            assert_eq!(
                (answer.status, answer.code().as_deref()),
                (StatusCode::UNPROCESSABLE_ENTITY, Some("too_large"))
            );
            assert!(answer.ack().is_some());
            assert_eq!(shown(&visitor).await, before);
        }
        done(&tab, action(name, 1)).await;
    }
}

#[tokio::test]
async fn a_document_above_256_kib_is_taken_with_a_warning() {
    Log::begin();
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Desk>()).await;
    let (tab, visitor, [session, app]) = settled(&server, &store).await;
    for (name, beside, said) in [
        ("Desk::write", session, "the document of a session is large"),
        ("Desk::post", app, "the document of a shared value is large"),
    ] {
        done(&tab, action(name, 256 * KIB - beside - GIVE)).await;
        assert!(!Log::text().contains(said), "{}", Log::text());
        done(&tab, action(name, 256 * KIB - beside + GIVE)).await;
        assert!(Log::text().contains(said), "{}", Log::text());
        done(&tab, action(name, 0)).await;
    }
    assert_eq!(shown(&visitor).await, (0, 16, 0));
}

/// How many small documents there are: enough to use up the reserve for existing documents.
const SMALL: usize = 40;

/// When the documents expire that make room for others.
const SOON: Duration = Duration::from_mins(1);

/// An app on a memory store of the default size, with a clock that stands still.
struct Scene {
    store: Arc<MemoryStore>,
    clock: Clock,
    server: Serving,
}

impl Scene {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
        let app = App::new().store(Arc::clone(&store)).clock(clock.clone());
        let server = Serving::start(app.page::<Desk>()).await;
        Self {
            store,
            clock,
            server,
        }
    }

    /// Puts another document into the store, which lasts until [`SOON`] or for ever.
    async fn put(&self, name: &str, bytes: Bytes, soon: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        let millis = i64::try_from(SOON.as_millis()).unwrap();
        let ends = Timestamp::from_millis(now.as_millis() + millis);
        let put = Put {
            bytes,
            expiry: Expiry {
                idle_until: if soon { ends } else { Timestamp::NEVER },
                absolute: Timestamp::NEVER,
            },
            owner: None,
        };
        let key = Key::new(name).unwrap();
        let loaded = self.store.load(std::slice::from_ref(&key), now).await?;
        let commit = Commit {
            id: CommitId(1),
            now,
            writes: vec![Write {
                key,
                expect: match &loaded[0] {
                    Loaded::Found(found) => Expect::At(found.version),
                    _ => Expect::Absent,
                },
                change: Change::Put(put),
            }],
        };
        let outcome = self.store.commit(commit).await?;
        assert!(
            matches!(outcome, CommitOutcome::Committed(_)),
            "{outcome:?}"
        );
        Ok(())
    }

    /// Grows a document up to these bytes, as far as there is room.
    async fn grow(&self, name: &str, bytes: &Bytes) {
        let (mut size, mut step) = (0, bytes.len());
        while step > 0 {
            let more = (size + step).min(bytes.len());
            match self.put(name, bytes.slice(..more), false).await {
                Ok(()) if more == bytes.len() => return,
                Ok(()) => size = more,
                Err(StoreError::Full(_)) => step /= 2,
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }

    async fn known(&self) -> (Tab, Visitor) {
        let visitor = self.server.visit("/").await;
        let tab = visitor.attach("/").await;
        // Its session and the board; otherwise the board would be a new document later.
        done(&tab, action("Desk::post", 1)).await;
        (tab, visitor)
    }

    /// New visitors see the page and the changes of others, but their actions wait. Known visitors
    /// go on. When there is room again, those who waited go on too.
    async fn is_full_for_new_visitors_alone(&self, tab: &Tab) {
        let new = self.server.visit("/").await;
        let new_tab = new.attach("/").await;
        let mut stream = new.stream(&[&new_tab]).await;
        stream.named("datastar-patch-elements").await;
        for _ in 0..2 {
            assert_full(&new_tab.act(add().number(1)).await);
        }
        let unchanged = shown(&new).await;
        assert_eq!((unchanged.0, unchanged.1), (0, 0));

        // Known visitors go on, and the new one sees their changes.
        let posted = unchanged.2 + 1;
        done(tab, action("Desk::post", posted)).await;
        let patch = stream.named("datastar-patch-elements").await.to_string();
        assert!(
            patch.contains(&format!(r#"id="board">{posted}<"#)),
            "{patch}"
        );

        self.clock.advance(SOON);
        let waited = new_tab.act_until_acknowledged(add().number(1)).await;
        assert_eq!(waited.status, StatusCode::NO_CONTENT, "{}", waited.text());
        assert_eq!(shown(&new).await, (0, 1, posted));
    }
}

#[tokio::test]
async fn above_100_000_documents_new_visitors_wait_and_known_ones_go_on() {
    let scene = Scene::new().await;
    let (tab, visitor) = scene.known().await;
    // The key of all cookies is a document too.
    for i in 4..99_999 {
        scene
            .put(&format!("other/{i}"), Bytes::new(), false)
            .await
            .unwrap();
    }
    scene.put("other/soon", Bytes::new(), true).await.unwrap();
    // This is the last one with room.
    let (last, _) = scene.known().await;
    assert!(matches!(
        scene.put("other/more", Bytes::new(), false).await,
        Err(StoreError::Full(_))
    ));
    scene.is_full_for_new_visitors_alone(&tab).await;
    done(&tab, action("Desk::write", MIB / 2)).await;
    done(&last, add()).await;
    assert_eq!(shown(&visitor).await.0, MIB / 2);
}

#[tokio::test]
async fn above_512_mib_new_visitors_wait_and_known_ones_go_on() {
    let scene = Scene::new().await;
    let (tab, visitor) = scene.known().await;
    // All documents share these bytes, so that the test itself needs little memory.
    let bytes = Bytes::from(vec![0; MIB]);
    scene
        .put("other/soon", bytes.slice(..4 * KIB), true)
        .await
        .unwrap();
    for i in 0..SMALL {
        scene
            .put(&format!("small/{i}"), Bytes::new(), false)
            .await
            .unwrap();
    }
    let mut size = MIB;
    let mut count = 0;
    while size > 0 {
        count += 1;
        match scene
            .put(&format!("other/{count}"), bytes.slice(..size), false)
            .await
        {
            Ok(()) => {}
            // The last sixteenth is reserved for existing documents.
            Err(StoreError::Full(_)) if count >= 479 => size /= 2,
            Err(error) => panic!("{count}: {error}"),
        }
    }
    scene.is_full_for_new_visitors_alone(&tab).await;
    // Existing documents can grow as long as there is any room.
    done(&tab, action("Desk::write", MIB / 2)).await;
    for i in 0..SMALL {
        scene.grow(&format!("small/{i}"), &bytes).await;
    }
    assert_full(&tab.act(action("Desk::write", MIB - KIB).number(4)).await);
    done(&tab, action("Desk::write", 0).number(4)).await;
    assert_eq!(shown(&visitor).await.0, 0);
}
