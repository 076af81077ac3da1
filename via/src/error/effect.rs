//! [`EffectError`]: why an effect of an action cannot be carried out.

use std::fmt;

/// Why an effect of an action cannot be carried out: a redirect to something else than a page of this
/// site, or a name that nobody can log in with.
///
/// Pass it on with `?` in an action that returns `Result<(), E>`, where `E` is this type,
/// [`via::Error`](crate::Error), `&'static str` or `String`. Its `Display` text is for users, its `Debug`
/// text for you.
///
/// # Example
///
/// ```
/// use via::prelude::*;
///
/// #[via::page("/")]
/// struct Login {
///     #[signal(tab)]
///     next: String,
/// }
///
/// #[via::actions]
/// impl Login {
///     fn go_on(&mut self, fx: &mut Effects) -> Result<(), &'static str> {
///         if self.next.is_empty() {
///             return Err("Please choose a page.");
///         }
///         fx.redirect(&self.next)?;
///         Ok(())
///     }
///
///     fn go_home(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
///         fx.redirect("/")
///     }
/// }
/// # impl View for Login {
/// #     fn view(&self, _cx: &Cx<Self>) -> Markup { html! {} }
/// # }
/// # let _ = via::App::new().page::<Login>();
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EffectError(Reason);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Path,
    Principal,
    EventName,
    EventDetail,
}

impl EffectError {
    /// Not a local path.
    pub(crate) const PATH: Self = Self(Reason::Path);
    /// Not the name of a principal.
    pub(crate) const PRINCIPAL: Self = Self(Reason::Principal);
    /// A name of the client's own.
    pub(crate) const EVENT_NAME: Self = Self(Reason::EventName);
    /// A detail without a JSON form.
    pub(crate) const EVENT_DETAIL: Self = Self(Reason::EventDetail);

    /// What the user sees.
    const fn text(self) -> &'static str {
        match self.0 {
            Reason::Path => "That address is not a page of this site.",
            Reason::Principal => "That name cannot be used to log in.",
            Reason::EventName | Reason::EventDetail => "Something on this page does not work.",
        }
    }
}

impl fmt::Display for EffectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// It never contains what the user entered.
impl fmt::Debug for EffectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Reason::Path => {
                "`redirect` takes a local path, such as \"/login\": one `/` at the beginning and no \
                 control characters"
            }
            Reason::Principal => {
                "the name of a principal has 1 to 256 bytes and no control characters"
            }
            Reason::EventName => "`emit` takes a name that does not begin with `via:`",
            Reason::EventDetail => "the detail of an `emit` has no JSON form",
        })
    }
}

impl std::error::Error for EffectError {}

impl From<EffectError> for &'static str {
    fn from(error: EffectError) -> Self {
        error.text()
    }
}

impl From<EffectError> for String {
    fn from(error: EffectError) -> Self {
        error.text().to_owned()
    }
}
