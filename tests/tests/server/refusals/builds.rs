//! A tab of another build.

use http::StatusCode;
use serde_json::json;
use via_tests::client::{Action, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

/// The page in one build.
mod old {
    use via::prelude::*;

    #[via::page("/")]
    pub(super) struct Shelf {
        #[state]
        count: i64,
    }

    #[via::actions]
    impl Shelf {
        fn add(&mut self) {
            self.count += 1;
        }
    }

    impl View for Shelf {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { p { (self.count) } }
        }
    }
}

/// The same page in another build.
mod new {
    use via::prelude::*;

    #[via::page("/")]
    pub(super) struct Shelf {
        #[state]
        count: i64,
        #[signal(default = 10)]
        step: i64,
    }

    #[via::actions]
    impl Shelf {
        fn add(&mut self) {
            self.count += self.step;
        }
    }

    impl View for Shelf {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { p { (self.count) } }
        }
    }
}

/// Servers of two builds on one store, and a visitor with a tab of the old one.
struct Scene {
    store: Faulty,
    at_old: Visitor,
    at_new: Visitor,
    tab: Tab,
    _servers: [Serving; 2],
}

impl Scene {
    async fn new() -> Self {
        let store = Faulty::default();
        let app = || via::App::new().store(store.clone());
        let old = Serving::start(app().page::<old::Shelf>()).await;
        let new = Serving::start(app().page::<new::Shelf>()).await;
        let at_old = old.visit("/").await;
        Self {
            at_new: at_old.at(new.address()),
            tab: at_old.attach("/").await,
            at_old,
            store,
            _servers: [old, new],
        }
    }
}

/// The click would be done twice if the page sent it again after its reload.
#[tokio::test]
async fn an_action_that_one_build_has_done_is_answered_by_the_other_as_done() {
    let scene = Scene::new().await;
    let (store, at_new) = (&scene.store, &scene.at_new);
    let tab = &scene.tab;
    let add = || Action::new("Shelf::add").number(1);
    tab.act(add()).await.assert_ok();
    // The first answer is lost, and the deploy goes on.
    let written = store.written();
    let answer = tab.at(at_new).act(add()).await;
    answer.assert_ok();
    assert_eq!(answer.ack(), Some(1));
    assert_eq!(store.written(), written);
    assert!(at_new.get("/").await.text().contains("<p>1</p>"));
}

#[tokio::test]
async fn an_action_that_one_build_has_refused_as_stale_is_not_done_later_by_the_other() {
    let scene = Scene::new().await;
    let (at_old, at_new) = (&scene.at_old, &scene.at_new);
    let tab = &scene.tab;
    tab.act(Action::new("Shelf::add").number(1))
        .await
        .assert_ok();
    // The request to the old server is late: the browser has given it up and asked the new one.
    for tab in [&tab.at(at_new), tab] {
        let answer = tab.act(Action::new("Shelf::add").number(2)).await;
        assert_eq!(answer.code().as_deref(), Some("stale_page"));
        assert_eq!(answer.ack(), Some(2));
    }
    assert!(at_old.get("/").await.text().contains("<p>1</p>"));
}

#[tokio::test]
async fn a_tab_of_another_build_is_told_that_its_page_is_stale() {
    let scene = Scene::new().await;
    let (store, at_old, at_new) = (&scene.store, &scene.at_old, &scene.at_new);
    let tab = &scene.tab;
    tab.act(Action::new("Shelf::add")).await.assert_ok();
    let written = store.written();

    // The cookie and the state belong to both builds, the token only to one.
    let page = at_new.get("/").await;
    assert!(page.text().contains("<p>1</p>"), "{}", page.text());
    assert_eq!(page.header("set-cookie"), None);
    let answer = tab.at(at_new).act(Action::new("Shelf::add")).await;
    assert_eq!(
        (answer.status, answer.code().as_deref(), answer.ack()),
        (StatusCode::CONFLICT, Some("stale_page"), Some(2))
    );
    // The refusal is written, so that the other build does not run the action later.
    assert_eq!(store.written().len(), written.len() + 1);

    // A document of one build cannot attach to the other as if it belonged there.
    let text = at_old.get("/").await.text();
    let (_, mark) = text.split_once("data-via-page=\"").unwrap();
    let attach = json!({ "page": &mark[..16] }).to_string();
    let answer = at_old
        .send(at_old.post("/", "attach", attach.clone()))
        .await;
    answer.unwrap().assert_ok();
    let answer = at_new
        .send(at_new.post("/", "attach", attach))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (StatusCode::CONFLICT, Some("stale_page"))
    );

    let tab = at_new.attach("/").await;
    tab.act(Action::new("Shelf::add")).await.assert_ok();
    assert!(at_old.get("/").await.text().contains("<p>11</p>"));
}
