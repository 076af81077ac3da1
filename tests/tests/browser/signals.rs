//! Signals in a real browser: values of every type come back unchanged, and text in
//! a bound field is read exactly as typed, or refused.

#![expect(
    clippy::option_option,
    reason = "these have to come back as they were, too"
)]

mod fields;
mod round_trip;
mod samples;

use via_tests::chromium::{Browser, Page};
use via_tests::serving::Serving;

/// Clicks, and waits until the page shows a number.
const HELPERS: &str = "{
    const shows = (id, number) => new Promise((done, failed) => {
        const late = setTimeout(() => failed(new Error(`#${id} does not become ${number}`)), 10_000);
        const look = () => {
            if (document.getElementById(id).textContent !== String(number)) return setTimeout(look, 1);
            clearTimeout(late);
            done();
        };
        look();
    });
    window.clickUntil = (button, id, number) => {
        document.getElementById(button).click();
        return shows(id, number);
    };
    window.sent = [];
    const { fetch } = window;
    window.tamper = (body) => body;
    window.fetch = (url, options) => {
        if (options?.headers?.['Via-Request'] === 'action') {
            const body = JSON.parse(options.body);
            sent.push({ signals: Object.keys(body.signals).sort(), dirty: body.dirty });
            options = { ...options, body: tamper(options.body) };
        }
        return fetch(url, options);
    };
}";

async fn serve() -> Serving {
    let app = via::App::new().page::<round_trip::Everything>();
    Serving::start(app.page::<fields::Fields>()).await
}

fn open(server: &Serving, path: &str) -> Page {
    let url = format!("http://{}{path}", server.address());
    Browser::shared().profile().open_live(&url)
}
