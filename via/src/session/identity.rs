//! [`IdentityMark`]: stands for who is logged in to a session.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use crate::store::Key;

/// Stands for who is logged in to a session. A tab receives it with what it shows, and sends it with each
/// action, so that no click of one user is carried out for another one.
///
/// It is a hash that includes the random id of the session, so it reveals neither the session nor the
/// principal, and it opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityMark {
    Nobody,
    Principal(u64),
}

/// How a tab without a user writes its mark.
const NOBODY: &str = "nobody";

impl IdentityMark {
    /// The mark of `principal` in the session that is stored under `session`.
    pub(crate) fn of(session: &Key, principal: Option<&str>) -> Self {
        let Some(principal) = principal else {
            return Self::Nobody;
        };
        let hash = Sha256::new()
            .chain_update(session.as_str())
            // No key contains it.
            .chain_update([0])
            .chain_update(principal)
            .finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Self::Principal(u64::from_be_bytes(first))
    }
}

impl fmt::Display for IdentityMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str(NOBODY),
            Self::Principal(mark) => write!(f, "{mark:016x}"),
        }
    }
}

impl FromStr for IdentityMark {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == NOBODY {
            return Ok(Self::Nobody);
        }
        u64::from_str_radix(text, 16).map(Self::Principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_principals_and_sessions_apart_and_is_read_back() {
        let key = |text| Key::new(text).unwrap();
        let (one, other) = (key("session/1"), key("session/2"));
        let marks = [
            IdentityMark::of(&one, None),
            IdentityMark::of(&one, Some("ann")),
            IdentityMark::of(&one, Some("bob")),
            IdentityMark::of(&other, Some("ann")),
        ];
        for (at, mark) in marks.iter().enumerate() {
            assert!(!marks[..at].contains(mark));
            let text = mark.to_string();
            assert_eq!(text.parse().as_ref(), Ok(mark));
            assert!(!text.contains("ann"));
        }
        assert_eq!(IdentityMark::of(&other, None), marks[0]);
        // Every build must make the same mark.
        assert_eq!(marks[1].to_string(), "764b06d175d58c41");
        assert!("ann".parse::<IdentityMark>().is_err());
        assert!("".parse::<IdentityMark>().is_err());
    }
}
