//! A list of todos: typed arguments in its rows, and a filter that is a signal.

use serde::{Deserialize, Serialize};
use via::{SignalValue, prelude::*};

#[via::page("/")]
#[derive(Default)]
struct TodoList {
    #[state]
    todos: Vec<Todo>,
    #[signal(tab)]
    filter: Filter,
    #[signal(tab)]
    title: String,
    /// The todo that is being renamed, and its new title so far.
    #[signal(tab)]
    renamed: Option<u32>,
    #[signal(tab)]
    draft: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Todo {
    id: u32,
    title: String,
    done: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, SignalValue)]
enum Filter {
    #[default]
    All,
    Open,
    Done,
}

impl Filter {
    /// The filter, besides `All`, that shows this todo.
    fn of(todo: &Todo) -> Self {
        if todo.done { Self::Done } else { Self::Open }
    }
}

#[via::actions]
impl TodoList {
    fn add(&mut self) -> Result<(), &'static str> {
        if self.todos.len() == 500 {
            return Err("There are 500 todos: do some first.");
        }
        let id = self.todos.iter().map(|todo| todo.id + 1).max().unwrap_or(0);
        let title = title(&std::mem::take(&mut self.title))?;
        let done = false;
        self.todos.push(Todo { id, title, done });
        Ok(())
    }

    fn mark(&mut self, id: u32, done: bool) {
        if let Some(todo) = self.todo(id) {
            todo.done = done;
        }
    }

    fn remove(&mut self, id: u32) {
        self.todos.retain(|todo| todo.id != id);
    }

    fn edit(&mut self, id: u32) {
        self.draft = self.todo(id).map(|it| it.title.clone()).unwrap_or_default();
        self.renamed = Some(id);
    }

    fn rename(&mut self, id: u32) -> Result<(), &'static str> {
        let title = title(&self.draft)?;
        if let Some(todo) = self.todo(id) {
            todo.title = title;
        }
        self.renamed = None;
        Ok(())
    }

    fn clear_done(&mut self) {
        self.todos.retain(|todo| !todo.done);
    }
}

impl TodoList {
    fn todo(&mut self, id: u32) -> Option<&mut Todo> {
        self.todos.iter_mut().find(|todo| todo.id == id)
    }
}

/// A title as the user typed it.
fn title(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("What is to be done?"),
        text if text.chars().count() > 200 => Err("A title has at most 200 characters."),
        text => Ok(text.to_owned()),
    }
}

impl View for TodoList {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let open = self.todos.iter().filter(|todo| !todo.done).count();
        html! {
            main {
                h1 { "Todos" }
                form #add data-on:submit=(cx.add()) {
                    input data-bind=(cx.title()) placeholder="What is to be done?" aria-label="New";
                    button { "Add" }
                }
                ul {
                    @for todo in &self.todos {
                        li #{ "todo-" (todo.id) } .done[todo.done] data-show=(shown(todo, cx)) {
                            (self.row(todo, cx))
                        }
                    }
                }
                footer {
                    span { output { (open) } " to do" }
                    nav {
                        @for filter in [Filter::All, Filter::Open, Filter::Done] {
                            button data-on:click=(cx.filter().set(filter))
                                data-attr:aria-pressed=(cx.filter().eq(filter).if_else("true", "false")) {
                                (format!("{filter:?}"))
                            }
                        }
                    }
                    button disabled[open == self.todos.len()] data-on:click=(cx.clear_done()) {
                        "Clear done"
                    }
                }
            }
        }
    }
}

impl TodoList {
    fn row(&self, todo: &Todo, cx: &Cx<Self>) -> Markup {
        let label = format!("Done: {}", todo.title);
        html! {
            @if self.renamed == Some(todo.id) {
                form data-on:submit=(cx.rename(todo.id)) {
                    input data-bind=(cx.draft()) aria-label="Title";
                    button { "Save" }
                }
            } @else {
                input type="checkbox" checked[todo.done] aria-label=(label)
                    data-on:change=(cx.mark(todo.id, !todo.done));
                span { (todo.title) }
                button data-on:click=(cx.edit(todo.id)) { "Rename" }
                button data-on:click=(cx.remove(todo.id)) { "Remove" }
            }
        }
    }
}

/// The browser evaluates this without a round trip.
fn shown(todo: &Todo, cx: &Cx<TodoList>) -> Expr<bool> {
    cx.filter().eq(Filter::All) | cx.filter().eq(Filter::of(todo))
}

fn app() -> via::App {
    via::App::new()
        .stylesheet(include_str!("todos.css"))
        .page::<TodoList>()
}

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let server = app()
        .store(via::store::open(&var("VIA_STORE", "sqlite://todos.db")).await?)
        .bind(var("VIA_ADDR", "127.0.0.1:3000"))
        .await?;
    eprintln!("The todos are at http://{}", server.address());
    server.run().await
}

#[cfg(test)]
mod tests;
