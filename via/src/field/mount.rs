//! Where an app is mounted in the router of a host program.
//!
//! The mount is a part of the path of each request, so it travels with the path parameters, under a name
//! that no parameter has. An app at the root of its host has no such entry.

/// The name under which the mount travels. Names of parameters are identifiers.
const NAME: &str = "";

/// The mount among path parameters, such as `/apps/shop`; empty at the root.
pub(crate) fn mount_of(params: &[(String, String)]) -> &str {
    match params.last() {
        Some((name, mount)) if name == NAME => mount,
        _ => "",
    }
}

/// The parameters without the mount.
pub(crate) fn without_mount(params: &[(String, String)]) -> &[(String, String)] {
    match params.split_last() {
        Some(((name, _), rest)) if name == NAME => rest,
        _ => params,
    }
}

/// Adds the mount to path parameters.
pub(crate) fn add_mount(params: &mut Vec<(String, String)>, mount: &str) {
    if !mount.is_empty() {
        params.push((NAME.to_owned(), mount.to_owned()));
    }
}
