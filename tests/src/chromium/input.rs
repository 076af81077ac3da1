//! Mouse and keyboard input.

use serde_json::{Value, json};

use super::keys::Key;
use super::page::Page;

impl Page {
    /// Moves the mouse to the middle of the first element that matches `selector`, and clicks.
    ///
    /// Waits until there is one that can be clicked: in the document, with a size, and not covered
    /// by another element.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let place = self.wait_for(&middle_of(selector));
        self.mouse("mouseMoved", &place, 0);
        self.mouse("mousePressed", &place, 1);
        self.mouse("mouseReleased", &place, 1);
    }

    /// Clicks twice, as fast as a double click.
    #[track_caller]
    pub fn double_click(&self, selector: &str) {
        let place = self.wait_for(&middle_of(selector));
        self.mouse("mouseMoved", &place, 0);
        for count in 1..=2 {
            self.mouse("mousePressed", &place, count);
            self.mouse("mouseReleased", &place, count);
        }
    }

    /// Types a text, key by key, into the element that has the focus.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        for character in text.chars() {
            self.stroke(&Key::of(character), 0);
        }
    }

    /// Presses a key by its name in `KeyboardEvent.key`, with modifiers in front:
    /// `Enter`, `ArrowLeft`, `Control+a`, `Shift+Tab`.
    #[track_caller]
    pub fn press(&self, name: &str) {
        let (key, modifiers) = Key::named(name);
        self.stroke(&key, modifiers);
    }

    /// Shows `text` as the unfinished composition of an input method.
    #[track_caller]
    pub fn compose(&self, text: &str) {
        let end = text.encode_utf16().count();
        self.call(
            "Input.imeSetComposition",
            &json!({ "text": text, "selectionStart": end, "selectionEnd": end }),
        );
    }

    /// Inserts `text` at once: the end of a composition, or a paste.
    #[track_caller]
    pub fn insert_text(&self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    #[track_caller]
    fn stroke(&self, key: &Key, modifiers: u8) {
        let mut event = json!({
            "type": if key.text.is_some() { "keyDown" } else { "rawKeyDown" },
            "key": key.name,
            "code": key.code,
            "windowsVirtualKeyCode": key.number,
            "modifiers": modifiers,
        });
        if let Some(text) = &key.text {
            event["text"] = text.as_str().into();
        }
        self.call("Input.dispatchKeyEvent", &event);
        event["type"] = "keyUp".into();
        event["text"] = Value::Null;
        if let Some(fields) = event.as_object_mut() {
            fields.remove("text");
        }
        self.call("Input.dispatchKeyEvent", &event);
    }

    #[track_caller]
    fn mouse(&self, kind: &str, place: &Value, clicks: u8) {
        let button = if clicks == 0 { "none" } else { "left" };
        self.call(
            "Input.dispatchMouseEvent",
            &json!({
                "type": kind, "x": place[0], "y": place[1], "button": button, "clickCount": clicks,
            }),
        );
    }
}

/// An expression that gives the point where a click reaches the element, once there is one.
fn middle_of(selector: &str) -> String {
    let selector = Value::from(selector);
    format!(
        "(() => {{
            const element = document.querySelector({selector});
            if (!element) return false;
            element.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
            const box = element.getBoundingClientRect();
            if (!box.width || !box.height) return false;
            const x = box.x + box.width / 2;
            const y = box.y + box.height / 2;
            const hit = document.elementFromPoint(x, y);
            return element.contains(hit) && [x, y];
        }})()"
    )
}
