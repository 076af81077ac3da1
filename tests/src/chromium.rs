//! A real, headless Chromium, driven over the DevTools protocol.
//!
//! ```no_run
//! use via_tests::chromium::Browser;
//!
//! let browser = Browser::launch();
//! let profile = browser.profile();
//! let page = profile.open("http://127.0.0.1:3000/");
//! page.click("button");
//! page.wait_for("document.querySelector('output').textContent === '1'");
//! page.close();
//! ```
//!
//! A [`Page`] remembers what went wrong in it and in its workers. A page that is closed or dropped
//! with something remembered fails the test, so a test that expects trouble has to say which.
//!
//! The browser is found by the environment variable `CHROMIUM`, or as `chromium`,
//! `chromium-browser` or `google-chrome` on the `PATH`.

mod browser;
mod connection;
mod cookie;
mod input;
mod keys;
mod observer;
mod page;
mod problem;
mod process;
mod profile;
mod wait;

pub use browser::Browser;
pub use cookie::Cookie;
pub use page::Page;
pub use problem::{Kind, Problem};
pub use profile::Profile;
