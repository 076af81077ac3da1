//! Adds a page to an app, and checks that it fits the pages before it.

use std::{collections::BTreeMap, panic::Location, sync::Arc};

use super::{App, health, keys};
use crate::{
    field::Segment,
    page::{PageEntry, View},
};

impl App {
    /// Adds a page under its own route.
    ///
    /// # Panics
    ///
    /// Panics at the line of the call if:
    ///
    /// - another page has the same route;
    /// - another page has the same name, because the name is part of the keys of stored state and of
    ///   the names of actions;
    /// - the route is `/livez`, `/readyz` or begins with `/_via`, because the framework answers there;
    /// - a field has the key of another page's field (`key = ".."`, `shared = ".."`), but another
    ///   type, version or time to live.
    #[track_caller]
    pub fn page<P: View>(mut self) -> Self {
        let new = PageEntry::new::<P>(Location::caller());
        assert_free(&new);
        for old in &self.pages {
            assert_apart(old, &new);
            keys::assert_agreement(old, &new);
        }
        self.pages.push(new);
        self
    }
}

/// Panics if the framework itself answers at the route of the page.
#[track_caller]
fn assert_free(page: &PageEntry) {
    let (name, route) = (page.descriptor.name, page.descriptor.route);
    assert!(
        !matches!(
            page.descriptor.segments.first(),
            Some(Segment::Literal("_via"))
        ),
        "page `{name}` cannot have the route `{route}`: paths below `/_via` belong to the framework; \
         give it another route"
    );
    assert!(
        !health::PATHS.contains(&route),
        "page `{name}` cannot have the route `{route}`: load balancers ask there whether the server \
         is well; give it another route"
    );
}

/// Panics if a page has a route at which the framework answers because the author has moved it there.
pub(super) fn assert_apart_from_framework(
    pages: &BTreeMap<&'static str, Arc<PageEntry>>,
    via_path: &str,
    health_below: Option<&str>,
) {
    for page in pages.values() {
        let (name, route) = (page.descriptor.name, page.descriptor.route);
        let is_probe = health_below.is_some_and(|below| {
            let path = route.strip_prefix(below);
            path.is_some_and(|path| health::PATHS.contains(&path))
        });
        let rest = route.strip_prefix(via_path);
        assert!(
            !is_probe && !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            "page `{name}`, added at {}, has the route `{route}`, but `App::health` or \
             `App::files_below` gives that path to the framework; change one of them",
            page.location,
        );
    }
}

/// Panics if two pages have the same route or the same name.
#[track_caller]
fn assert_apart(old: &PageEntry, new: &PageEntry) {
    let (one, other) = (old.descriptor, new.descriptor);
    let both = || {
        format!(
            "`{}::{}`, added at {}, and `{}::{}`, added at {}",
            one.module, one.name, old.location, other.module, other.name, new.location,
        )
    };
    assert!(
        !Segment::same_paths(one.segments, other.segments),
        "the route `{}` is taken twice, by {}; give one of them another route",
        other.route,
        both(),
    );
    assert!(
        one.name != other.name,
        "two pages are named `{}`: {}; rename one, because stored state is kept under that name",
        other.name,
        both(),
    );
}
