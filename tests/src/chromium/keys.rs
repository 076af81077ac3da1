//! Names of keys, as the DevTools protocol wants them.

/// A key of the keyboard.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// `KeyboardEvent.key`.
    pub(super) name: String,
    /// `KeyboardEvent.code`.
    pub(super) code: String,
    /// `KeyboardEvent.keyCode`.
    pub(super) number: u32,
    /// What the key inserts.
    pub(super) text: Option<String>,
}

/// Name, `keyCode` and inserted text of the keys that are not characters.
const NAMED: [(&str, u32, Option<&str>); 15] = [
    ("Backspace", 8, None),
    ("Tab", 9, None),
    ("Enter", 13, Some("\r")),
    ("Shift", 16, None),
    ("Control", 17, None),
    ("Escape", 27, None),
    ("PageUp", 33, None),
    ("PageDown", 34, None),
    ("End", 35, None),
    ("Home", 36, None),
    ("ArrowLeft", 37, None),
    ("ArrowUp", 38, None),
    ("ArrowRight", 39, None),
    ("ArrowDown", 40, None),
    ("Delete", 46, None),
];

impl Key {
    /// The key that inserts `character`.
    pub(super) fn of(character: char) -> Self {
        let upper = character.to_ascii_uppercase();
        let (code, number) = match upper {
            '\n' => return Self::named("Enter").0,
            ' ' => ("Space".to_owned(), 32),
            'A'..='Z' => (format!("Key{upper}"), u32::from(upper)),
            '0'..='9' => (format!("Digit{upper}"), u32::from(upper)),
            _ => (String::new(), 0),
        };
        Self {
            name: character.to_string(),
            code,
            number,
            text: Some(character.to_string()),
        }
    }

    /// The key `name` with modifiers in front, as in `Control+a`, and the modifiers' bits.
    #[track_caller]
    pub(super) fn named(name: &str) -> (Self, u8) {
        let (modifiers, name) = match name.rsplit_once('+') {
            Some((modifiers, name)) if !name.is_empty() => (modifiers, name),
            _ => ("", name),
        };
        let bits = modifiers
            .split('+')
            .filter(|modifier| !modifier.is_empty())
            .map(|modifier| match modifier {
                "Alt" => 1,
                "Control" => 2,
                "Meta" => 4,
                "Shift" => 8,
                other => panic!("`{other}` is not a modifier key"),
            })
            .sum();
        let key = NAMED
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(known, number, text)| Self {
                name: (*known).to_owned(),
                code: (*known).to_owned(),
                number: *number,
                text: text.map(str::to_owned),
            });
        let mut key = key.unwrap_or_else(|| {
            let mut characters = name.chars();
            match (characters.next(), characters.next()) {
                (Some(character), None) => Self::of(character),
                _ => panic!("`{name}` is not the name of a key"),
            }
        });
        if bits & !8 != 0 {
            key.text = None; // A shortcut inserts nothing.
        }
        (key, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_inserts_itself() {
        let key = Key::of('a');
        assert_eq!((key.code.as_str(), key.number), ("KeyA", 65));
        assert_eq!(key.text.as_deref(), Some("a"));
    }

    #[test]
    fn a_shortcut_has_modifiers_and_inserts_nothing() {
        let (key, bits) = Key::named("Control+a");
        assert_eq!((key.name.as_str(), bits, key.text), ("a", 2, None));
    }

    #[test]
    fn the_plus_key_can_be_pressed() {
        assert_eq!(Key::named("+").0.text.as_deref(), Some("+"));
    }

    #[test]
    #[should_panic(expected = "`Entr` is not the name of a key")]
    fn a_misspelt_key_is_named() {
        Key::named("Entr");
    }
}
