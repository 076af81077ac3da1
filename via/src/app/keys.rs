//! Checks that two pages keep the same thing under the same key.

use crate::{field::FieldDescriptor, page::PageEntry};

/// Stops the program if two fields of different pages can be kept under one key, but differ in form.
///
/// # Panics
///
/// Panics with both places if the two pages do not agree.
#[track_caller]
pub(super) fn assert_agreement(old: &PageEntry, new: &PageEntry) {
    for (one, other) in pairs(old, new) {
        if let Some(difference) = difference(one, other) {
            panic!(
                "the key `{}` is kept in two forms: `{}::{}.{}`, added at {}, and \
                 `{}::{}.{}`, added at {}, {difference}; give one of the two another key, or \
                 both the same form",
                other.key,
                old.descriptor.module,
                old.descriptor.name,
                one.name,
                old.location,
                new.descriptor.module,
                new.descriptor.name,
                other.name,
                new.location,
            );
        }
    }
}

/// The fields of two pages that can be kept under one key.
fn pairs<'a>(
    old: &'a PageEntry,
    new: &'a PageEntry,
) -> impl Iterator<Item = (&'static FieldDescriptor, &'static FieldDescriptor)> {
    let (old, new) = (old.descriptor.fields, new.descriptor.fields);
    old.iter()
        .flat_map(move |one| new.iter().map(move |other| (one, other)))
        .filter(|(one, other)| one.can_share_a_key(other))
}

/// How two fields of one key differ, as a part of a sentence.
fn difference(one: &FieldDescriptor, other: &FieldDescriptor) -> Option<String> {
    if let (Some(one), Some(other)) = (one.ty, other.ty) {
        let (one, other) = (one(), other());
        if one.id != other.id {
            return Some(format!(
                "have the types `{}` and `{}`",
                one.name, other.name
            ));
        }
    }
    if one.version != other.version {
        return Some(format!(
            "have the versions {} and {}",
            one.version, other.version
        ));
    }
    if one.kind != other.kind {
        return Some("have different scopes or times to live".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    macro_rules! page {
        ($name:ident, $route:literal, $($field:tt)*) => {
            #[via::page($route)]
            struct $name { $($field)* }

            impl View for $name {
                fn view(&self, _: &Cx<Self>) -> Markup { html! {} }
            }
        };
    }

    page!(Cart, "/cart", #[state(key = "cart")] cart: Vec<u32>,);
    page!(Shop, "/shop", #[state(key = "cart")] basket: Vec<u32>,);
    page!(Wrong, "/wrong", #[state(key = "cart")] cart: Vec<u64>,);
    page!(Tab, "/tab", #[state(tab, key = "cart")] cart: u8,);
    page!(Newer, "/newer", #[state(key = "cart", version = 2, migrate = [])] cart: Vec<u32>,);
    page!(Room, "/room/{room}", #[param] room: String, #[state(shared = "room/{room}")] log: Vec<u8>,);
    page!(Lobby, "/lobby", #[state(shared = "room/lobby")] log: Vec<u16>,);
    page!(Short, "/short", #[state(shared = "room/lobby", ttl = "1h")] log: Vec<u8>,);

    fn panic_of(run: impl FnOnce() -> via::App + std::panic::UnwindSafe) -> String {
        let panic = std::panic::catch_unwind(run).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    }

    #[test]
    fn pages_that_agree_share_a_key() {
        let _ = via::App::new().page::<Cart>().page::<Shop>().page::<Tab>();
    }

    #[test]
    fn two_types_versions_or_lives_of_one_key_stop_the_program_with_both_places_named() {
        let wrong = panic_of(|| via::App::new().page::<Cart>().page::<Wrong>());
        for part in [
            "the key `cart` is kept in two forms",
            "Cart.cart`, added at ",
            "Wrong.cart`, added at ",
            "app/keys.rs:",
            "have the types `alloc::vec::Vec<u32>` and `alloc::vec::Vec<u64>`",
        ] {
            assert!(wrong.contains(part), "{wrong}");
        }
        let newer = panic_of(|| via::App::new().page::<Cart>().page::<Newer>());
        assert!(newer.contains("have the versions 1 and 2"), "{newer}");
        let lobby = panic_of(|| via::App::new().page::<Room>().page::<Lobby>());
        assert!(lobby.contains("the key `room/lobby`"), "{lobby}");
        let short = panic_of(|| via::App::new().page::<Room>().page::<Short>());
        assert!(short.contains("times to live"), "{short}");
    }
}
