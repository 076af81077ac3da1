//! Attach tokens and cookies: what a browser shows to prove who it is.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use crate::{
    protocol::token::Token,
    session::{CookieConfig, Keyring, Purpose, Secrets, SessionCookie},
    store::Timestamp,
};

/// The first byte of the input says what the rest is: the bytes of a token, the payload of something
/// sealed with the change of one character, or what a browser sends.
pub(super) fn check(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let mut secrets = Secrets::default();
    secrets.push("a secret of the fuzzer, long enough".to_owned());
    let keys = Keyring::of_secrets(&secrets);
    match how {
        b't' => token(rest, &keys),
        b's' => sealed(rest, &keys),
        _ => shown(rest, &keys),
    }
}

/// What is read as a token is written so that it is read in the same way.
fn token(bytes: &[u8], keys: &Keyring) {
    let Some(token) = Token::from_bytes(bytes) else {
        return;
    };
    assert_eq!(Token::from_bytes(&token.to_bytes()).as_ref(), Some(&token));
    assert_eq!(Token::open(&token.seal(keys), keys), Some(token));
}

/// Something sealed opens to what it was made of, and for its purpose alone; with another character, or
/// cut, it does not open.
fn sealed(rest: &[u8], keys: &Keyring) {
    let [at, other, payload @ ..] = rest else {
        return;
    };
    let sealed = keys.seal(Purpose::Cookie, payload);
    assert_eq!(
        keys.open(Purpose::Cookie, &sealed).as_deref(),
        Some(payload)
    );
    assert_eq!(keys.open(Purpose::AttachToken, &sealed), None);
    let at = usize::from(*at) % sealed.len();
    assert_eq!(keys.open(Purpose::Cookie, &sealed[..at]), None);
    let mut changed: Vec<char> = sealed.chars().collect();
    changed[at] = char::from(*other);
    let changed: String = changed.into_iter().collect();
    assert!(changed == sealed || keys.open(Purpose::Cookie, &changed).is_none());
}

/// What opens is what the server seals, letter for letter: a fuzzer that sees each comparison can forge it,
/// and a browser cannot. Nothing hides the cookie of the session beside it.
fn shown(bytes: &[u8], keys: &Keyring) {
    let text = String::from_utf8_lossy(bytes);
    for purpose in [Purpose::Cookie, Purpose::AttachToken] {
        if let Some(payload) = keys.open(purpose, &text) {
            assert_eq!(keys.seal(purpose, &payload), text);
        }
    }
    let Ok(line) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut headers = HeaderMap::from_iter([(header::COOKIE, line)]);
    let config = CookieConfig::new("app", true, Duration::from_mins(1)).at_port(Some(443));
    let own = SessionCookie::fresh(Timestamp::from_millis(1));
    let set = config.write(&own, keys, "", &headers);
    let set = set.to_str().expect("our own cookie is ASCII");
    let (pair, _) = set.split_once(';').expect("our own cookie has attributes");
    for line in [
        [bytes, b"; ", pair.as_bytes()].concat(),
        [pair.as_bytes(), b";", bytes].concat(),
    ] {
        let line = HeaderValue::from_bytes(&line).expect("both parts can be in a header");
        headers.insert(header::COOKIE, line);
        let mut read = config.read("", &headers, keys);
        assert!(read.any(|found| found.cookie.id == own.id), "{headers:?}");
    }
}
