//! The limits that hold everywhere, in one place.

use std::time::Duration;

/// The largest body of an action or of any other request to a page, in bytes.
pub(crate) const BODY: usize = 64 * 1024;
/// How deep JSON from a browser may nest.
pub(crate) const JSON_DEPTH: usize = 32;
/// How many keys a JSON object from a browser may have.
pub(crate) const JSON_KEYS: usize = 256;
/// The longest key in JSON from a browser, in bytes.
pub(crate) const JSON_KEY_LEN: usize = 64;
/// The longest string in JSON from a browser, in bytes.
pub(crate) const JSON_STRING_LEN: usize = 16 * 1024;
/// The longest array in JSON from a browser.
pub(crate) const JSON_ARRAY_LEN: usize = 1024;
/// The largest rendered page, in bytes.
pub(crate) const PAGE: usize = 4 * 1024 * 1024;
/// The largest document that is committed, in bytes.
pub(crate) const DOCUMENT: usize = 1024 * 1024;
/// Above this size, in bytes, a document is worth a warning.
pub(crate) const DOCUMENT_WARN: usize = 256 * 1024;
/// How many actions of one session wait for their turn.
pub(crate) const WAITING_ACTIONS: usize = 64;
/// How many actions of one tab wait for their turn.
pub(crate) const WAITING_ACTIONS_OF_TAB: usize = 16;
/// How often a session acts in a second, on average.
pub(crate) const ACTIONS_PER_SECOND: u32 = 20;
/// How often a session acts at once.
pub(crate) const ACTION_BURST: u32 = 60;
/// How many tasks of one session run at a time, with the futures that its actions have spawned.
pub(crate) const TASKS_OF_SESSION: usize = 16;
/// How many sessions visitors of one address begin in a second, on average.
pub(crate) const NEW_SESSIONS_PER_SECOND: u32 = 2;
/// How many sessions visitors of one address begin at once.
pub(crate) const NEW_SESSION_BURST: u32 = 1000;
/// How many actions of all sessions wait for their turn at one shared value.
pub(crate) const WAITING_SHARED: usize = 4096;
/// How long a browser that shows the previous secret is asked to try again with the new one, and how
/// late the action that replaced the secret may be repeated.
pub(crate) const ROTATION: Duration = Duration::from_secs(30);
/// How long a message to a tab waits for the tab's stream.
pub(crate) const MAIL: Duration = Duration::from_secs(30);
/// How many messages to the tabs of one session wait for streams.
pub(crate) const WAITING_MAIL: usize = 64;
/// How long after a log-in an action may arrive from a tab that did not show it yet.
pub(crate) const LOG_IN_CROSSED: Duration = Duration::from_secs(30);
/// How many expired documents are removed at a time.
pub(crate) const SWEEP_BATCH: usize = 512;
/// How often expired documents are looked for, give or take a fifth.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// How often the store is asked whether what is shown is the latest, give or take a tenth.
pub(crate) const CHECK_EVERY: Duration = Duration::from_secs(5);
/// About how many documents it is asked at a time.
pub(crate) const CHECK_BATCH: usize = 500;
/// How often a transaction runs before it gives up.
pub(crate) const ATTEMPTS: u32 = 16;
/// How long one answer of the store may take.
pub(crate) const STORE_DEADLINE: Duration = Duration::from_secs(2);
/// How many tabs of one session a stream carries.
pub(crate) const TABS_PER_STREAM: usize = 32;
/// The time between two heartbeats of a stream, give or take a fifth.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long a stream lives before the browser opens the next one, give or take a tenth.
pub(crate) const STREAM_LIFE: Duration = Duration::from_hours(1);
/// How long an attach token can open a stream. An action may come later: its outcome must be told.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_hours(1);
/// How long a server that was told to stop waits for what is under way.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);
/// Within what time the browsers of an old stream come back.
pub(crate) const RECONNECT: Duration = Duration::from_millis(1_500);
/// How much time each stream of a server that goes away adds to that.
pub(crate) const RECONNECT_SHARE: Duration = Duration::from_micros(400);
/// The longest such time.
pub(crate) const RECONNECT_LONGEST: Duration = Duration::from_secs(8);
/// The largest head of a request, in bytes.
pub(crate) const HEAD: usize = 16 * 1024;
/// How long a head may take to arrive, from its first byte or from the begin of the connection.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long the body of an action may take to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a connection is kept after an answer.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a reader may take nothing of what is written to it.
pub(crate) const WRITE_STALL: Duration = Duration::from_secs(15);
/// What the system buffers of what is written to one socket, in bytes. Linux doubles it, and counts its own
/// records as well, so it is about what a client can leave unread. Frames are usually smaller.
pub(crate) const SEND_BUFFER: usize = 64 * 1024;
/// How long a client's system may acknowledge nothing of what is sent to it.
pub(crate) const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// What a client may send over the connection of its stream, where nothing is expected, in bytes.
pub(crate) const UNEXPECTED: usize = 1024;
/// What all slow readers of streams keep in memory at least before any is cut, in bytes: what they are sent
/// and the frames that come next to be compared.
pub(crate) const SLOW_READERS: usize = 8 * 1024 * 1024;
/// What each of them may keep on average, where there are so many that this is more.
pub(crate) const SLOW_READER: usize = 24 * 1024;
/// What one HTTP connection buffers at most, of what it reads or writes, in bytes.
pub(crate) const CONNECTION_BUFFER: usize = 32 * 1024;
/// How many connections are served at a time, streams aside.
pub(crate) const CONNECTIONS: usize = 8 * 1024;
/// How many of them one address has, so that no few addresses take them all.
pub(crate) const CONNECTIONS_PER_ADDRESS: usize = 1024;
/// How many streams are open to one address.
pub(crate) const STREAMS_PER_ADDRESS: usize = 256;
