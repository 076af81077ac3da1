//! What the server does after the commit of an action, once.

use std::{fmt, future::Future, pin::Pin};

use serde::Serialize;

use crate::{command::Command, session::Session};

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
    /// # Panics
    ///
    /// Panics if `name` begins with `via:`, which is reserved for the client itself, or if `detail`
    /// cannot be written as JSON. The panic refuses the action and commits nothing.
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
    ///     fn measure(&mut self, value: f64, fx: &mut Effects) {
    ///         self.points.push(value);
    ///         fx.emit("measured", &self.points.len());
    ///     }
    /// }
    /// # impl View for Chart {
    /// #     fn view(&self, _cx: &Cx<Self>) -> Markup { html! {} }
    /// # }
    /// ```
    #[track_caller]
    pub fn emit(&mut self, name: impl Into<String>, detail: &(impl Serialize + ?Sized)) {
        self.commands.push(Command::emit(name.into(), detail));
    }

    /// Sends the tab that acted to another page of the app.
    ///
    /// The path begins where the app is mounted: if a host program nests the app at `/shop`, then
    /// `redirect("/orders")` leads to `/shop/orders`. Tested by: `tests/server/hosts.rs`.
    ///
    /// # Panics
    ///
    /// Panics if `path` is not a local path: it must begin with one `/`. The panic refuses the action
    /// and commits nothing.
    pub fn redirect(&mut self, path: impl Into<String>) {
        self.go(path.into(), false);
    }

    /// Sends the tab that acted to a page of the site outside the app, such as the log-in page of the host
    /// program in whose router the app is nested.
    ///
    /// # Panics
    ///
    /// Panics as [`redirect`](Self::redirect) does.
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
    ///     fn leave(&mut self, fx: &mut Effects) {
    ///         fx.session().logout();
    ///         fx.redirect_from_root("/login");
    ///     }
    /// }
    /// # impl View for Desk {
    /// #     fn view(&self, _cx: &Cx<Self>) -> Markup { html! {} }
    /// # }
    /// ```
    pub fn redirect_from_root(&mut self, path: impl Into<String>) {
        self.go(path.into(), true);
    }

    fn go(&mut self, to: String, from_root: bool) {
        let local = to.starts_with('/')
            && !to[1..].starts_with(['/', '\\'])
            && !to.contains(|c: char| c.is_control());
        assert!(
            local,
            "`redirect` takes a local path such as \"/login\", not {to:?}"
        );
        self.commands.push(Command::Redirect { to, from_root });
    }

    /// Runs `future` on the server after the commit.
    ///
    /// The server does not start it if the action returns an error or its commit fails. It is lost if
    /// the process ends first.
    pub fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        self.futures.push(Box::pin(future));
    }
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
        fx.emit("saved", &[1, 2]);
        assert_eq!(
            serde_json::to_string(&fx.commands).unwrap(),
            r#"[{"do":"emit","name":"saved","detail":[1,2]}]"#
        );
    }

    #[test]
    #[should_panic(expected = "`emit` takes a name of the app's own, not \"via:frame\"")]
    fn names_of_the_client_cannot_be_emitted() {
        Effects::default().emit("via:frame", "x");
    }
}
