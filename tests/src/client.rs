//! A client without a browser that speaks the whole protocol and costs little: many of it fit into
//! one process, beside the servers that it asks.
//!
//! ```no_run
//! # async fn example(site: std::net::SocketAddr) -> std::io::Result<()> {
//! use via_tests::client::{Browser, Call, Feed, Wire};
//!
//! let browser = Browser::new();
//! let mut wire = Wire::open(site).await?;
//! wire.send(&browser.get("/")).await.map(|page| browser.keep(&page))?;
//! let document = browser.attach(&mut wire, "/").await?;
//! let mut feed = Feed::open(site, &browser.stream(&[(&document, None)])).await?.unwrap();
//! let call = Call { action: "Counter::add", args: "[]", signals: "{}" };
//! let request = browser.act(&document, 1, call);
//! assert_eq!(wire.send(&request).await?.ack, Some(1));
//! let event = feed.next().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A request is bytes: to repeat one is to send the same bytes again, to whatever server. Nothing
//! here waits by itself, retries or sleeps; how long something took is measured around the call.

mod answer;
mod browser;
mod feed;
mod wire;

pub use answer::Reply;
pub use browser::{Browser, Call, Document};
pub use feed::{Event, Feed};
pub use wire::Wire;
