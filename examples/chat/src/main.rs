//! Chat rooms: each is a value that everyone who opens it shares, in any browser.

mod room_name;
#[cfg(test)]
mod tests;

use room_name::RoomName;
use serde::{Deserialize, Serialize};
use via::prelude::*;

/// How many messages a room remembers, and how many rooms the lobby lists.
const MESSAGES: usize = 100;
const ROOMS: usize = 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Message {
    id: u64,
    author: String,
    text: String,
}

#[via::page("/")]
struct Lobby {
    #[state(key = "name")]
    name: String,
    #[state(app, key = "rooms")]
    rooms: Vec<RoomName>,
    #[signal(tab)]
    called: String,
    #[signal(tab, default = "lobby".to_owned())]
    room: String,
}

#[via::actions]
impl Lobby {
    fn enter(&mut self, fx: &mut Effects) -> Result<(), &'static str> {
        let room: RoomName = self.room.trim().parse()?;
        match self.called.trim() {
            "" => {}
            name if name.chars().count() > 40 => return Err("A name has at most 40 characters."),
            name => self.name = name.to_owned(),
        }
        fx.redirect(format!("/rooms/{room}"))?;
        Ok(())
    }
}

impl View for Lobby {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            main {
                h1 { "Chat" }
                form #enter data-on:submit=(cx.enter()) {
                    label { "Name " input data-bind=(cx.called()) placeholder=(author(&self.name)); }
                    label { "Room " input data-bind=(cx.room()); }
                    button { "Enter" }
                }
                ul #rooms {
                    @for room in &self.rooms { li { a href={ "/rooms/" (room) } { (room) } } }
                }
            }
        }
    }
}

#[via::page("/rooms/{room}")]
struct ChatRoom {
    #[param]
    room: RoomName,
    #[state(key = "name")]
    name: String,
    #[state(app, key = "rooms")]
    rooms: Vec<RoomName>,
    #[state(shared = "room/{room}", ttl = "24h")]
    messages: Vec<Message>,
    #[signal(tab)]
    text: String,
}

#[via::actions]
impl ChatRoom {
    /// One commit writes the message and, for a new room, the lobby.
    fn say(&mut self) -> Result<(), &'static str> {
        let text = std::mem::take(&mut self.text);
        let text = match text.trim() {
            "" => return Err("Say something."),
            text if text.chars().count() > 500 => {
                return Err("A message has at most 500 characters.");
            }
            text => text.to_owned(),
        };
        let id = self.messages.last().map_or(0, |message| message.id + 1);
        let author = author(&self.name).to_owned();
        self.messages.push(Message { id, author, text });
        let old = self.messages.len().saturating_sub(MESSAGES);
        self.messages.drain(..old);
        if !self.rooms.contains(&self.room) {
            self.rooms.insert(0, self.room.clone());
            self.rooms.truncate(ROOMS);
        }
        Ok(())
    }
}

impl View for ChatRoom {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            main {
                header { a href="/" { "All rooms" } h1 { (self.room) } }
                ol #messages {
                    @for message in &self.messages {
                        li #{ "message-" (message.id) } {
                            b { (message.author) } " " span { (message.text) }
                        }
                    }
                }
                form #say data-on:submit=(cx.say()) {
                    input data-bind=(cx.text()) placeholder={ "As " (author(&self.name)) }
                        aria-label="Message";
                    button { "Send" }
                }
            }
        }
    }
}

fn author(name: &str) -> &str {
    if name.is_empty() { "Somebody" } else { name }
}

fn app() -> via::App {
    via::App::new()
        .stylesheet(include_str!("chat.css"))
        .page::<Lobby>()
        .page::<ChatRoom>()
}

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let server = app()
        .store(via::store::open(&var("VIA_STORE", "sqlite://chat.db")).await?)
        .bind(var("VIA_ADDR", "127.0.0.1:3000"))
        .await?;
    eprintln!("The chat is at http://{}", server.address());
    server.run().await
}
