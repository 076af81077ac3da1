//! What the server does after the commit of an action, once.

use std::{fmt, future::Future, pin::Pin};

use serde::Serialize;

use crate::{command::Command, error::EffectError, session::Session};

/// Collects effects, which the server carries out once after the action's commit.
///
/// They happen once, even if the action runs again or the browser sends it again, and not at all if
/// the action returns an error. Keep in the state what must survive the process.
///
/// Ask for it with a last argument `fx: &mut Effects`.
#[derive(Default)]
pub struct Effects {
    pub(crate) session: Session,
    pub(crate) commands: Vec<Command>,
    pub(crate) futures: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Effects {
    pub(crate) fn of(principal: Option<&str>) -> Self {
        Self {
            session: Session::of(principal),
            ..Self::default()
        }
    }

    /// The visitor's session: who is logged in, log-in and log-out. Unlike other effects, its changes
    /// are part of the action's own commit.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Shows `text` to the user for a few seconds, in the tab that acted.
    pub fn toast(&mut self, text: impl Into<String>) {
        self.commands.push(Command::Toast { text: text.into() });
    }

    /// Calls the page's own JavaScript, in the tab that acted: the functions that it gave to
    /// `via.on(name, ..)` receive `detail`. If there are none, nothing happens.
    ///
    /// # Errors
    ///
    /// [`EffectError`] if `name` begins with `via:`, which is reserved for the client itself, or if
    /// `detail` cannot be written as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Chart {
    ///     #[state]
    ///     points: Vec<f64>,
    /// }
    ///
    /// #[via::actions]
    /// impl Chart {
    ///     fn measure(&mut self, value: f64, fx: &mut Effects) -> Result<(), via::EffectError> {
    ///         self.points.push(value);
    ///         fx.emit("measured", &self.points.len())
    ///     }
    /// }
    /// # impl View for Chart {
    /// #     fn view(&self, _cx: &Cx<Self>) -> Markup { html! {} }
    /// # }
    /// ```
    pub fn emit(
        &mut self,
        name: impl Into<String>,
        detail: &(impl Serialize + ?Sized),
    ) -> Result<(), EffectError> {
        self.commands.push(emit(name.into(), detail)?);
        Ok(())
    }

    /// Sends the tab that acted to another page of the app.
    ///
    /// The path begins where the app is mounted: if a host program nests the app at `/shop`, then
    /// `redirect("/orders")` leads to `/shop/orders`. Tested by: `tests/server/hosts.rs`.
    ///
    /// # Errors
    ///
    /// [`EffectError`] if `path` is not a local path: it must begin with one `/` and have no control
    /// characters. So you can pass on what a user or an address bar says.
    pub fn redirect(&mut self, path: impl Into<String>) -> Result<(), EffectError> {
        self.go(path.into(), false)
    }

    /// Sends the tab that acted to a page of the site outside the app, such as the log-in page of the host
    /// program in whose router the app is nested.
    ///
    /// # Errors
    ///
    /// As [`redirect`](Self::redirect).
    ///
    /// # Examples
    ///
    /// ```
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Desk {}
    ///
    /// #[via::actions]
    /// impl Desk {
    ///     fn leave(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
    ///         fx.session().logout();
    ///         fx.redirect_from_root("/login")
    ///     }
    /// }
    /// # impl View for Desk {
    /// #     fn view(&self, _cx: &Cx<Self>) -> Markup { html! {} }
    /// # }
    /// ```
    pub fn redirect_from_root(&mut self, path: impl Into<String>) -> Result<(), EffectError> {
        self.go(path.into(), true)
    }

    fn go(&mut self, to: String, from_root: bool) -> Result<(), EffectError> {
        let is_local = to.starts_with('/')
            && !to[1..].starts_with(['/', '\\'])
            && !to.contains(char::is_control);
        if !is_local {
            return Err(EffectError::PATH);
        }
        self.commands.push(Command::Redirect { to, from_root });
        Ok(())
    }

    /// Runs `future` on the server after the commit.
    ///
    /// The server does not start it if the action returns an error or its commit fails. It is lost if
    /// the process ends first.
    pub fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        self.futures.push(Box::pin(future));
    }
}

/// The command that gives `detail` to the page's own JavaScript.
pub(super) fn emit(
    name: String,
    detail: &(impl Serialize + ?Sized),
) -> Result<Command, EffectError> {
    if Command::is_reserved(&name) {
        return Err(EffectError::EVENT_NAME);
    }
    let detail = serde_json::to_value(detail).map_err(|_| EffectError::EVENT_DETAIL)?;
    Ok(Command::Emit { name, detail })
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects")
            .field("session", &self.session)
            .field("commands", &self.commands)
            .field("futures", &self.futures.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_emitted_travels_with_its_name_and_detail() {
        let mut fx = Effects::default();
        fx.emit("saved", &[1, 2]).unwrap();
        assert_eq!(
            serde_json::to_string(&fx.commands).unwrap(),
            r#"[{"do":"emit","name":"saved","detail":[1,2]}]"#
        );
    }

    #[test]
    fn a_wrong_effect_is_an_error_and_nothing_is_sent() {
        use std::collections::BTreeMap;

        let mut fx = Effects::default();
        assert_eq!(fx.emit("via:frame", "x"), Err(EffectError::EVENT_NAME));
        let detail = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(fx.emit("saved", &detail), Err(EffectError::EVENT_DETAIL));
        for path in [
            "",
            "login",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/a\nb",
            "/\u{85}",
            "javascript:alert(1)",
        ] {
            assert_eq!(fx.redirect(path), Err(EffectError::PATH), "{path:?}");
            let outside = fx.redirect_from_root(path);
            assert_eq!(outside, Err(EffectError::PATH), "{path:?}");
        }
        for name in ["", "a\nb", "\u{0}system", "\u{7f}", &"a".repeat(257)] {
            let login = fx.session().login(name);
            assert_eq!(login, Err(EffectError::PRINCIPAL), "{name:?}");
        }
        assert!(fx.commands.is_empty());
        assert!(fx.session().principal().is_none());
        assert!(fx.session.into_change().is_none());
    }
}
