//! Which value survives what: each row of the table in the guide on state, in a real browser.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use via_tests::chromium::{Browser, Page, Profile};
use via_tests::server::{Options, Server};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../via/docs/state.md");
const ONLINE: &str = "document.documentElement.dataset.viaConnection === 'online'";

/// The values of the page, in the order of the table's columns.
const VALUES: [&str; 6] = ["session", "tab", "signal", "tab-signal", "shared", "app"];

/// For each value, whether the table's row for `event` in the guide says that it is kept.
fn row(event: &str) -> [bool; 6] {
    let guide = fs::read_to_string(GUIDE).expect("the guide");
    let begin = format!("| {event} |");
    let mut rows = guide.lines().filter_map(|line| line.strip_prefix(&begin));
    let row = rows
        .next()
        .unwrap_or_else(|| panic!("no row begins {begin}"));
    assert_eq!(rows.next(), None, "one row for one event");
    let cells: Vec<_> = row.split('|').map(str::trim).collect();
    let [cells @ .., ""] = &cells[..] else {
        panic!("{row}");
    };
    let kept = cells.iter().map(|cell| match *cell {
        "kept" => true,
        "default" => false,
        other => panic!("a cell is `kept` or `default`, not {other:?}"),
    });
    let kept: Vec<bool> = kept.collect();
    kept.try_into().expect("a cell for each value")
}

/// A server, and a tab in which every value is 1; the defaults are 0.
struct Scene {
    server: Server,
    profile: Profile,
    page: Page,
    _directory: TempDir,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options::sqlite(directory.path()).env("KEEPER_VERSION", "1");
        let server = Server::build("keeper").start(options);
        let profile = Browser::shared().profile();
        let page = open(&profile, &server);
        page.expect_network_errors();
        page.click("#add");
        shows(&page, [true; 6]);
        page.settled();
        Self {
            server,
            profile,
            page,
            _directory: directory,
        }
    }

    /// Kills the server and starts a version of the program instead.
    fn restart(&mut self, version: &str) {
        self.server.kill();
        let online = format!("!({ONLINE})");
        self.page.wait_for(&online);
        self.server.set_env("KEEPER_VERSION", version);
        self.server.restart();
    }
}

/// A tab whose live stream is open.
fn open(profile: &Profile, server: &Server) -> Page {
    profile.open_live(&server.url("/room"))
}

/// Waits until the page is live and shows 1 for each value that is kept and 0 for the others.
fn shows(page: &Page, kept: [bool; 6]) {
    shows_values(page, kept.map(u32::from));
}

fn shows_values(page: &Page, values: [u32; 6]) {
    page.online();
    let expected = json!(values.map(|value| value.to_string())).to_string();
    page.wait_for(&format!(
        "JSON.stringify({}.map((id) => document.getElementById(id).textContent)) === {}",
        json!(VALUES),
        json!(expected)
    ));
}

#[test]
fn a_reload() {
    let scene = Scene::new();
    scene.page.reload();
    shows(&scene.page, row("the user reloads the page"));
}

#[test]
fn what_is_typed_survives_a_reload_unless_it_is_secret() {
    let scene = Scene::new();
    let page = &scene.page;
    page.click("#text");
    page.type_text("half a \"sentence\"");
    page.click("#secret");
    page.type_text("hunter2");
    page.reload();
    page.online();
    page.wait_for("document.querySelector('#text').value === 'half a \"sentence\"'");
    assert_eq!(page.eval("document.querySelector('#secret').value"), "");
    assert_eq!(
        page.eval("JSON.stringify(Object.values(sessionStorage)).includes('hunter2')"),
        false
    );
    page.click("#add");
    page.wait_for("document.querySelector('#heard').textContent === 'half a \"sentence\"'");
    // The text belongs to this tab only, and a new visit of the page starts without it.
    let other = open(&scene.profile, &scene.server);
    assert_eq!(other.eval("document.querySelector('#text').value"), "");
    other.click("#text");
    other.type_text("gone");
    other.goto(&scene.server.url("/elsewhere"));
    other.goto(&scene.server.url("/room"));
    other.online();
    assert_eq!(other.eval("document.querySelector('#text').value"), "");
}

#[test]
fn what_is_typed_and_clicked_on_the_page_of_an_older_build_takes_effect_once() {
    let mut scene = Scene::new();
    scene.page.expect("status of 409");
    scene.page.click("#text");
    scene.page.type_text("typed before");
    scene.restart("2");
    let page = &scene.page;
    page.online();
    page.eval("for (let click = 0; click < 3; click++) document.querySelector('#add').click()");
    page.wait_for("document.querySelector('#added')?.textContent === '3'");
    shows_values(page, [4; 6]);
    page.settled();
    assert_eq!(page.navigations(), 2, "one reload");
    assert_eq!(
        page.eval("document.querySelector('#text').value"),
        "typed before"
    );
    assert_eq!(
        page.eval("document.querySelector('#heard').textContent"),
        "typed before"
    );
    page.click("#add");
    shows_values(page, [5; 6]);
}

#[test]
fn a_second_tab() {
    let scene = Scene::new();
    shows(
        &open(&scene.profile, &scene.server),
        row("the user opens a second tab"),
    );
    shows(&scene.page, [true; 6]);
}

#[test]
fn another_browser() {
    let scene = Scene::new();
    let other = Browser::shared().profile();
    shows(
        &open(&other, &scene.server),
        row("the user opens another browser"),
    );
    shows(&scene.page, [true; 6]);
}

#[test]
fn a_restart_of_the_server() {
    let mut scene = Scene::new();
    scene.restart("1");
    shows(&scene.page, row("the server is killed and starts again"));
    scene.page.reload();
    shows(&scene.page, row("the server is killed and starts again"));
}

#[test]
fn a_new_version() {
    let mut scene = Scene::new();
    scene.restart("2");
    shows(&scene.page, row("a new version is deployed"));
    scene
        .page
        .wait_for("document.querySelector('#added').textContent === '0'");
}

#[test]
fn a_rollback() {
    let mut scene = Scene::new();
    scene.restart("2");
    scene.page.reload();
    shows(&scene.page, [true; 6]);
    scene.page.click("#add");
    shows_values(&scene.page, [2; 6]);
    scene.page.settled();
    scene.restart("1");
    scene.page.reload();
    shows_values(
        &scene.page,
        row("the new version is rolled back").map(|kept| 2 * u32::from(kept)),
    );
    assert_eq!(
        scene.page.eval("document.querySelector('#added')"),
        Value::Null
    );
    // The older version keeps a value that it does not know for the next version.
    scene.page.click("#add");
    shows_values(&scene.page, [3; 6]);
    scene.page.settled();
    scene.restart("2");
    scene.page.reload();
    shows_values(&scene.page, [3; 6]);
    assert_eq!(
        scene
            .page
            .eval("document.querySelector('#added').textContent"),
        "1"
    );
}

#[test]
fn a_log_in() {
    let scene = Scene::new();
    scene.page.click("#log-in");
    scene.page.settled();
    shows(&scene.page, row("the user logs in"));
    scene.page.reload();
    shows(&scene.page, row("the user logs in"));
}

#[test]
fn a_log_out() {
    let scene = Scene::new();
    scene.page.click("#log-in");
    scene.page.settled();
    scene.page.click("#log-out");
    shows(&scene.page, row("the user logs out"));
    scene.page.reload();
    shows(&scene.page, row("the user logs out"));
}
