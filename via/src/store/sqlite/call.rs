//! A call to a thread of the store, and its answer.

use tokio::sync::oneshot;

use super::{
    failure::{Fault, Setback, SqliteFailure},
    table::DocumentTable,
};
use crate::store::{StoreError, notices::Notices};

/// The work of a [`Store`](crate::store::Store) method on the table.
///
/// An operation reads before it writes. So if it finds damage, it has written nothing yet.
pub(super) trait Operation: Send + 'static {
    type Output: Send;

    /// Runs within a transaction, and may run again if that was rolled back.
    fn run(&self, table: &DocumentTable<'_>) -> Result<Self::Output, Fault>;

    /// Sends the notices, after the transaction.
    fn announce(&self, _output: &Self::Output, _notices: &Notices) {}

    /// The answer if the store cannot tell whether it happened; `None` for an error.
    fn in_doubt() -> Option<Self::Output> {
        None
    }

    /// Roughly how many bytes it writes.
    fn weight(&self) -> usize {
        0
    }
}

/// An operation and its waiting caller, without its types.
pub(super) trait Job: Send {
    /// Runs the operation and keeps its result.
    fn run(&mut self, table: &DocumentTable<'_>) -> Result<(), rusqlite::Error>;
    fn announce(&self, notices: &Notices);
    fn answer(self: Box<Self>, outcome: Result<(), &Setback>);
    /// Whether the caller has given up.
    fn is_abandoned(&self) -> bool;
    fn weight(&self) -> usize;
}

type Answer<T> = Result<T, StoreError>;

pub(super) struct QueuedCall<O: Operation> {
    operation: O,
    result: Option<Answer<O::Output>>,
    reply: oneshot::Sender<Answer<O::Output>>,
}

impl<O: Operation> QueuedCall<O> {
    #[expect(
        clippy::new_ret_no_self,
        reason = "a call is only useful as a job, together with the receiver of its answer"
    )]
    pub(super) fn new(operation: O) -> (Box<dyn Job>, oneshot::Receiver<Answer<O::Output>>) {
        let (reply, answer) = oneshot::channel();
        let call = Self {
            operation,
            result: None,
            reply,
        };
        (Box::new(call), answer)
    }
}

impl<O: Operation> Job for QueuedCall<O> {
    fn run(&mut self, table: &DocumentTable<'_>) -> Result<(), rusqlite::Error> {
        self.result = Some(match self.operation.run(table) {
            Ok(output) => Ok(output),
            Err(Fault::Damaged(what)) => Err(StoreError::Damaged(what)),
            Err(Fault::Sqlite(error)) => return Err(error),
        });
        Ok(())
    }

    fn announce(&self, notices: &Notices) {
        if let Some(Ok(output)) = &self.result {
            self.operation.announce(output, notices);
        }
    }

    fn answer(self: Box<Self>, outcome: Result<(), &Setback>) {
        let answer = match outcome {
            Ok(()) => self
                .result
                .unwrap_or_else(|| Err(SqliteFailure::unavailable("the call did not run").into())),
            Err(setback) => match (setback.in_doubt, O::in_doubt()) {
                (true, Some(output)) => Ok(output),
                _ => Err(setback.failure.clone().into()),
            },
        };
        // An error means that the caller has given up.
        let _ = self.reply.send(answer);
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn weight(&self) -> usize {
        self.operation.weight()
    }
}
