//! An app with settings that cannot work does not start.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::Duration;

use via::App;
use via::prelude::*;

use super::{Desk, IDLE, TICK};

#[tokio::test]
async fn plain_http_for_other_machines_is_refused_unless_it_is_asked_for() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let Err(error) = App::new().page::<Desk>().bind(address).await else {
            panic!("an app serves plain HTTP on {address}");
        };
        assert!(error.is_config() && !error.is_io() && !error.is_store());
        let text = error.to_string();
        let host = address.strip_suffix('0').unwrap();
        assert!(
            text.starts_with(&format!("refusing to serve plain HTTP on {host}")),
            "{text}"
        );
        assert!(
            text.ends_with(
                "because session cookies would travel in the clear; say how browsers reach the \
                 app, as in `App::origin(\"https://app.example.com\")`"
            ),
            "{text}"
        );
        // What `main` prints when it returns the error.
        assert_eq!(format!("{error:?}"), text);
    }
    for origin in ["https://app.example", "http://10.0.0.1:3000"] {
        let app = App::new().page::<Desk>().origin(origin);
        app.bind("0.0.0.0:0").await.unwrap();
    }
}

#[tokio::test]
async fn timeouts_that_make_no_sense_are_refused_at_start() {
    const SECOND: Duration = Duration::from_secs(1);
    let refused = async |idle, absolute, said: &str| {
        let line = line!() + 1;
        let app = || App::new().session_timeouts(idle, absolute);
        let error = app().bind("127.0.0.1:0").await.unwrap_err();
        assert!(error.is_config() && !error.is_io() && !error.is_store());
        let text = error.to_string();
        let place = format!("the session timeouts at {}:{line}:", file!());
        assert!(text.starts_with(&place), "{text}");
        assert!(text.contains(said), "{text}");
        assert!(text.contains("; write "), "{text}");
        assert!(text.contains("as in `App::session_timeouts("), "{text}");
        assert!(app().serve("127.0.0.1:0").await.unwrap_err().is_config());
        assert_eq!(panic_of(|| drop(app().into_router())).message, text);
    };
    refused(Duration::ZERO, IDLE, "idle timeout of 0ns").await;
    refused(Duration::ZERO, Duration::ZERO, "idle timeout of 0ns").await;
    refused(Duration::from_millis(999), SECOND, "idle timeout of 999ms").await;
    refused(IDLE, Duration::ZERO, "every session after 0ns").await;
    refused(IDLE + TICK, IDLE, "every session after 600s").await;
    for (idle, absolute) in [(SECOND, SECOND), (IDLE, IDLE), (IDLE, Duration::MAX)] {
        let app = || App::new().session_timeouts(idle, absolute);
        app().bind("127.0.0.1:0").await.unwrap();
        let _ = app().into_router();
    }
}

#[tokio::test]
async fn a_store_without_room_for_the_key_of_the_cookies_is_refused_at_start() {
    for store in [
        MemoryStore::with_limits(0, 1024),
        MemoryStore::with_limits(9, 0),
    ] {
        let error = App::new()
            .store(store)
            .bind("127.0.0.1:0")
            .await
            .unwrap_err();
        assert!(error.is_store() && !error.is_config());
        assert!(
            error.to_string().starts_with("the store is full: "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_of_the_network() {
    let first = App::new().bind("127.0.0.1:0").await.unwrap();
    let error = App::new().bind(first.address()).await.unwrap_err();
    assert!(error.is_io() && !error.is_config());
    assert!(format!("{error:?}").starts_with("cannot listen on the given address: "));
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("nowhere/via.db");
    let missing = format!("sqlite://{}", place.display());
    for (url, said) in [
        ("sqlite:counter.db", "two slashes must follow `sqlite:`"),
        ("sqlite://", "the file name is missing"),
        ("sqlite://:memory:", "the in-memory store is `memory:`"),
        ("sqlite://a.db?mode=ro", "there is no option `mode`"),
        ("mysql://host/db", "via has no store for `mysql:`"),
        ("counter.db", "it has no scheme"),
        (&*missing, "cannot open the store"),
    ] {
        let error = via::Error::from(via::store::open(url).await.unwrap_err());
        let text = error.to_string();
        assert!(text.contains(said), "{url}: {text}");
        assert!(format!("{error:?}").starts_with(&text));
        assert!(error.is_store());
    }
}

mod one {
    use via::prelude::*;

    #[via::page("/shelf/{id}")]
    pub(super) struct Shelf {
        #[param]
        id: u32,
    }

    impl View for Shelf {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { (self.id) }
        }
    }
}

mod two {
    use via::prelude::*;

    #[via::page("/other")]
    pub(super) struct Shelf {}

    impl View for Shelf {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! {}
        }
    }

    #[via::page("/shelf/{name}")]
    pub(super) struct Rack {
        #[param]
        name: String,
    }

    impl View for Rack {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { (self.name) }
        }
    }

    #[via::page("/_via/mine")]
    pub(super) struct Mine {}

    impl View for Mine {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! {}
        }
    }

    /// Its route only begins with the same letters.
    #[via::page("/_viable")]
    pub(super) struct Viable {}

    impl View for Viable {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! {}
        }
    }
}

