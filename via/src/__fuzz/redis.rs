//! Records and announcements of Redis.

use crate::store::{Timestamp, redis_law};

/// Reads the input after its first byte: as a record, at a moment that the byte chooses, and as an
/// announcement.
pub(super) fn check(input: &[u8]) {
    let Some((&moment, bytes)) = input.split_first() else {
        return;
    };
    let now = match moment {
        0 => i64::MIN,
        255 => i64::MAX,
        moment => i64::from(moment),
    };
    redis_law::check_record(bytes, Timestamp::from_millis(now));
    redis_law::check_announcement(bytes);
}
