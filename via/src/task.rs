//! The server's side of a task: what an `async fn` action is given to work with.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures_util::FutureExt as _;

use crate::{
    action::{HostFuture, Rejection, Step, TaskError, TaskFuture, TaskHost},
    command::Command,
    hub::{Mail, PageDocuments, TaskAuthority},
    incident::Incident,
    refusal::Refusal,
    runtime::Core,
    session::SessionId,
    sessions::{SessionHandle, Sessions},
    state::{Inputs, TabId},
    transaction::{self, Actor, Authority},
};

/// Where a task was started.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) core: Arc<Core>,
    pub(crate) documents: PageDocuments,
    pub(crate) session: SessionId,
    /// On whose behalf the task works: known once its start is committed, which is before it runs.
    pub(crate) authority: OnceLock<TaskAuthority>,
    pub(crate) tab: TabId,
    pub(crate) params: Vec<(String, String)>,
}

impl Host {
    /// Runs a task to its end, and tells the user if it fails.
    pub(crate) async fn carry_out(self: Arc<Self>, authority: TaskAuthority, future: TaskFuture) {
        let _ = self.authority.set(authority);
        let toast = match AssertUnwindSafe(future).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(Rejection(text))) => Command::Toast { text },
            Err(panic) => Incident::of_panic("a task panicked", &*panic).toast(),
        };
        self.tell(toast);
    }
}

impl TaskHost for Host {
    fn update<'a>(&'a self, step: &'a mut Step<'_>) -> HostFuture<'a, Result<(), TaskError>> {
        // The signals that the browser sent with the start may be old by now: what the user changed
        // of them is committed, and may have been changed again.
        Box::pin(async move {
            let authority = self
                .authority
                .get()
                .ok_or(TaskError(Refusal::SESSION_GONE))?;
            let actor = Actor {
                authority: Authority::Task(authority),
                tab: self.tab,
                params: &self.params,
                inputs: Inputs::none(),
                stream: None,
                // A task begins no session.
                address: None,
                starts_task: false,
            };
            let _turn = self.documents.session().turn().await;
            transaction::run(&self.core, &self.documents, actor, None, step)
                .await
                .map(drop)
                .map_err(TaskError)
        })
    }

    fn session(&self) -> SessionHandle {
        SessionHandle::of(self.session)
    }

    fn principal(&self) -> HostFuture<'_, crate::Result<Option<String>>> {
        Box::pin(async move {
            let Self {
                core, documents, ..
            } = self;
            let state = documents.load(&*core.store, core.clock.now()).await?;
            Ok(state.session.principal().map(str::to_owned))
        })
    }

    fn sessions(&self) -> Sessions {
        self.core.sessions()
    }

    fn tell(&self, command: Command) {
        // It is set before the task runs.
        if let Some(authority) = self.authority.get() {
            let mail = Mail::new(self.tab, command, authority.clone());
            self.documents.session().tell(mail);
        }
    }
}
