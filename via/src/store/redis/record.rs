//! The record of a document in Redis: a head of fixed layout, then the bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | `D` for a document, `T` for a tombstone |
//! | 8 | revision |
//! | 16 | commit id |
//! | 8, 8 | idle and absolute deadline, see [`ordered`] |
//! | 4 | length of the owner; all ones: no owner |
//! | .. | owner |
//! | .. | bytes |
//!
//! Numbers are big-endian. The scripts know this layout.

use bytes::Bytes;

use super::echo::CallToken;
use crate::store::{
    CommitId, Expiry, Key, Loaded, Notice, Put, StoreError, StoredDocument, Timestamp, Version,
    compare::Occupancy,
};

/// The length of a head without its owner.
pub(super) const HEAD: usize = 45;
const NO_OWNER: u32 = u32::MAX;
const DOCUMENT: u8 = b'D';
const TOMBSTONE: u8 = b'T';

/// A record to write, and the length of its head with the owner.
pub(super) struct Record {
    pub(super) bytes: Vec<u8>,
    pub(super) head: usize,
}

impl Record {
    pub(super) fn document(version: Version, put: &Put) -> Self {
        let owner = put.owner.as_deref().map(str::as_bytes);
        let mut bytes = head(DOCUMENT, version, put.expiry, owner, put.bytes.len());
        let head = bytes.len();
        bytes.extend_from_slice(&put.bytes);
        Self { bytes, head }
    }

    pub(super) fn tombstone(version: Version, until: Timestamp) -> Self {
        let bytes = head(TOMBSTONE, version, Expiry::at(until), None, 0);
        Self { bytes, head: HEAD }
    }
}

fn head(kind: u8, version: Version, expiry: Expiry, owner: Option<&[u8]>, room: usize) -> Vec<u8> {
    let length = owner.map_or(0, <[u8]>::len);
    let mut head = Vec::with_capacity(HEAD + length + room);
    head.push(kind);
    head.extend(version_bytes(version));
    head.extend(ordered(expiry.idle_until));
    head.extend(ordered(expiry.absolute));
    let length = owner.map_or(NO_OWNER, |owner| {
        u32::try_from(owner.len()).unwrap_or(NO_OWNER - 1)
    });
    head.extend(length.to_be_bytes());
    head.extend(owner.unwrap_or_default());
    head
}

/// Revision and commit id, as the scripts compare them.
pub(super) fn version_bytes(version: Version) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&version.revision.to_be_bytes());
    bytes[8..].copy_from_slice(&version.commit.0.to_be_bytes());
    bytes
}

/// A moment as bytes that sort like moments: the sign bit is flipped.
pub(super) fn ordered(moment: Timestamp) -> [u8; 8] {
    (moment.as_millis() ^ i64::MIN).to_be_bytes()
}

/// The beginning of a record.
struct RecordHead {
    kind: u8,
    version: Version,
    expiry: Expiry,
    owner: Option<usize>,
}

impl RecordHead {
    fn of(record: &[u8]) -> Result<Self, StoreError> {
        let mut rest = record;
        let kind = u8::from_be_bytes(take(&mut rest)?);
        if kind != DOCUMENT && kind != TOMBSTONE {
            return Err(damaged());
        }
        let version = read_version(&mut rest)?;
        let idle_until = moment(take(&mut rest)?);
        let absolute = moment(take(&mut rest)?);
        let length = u32::from_be_bytes(take(&mut rest)?);
        let owner = (length != NO_OWNER).then_some(length as usize);
        Ok(Self {
            kind,
            version,
            expiry: Expiry {
                idle_until,
                absolute,
            },
            owner,
        })
    }
}

/// What a key holds, read from its record or from the first [`HEAD`] bytes of it.
pub(super) fn occupancy(record: &[u8], now: Timestamp) -> Result<Occupancy, StoreError> {
    if record.is_empty() {
        return Ok(Occupancy::Absent);
    }
    let head = RecordHead::of(record)?;
    Ok(if head.expiry.has_passed(now) {
        Occupancy::Absent
    } else if head.kind == TOMBSTONE {
        Occupancy::Deleted
    } else {
        Occupancy::At(head.version)
    })
}

/// What a load answers for a record.
pub(super) fn loaded(record: Option<Vec<u8>>, now: Timestamp) -> Result<Loaded, StoreError> {
    let Some(record) = record else {
        return Ok(Loaded::Absent);
    };
    match occupancy(&record, now)? {
        Occupancy::Absent => return Ok(Loaded::Absent),
        Occupancy::Deleted => return Ok(Loaded::Deleted),
        Occupancy::At(_) => {}
    }
    let head = RecordHead::of(&record)?;
    let record = Bytes::from(record);
    let body = HEAD + head.owner.unwrap_or(0);
    if record.len() < body {
        return Err(damaged());
    }
    let owner = if head.owner.is_some() {
        let owner = std::str::from_utf8(&record[HEAD..body]).map_err(|_| damaged())?;
        Some(owner.into())
    } else {
        None
    };
    Ok(Loaded::Found(StoredDocument {
        version: head.version,
        bytes: record.slice(body..),
        expiry: head.expiry,
        owner,
    }))
}

