//! Text of others in a line of the log.

use std::fmt::{self, Write};

/// The longest text that a line of the log takes over, in bytes.
const LONGEST: usize = 2048;

/// Shows a text that this crate has not written: an error of a store or of the system, or what an app
/// says when it panics. Whoever can choose a part of it can neither begin another line nor move the
/// cursor of a terminal, nor fill the log with one line.
///
/// Control characters appear escaped, as in Rust source, and so do characters that break a line or turn
/// its direction. The rest of a text that is too long is left out.
pub(crate) struct LogText<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for LogText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line {
            out: f,
            left: LONGEST,
        };
        match write!(line, "{}", self.0) {
            Err(_) if line.left == 0 => f.write_str(".. (cut)"),
            written => written,
        }
    }
}

/// Takes so many bytes; then it answers with an error, which ends the text.
struct Line<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    left: usize,
}

impl Write for Line<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.write_char(c))
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        let needs = if is_plain(c) {
            c.len_utf8()
        } else {
            c.escape_default().len()
        };
        if needs > self.left {
            self.left = 0;
            return Err(fmt::Error);
        }
        self.left -= needs;
        if is_plain(c) {
            self.out.write_char(c)
        } else {
            write!(self.out, "{}", c.escape_default())
        }
    }
}

fn is_plain(c: char) -> bool {
    let breaks_or_turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !c.is_control() && !breaks_or_turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        LogText(text).to_string()
    }

    #[test]
    fn what_could_begin_another_line_or_move_the_cursor_is_escaped() {
        assert_eq!(
            shown("Grüße\n2026 ERROR via: forged\r\t\0\u{1b}[2J\u{9b}\u{85}"),
            r"Grüße\n2026 ERROR via: forged\r\t\u{0}\u{1b}[2J\u{9b}\u{85}"
        );
        assert_eq!(shown("a\u{2028}b\u{202e}c"), r"a\u{2028}b\u{202e}c");
    }

    #[test]
    fn what_is_too_long_is_cut_between_two_characters() {
        let longest = "x".repeat(LONGEST);
        assert_eq!(shown(&longest), longest);
        assert_eq!(shown(&format!("{longest}y")), format!("{longest}.. (cut)"));
        let odd = format!("x{}", "é".repeat(LONGEST));
        let cut = shown(&odd);
        assert!(cut.ends_with("é.. (cut)") && cut.len() <= LONGEST + 8);
        // An escaped character is longer than the character.
        assert!(shown(&"\n".repeat(LONGEST)).len() <= LONGEST + 8);
    }

    #[test]
    fn an_error_of_the_text_itself_is_passed_on() {
        struct Broken;
        impl fmt::Display for Broken {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        assert!(write!(String::new(), "{}", LogText(Broken)).is_err());
    }
}
