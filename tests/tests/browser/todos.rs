//! The todos in a real browser: rows that act on their own todo, a filter of one tab, a list of all.

use via_tests::chromium::{Browser, Page, Profile};
use via_tests::server::{Options, Server};

/// A tab whose live stream is open.
fn open(profile: &Profile, server: &Server) -> Page {
    profile.open_live(&server.url("/"))
}

fn add(page: &Page, title: &str) {
    page.click("#add input");
    page.type_text(title);
    page.press("Enter");
    page.wait_for("document.querySelector('#add input').value === ''");
}

/// Waits until these are the rows; done ones have an `x`. A row that is being renamed shows its
/// field.
fn shows(page: &Page, rows: &[&str]) {
    page.wait_for(&format!(
        "JSON.stringify(Array.from(document.querySelectorAll('li'))
             .filter((row) => row.checkVisibility()).map((row) =>
             (row.querySelector('span')?.textContent ?? `[${{row.querySelector('input').value}}]`) +
             (row.querySelector('[type=checkbox]')?.checked ? ' x' : '')
         )) === {}",
        serde_json::json!(serde_json::json!(rows).to_string())
    ));
}

/// The filter with this text.
fn filter(name: &str) -> String {
    let number = ["All", "Open", "Done"].iter().position(|it| *it == name);
    format!("nav button:nth-child({})", number.unwrap() + 1)
}

#[test]
fn a_list_is_in_all_tabs_and_its_filter_in_one() {
    let server = Server::build("todos-example").start(Options::default());
    let (ann, bob) = (Browser::shared().profile(), Browser::shared().profile());
    let (first, second) = (open(&ann, &server), open(&ann, &server));
    for title in ["Milk", "Bread", "<b>\"Salt\" & 'pepper'"] {
        add(&first, title);
    }
    let all = ["Milk", "Bread", "<b>\"Salt\" & 'pepper'"];
    shows(&first, &all);
    shows(&second, &all);
    shows(&open(&bob, &server), &[]);

    second.click("#todo-1 [type=checkbox]");
    shows(&first, &["Milk", "Bread x", all[2]]);
    second.click(&filter("Open"));
    shows(&second, &["Milk", all[2]]);
    first.click(&filter("Done"));
    shows(&first, &["Bread x"]);
    assert_eq!(
        second.eval("document.querySelector('nav [aria-pressed=true]').textContent"),
        "Open"
    );
    // If a todo is done here, it leaves the list of open todos there.
    first.click("#todo-1 [type=checkbox]");
    shows(&first, &[]);
    shows(&second, &["Milk", "Bread", all[2]]);

    // The filter belongs to the tab, and comes back with it.
    second.settled();
    second.reload();
    second.online();
    shows(&second, &["Milk", "Bread", all[2]]);
    second.click("#todo-0 [type=checkbox]");
    shows(&second, &["Bread", all[2]]);
}

#[test]
fn a_row_acts_on_its_own_todo_while_the_other_tab_changes_the_list() {
    let server = Server::build("todos-example").start(Options::default());
    let profile = Browser::shared().profile();
    let (first, second) = (open(&profile, &server), open(&profile, &server));
    for title in ["Milk", "Bread", "Salt"] {
        add(&first, title);
    }
    shows(&second, &["Milk", "Bread", "Salt"]);

    first.click("#todo-1 span + button");
    shows(&first, &["Milk", "[Bread]", "Salt"]);
    first.click("#todo-1 input");
    first.press("End");
    first.type_text(" and");
    // The row moves up and the others change while the user types.
    second.click("#todo-0 button:last-child");
    shows(&second, &["Bread", "Salt"]);
    second.click("#todo-2 [type=checkbox]");
    shows(&second, &["Bread", "Salt x"]);
    shows(&first, &["[Bread and]", "Salt x"]);
    first.type_text(" butter");
    shows(&first, &["[Bread and butter]", "Salt x"]);
    first.press("Enter");
    shows(&first, &["Bread and butter", "Salt x"]);
    shows(&second, &["Bread and butter", "Salt x"]);

    second.click("footer > button");
    shows(&first, &["Bread and butter"]);
    first.wait_for("document.querySelector('footer > button').disabled");
}

#[test]
fn a_todo_that_is_none_is_refused_in_words_and_nothing_is_lost() {
    let server = Server::build("todos-example").start(Options::default());
    let profile = Browser::shared().profile();
    let page = open(&profile, &server);
    page.expect("status of 422");
    page.click("#add input");
    page.type_text("   ");
    page.press("Enter");
    page.wait_for(
        "document.querySelector('.via-notice')?.textContent.includes('What is to be done?')",
    );
    assert_eq!(
        page.eval("document.querySelector('#add input').value"),
        "   "
    );
    shows(&page, &[]);
}

#[test]
fn a_list_outlives_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::build("todos-example").start(Options::sqlite(directory.path()));
    let profile = Browser::shared().profile();
    let page = open(&profile, &server);
    page.expect_network_errors();
    add(&page, "Milk");
    shows(&page, &["Milk"]);
    page.settled();
    server.kill();
    page.click("#todo-0 [type=checkbox]");
    server.restart();
    page.online();
    shows(&page, &["Milk x"]);
    page.settled();
    shows(&open(&profile, &server), &["Milk x"]);
}
