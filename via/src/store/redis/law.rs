//! What holds for any bytes that stand in Redis, or that arrive as an announcement.

use super::record::{HEAD, Record, announce, key, loaded, notices, occupancy, token};
use crate::store::{Loaded, Notice, Put, Timestamp, compare::Occupancy};

/// Reads the bytes as a record. A record that can be read is written again as it was, and its head alone
/// says as much about it as the whole.
///
/// # Panics
///
/// If one of them is wrong.
pub(crate) fn check_record(bytes: &[u8], now: Timestamp) {
    let whole = occupancy(bytes, now);
    let head = occupancy(&bytes[..bytes.len().min(HEAD)], now);
    assert_eq!(whole.as_ref().ok(), head.as_ref().ok());
    match loaded(Some(bytes.to_vec()), now) {
        Ok(Loaded::Found(document)) => {
            assert_eq!(whole.ok(), Some(Occupancy::At(document.version)));
            assert!(!document.expiry.has_passed(now));
            let put = Put {
                bytes: document.bytes,
                expiry: document.expiry,
                owner: document.owner,
            };
            let again = Record::document(document.version, &put);
            assert_eq!(again.bytes, bytes);
            assert!(again.head >= HEAD && again.bytes[again.head..] == put.bytes);
        }
        Ok(Loaded::Absent) => assert_eq!(whole.ok(), Some(Occupancy::Absent)),
        Ok(Loaded::Deleted) => assert_eq!(whole.ok(), Some(Occupancy::Deleted)),
        // Its head may be whole: what is cut is the owner.
        Err(_) => {}
    }
}

/// Reads the bytes as an announcement. One that can be read is written again as it was.
///
/// # Panics
///
/// If it is not.
pub(crate) fn check_announcement(bytes: &[u8]) {
    let _ = key(bytes);
    let Some((call, said)) = token(bytes) else {
        assert!(bytes.len() < 16);
        return;
    };
    let notices = notices(said);
    if notices == [Notice::Lagged] {
        return;
    }
    let mut again = call.0.to_vec();
    for notice in &notices {
        match notice {
            Notice::Committed { key, version } => announce(&mut again, key, Some(*version)),
            Notice::Deleted { key } => announce(&mut again, key, None),
            Notice::Lagged => panic!("an announcement says that notices were lost"),
        }
    }
    assert_eq!(again, bytes);
}
