//! The overlay of `App::dev` in a real browser, and that every other app has none.

use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::serving::Serving;

/// Finds elements inside the overlay.
const HELPERS: &str = "{
    const root = document.querySelector('via-dev').shadowRoot;
    window.inside = (selector) => root.querySelector(selector);
    window.fact = (name) => inside(`[data-fact=${name}]`).textContent;
    window.lines = (list) => Array.from(root.querySelectorAll(`.${list} li`), (line) => line.textContent);
}";

#[via::page("/")]
struct Desk {
    #[state]
    count: u64,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            button #add data-on:click=(cx.add()) { "add" }
            button #mistake data-on:click="$x.constructor" { "a mistake" }
            button #misspelled data-on-click="$x = 1" { "misspelled" }
        }
    }
}

async fn serve(dev: bool) -> Serving {
    Serving::start(via::App::new().dev(dev).page::<Desk>()).await
}

async fn open() -> (Serving, Page) {
    let server = serve(true).await;
    let url = format!("http://{}/", server.address());
    let page = Browser::shared().profile().open_live(&url);
    page.eval(HELPERS);
    (server, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlay_shows_the_connection_the_tab_patches_latencies_and_mistakes() {
    let (_server, page) = open().await;
    page.wait_for("fact('connection') === 'online' && fact('tab').length > 8");
    page.click("#add");
    page.shows("output", 1);
    page.wait_for("fact('revision') === '1' && fact('waiting') === '0'");
    page.wait_for(r"/^[\d.]+ ms \(204\)$/.test(fact('ack')) && /^[\d.]+ ms$/.test(fact('shown'))");
    page.wait_for(
        r"lines('patches').some((line) => /(outer|inner|replace) .*, \d+ B$/.test(line))",
    );

    page.click("#mistake");
    page.expect("`constructor` cannot be used");
    page.wait_for(
        "lines('errors').some((line) =>
            line.includes('<button#mistake>') && line.includes('data-on:click=\"$x.constructor\"'))",
    );
    page.wait_for("lines('errors').some((line) => line.includes('write data-on:click'))");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlay_is_reached_by_keyboard_has_a_name_and_moves_nothing() {
    let (_server, page) = open().await;
    assert_eq!(
        page.eval(
            "[document.querySelector('via-dev').role, document.querySelector('via-dev').ariaLabel]"
        ),
        serde_json::json!(["region", "via: development"])
    );
    let place = "JSON.stringify([document.querySelector('output').getBoundingClientRect(),
                  document.documentElement.scrollHeight, document.documentElement.scrollWidth])";
    let before = page.eval(place);
    page.eval("{ document.getElementById('misspelled').focus(); }");
    page.press("Tab");
    assert_eq!(page.eval("document.activeElement.localName"), "via-dev");
    page.press("Enter");
    assert_eq!(page.eval("inside('.panel').hidden"), false);
    assert_eq!(page.eval("inside('.toggle').ariaExpanded"), "true");
    assert_eq!(page.eval(place), before);
    page.press("Escape");
    assert_eq!(page.eval("inside('.panel').hidden"), true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_can_be_made_slow_in_both_directions_and_keeps_its_order() {
    let (_server, page) = open().await;
    page.eval(
        "{
            window.slow = (name, ms) => {
                const field = inside(`input[name=${name}]`);
                field.value = ms;
                field.dispatchEvent(new Event('input'));
            };
            window.took = (name) => Number.parseFloat(fact(name));
            slow('send', 300);
        }",
    );
    page.click("#add");
    page.shows("output", 1);
    page.wait_for("took('ack') >= 300");
    page.eval("{ slow('send', 0); slow('apply', 400); }");
    page.eval("{ window.seen = []; via.on('via:frame', () => seen.push(document.querySelector('output').textContent)); }");
    for _ in 0..5 {
        page.click("#add");
    }
    page.shows("output", 6);
    let seen: Vec<u64> = serde_json::from_value(page.eval("seen.map(Number)")).unwrap();
    assert!(seen.is_sorted() && seen.last() == Some(&6), "{seen:?}");
    // The overlay shows the time from a click to the next frame. That frame belongs to the click only if
    // no other action is in flight.
    page.click("#add");
    page.shows("output", 7);
    page.wait_for("took('shown') >= 390");

    // The setting lasts as long as the browser tab.
    page.reload();
    page.online();
    page.eval(HELPERS);
    assert_eq!(page.eval("inside('input[name=apply]').value"), "400");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_a_stream_of_its_own_can_be_slow_too() {
    let server = serve(true).await;
    let profile = Browser::shared().profile_without_shared_workers();
    let page = profile.open(&format!("http://{}/", server.address()));
    page.online();
    page.eval(HELPERS);
    page.eval(
        "{
            const field = inside('input[name=apply]');
            field.value = 400;
            field.dispatchEvent(new Event('input'));
        }",
    );
    page.click("#add");
    page.shows("output", 1);
    page.wait_for("Number.parseFloat(fact('shown')) >= 390");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_overlay_is_in_an_app_without_it() {
    let (with, without) = (serve(true).await, serve(false).await);
    let scripts = |html: &str| -> Vec<String> {
        html.split("src=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let visitor = with.visitor();
    let developed = scripts(&visitor.get("/").await.text());
    let overlay = developed
        .iter()
        .find(|path| path.ends_with("/dev.js"))
        .unwrap();
    let answer = visitor.get(overlay).await;
    answer.assert_ok();
    assert!(answer.text().contains("via-dev"));

    let visitor = without.visitor();
    let html = visitor.get("/").await.text();
    assert!(!html.contains("dev.js"), "{html}");
    for script in scripts(&html) {
        let answer = visitor.get(&script).await;
        answer.assert_ok();
        assert!(!answer.text().contains("via-dev"), "{script}");
    }
    assert_eq!(
        visitor.get(overlay).await.status,
        http::StatusCode::NOT_FOUND
    );
}
