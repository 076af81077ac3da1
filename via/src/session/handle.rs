//! [`Session`]: says who is logged in, and lets an action change it.

use crate::error::EffectError;

/// The session of the visitor who called an action. It says who is logged in, and logs in and out. The
/// changes are committed together with the state that the action changed.
///
/// Every change gives the browser a new secret, so a stolen copy of the old cookie becomes useless. The
/// other tabs of the session continue without an error or a reload, on every server.
///
/// Tested by: `tests/server/log_in.rs`.
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
///         fx.session().login("anna")?;
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

/// The change of the session that an action asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionChange {
    Rotate,
    LogIn {
        principal: Box<str>,
        /// Whether another principal gets the state of the one before.
        keeps_state: bool,
    },
    LogOut,
}

impl SessionChange {
    /// Whether all state starts again from its defaults, if `before` was logged in.
    pub(crate) fn begins_anew(&self, before: Option<&str>) -> bool {
        match self {
            Self::Rotate => false,
            Self::LogIn {
                principal,
                keeps_state,
            } => !keeps_state && before.is_some_and(|before| *before != **principal),
            Self::LogOut => true,
        }
    }
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

    /// The principal that [`login`](Self::login) received; `None` if nobody is logged in.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// Logs in `principal`: any stable name of a user, such as a primary key. The session gets a new
    /// secret, and its absolute timeout starts again.
    ///
    /// A visitor who was not logged in keeps the state of the session, such as a shopping cart, and so
    /// does a principal who logs in again. If *another* principal was logged in, all state starts again
    /// from its defaults in every tab, including what this action changed, as after
    /// [`logout`](Self::logout).
    ///
    /// The action must check that the visitor really is that user.
    ///
    /// # Errors
    ///
    /// [`EffectError`] if `principal` is empty, is longer than [`MAX_PRINCIPAL`](Self::MAX_PRINCIPAL)
    /// bytes, or has control characters. Then nobody is logged in.
    pub fn login(&mut self, principal: impl Into<String>) -> Result<(), EffectError> {
        self.log_in(principal.into(), false)
    }

    /// Logs in `principal` as [`login`](Self::login) does, but the session keeps its state even if another
    /// principal was logged in. Use it when one user takes the identity of another one (impersonation),
    /// or if the account has a new name.
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login).
    pub fn login_keeping_state(&mut self, principal: impl Into<String>) -> Result<(), EffectError> {
        self.log_in(principal.into(), true)
    }

    fn log_in(&mut self, principal: String, keeps_state: bool) -> Result<(), EffectError> {
        let has_length = (1..=Self::MAX_PRINCIPAL).contains(&principal.len());
        // A name with them could pass for another one in a log, and for one of the framework's own.
        if !has_length || principal.contains(char::is_control) {
            return Err(EffectError::PRINCIPAL);
        }
        let principal = principal.into_boxed_str();
        self.principal = Some(principal.clone());
        self.change = Some(SessionChange::LogIn {
            principal,
            keeps_state,
        });
        Ok(())
    }

    /// Logs out: in every tab, all state of the session starts again from its defaults, including what
    /// this action changed. The session gets a new secret.
    pub fn logout(&mut self) {
        self.principal = None;
        self.change = Some(SessionChange::LogOut);
    }

    /// Changes only the secret. Do this after a change of privileges.
    pub fn rotate(&mut self) {
        self.change.get_or_insert(SessionChange::Rotate);
    }

    pub(crate) fn into_change(self) -> Option<SessionChange> {
        self.change
    }
}
