//! Incidents: what went wrong in user code, told to the log in full and to the user by an id.

use std::{any::Any, fmt};

use crate::{command::Command, hex, log_text::LogText, random::random, refusal::Refusal};

/// Something that should not have happened; the id connects what the user saw with the log.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    id: String,
}

impl Incident {
    /// Logs what happened under a new id.
    pub(crate) fn report(what: &str, details: &dyn fmt::Display) -> Self {
        let id = hex::encode(&random::<4>());
        tracing::error!(incident = id, details = %LogText(details), "{what}");
        Self { id }
    }

    /// Logs a caught panic under a new id.
    pub(crate) fn of_panic(what: &str, panic: &(dyn Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("the panic carries no text");
        Self::report(what, &text)
    }

    /// What the user is told, as a message of a few seconds.
    pub(crate) fn toast(&self) -> Command {
        Command::Toast {
            text: self.message(),
        }
    }

    /// The same as the answer to a request.
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::INCIDENT.saying(self.message())
    }

    /// What the user is told.
    pub(crate) fn message(&self) -> String {
        format!(
            "Something went wrong. Please try again, or report incident {}.",
            self.id
        )
    }
}
