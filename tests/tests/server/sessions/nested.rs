//! An app that is a part of another router.

use via::App;
use via_tests::client::Visitor;

use super::headers::assert_default_headers;
use super::{Desk, Item, add, count_at, serve};

#[tokio::test]
async fn an_app_works_below_a_path_of_another_router() {
    let app = App::new().page::<Desk>().page::<Item>();
    let router = axum::Router::new()
        .route("/", axum::routing::get(|| async { "the other program" }))
        .nest("/apps/desk", app.into_router());
    let visitor = Visitor::new(serve(router).await);
    assert_eq!(visitor.get("/").await.text(), "the other program");
    assert!(visitor.cookies().is_empty());

    let page = visitor.get("/apps/desk").await;
    page.assert_ok();
    assert_default_headers("a page", &page.headers);
    let text = page.text();
    for (kind, wanted) in [("text/css", "href=\""), ("text/javascript", "src=\"")] {
        let from = text.find(wanted).expect("a link") + wanted.len();
        let path = text[from..].split('"').next().unwrap();
        assert!(path.starts_with("/apps/desk/_via/"), "{path}");
        let file = visitor.get(path).await;
        file.assert_ok();
        assert_eq!(file.header("content-type"), Some(kind));
    }

    let tab = visitor.attach("/apps/desk").await;
    let mut stream = visitor
        .resume_at("/apps/desk/_via/stream", &[(&tab, None)])
        .await;
    stream.named("datastar-patch-elements").await;
    add(&tab).await;
    let patch = stream.named("datastar-patch-elements").await;
    assert_eq!(
        patch.field("elements").as_deref(),
        Some("<output>1</output>")
    );
    assert_eq!(count_at(&visitor, "/apps/desk").await, 1);
    let item = visitor.get("/apps/desk/item/7").await;
    assert!(item.text().contains("<p>7</p>"));
}