#[test]
fn two_pages_of_one_route_or_name_stop_the_program_where_the_second_is_added() {
    let first = line!() + 1;
    let app = || App::new().page::<one::Shelf>();
    let route = line!() + 1;
    let same_route = panic_of(|| drop(app().page::<two::Rack>()));
    let name = line!() + 1;
    let same_name = panic_of(|| drop(app().page::<two::Shelf>()));
    for (panic, line, said) in [
        (
            &same_route,
            route,
            "the route `/shelf/{name}` is taken twice",
        ),
        (&same_name, name, "two pages are named `Shelf`"),
    ] {
        assert_eq!(panic.place, format!("{}:{line}", file!()));
        assert!(panic.message.starts_with(said), "{}", panic.message);
        for place in [first, line] {
            let place = format!("added at {}:{place}:", file!());
            assert!(panic.message.contains(&place), "{}", panic.message);
        }
        assert!(panic.message.contains("start::one::Shelf"));
        assert!(panic.message.contains("start::two::"));
    }
    let line = line!() + 1;
    let ours = panic_of(|| drop(App::new().page::<two::Mine>()));
    assert_eq!(ours.place, format!("{}:{line}", file!()));
    assert!(ours.message.contains("belong to the framework"));
    drop(App::new().page::<two::Viable>());
}

#[test]
fn a_wrong_name_or_origin_stops_the_program_at_its_line() {
    let line = line!() + 1;
    let name = panic_of(|| drop(App::new().name("my app")));
    assert_eq!(name.place, format!("{}:{line}", file!()));
    assert!(name.message.ends_with("not \"my app\""), "{}", name.message);
    let line = line!() + 1;
    let origin = panic_of(|| drop(App::new().origin("app.example")));
    assert_eq!(origin.place, format!("{}:{line}", file!()));
    assert!(
        origin.message.ends_with("not \"app.example\""),
        "{}",
        origin.message
    );
    let app = App::new().origin("https://a.example");
    let line = line!() + 1;
    let mixed = panic_of(|| drop(app.origin("http://a.example")));
    assert_eq!(mixed.place, format!("{}:{line}", file!()));
    assert!(mixed.message.contains("either by `https` or by `http`"));
}

struct Panic {
    message: String,
    place: String,
}

thread_local! {
    static LAST_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs code that must panic, and returns the message and the location.
fn panic_of(run: impl FnOnce()) -> Panic {
    static NOTE_PLACES: Once = Once::new();
    NOTE_PLACES.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().unwrap();
            let place = format!("{}:{}", place.file(), place.line());
            LAST_PLACE.with_borrow_mut(|last| *last = place);
            usual(info);
        }));
    });
    let payload = panic::catch_unwind(AssertUnwindSafe(run)).expect_err("this panics");
    Panic {
        message: *payload.downcast().expect("the panic has a text"),
        place: LAST_PLACE.take(),
    }
}
