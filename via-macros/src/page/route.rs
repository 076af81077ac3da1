//! The grammar of routes: `/`, `/todo`, `/todo/{id}/edit`.

use proc_macro2::Ident;
use syn::{ext::IdentExt, parse::Parser};

/// The parameters of a route, in order, or everything that is wrong with it.
pub(crate) fn params(route: &str) -> Result<Vec<String>, Vec<String>> {
    let Some(rest) = route.strip_prefix('/') else {
        let with_slash = if route.is_empty() { "" } else { route };
        return Err(vec![format!(
            "a route begins with a slash; write `\"/{with_slash}\"`"
        )]);
    };
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    if rest.split('/').any(str::is_empty) {
        let segments: Vec<_> = rest.split('/').filter(|part| !part.is_empty()).collect();
        return Err(vec![format!(
            "this route has an empty segment; write `\"/{}\"`",
            segments.join("/")
        )]);
    }
    let mut params = Vec::new();
    let mut errors = Vec::new();
    for segment in rest.split('/') {
        match param(segment) {
            Ok(None) => {}
            Ok(Some(name)) if params.contains(&name) => errors.push(format!(
                "`{{{name}}}` is in this route twice; give each parameter a name of its own"
            )),
            Ok(Some(name)) => params.push(name),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(params)
    } else {
        Err(errors)
    }
}

/// The placeholders of a shared key such as `room/{room}`, in order, or everything that is wrong
/// with it.
pub(crate) fn pattern(key: &str) -> Result<Vec<String>, Vec<String>> {
    if let Some(rest) = key.strip_prefix('/') {
        return Err(vec![format!(
            "a key begins without a slash; write `\"{}\"`",
            rest.trim_matches('/')
        )]);
    }
    if key.is_empty() {
        return Err(vec![
            "a shared value needs a key; write `\"room/{room}\"`, or `app` for one value"
                .to_owned(),
        ]);
    }
    params(&format!("/{key}")).map_err(|messages| {
        messages
            .into_iter()
            .map(|message| {
                message
                    .replace("this route", "this key")
                    .replace("a route", "a key")
            })
            .map(|message| message.replace("write `\"/", "write `\""))
            .collect()
    })
}

/// Whether two shared keys can name the same value.
pub(crate) fn can_be_equal(one: &str, other: &str) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
    let free = |segment: &str| segment.starts_with('{');
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| free(one) || free(other) || **one == *other)
}

/// The parameter that a segment is, if it is one.
fn param(segment: &str) -> Result<Option<String>, String> {
    let opened = segment.matches('{').count();
    let closed = segment.matches('}').count();
    if opened > closed {
        return Err(format!(
            "the brace of `{segment}` is never closed; write `{{name}}`"
        ));
    }
    if closed > opened {
        return Err(format!(
            "`{segment}` closes a brace that was not opened; write `{{name}}`"
        ));
    }
    if opened == 0 {
        return match segment.chars().find(|c| !is_plain(*c)) {
            None => Ok(None),
            Some(c) => Err(format!(
                "a route cannot have {c:?} in it; use letters, digits, `-`, `_`, `.` and `~`"
            )),
        };
    }
    let Some(name) = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .filter(|_| opened == 1)
    else {
        return Err(format!(
            "`{segment}` is more than a parameter; a parameter is a whole segment, as in `/{{name}}/`"
        ));
    };
    if is_identifier(name) {
        Ok(Some(name.to_owned()))
    } else {
        Err(format!(
            "`{segment}` is not a parameter; write the name of a `#[param]` field in the braces"
        ))
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

    fn error(route: &str) -> String {
        params(route).unwrap_err().join("\n")
    }

    #[test]
    fn parameters_are_found_in_order() {
        for (route, expected) in [
            ("/", &[][..]),
            ("/todo", &[]),
            ("/a-b/c_d/e.f~", &[]),
            ("/todo/{id}", &["id"]),
            ("/{user}/todo/{id}/edit", &["user", "id"]),
            ("/{type}", &["type"]),
        ] {
            assert_eq!(params(route).unwrap(), expected, "{route}");
        }
    }

    #[test]
    fn a_route_begins_with_a_slash() {
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
        assert!(error("/{id").contains("never closed"));
        assert!(error("/id}").contains("not opened"));
        assert!(error("/{id/edit").contains("never closed"));
    }

    #[test]
    fn a_parameter_is_an_identifier_and_a_whole_segment() {
        for route in ["/{}", "/{1a}", "/{a b}", "/{a-b}", "/{*rest}", "/{r#type}"] {
            assert!(error(route).contains("is not a parameter"), "{route}");
        }
        for route in ["/{a}{b}", "/a{b}", "/{a}.json", "/{{a}}"] {
            assert!(error(route).contains("more than a parameter"), "{route}");
        }
    }

    #[test]
    fn a_parameter_is_there_once() {
        assert!(error("/{id}/{id}").contains("twice"));
    }

    #[test]
    fn other_characters_are_refused() {
        for route in ["/a b", "/a?b", "/a#b", "/a%20b", "/ä", "/*", "/:id"] {
            assert!(error(route).contains("cannot have"), "{route}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_reported() {
        assert_eq!(params("/{1}/{/a b").unwrap_err().len(), 3);
    }
}
