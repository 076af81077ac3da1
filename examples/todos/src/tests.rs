use super::*;

/// A list of two todos; the second one is done.
fn todos() -> TodoList {
    let mut todos = TodoList::default();
    for title in ["Milk", " Bread "] {
        todos.title = title.to_owned();
        todos.add().unwrap();
    }
    todos.mark(1, true);
    todos
}

fn titles(todos: &TodoList) -> Vec<&str> {
    todos.todos.iter().map(|todo| &*todo.title).collect()
}

#[test]
fn what_is_typed_becomes_a_todo_and_the_field_is_empty_again() {
    let mut todos = todos();
    assert_eq!(titles(&todos), ["Milk", "Bread"]);
    assert_eq!(todos.title, "");
    for (text, said) in [
        (" ".to_owned(), "What is to be done?"),
        ("ä".repeat(201), "A title has at most 200 characters."),
    ] {
        todos.title = text;
        assert_eq!(todos.add(), Err(said));
    }
    assert_eq!(titles(&todos), ["Milk", "Bread"]);
}

#[test]
fn a_list_that_is_full_takes_no_more() {
    let mut todos = TodoList::default();
    for _ in 0..500 {
        todos.title = "Milk".to_owned();
        todos.add().unwrap();
    }
    todos.title = "Bread".to_owned();
    assert!(todos.add().is_err());
    assert_eq!((todos.todos.len(), &*todos.title), (500, "Bread"));
}

#[test]
fn a_row_acts_on_its_own_todo() {
    let mut todos = todos();
    todos.edit(0);
    assert_eq!((todos.renamed, &*todos.draft), (Some(0), "Milk"));
    todos.draft = "Oat milk".to_owned();
    todos.rename(0).unwrap();
    assert_eq!(
        (titles(&todos), todos.renamed),
        (vec!["Oat milk", "Bread"], None)
    );
    todos.remove(0);
    assert_eq!(titles(&todos), ["Bread"]);
    // Another user has already removed it.
    for _ in 0..2 {
        todos.remove(0);
        todos.mark(0, true);
        todos.rename(0).unwrap();
    }
    assert_eq!(titles(&todos), ["Bread"]);
    todos.clear_done();
    assert_eq!(titles(&todos), Vec::<&str>::new());
}

#[test]
fn a_filter_shows_what_it_says() {
    let todos = todos();
    let of: Vec<_> = todos.todos.iter().map(Filter::of).collect();
    assert_eq!(of, [Filter::Open, Filter::Done]);
}

#[test]
fn what_is_stored_is_what_the_committed_description_says() {
    via::testing::check_schema(&app(), "via-schema.json");
}
