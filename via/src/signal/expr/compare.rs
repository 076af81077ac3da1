//! Comparisons of values.

use std::cmp::Ordering;

use super::{Expr, IntoExpr, Level, SignalValue, Source, is_plain, on_handles};
use crate::signal::Reading;

/// Types that expressions can test for equality: all except lists.
#[diagnostic::on_unimplemented(
    message = "expressions cannot compare `{Self}`",
    label = "a list, or a type without `#[derive(via::SignalValue)]`",
    note = "for a list, compare its `.len()`, or use `.contains(..)`"
)]
pub trait Equal: SignalValue {}

macro_rules! equal {
    ($($ty:ident),*) => {$( impl Equal for $ty {} )*};
}

equal!(
    bool, char, String, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64
);

impl<T: Equal> Equal for Option<T> {}

/// Types that expressions can order: numbers.
#[diagnostic::on_unimplemented(
    message = "expressions cannot order `{Self}`",
    label = "not a number",
    note = "`lt`, `le`, `gt` and `ge` take numbers only; for other types, use `eq` and `ne`",
    note = "for a text or a list, compare its `.len()`; for an `Option`, compare its `.unwrap_or(0)`"
)]
pub trait Ordered: SignalValue + PartialOrd {}

macro_rules! ordered {
    ($($number:ident),*) => {$( impl Ordered for $number {} )*};
}

ordered!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64
);

/// Whether two values have the same JSON form. Floating-point numbers compare as in IEEE 754.
pub(super) fn equal<T: SignalValue>(a: &T, b: &T) -> bool {
    let (a, b) = (a.encode(), b.encode());
    if T::READING != Reading::Float || a.is_null() || b.is_null() {
        return a == b;
    }
    // The JSON form of `-0` is text.
    let float = |value| f64::decode(value).unwrap_or(f64::NAN);
    float(&a).partial_cmp(&float(&b)) == Some(Ordering::Equal)
}

fn equality<T: SignalValue>(
    left: Expr<T>,
    right: Expr<T>,
    operator: &'static str,
    wanted: bool,
) -> Expr<bool> {
    let source = if is_plain::<T>() {
        left.source.infix(Level::EQUAL, operator, &right.source)
    } else {
        let same = Source::call("same", &[&left.source, &right.source]);
        if wanted { same } else { same.prefixed('!') }
    };
    left.zip(right, source, move |left, right| {
        equal(&left, &right) == wanted
    })
}

on_handles! {
    [T: SignalValue] T {
        /// Whether both values are equal.
        ///
        /// Two values of your own type are equal if their JSON forms are equal. An `f64` compares
        /// as in Rust, so NaN is not equal to itself.
        pub fn eq(self, other: impl IntoExpr<T>) -> Expr<bool>
        where
            T: Equal,
        {
            equality(self.into_expr(), other.into_expr(), "===", true)
        }

        /// Whether the values differ.
        pub fn ne(self, other: impl IntoExpr<T>) -> Expr<bool>
        where
            T: Equal,
        {
            equality(self.into_expr(), other.into_expr(), "!==", false)
        }
    }
}

fn order<T: Ordered>(
    left: Expr<T>,
    right: Expr<T>,
    operator: &str,
    holds: fn(&T, &T) -> bool,
) -> Expr<bool> {
    let source = left.source.infix(Level::ORDER, operator, &right.source);
    left.zip(right, source, move |left, right| holds(&left, &right))
}

on_handles! {
    [T: SignalValue] T {
        /// Whether this number is less than the other.
        pub fn lt(self, other: impl IntoExpr<T>) -> Expr<bool>
        where
            T: Ordered,
        {
            order(self.into_expr(), other.into_expr(), "<", T::lt)
        }

        /// Whether this number is less than or equal to the other.
        pub fn le(self, other: impl IntoExpr<T>) -> Expr<bool>
        where
            T: Ordered,
        {
            order(self.into_expr(), other.into_expr(), "<=", T::le)
        }

        /// Whether this number is greater than the other.
        pub fn gt(self, other: impl IntoExpr<T>) -> Expr<bool>
        where
            T: Ordered,
        {
            order(self.into_expr(), other.into_expr(), ">", T::gt)
        }

        /// Whether this number is greater than or equal to the other.
        pub fn ge(self, other: impl IntoExpr<T>) -> Expr<bool>
        where
            T: Ordered,
        {
            order(self.into_expr(), other.into_expr(), ">=", T::ge)
        }
    }
}
