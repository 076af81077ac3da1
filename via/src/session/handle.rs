//! [`Session`]: who is logged in, and changing it.

/// The session of the visitor who called an action: who is logged in, and changes of that, which
/// are committed together with the state that the action changed.
///
/// Every change gives the browser a new secret: whoever else had a copy of the old cookie has
/// nothing any more. The session's other tabs go on without an error or a reload, on every server.
/// (Shown by `tests/server/log_in.rs`.)
///
/// # Example: logging in and out
///
/// ```
/// use via::prelude::*;
///
/// #[via::page("/")]
/// struct Desk {
///     #[signal(tab)]
///     password: String,
/// }
///
/// #[via::actions]
/// impl Desk {
///     fn log_in(&mut self, fx: &mut Effects) -> Result<(), &'static str> {
///         if self.password != "correct horse battery staple" {
///             return Err("That is not the password.");
///         }
///         self.password.clear();
///         fx.session().login("anna");
///         Ok(())
///     }
///
///     fn log_out(&mut self, fx: &mut Effects) {
///         fx.session().logout();
///     }
/// }
///
/// impl View for Desk {
///     fn view(&self, cx: &Cx<Self>) -> Markup {
///         html! {
///             @if let Some(name) = cx.principal() {
///                 p { "Hello, " (name) }
///                 button data-on:click=(cx.log_out()) { "Log out" }
///             } @else {
///                 input type="password" data-bind=(cx.password());
///                 button data-on:click=(cx.log_in()) { "Log in" }
///             }
///         }
///     }
/// }
/// # let _ = via::App::new().page::<Desk>();
/// ```
#[derive(Debug, Default)]
pub struct Session {
    principal: Option<Box<str>>,
    change: Option<SessionChange>,
}

/// What an action wants to become of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionChange {
    Rotate,
    LogIn(Box<str>),
    LogOut,
}

impl Session {
    /// The longest name of a principal, in bytes.
    pub const MAX_PRINCIPAL: usize = 256;

    pub(crate) fn of(principal: Option<&str>) -> Self {
        Self {
            principal: principal.map(Box::from),
            change: None,
        }
    }

    /// Who is logged in, by the name that [`login`](Self::login) was given; `None` if nobody is.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// Logs `principal` in: any stable name of a user, such as a primary key. State is kept, the
    /// secret is changed, and the absolute timeout begins anew.
    ///
    /// Whether it is really that user is the action's business.
    ///
    /// # Panics
    ///
    /// Panics, which refuses the action and commits nothing, if `principal` is empty or longer
    /// than [`MAX_PRINCIPAL`](Self::MAX_PRINCIPAL) bytes.
    pub fn login(&mut self, principal: impl Into<String>) {
        let principal = principal.into();
        assert!(
            (1..=Self::MAX_PRINCIPAL).contains(&principal.len()),
            "the name of a principal has 1 to {} bytes, not {}",
            Self::MAX_PRINCIPAL,
            principal.len()
        );
        let principal = principal.into_boxed_str();
        self.principal = Some(principal.clone());
        self.change = Some(SessionChange::LogIn(principal));
    }

    /// Logs out: all state of the session begins anew from its defaults, also what this action
    /// changed of it, and in every tab; the secret is changed.
    pub fn logout(&mut self) {
        self.principal = None;
        self.change = Some(SessionChange::LogOut);
    }

    /// Changes the secret alone, as is right after a change of privileges.
    pub fn rotate(&mut self) {
        self.change.get_or_insert(SessionChange::Rotate);
    }

    pub(crate) fn into_change(self) -> Option<SessionChange> {
        self.change
    }
}
