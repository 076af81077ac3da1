use super::*;

fn room(name: &str) -> ChatRoom {
    ChatRoom {
        room: "rust".parse().unwrap(),
        name: name.to_owned(),
        rooms: Vec::new(),
        messages: Vec::new(),
        text: String::new(),
    }
}

fn say(room: &mut ChatRoom, text: &str) -> Result<(), &'static str> {
    room.text = text.to_owned();
    room.say()
}

#[test]
fn a_message_says_who_wrote_it_and_its_room_is_listed_once() {
    let mut room = room("Ann");
    say(&mut room, " Hello ").unwrap();
    room.name.clear();
    say(&mut room, "Hi").unwrap();
    let said: Vec<_> = room
        .messages
        .iter()
        .map(|it| (it.id, &*it.author, &*it.text))
        .collect();
    assert_eq!(said, [(0, "Ann", "Hello"), (1, "Somebody", "Hi")]);
    assert_eq!((room.rooms.len(), &*room.text), (1, ""));
}

#[test]
fn what_is_no_message_is_refused() {
    let mut room = room("Ann");
    assert_eq!(say(&mut room, " "), Err("Say something."));
    assert!(say(&mut room, &"ä".repeat(501)).is_err());
    assert!(room.messages.is_empty() && room.rooms.is_empty());
}

#[test]
fn a_room_remembers_100_messages_and_the_lobby_20_rooms() {
    let mut room = room("Ann");
    for number in 0..130 {
        room.room = format!("room-{number}").parse().unwrap();
        say(&mut room, &number.to_string()).unwrap();
    }
    assert_eq!((room.messages.len(), room.messages[0].id), (100, 30));
    assert_eq!(room.rooms.len(), 20);
    assert_eq!(room.rooms[0].to_string(), "room-129");
}

#[test]
fn a_name_of_a_room_is_checked() {
    for name in ["a", "rust-2024", &"x".repeat(32)] {
        assert_eq!(name.parse::<RoomName>().unwrap().to_string(), name);
    }
    for name in ["", "Rust", "a/b", "ä", &"x".repeat(33)] {
        assert!(name.parse::<RoomName>().is_err(), "{name}");
    }
}

#[test]
fn what_is_stored_is_what_the_committed_description_says() {
    via::testing::check_schema(&app(), "via-schema.json");
}
