//! Sessions outlive the process that began them, and several processes can share them.

use via::App;
use via::prelude::*;
use via_tests::client::Action;
use via_tests::serving::Serving;

use super::{Desk, add, count};

#[tokio::test]
async fn cookies_tabs_and_state_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let start = async || {
        let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
        Serving::start(App::new().store(store).page::<Desk>()).await
    };
    let first = start().await;
    let visitor = first.visit("/").await;
    let tab = visitor.attach("/").await;
    add(&tab).await;
    first.stop().await;

    let second = start().await;
    let visitor = visitor.at(second.address());
    assert_eq!(visitor.get("/").await.header("set-cookie"), None);
    assert_eq!(count(&visitor).await, 1);
    let tab = tab.at(&visitor);
    // An action that was acknowledged before is not done again.
    let again = tab.act(Action::new("Desk::add").number(1)).await;
    assert_eq!((again.ack(), again.revision()), (Some(1), Some(1)));
    add(&tab).await;
    assert_eq!(count(&visitor).await, 2);
    second.stop().await;
}

#[tokio::test]
async fn two_servers_on_one_file_serve_one_session() {
    let directory = tempfile::tempdir().unwrap();
    let start = async || {
        let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
        Serving::start(App::new().store(store).page::<Desk>()).await
    };
    let (one, two) = (start().await, start().await);
    let at_one = one.visit("/").await;
    let at_two = at_one.at(two.address());
    let tab_one = at_one.attach("/").await;
    let tab_two = at_two.attach("/").await;
    let mut stream = at_two.stream(&[&tab_two]).await;
    for round in 0..5 {
        add(&tab_one).await;
        assert_eq!(count(&at_two).await, 2 * round + 1);
        add(&tab_two).await;
        assert_eq!(count(&at_one).await, 2 * round + 2);
    }
    assert_eq!(at_two.cookies().len(), 1);
    add(&tab_one).await;
    stream
        .until("that shows 11", |event| {
            event
                .field("elements")
                .is_some_and(|html| html.contains(">11<"))
        })
        .await;
    one.stop().await;
    assert_eq!(count(&at_two).await, 11);
    two.stop().await;
}
