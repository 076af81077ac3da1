//! The grammar of routes, `/todo/{id}/edit`, and of the keys of shared values, `room/{room}`.
//!
//! `via` gets the result as a list of [`Segment`]s and never parses the text again.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{ext::IdentExt, parse::Parser};

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `todo`
    Literal(String),
    /// `{id}`
    Param(String),
}

impl ToTokens for Segment {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Literal(text) => quote!(::via::__private::Segment::Literal(#text)),
            Self::Param(name) => quote!(::via::__private::Segment::Param(#name)),
        });
    }
}

/// The names of the parameters, in order.
pub(crate) fn params(segments: &[Segment]) -> impl Iterator<Item = &str> {
    segments.iter().filter_map(|segment| match segment {
        Segment::Param(name) => Some(name.as_str()),
        Segment::Literal(_) => None,
    })
}

/// The segments of a route, or all errors in it.
pub(crate) fn route(route: &str) -> Result<Vec<Segment>, Vec<String>> {
    match route.strip_prefix('/') {
        Some("") => Ok(Vec::new()),
        Some(path) => segments(path, Text::Route),
        None => Err(vec![format!(
            "a route starts with a slash; write `\"/{}\"`",
            route.trim_end_matches('/')
        )]),
    }
}

/// The segments of the key of a shared value, or all errors in it.
pub(crate) fn shared_key(key: &str) -> Result<Vec<Segment>, Vec<String>> {
    if key.is_empty() {
        return Err(vec![
            "a shared value needs a key; write one such as `\"room/{room}\"`, or use `app` \
             instead of `shared` for one value for everyone"
                .to_owned(),
        ]);
    }
    if let Some(rest) = key.strip_prefix('/') {
        return Err(vec![format!(
            "a key does not start with a slash; write `\"{}\"`",
            rest.trim_matches('/')
        )]);
    }
    segments(key, Text::Key)
}

/// What is parsed, for messages.
#[derive(Clone, Copy)]
enum Text {
    Route,
    Key,
}

impl Text {
    fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Key => "key",
        }
    }

    fn start(self) -> &'static str {
        match self {
            Self::Route => "/",
            Self::Key => "",
        }
    }
}

fn segments(path: &str, text: Text) -> Result<Vec<Segment>, Vec<String>> {
    let name = text.name();
    if path.split('/').any(str::is_empty) {
        let filled: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        return Err(vec![format!(
            "this {name} has an empty segment; write `\"{}{}\"`",
            text.start(),
            filled.join("/")
        )]);
    }
    let mut segments = Vec::new();
    let mut errors = Vec::new();
    for written in path.split('/') {
        match segment(written, text) {
            Ok(Segment::Param(param)) if params(&segments).any(|other| other == param) => {
                errors.push(format!(
                    "`{{{param}}}` occurs twice in this {name}; give each parameter its own name"
                ));
            }
            Ok(segment) => segments.push(segment),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(segments)
    } else {
        Err(errors)
    }
}

fn segment(written: &str, text: Text) -> Result<Segment, String> {
    let opened = written.matches('{').count();
    let closed = written.matches('}').count();
    if opened > closed {
        return Err(format!(
            "`{written}` lacks a closing brace; write `{{name}}`"
        ));
    }
    if closed > opened {
        return Err(format!(
            "`{written}` lacks an opening brace; write `{{name}}`"
        ));
    }
    if opened == 0 {
        return match written.chars().find(|c| !is_plain(*c)) {
            None => Ok(Segment::Literal(written.to_owned())),
            Some(c) => Err(format!(
                "a {} cannot contain {c:?}; use letters, digits, `-`, `_`, `.` and `~`",
                text.name()
            )),
        };
    }
    let name = written
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .filter(|_| opened == 1);
    match name {
        Some(name) if is_identifier(name) => Ok(Segment::Param(name.to_owned())),
        Some(_) => Err(format!(
            "`{written}` is not a parameter; write the name of a `#[param]` field between the braces"
        )),
        None => Err(format!(
            "`{written}` mixes a parameter with other text; let the parameter fill its segment, as in `{}`",
            match text {
                Text::Route => "/todo/{id}/edit",
                Text::Key => "room/{room}/log",
            }
        )),
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')
}

fn is_identifier(name: &str) -> bool {
    // `r#` is not part of a name.
    !name.contains('#')
        && Ident::parse_any
            .parse_str(name)
            .is_ok_and(|ident| ident == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        route(text).unwrap_err().join("\n")
    }

    #[test]
    fn parameters_are_found_in_order() {
        for (text, expected) in [
            ("/", &[][..]),
            ("/todo", &[]),
            ("/a-b/c_d/e.f~", &[]),
            ("/todo/{id}", &["id"]),
            ("/{user}/todo/{id}/edit", &["user", "id"]),
            ("/{type}", &["type"]),
        ] {
            let segments = route(text).unwrap();
            assert!(params(&segments).eq(expected.iter().copied()), "{text}");
        }
    }

    #[test]
    fn a_route_starts_with_a_slash() {
        assert!(error("todo").contains("write `\"/todo\"`"));
        assert!(error("").contains("write `\"/\"`"));
    }

    #[test]
    fn no_segment_is_empty() {
        for route in ["/todo/", "//todo", "/a//b", "//"] {
            assert!(error(route).contains("empty segment"), "{route}");
        }
        assert!(error("/a//b/").contains("write `\"/a/b\"`"));
    }

    #[test]
    fn braces_come_in_pairs() {
        assert!(error("/{id").contains("closing brace"));
        assert!(error("/id}").contains("opening brace"));
        assert!(error("/{id/edit").contains("closing brace"));
    }

    #[test]
    fn a_parameter_is_an_identifier_and_a_whole_segment() {
        for route in ["/{}", "/{1a}", "/{a b}", "/{a-b}", "/{*rest}", "/{r#type}"] {
            assert!(error(route).contains("is not a parameter"), "{route}");
        }
        for route in ["/{a}{b}", "/a{b}", "/{a}.json", "/{{a}}"] {
            assert!(error(route).contains("mixes a parameter"), "{route}");
        }
    }

    #[test]
    fn a_parameter_is_there_once() {
        assert!(error("/{id}/{id}").contains("twice"));
    }

    #[test]
    fn other_characters_are_refused() {
        for route in ["/a b", "/a?b", "/a#b", "/a%20b", "/ä", "/*", "/:id"] {
            assert!(error(route).contains("cannot contain"), "{route}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_reported() {
        assert_eq!(route("/{1}/{/a b").unwrap_err().len(), 3);
    }

    #[test]
    fn a_key_has_the_segments_of_a_route_without_its_slash() {
        assert_eq!(
            shared_key("room/{room}").unwrap(),
            [
                Segment::Literal("room".to_owned()),
                Segment::Param("room".to_owned())
            ]
        );
        for (key, part) in [
            ("", "needs a key"),
            ("/room/", "write `\"room\"`"),
            ("room//x", "write `\"room/x\"`"),
            ("a b", "a key cannot contain ' '"),
            ("{a}/{a}", "twice in this key"),
        ] {
            let errors = shared_key(key).unwrap_err().join("\n");
            assert!(errors.contains(part), "{key}: {errors}");
        }
    }
}
