//! The segments of routes and of the keys of shared values.
//!
//! `via-macros` holds the grammar of both, and writes what it has parsed into the descriptors. So
//! nothing here splits a string.

use super::equal;

/// What stands between two slashes of `/room/{room}`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `room`
    Literal(&'static str),
    /// `{room}`: any value of this parameter.
    Param(&'static str),
}

impl Segment {
    /// Whether every path that matches one route matches the other too.
    pub(crate) fn same_paths(one: &[Self], other: &[Self]) -> bool {
        one.len() == other.len()
            && one.iter().zip(other).all(|pair| match pair {
                (Self::Param(_), Self::Param(_)) => true,
                (one, other) => one == other,
            })
    }

    /// Whether the patterns of two keys can name the same key.
    pub(super) const fn can_be_equal(one: &[Self], other: &[Self]) -> bool {
        if one.len() != other.len() {
            return false;
        }
        let mut i = 0;
        while i < one.len() {
            if let (Self::Literal(one), Self::Literal(other)) = (one[i], other[i])
                && !equal(one, other)
            {
                return false;
            }
            i += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Segment::{self, Literal, Param};

    #[test]
    fn routes_that_differ_only_in_the_names_of_parameters_match_the_same_paths() {
        let same = |one: &[_], other: &[_]| Segment::same_paths(one, other);
        assert!(same(
            &[Literal("todo"), Param("id")],
            &[Literal("todo"), Param("name")]
        ));
        assert!(!same(
            &[Literal("todo"), Param("id")],
            &[Literal("todo"), Literal("new")]
        ));
        assert!(!same(&[Literal("todo")], &[Literal("done")]));
        assert!(!same(&[Param("id")], &[Param("id"), Literal("edit")]));
        assert!(same(&[], &[]));
    }

    #[test]
    fn a_parameter_can_be_equal_to_any_segment() {
        let equal = |one: &[_], other: &[_]| {
            assert_eq!(
                Segment::can_be_equal(one, other),
                Segment::can_be_equal(other, one)
            );
            Segment::can_be_equal(one, other)
        };
        assert!(equal(
            &[Literal("room"), Param("room")],
            &[Literal("room"), Literal("lobby")]
        ));
        assert!(equal(
            &[Param("a"), Literal("x")],
            &[Literal("y"), Param("b")]
        ));
        assert!(!equal(
            &[Literal("room"), Param("room")],
            &[Literal("hall"), Param("room")]
        ));
        assert!(!equal(
            &[Literal("room")],
            &[Literal("room"), Param("room")]
        ));
    }
}
