//! Frames: the HTML and signals that a tab shows, and a hash of both.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, OnceLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use super::{Held, ShownSignals};
use crate::{
    diff::{Op, Patch, Target, Tree},
    lock::lock,
    page::Rendered,
    protocol::datastar::{self, EncodedEvent},
    signal::Signals,
};

/// One rendering of a page.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) html: Arc<str>,
    pub(crate) signals: Signals,
    pub(crate) hash: FrameHash,
    /// The parsed HTML. It is parsed when the frame is first compared with another.
    tree: OnceLock<Tree>,
    /// The events that lead from the previous frame of most tabs to this one, encoded once for all tabs.
    events: Mutex<Option<(From, Arc<[EncodedEvent]>)>>,
}

/// The frame that a tab showed before.
#[derive(Debug, PartialEq, Eq)]
enum From {
    Frame(FrameHash),
    /// The frame is unknown.
    Anywhere,
}

/// A hash of the content of a frame, equal on all servers that run the same build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHash(u64);

impl Frame {
    pub(crate) fn new(Rendered { html, signals }: Rendered) -> Self {
        let mut hash = Xxh3::new();
        hash.update(html.as_bytes());
        hash.update(b"\0");
        for (name, value) in signals.iter() {
            hash.update(name.as_bytes());
            hash.update(b"\0");
            hash.update(value.to_string().as_bytes());
            hash.update(b"\0");
        }
        Self {
            html: html.into(),
            signals,
            hash: FrameHash(hash.digest()),
            tree: OnceLock::new(),
            events: Mutex::default(),
        }
    }

    /// The events that turn the HTML of `old` into this one.
    pub(crate) fn patches_from(&self, old: &Self) -> Arc<[EncodedEvent]> {
        if old.hash == self.hash {
            return Arc::default();
        }
        self.events_from(From::Frame(old.hash), || {
            let (tree, changes) = old.tree().update(Arc::clone(&self.html));
            // If another old frame already caused it to be parsed, the tree is the same.
            let _ = self.tree.set(tree);
            changes.iter().map(datastar::patch_elements).collect()
        })
    }

    /// The event that shows the whole frame, whatever the tab showed before.
    pub(crate) fn whole(&self) -> Arc<[EncodedEvent]> {
        self.events_from(From::Anywhere, || {
            let patch = datastar::patch_elements(&Patch {
                target: Target::Root,
                op: Op::Inner(self.html.to_string()),
            });
            Arc::new([patch])
        })
    }

    /// Frees the encoded events, because no other tab needs them.
    pub(crate) fn forget_events(&self) {
        *lock(&self.events) = None;
    }

    /// How much memory the frame takes.
    pub(crate) fn kept(&self) -> Held {
        let events = lock(&self.events);
        let events = events.iter().flat_map(|(_, events)| &**events);
        let events: usize = events.map(|event| event.tail.len()).sum();
        let tree = self.tree.get().map_or(0, Tree::weight);
        Held::new(self.html.as_bytes(), tree + events)
    }

    fn events_from(
        &self,
        from: From,
        encode: impl FnOnce() -> Arc<[EncodedEvent]>,
    ) -> Arc<[EncodedEvent]> {
        let mut known = lock(&self.events);
        if let Some((known, events)) = &*known
            && *known == from
        {
            return Arc::clone(events);
        }
        let events = encode();
        *known = Some((from, Arc::clone(&events)));
        events
    }

    /// The elements of the HTML.
    pub(crate) fn tree(&self) -> &Tree {
        self.tree
            .get_or_init(|| Tree::parse(Arc::clone(&self.html)))
    }

    /// The signals that a tab does not show yet, compared with `shown`. Signals that are local to the
    /// browser are left out.
    pub(crate) fn unseen<'a>(&'a self, shown: &ShownSignals<'_>) -> Vec<(&'a str, &'a Value)> {
        self.signals
            .iter()
            .filter(|(name, _)| !name.starts_with('_'))
            .filter(|(name, value)| shown.get(name) != Some(*value))
            .collect()
    }
}

impl fmt::Display for FrameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 11];
        URL_SAFE_NO_PAD
            .encode_slice(self.0.to_le_bytes(), &mut text)
            .map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for FrameHash {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        Ok(Self(u64::from_le_bytes(bytes.try_into().map_err(|_| ())?)))
    }
}
