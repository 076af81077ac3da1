//! The headers and the path of the wire that are not of HTTP itself.

use http::HeaderName;

/// Says what a request of the client is: `action`, `attach` or `stream`. A page of another origin cannot
/// send it without asking the browser first.
pub(crate) const VIA_REQUEST: HeaderName = HeaderName::from_static("via-request");
/// Repeats the number of an action, for answers that the server gives without reading the body.
pub(crate) const VIA_NUMBER: HeaderName = HeaderName::from_static("via-number");
/// Names the live stream of the tab of an action, if the client can take a frame out of the answer.
pub(crate) const VIA_STREAM: HeaderName = HeaderName::from_static("via-stream");
/// Stands for the user whom the tab of an action showed when the user clicked.
pub(crate) const VIA_IDENTITY: HeaderName = HeaderName::from_static("via-identity");
/// Says which action an answer is about. The client repeats an action until an answer has it.
pub(crate) const VIA_ACK: HeaderName = HeaderName::from_static("via-ack");
/// Names the revision at which an action was committed.
pub(crate) const VIA_REVISION: HeaderName = HeaderName::from_static("via-revision");

/// The path below which the framework serves its files and the live stream, unless the app names another.
pub(crate) const VIA_PATH: &str = "/_via";
