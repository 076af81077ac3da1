//! Who shares a value: all pages with a key, the whole app, or all who open a key; and for how long.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use via::prelude::*;
use via::store::{Key, Loaded, Store, Timestamp};
use via::{App, Clock};
use via_tests::client::{Action, Tab, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

#[via::page("/room/{room}")]
struct Chat {
    #[param]
    room: String,
    #[state(shared = "room/{room}", ttl = "1h")]
    log: Vec<String>,
    #[state(app)]
    total: u64,
    #[state]
    own: u64,
}

#[via::actions]
impl Chat {
    fn say(&mut self, text: String) -> Result<(), &'static str> {
        self.log.push(text);
        self.total += 1;
        self.own += 1;
        if self.log.last().is_some_and(|text| text == "refused") {
            return Err("Not here.");
        }
        Ok(())
    }

    fn count_own(&mut self) {
        self.own += 1;
    }
}

impl View for Chat {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! {
            h1 { (self.room) }
            p id="log" { (self.log.join(" ")) }
            p id="total" { (self.total) }
            p id="own" { (self.own) }
        }
    }
}

#[via::page("/cart")]
struct Cart {
    #[state(key = "cart")]
    items: Vec<String>,
}

#[via::actions]
impl Cart {
    fn add(&mut self, item: String) {
        self.items.push(item);
    }
}

impl View for Cart {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p id="items" { (self.items.join(" ")) } }
    }
}

#[via::page("/checkout")]
struct Checkout {
    #[state(key = "cart")]
    cart: Vec<String>,
}

impl View for Checkout {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p id="cart" { (self.cart.join(" ")) } }
    }
}

fn say(text: &str) -> Action {
    Action::new("Chat::say").arg(text)
}