/// Appends one document to an announcement, which is a [`CallToken`] and one or several of these.
pub(super) fn announce(announcement: &mut Vec<u8>, key: &Key, version: Option<Version>) {
    let name = key.as_str().as_bytes();
    announcement.push(version.map_or(TOMBSTONE, |_| DOCUMENT));
    if let Some(version) = version {
        announcement.extend(version_bytes(version));
    }
    // A key has at most 512 bytes.
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    announcement.extend(length.to_be_bytes());
    announcement.extend(name);
}

/// The token of an announcement, and the rest of it.
pub(super) fn token(mut announcement: &[u8]) -> Option<(CallToken, &[u8])> {
    let token = take(&mut announcement).ok()?;
    Some((CallToken(token), announcement))
}

/// The notices of an announcement. If it cannot be read, it may concern any document.
pub(super) fn notices(mut announcement: &[u8]) -> Vec<Notice> {
    let mut notices = Vec::new();
    while !announcement.is_empty() {
        match read_notice(&mut announcement) {
            Ok(notice) => notices.push(notice),
            Err(_) => return vec![Notice::Lagged],
        }
    }
    notices
}

fn read_notice(rest: &mut &[u8]) -> Result<Notice, StoreError> {
    let version = match u8::from_be_bytes(take(rest)?) {
        DOCUMENT => Some(read_version(rest)?),
        TOMBSTONE => None,
        _ => return Err(damaged()),
    };
    let length = u16::from_be_bytes(take(rest)?);
    let (name, after) = rest
        .split_at_checked(usize::from(length))
        .ok_or_else(damaged)?;
    *rest = after;
    let key = key(name)?;
    Ok(match version {
        Some(version) => Notice::Committed { key, version },
        None => Notice::Deleted { key },
    })
}

/// A key from its bytes.
pub(super) fn key(name: &[u8]) -> Result<Key, StoreError> {
    std::str::from_utf8(name)
        .ok()
        .and_then(Key::new)
        .ok_or_else(damaged)
}

fn read_version(rest: &mut &[u8]) -> Result<Version, StoreError> {
    Ok(Version {
        revision: u64::from_be_bytes(take(rest)?),
        commit: CommitId(u128::from_be_bytes(take(rest)?)),
    })
}

fn moment(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_millis(i64::from_be_bytes(bytes) ^ i64::MIN)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], StoreError> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or_else(damaged)?;
    *rest = after;
    Ok(*taken)
}

fn damaged() -> StoreError {
    StoreError::Damaged("a record in Redis is not a document of via".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::support::key;

    #[test]
    fn the_order_of_bytes_is_the_order_of_moments() {
        let moments = [i64::MIN, -1, 0, 1, 1 << 40, i64::MAX].map(Timestamp::from_millis);
        assert!(moments.map(ordered).is_sorted());
        assert_eq!(moments.map(|it| moment(ordered(it))), moments);
    }

    #[test]
    fn an_announcement_says_what_was_put_into_it() {
        let version = Version {
            revision: 7,
            commit: CommitId(u128::MAX - 1),
        };
        let mut announcement = Vec::new();
        announce(&mut announcement, &key("a\0é"), Some(version));
        announce(&mut announcement, &key("b"), None);
        let (a, b) = (key("a\0é"), key("b"));
        let expected = [
            Notice::Committed { key: a, version },
            Notice::Deleted { key: b },
        ];
        assert_eq!(notices(&announcement), expected);
        for end in 1..announcement.len() {
            let said = notices(&announcement[..end]);
            assert!(
                said == [Notice::Lagged] || said == expected[..1],
                "{said:?}"
            );
        }
    }

    #[test]
    fn what_is_no_record_is_damaged() {
        let put = Put {
            bytes: "bytes".into(),
            expiry: Expiry::NEVER,
            owner: Some("owner".into()),
        };
        let version = Version {
            revision: 1,
            commit: CommitId(2),
        };
        let record = Record::document(version, &put).bytes;
        let now = Timestamp::from_millis(0);
        assert!(matches!(
            loaded(Some(record.clone()), now),
            Ok(Loaded::Found(_))
        ));
        for end in 1..HEAD + 5 {
            let cut = loaded(Some(record[..end].to_vec()), now);
            assert!(matches!(cut, Err(StoreError::Damaged(_))), "{cut:?}");
        }
        assert!(loaded(Some(b"something else".to_vec()), now).is_err());
    }
}
