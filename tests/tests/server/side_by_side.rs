//! An old and a new build on one store, as during a deploy: the wrong action never runs, and each
//! page learns that it belongs to the other build.

use tempfile::TempDir;
use via_tests::client::{Action, Tab, Visitor};
use via_tests::server::{Options, Server};

struct Scene {
    old: Server,
    new: Server,
    visitor: Visitor,
    _directory: TempDir,
}

impl Scene {
    /// Two processes with one file.
    async fn new(version: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let start = |version: &str| {
            let options = Options::sqlite(directory.path()).env("KEEPER_VERSION", version);
            Server::build("keeper").start(options)
        };
        let (old, new) = (start("1"), start(version));
        let visitor = Visitor::new(old.address());
        visitor.get("/room").await.assert_ok();
        Self {
            old,
            new,
            visitor,
            _directory: directory,
        }
    }

    fn there(&self) -> Visitor {
        self.visitor.at(self.new.address())
    }

    async fn count(&self) -> String {
        let (old, new) = (
            self.visitor.get("/room").await,
            self.there().get("/room").await,
        );
        assert_eq!(old.shows("session"), new.shows("session"));
        old.shows("session")
    }
}

/// Nothing was done, and the client does not repeat the action.
async fn is_stale(tab: &Tab, action: Action, number: u64) {
    let answer = tab.act(action.number(number)).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(answer.code().as_deref(), Some("stale_page"));
    assert_eq!(answer.ack(), Some(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_means_something_else_in_the_other_build_is_not_run() {
    let scene = Scene::new("3").await;
    let old = scene.visitor.attach("/room").await;
    old.act(Action::new("Keeper::add")).await.assert_ok();
    assert_eq!(scene.count().await, "1");
    let new = scene.there().attach("/room").await;
    new.act(Action::new("Keeper::add").arg(1)).await.assert_ok();
    assert_eq!(scene.count().await, "1001");
    // A page of one build reaches the other, with an action that exists there, one whose arguments
    // differ, and one that is gone.
    let old_at_new = old.at(&scene.there());
    let new_at_old = new.at(&scene.visitor);
    let mut number = 1;
    for action in ["Keeper::add", "Keeper::log_out", "Keeper::nothing"] {
        for action in [Action::new(action), Action::new(action).arg(1)] {
            number += 1;
            is_stale(&old_at_new, action.clone(), number).await;
            is_stale(&new_at_old, action, number).await;
        }
    }
    assert_eq!(scene.count().await, "1001");
    // Its own build accepts the next one.
    let add = Action::new("Keeper::add").number(number + 1);
    old.act(add).await.assert_ok();
    assert_eq!(scene.count().await, "1002");
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_with_other_fields_keep_each_others_and_never_mix_their_pages() {
    let scene = Scene::new("2").await;
    let old = scene.visitor.attach("/room").await;
    let new = scene.there().attach("/room").await;
    for _ in 0..3 {
        old.act(Action::new("Keeper::add")).await.assert_ok();
        new.act(Action::new("Keeper::add")).await.assert_ok();
    }
    assert_eq!(scene.count().await, "6");
    assert_eq!(scene.there().get("/room").await.shows("added"), "3");
    is_stale(&old.at(&scene.there()), Action::new("Keeper::add"), 4).await;
    is_stale(&new.at(&scene.visitor), Action::new("Keeper::add"), 4).await;
    assert_eq!(scene.count().await, "6");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_gone_is_stale_too() {
    let scene = Scene::new("1").await;
    let tab = scene.visitor.attach("/room").await;
    let mut request = tab.request(&Action::new("Keeper::add"));
    *request.uri_mut() = "/no/such/page".parse().unwrap();
    let answer = scene.visitor.send(request).await.unwrap();
    assert_eq!(answer.code().as_deref(), Some("stale_page"));
    assert_eq!(answer.ack(), Some(1));
    assert_eq!(scene.visitor.get("/no/such/page").await.status, 404);
    drop((scene.old, scene.new));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_commits_the_other_shows() {
    let scene = Scene::new("1").await;
    let tab = scene.visitor.attach("/room").await;
    let mut stream = scene.there().stream(&[&tab]).await;
    for count in 1..=3 {
        tab.act(Action::new("Keeper::add")).await.assert_ok();
        let shown = format!("<output id=\"session\">{count}</output>");
        stream
            .until("shows it", |event| event.data.contains(&shown))
            .await;
    }
}