async fn done(tab: &Tab, action: Action) {
    let answer = tab.act_until_acknowledged(action).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

async fn shows(visitor: &Visitor, path: &str, id: &str) -> String {
    let page = visitor.get(path).await;
    page.assert_ok();
    page.shows(id)
}

async fn in_room(server: &Serving, room: &str) -> (Visitor, Tab) {
    let path = format!("/room/{room}");
    let visitor = server.visit(&path).await;
    let tab = visitor.attach(&path).await;
    (visitor, tab)
}

#[tokio::test]
async fn two_pages_share_what_they_keep_under_one_key() {
    let server = Serving::start(App::new().page::<Cart>().page::<Checkout>()).await;
    let visitor = server.visit("/cart").await;
    let (cart, checkout) = (
        visitor.attach("/cart").await,
        visitor.attach("/checkout").await,
    );
    let mut stream = visitor.stream(&[&checkout]).await;
    stream.named("datastar-patch-elements").await;
    done(&cart, Action::new("Cart::add").arg("milk")).await;
    let patch = stream.named("datastar-patch-elements").await.to_string();
    assert!(patch.contains("milk"), "{patch}");
    assert_eq!(shows(&visitor, "/checkout", "cart").await, "milk");
    let stranger = server.visitor();
    assert_eq!(shows(&stranger, "/checkout", "cart").await, "");
}

#[tokio::test]
async fn whoever_opens_a_key_sees_its_value_live_and_nobody_else_does() {
    let store = Arc::new(MemoryStore::new());
    let app = || {
        App::new()
            .name("scopes")
            .store(Arc::clone(&store))
            .page::<Chat>()
    };
    let (here, there) = (Serving::start(app()).await, Serving::start(app()).await);
    let (anna, annas) = in_room(&here, "lobby").await;
    let (bob, bobs) = in_room(&there, "lobby").await;
    let (eve, eves) = in_room(&here, "lobby%2Fx").await;
    let mut live = bob.stream(&[&bobs]).await;
    live.named("datastar-patch-elements").await;
    let mut elsewhere = eve.stream(&[&eves]).await;
    elsewhere.named("datastar-patch-elements").await;

    done(&annas, say("hello")).await;

    let patch = live.named("datastar-patch-elements").await.to_string();
    assert!(patch.contains("hello"), "{patch}");
    // All get the application's value; only those in the room get the room's.
    let patch = elsewhere.named("datastar-patch-elements").await.to_string();
    assert!(!patch.contains("hello"), "{patch}");
    for (visitor, room, log, own) in [
        (&anna, "lobby", "hello", "1"),
        (&bob, "lobby", "hello", "0"),
        (&eve, "lobby%2Fx", "", "0"),
        (&eve, "other", "", "0"),
    ] {
        let place = format!("/room/{room}");
        assert_eq!(shows(visitor, &place, "log").await, log);
        assert_eq!(shows(visitor, &place, "total").await, "1");
        assert_eq!(shows(visitor, &place, "own").await, own);
    }
}

#[tokio::test]
async fn a_refused_action_changes_no_document() {
    let server = Serving::start(App::new().page::<Chat>()).await;
    let (visitor, tab) = in_room(&server, "lobby").await;
    done(&tab, say("first")).await;
    let answer = tab.act(say("refused")).await;
    assert_eq!(answer.code().as_deref(), Some("refused"));
    assert_eq!(shows(&visitor, "/room/lobby", "log").await, "first");
    assert_eq!(shows(&visitor, "/room/lobby", "total").await, "1");
    assert_eq!(shows(&visitor, "/room/lobby", "own").await, "1");
}

/// Many sessions write to one room and to the application's total, each with its own count.
async fn nothing_is_lost(store: impl Store, sessions: usize, actions: usize) {
    let store = Arc::new(store);
    let app = || {
        App::new()
            .name("scopes")
            .store(Arc::clone(&store))
            .page::<Chat>()
    };
    let servers = [Serving::start(app()).await, Serving::start(app()).await];
    let mut talkers = JoinSet::new();
    for session in 0..sessions {
        let (visitor, tab) = in_room(&servers[session % 2], "lobby").await;
        talkers.spawn(async move {
            for action in 0..actions {
                done(&tab, say(&format!("{session}.{action}"))).await;
                done(&tab, Action::new("Chat::count_own")).await;
            }
            let own = shows(&visitor, "/room/lobby", "own").await;
            assert_eq!(own, (2 * actions).to_string());
        });
    }
    talkers.join_all().await;
    let visitor = servers[0].visitor();
    let total = shows(&visitor, "/room/lobby", "total").await;
    assert_eq!(total, (sessions * actions).to_string());
    let log = shows(&visitor, "/room/lobby", "log").await;
    for session in 0..sessions {
        let own: Vec<_> = log
            .split(' ')
            .filter_map(|said| said.split_once('.'))
            .filter(|(who, _)| *who == session.to_string())
            .map(|(_, what)| what.parse::<usize>().unwrap())
            .collect();
        assert_eq!(
            own,
            (0..actions).collect::<Vec<_>>(),
            "of session {session}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_write_one_value_at_two_servers_lose_nothing_in_memory() {
    nothing_is_lost(MemoryStore::new(), 16, 25).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_write_one_value_at_two_servers_lose_nothing_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
    nothing_is_lost(store, 16, 25).await;
}

#[tokio::test]
async fn a_shared_value_ends_so_long_after_its_last_use_and_open_tabs_see_it() {
    let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
    let app = App::new().clock(clock.clone()).page::<Chat>();
    let server = Serving::start(app).await;
    let (visitor, tab) = in_room(&server, "lobby").await;
    done(&tab, say("hello")).await;
    for _ in 0..3 {
        clock.advance(Duration::from_mins(59));
        assert_eq!(shows(&visitor, "/room/lobby", "log").await, "hello");
    }
    let tab = visitor.attach("/room/lobby").await;
    let mut live = visitor.stream(&[&tab]).await;
    live.named("datastar-patch-elements").await;
    // An open tab does not count as use.
    clock.advance(Duration::from_hours(1));
    let patch = live.named("datastar-patch-elements").await.to_string();
    assert!(!patch.contains("hello"), "{patch}");
    assert_eq!(shows(&visitor, "/room/lobby", "log").await, "");
    // A value without a `ttl` stays.
    assert_eq!(shows(&visitor, "/room/lobby", "total").await, "1");
    done(&tab, say("again")).await;
    assert_eq!(shows(&visitor, "/room/lobby", "log").await, "again");
}

#[tokio::test]
async fn what_has_expired_is_removed_in_the_background() {
    let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
    let store = Arc::new(MemoryStore::with_limits(3, usize::MAX));
    let app = App::new()
        .store(Arc::clone(&store))
        .clock(clock.clone())
        .session_timeouts(Duration::from_hours(24), Duration::from_hours(48))
        .page::<Cart>();
    let server = Serving::start(app).await;
    let key = Key::new("app/left-over").unwrap();
    let expiry = via::store::Expiry {
        idle_until: Timestamp::from_millis(1_000_000_060_000),
        absolute: Timestamp::NEVER,
    };
    let put = via::store::Put {
        bytes: "{}".into(),
        expiry,
        owner: None,
    };
    let write = via::store::Write {
        key: key.clone(),
        expect: via::store::Expect::Absent,
        change: via::store::Change::Put(put),
    };
    let commit = via::store::Commit {
        id: via::store::CommitId(1),
        now: clock.now(),
        writes: vec![write],
    };
    store.commit(commit).await.unwrap();
    server.visitor().get("/cart").await.assert_ok();
    clock.advance(Duration::from_mins(5));
    eventually("the left-over document is swept", async || {
        // Asks for a moment at which it was alive, so it is absent only if it was removed.
        let then = Timestamp::from_millis(1_000_000_000_000);
        let loaded = store.load(std::slice::from_ref(&key), then).await.unwrap();
        (loaded == [Loaded::Absent]).then_some(())
    })
    .await;
}

/// Only its version distinguishes this type from another one: their JSON is the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cents(i64);

mod first {
    use super::*;

    #[via::page("/price")]
    #[derive(Debug)]
    pub(super) struct Price {
        #[state]
        pub price: i64,
        #[state]
        pub label: String,
    }

    #[via::actions]
    impl Price {
        fn set(&mut self, price: i64) {
            self.price = price;
        }
    }

    impl View for Price {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { p id="price" { (self.price) } p id="label" { (self.label) } }
        }
    }
}

mod third {
    use super::*;

    fn to_tenths(euros: i64) -> i32 {
        i32::try_from(euros * 10).unwrap_or(i32::MAX)
    }

    fn to_cents(tenths: i32) -> Cents {
        Cents(i64::from(tenths) * 10)
    }

    #[via::page("/price")]
    #[derive(Debug)]
    pub(super) struct Price {
        #[state(rename = "label")]
        pub title: String,
        #[state(version = 3, migrate = [to_tenths, to_cents])]
        pub price: Cents,
    }

    #[via::actions]
    impl Price {
        fn set(&mut self, price: i64) {
            self.price = Cents(price);
        }

        fn entitle(&mut self, title: String) {
            self.title = title;
        }
    }

    impl View for Price {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { p id="price" { (self.price.0) " cents" } p id="label" { (self.title) } }
        }
    }
}

#[tokio::test]
async fn a_newer_version_migrates_and_the_older_one_beside_it_keeps_its_own() {
    let store = Faulty::default();
    let app = || App::new().name("scopes").store(store.clone());
    let old = Serving::start(app().page::<first::Price>()).await;
    let new = Serving::start(app().page::<third::Price>()).await;
    let visitor = old.visit("/price").await;
    let tab = visitor.attach("/price").await;
    done(&tab, Action::new("Price::set").arg(3)).await;

    let newer = visitor.at(new.address());
    assert_eq!(shows(&newer, "/price", "price").await, "300 cents");
    let newer_tab = newer.attach("/price").await;
    done(&newer_tab, Action::new("Price::entitle").arg("Bread")).await;
    // The newer build did not write the price, so it still follows the older build.
    done(&tab, Action::new("Price::set").arg(4)).await;
    assert_eq!(shows(&newer, "/price", "price").await, "400 cents");
    done(&newer_tab, Action::new("Price::set").arg(425)).await;

    assert_eq!(shows(&newer, "/price", "price").await, "425 cents");
    assert_eq!(shows(&visitor, "/price", "price").await, "4");
    // Both builds share the value of a renamed field.
    assert_eq!(shows(&visitor, "/price", "label").await, "Bread");
}
