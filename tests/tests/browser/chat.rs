//! The chat in real browsers: all users in a room see what is said there, and no other user does.

use via_tests::chromium::{Browser, Page, Profile};
use via_tests::server::{Options, Server};

/// A tab whose live stream is open.
fn open(profile: &Profile, server: &Server, path: &str) -> Page {
    profile.open_live(&server.url(path))
}

/// Enters a room by way of the lobby.
fn enter(profile: &Profile, server: &Server, name: &str, room: &str) -> Page {
    let page = open(profile, server, "/");
    page.click("#enter label:nth-child(1) input");
    page.type_text(name);
    page.click("#enter label:nth-child(2) input");
    page.press("Control+a");
    page.type_text(room);
    page.press("Enter");
    page.wait_for(&format!("location.pathname === '/rooms/{room}'"));
    page.online();
    page
}

fn say(page: &Page, text: &str) {
    page.click("#say input");
    page.type_text(text);
    page.press("Enter");
    page.wait_for("document.querySelector('#say input').value === ''");
}

fn shows(page: &Page, messages: &[&str]) {
    page.wait_for(&format!(
        "JSON.stringify(Array.from(document.querySelectorAll('#messages li'),
             (message) => message.textContent)) === {}",
        serde_json::json!(serde_json::json!(messages).to_string())
    ));
}

#[test]
fn what_is_said_in_a_room_is_seen_by_all_who_are_in_it() {
    let server = Server::build("chat-example").start(Options::default());
    let browser = Browser::shared();
    let (ann, bob, eve) = (browser.profile(), browser.profile(), browser.profile());
    let anns = enter(&ann, &server, "Ann", "rust");
    let bobs = enter(&bob, &server, "Bob", "rust");
    let eves = enter(&eve, &server, "Eve", "garden");
    let lobby = open(&eve, &server, "/");

    say(&anns, "Hello");
    shows(&bobs, &["Ann Hello"]);
    // A user who is typing can keep typing.
    bobs.click("#say input");
    bobs.type_text("Hel");
    say(&anns, "<i>&amp;");
    shows(&bobs, &["Ann Hello", "Ann <i>&amp;"]);
    bobs.type_text("lo, Ann");
    bobs.press("Enter");
    for page in [&anns, &bobs] {
        shows(page, &["Ann Hello", "Ann <i>&amp;", "Bob Hello, Ann"]);
    }
    shows(&eves, &[]);
    lobby.wait_for("document.querySelector('#rooms').textContent === 'rust'");
    say(&eves, "Anybody?");
    lobby.wait_for("document.querySelector('#rooms').textContent === 'gardenrust'");
    shows(&open(&bob, &server, "/rooms/garden"), &["Eve Anybody?"]);
    shows(&anns, &["Ann Hello", "Ann <i>&amp;", "Bob Hello, Ann"]);
}

#[test]
fn a_name_is_the_sessions_and_follows_to_its_other_rooms() {
    let server = Server::build("chat-example").start(Options::default());
    let ann = Browser::shared().profile();
    let first = open(&ann, &server, "/rooms/first");
    say(&first, "Hello");
    shows(&first, &["Somebody Hello"]);
    let second = enter(&ann, &server, "Ann", "second");
    say(&second, "Hi");
    shows(&second, &["Ann Hi"]);
    // The room that stayed open learned the name.
    first.wait_for("document.querySelector('#say input').placeholder === 'As Ann'");
    say(&first, "It is me");
    shows(&first, &["Somebody Hello", "Ann It is me"]);
}

#[test]
fn a_room_outlives_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::build("chat-example").start(Options::sqlite(directory.path()));
    let browser = Browser::shared();
    let (ann, bob) = (browser.profile(), browser.profile());
    let anns = enter(&ann, &server, "Ann", "rust");
    let bobs = enter(&bob, &server, "Bob", "rust");
    say(&anns, "Before");
    shows(&bobs, &["Ann Before"]);
    for page in [&anns, &bobs] {
        page.expect_network_errors();
    }
    server.kill();
    bobs.click("#say input");
    bobs.type_text("After");
    bobs.press("Enter");
    server.restart();
    for page in [&anns, &bobs] {
        shows(page, &["Ann Before", "Bob After"]);
    }
}

#[test]
fn a_room_whose_name_is_none_is_not_found_and_not_entered() {
    let server = Server::build("chat-example").start(Options::default());
    let profile = Browser::shared().profile();
    let page = open(&profile, &server, "/");
    page.expect("status of 422");
    page.click("#enter label:nth-child(2) input");
    page.press("Control+a");
    page.type_text("No room!");
    page.press("Enter");
    page.wait_for("document.querySelector('.via-notice')?.textContent.includes('small letters')");
    assert_eq!(page.eval("location.pathname"), "/");
    page.expect("status of 404");
    assert_eq!(
        page.eval("fetch('/rooms/No%20room!').then((answer) => answer.status)"),
        404
    );
}
