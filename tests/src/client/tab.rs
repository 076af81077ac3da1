//! A live tab.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request};
use serde_json::Value;
use tokio::time::sleep;

use super::action::Action;
use super::answer::Answer;
use super::line::Line;
use super::visitor::Visitor;
use crate::patience::PATIENCE;

/// An attached tab. It numbers its actions from 1, as the browser's client does.
#[derive(Debug)]
pub struct Tab {
    visitor: Visitor,
    path: String,
    token: String,
    id: String,
    renew: Duration,
    next: AtomicU64,
}

impl Tab {
    /// The tab that the server's answer to an attach describes.
    #[track_caller]
    pub fn new(visitor: Visitor, path: &str, reply: &Value) -> Self {
        let text = |field: &str| {
            reply[field]
                .as_str()
                .unwrap_or_else(|| panic!("the answer to an attach has no `{field}`: {reply}"))
                .to_owned()
        };
        Self {
            visitor,
            path: path.to_owned(),
            token: text("token"),
            id: text("tab"),
            renew: Duration::from_millis(reply["renew_ms"].as_u64().unwrap_or_default()),
            next: AtomicU64::new(1),
        }
    }

    /// The same tab at another server, as when a load balancer picks another one. It continues with
    /// the same numbers.
    #[must_use]
    pub fn at(&self, visitor: &Visitor) -> Self {
        Self {
            visitor: visitor.clone(),
            path: self.path.clone(),
            token: self.token.clone(),
            id: self.id.clone(),
            renew: self.renew,
            next: AtomicU64::new(self.next.load(Ordering::Relaxed)),
        }
    }

    /// The visitor that has it open.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// Takes the tab's next number, for an action that the test sends by other means.
    pub fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The path of its page.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The attach token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The tab's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// After how long the client should renew the token.
    #[must_use]
    pub fn renew(&self) -> Duration {
        self.renew
    }

    /// Sends an action and returns the answer, whatever it is.
    pub async fn act(&self, action: Action) -> Answer {
        self.try_act(action)
            .await
            .unwrap_or_else(|error| panic!("an action at {}: {error}", self.path))
    }

    /// Sends an action once.
    ///
    /// # Errors
    ///
    /// The connection was refused or cut: it is unknown whether the action was applied.
    pub async fn try_act(&self, action: Action) -> io::Result<Answer> {
        let number = self.number_of(&action);
        self.send(&action.body(&self.token, number)).await
    }

    /// Sends an action over a connection that is kept.
    pub async fn act_over(&self, line: &mut Line, action: Action) -> Answer {
        line.send(&self.request(&action))
            .await
            .unwrap_or_else(|error| panic!("an action at {}: {error}", self.path))
    }

    /// The request of an action, for a test that sends it by other means. It takes the tab's next number.
    #[must_use]
    pub fn request(&self, action: &Action) -> Request<Bytes> {
        let number = self.number_of(action);
        self.request_with(&action.body(&self.token, number))
    }

    /// Sends an action as the browser's client does: it repeats the same request until an answer
    /// carries its number.
    pub async fn act_until_acknowledged(&self, action: Action) -> Answer {
        let number = self.number_of(&action);
        let body = action.body(&self.token, number);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = match self.send(&body).await {
                Ok(answer) if answer.ack() == Some(number) => return answer,
                Ok(answer) => format!("{} {}", answer.status, answer.text()),
                Err(error) => error.to_string(),
            };
            assert!(
                Instant::now() < deadline,
                "action {number} was not acknowledged within {PATIENCE:?}: {last}"
            );
            // The client waits too, so that it does not hammer a server that is unreachable.
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends any JSON as the body of an action.
    ///
    /// # Errors
    ///
    /// The connection was refused or cut.
    pub async fn send(&self, body: &Value) -> io::Result<Answer> {
        self.visitor.send(self.request_with(body)).await
    }

    /// A request with any JSON as the body of an action; its number is in the headers too.
    #[must_use]
    #[track_caller]
    pub fn request_with(&self, body: &Value) -> Request<Bytes> {
        let mut request = self.visitor.post(&self.path, "action", body.to_string());
        if let Some(number) = body["number"].as_u64() {
            request
                .headers_mut()
                .insert("via-number", HeaderValue::from(number));
        }
        request
    }

    fn number_of(&self, action: &Action) -> u64 {
        action
            .own_number()
            .unwrap_or_else(|| self.next.fetch_add(1, Ordering::Relaxed))
    }
}
