//! The secrets of a session appear neither in the store nor in the log.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::StatusCode;
use via::App;
use via::prelude::*;
use via_tests::alone::alone;
use via_tests::client::Action;
use via_tests::serving::Serving;

use super::{Desk, add, assert_session_gone};

/// In its own process, because the whole process has one log.
#[test]
fn no_secret_of_a_cookie_reaches_the_store_or_the_log() {
    alone(
        "sessions::leaks::no_secret_of_a_cookie_reaches_the_store_or_the_log",
        use_and_look,
    );
}

#[tokio::main(flavor = "current_thread")]
async fn use_and_look() {
    let log = Log::of_everything();
    let directory = tempfile::tempdir().unwrap();
    let mut cookies = Vec::new();
    let mut tokens = Vec::new();
    {
        let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
        let server = Serving::start(App::new().store(store).page::<Desk>()).await;
        for _ in 0..20 {
            let visitor = server.visit("/").await;
            let tab = visitor.attach("/").await;
            let mut stream = visitor.stream(&[&tab]).await;
            add(&tab).await;
            stream.named("datastar-patch-elements").await;
            let stumbled = tab.act(Action::new("Desk::stumble")).await;
            assert_eq!(stumbled.status, StatusCode::INTERNAL_SERVER_ERROR);
            cookies.extend(visitor.cookies().into_values());
            tokens.push(tab.token().to_owned());

            // Refused secrets do not appear either.
            let (name, value) = visitor.cookies().pop_first().unwrap();
            visitor.set_cookie(&name, &value[1..]);
            assert_session_gone(&visitor.try_attach("/").await);
        }
        assert_nothing_leaked(directory.path(), &log, &cookies, &tokens);
        server.stop().await;
    }
    assert_nothing_leaked(directory.path(), &log, &cookies, &tokens);
}

fn assert_nothing_leaked(directory: &Path, log: &Log, cookies: &[String], tokens: &[String]) {
    assert_eq!((cookies.len(), tokens.len()), (20, 20));
    let log = log.0.lock().unwrap().clone();
    assert!(
        contains(&log, b"stumbled on purpose"),
        "something is logged"
    );
    let mut files = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        files.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(contains(&files, b"Desk.count"), "something is stored");

    for cookie in cookies {
        let payload = URL_SAFE_NO_PAD.decode(cookie).unwrap();
        let (id, secret) = (&payload[..16], &payload[16..48]);
        assert!(
            spellings(secret)
                .iter()
                .any(|it| contains(cookie.as_bytes(), it))
        );
        for spelling in spellings(secret) {
            let text = String::from_utf8_lossy(&spelling);
            assert!(!contains(&files, &spelling), "the store holds {text}");
            assert!(!contains(&log, &spelling), "the log holds {text}");
        }
        for spelling in spellings(id) {
            let text = String::from_utf8_lossy(&spelling);
            assert!(!contains(&log, &spelling), "the log holds the id {text}");
        }
        assert!(!contains(&files, cookie.as_bytes()));
    }
    for token in tokens {
        assert!(
            !contains(&files, token.as_bytes()),
            "the store holds a token"
        );
        assert!(!contains(&log, token.as_bytes()), "the log holds a token");
    }
}

/// All common ways to write these bytes as text.
fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> Vec<u8> {
        let digit = |byte: &u8| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        };
        bytes.iter().map(digit).collect::<String>().into_bytes()
    };
    let listed = format!("{bytes:?}");
    let listed = listed.trim_matches(['[', ']']);
    let mut all = vec![
        bytes.to_vec(),
        hex(false),
        hex(true),
        listed.into(),
        listed.replace(' ', "").into_bytes(),
    ];
    // In base64, bytes look different after one or two others.
    for before in 0..3 {
        let shifted = [&[0; 2][..before], bytes].concat();
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        for text in [
            STANDARD_NO_PAD.encode(&shifted),
            URL_SAFE_NO_PAD.encode(&shifted),
        ] {
            all.push(text[from..to].into());
        }
    }
    all
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    // Skips quickly over bytes that differ from the first byte of the part.
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == part[0]) {
        if rest[at..].starts_with(part) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// Everything that the program logs, at every level.
#[derive(Clone)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn of_everything() -> Self {
        let log = Self(Arc::default());
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .try_init()
            .expect("nobody else in this program takes the log");
        log
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
