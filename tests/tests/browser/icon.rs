//! The icon of pages, as a browser loads it under their Content-Security-Policy.

use serde_json::json;
use via_tests::chromium::Browser;
use via_tests::serving::Serving;
use via_tests::wall::wall;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_icon_and_its_console_is_clean() {
    let server = Serving::start(wall()).await;
    let page = Browser::shared()
        .profile()
        .open(&format!("http://{}/", server.address()));
    page.wait_for("document.documentElement.dataset.viaConnection === 'online'");
    let is_drawn = page.eval(
        "(async () => {
            const image = new Image();
            image.src = document.querySelector('link[rel=icon]').href;
            await image.decode();
            return image.naturalWidth > 0;
        })()",
    );
    assert_eq!(is_drawn, json!(true));
    page.assert_clean();
}
