//! Numbers that are added, multiplied and turned into each other.
//!
//! Every operation has a result for all operands. An integer that does not fit is the nearest that
//! does, as of Rust's `saturating_add`; a division by 0 gives the largest, the smallest or 0 by the
//! sign of what is divided, which is what the cast of a floating-point quotient gives; a remainder
//! of a division by 0 is 0. Floating-point numbers are those of IEEE 754.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use super::{Expr, IntoExpr, Level, Signal, SignalValue, Source, on_handles};

/// Types that `+` takes in an expression: integers, `f64`, and `String`, which it joins.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added in an expression",
    label = "neither an integer, an `f64` nor a `String`",
    note = "`.to_text()` makes a text of a value, `.to_f64()` an `f64` of an `f32`"
)]
pub trait Addend: SignalValue {
    /// `self + other`
    #[doc(hidden)]
    #[must_use]
    fn plus(self, other: Self) -> Self;
}

/// Types that expressions calculate with: integers and `f64`.
#[diagnostic::on_unimplemented(
    message = "expressions cannot calculate with `{Self}`",
    label = "neither an integer nor an `f64`",
    note = "`.to_f64()` makes an `f64` of an `f32`; `.unwrap_or(0)` takes the number out of an `Option`"
)]
pub trait Number: Addend {
    /// `self - other`
    #[doc(hidden)]
    #[must_use]
    fn minus(self, other: Self) -> Self;
    /// `self * other`
    #[doc(hidden)]
    #[must_use]
    fn times(self, other: Self) -> Self;
    /// `self / other`
    #[doc(hidden)]
    #[must_use]
    fn divided_by(self, other: Self) -> Self;
    /// `self % other`
    #[doc(hidden)]
    #[must_use]
    fn modulo(self, other: Self) -> Self;
}

/// Numbers that can be negative.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no negative numbers",
    label = "neither a signed integer nor an `f64`",
    note = "`.to_int::<i64>()` makes a signed integer of an unsigned one"
)]
pub trait Signed: Number {
    /// `-self`
    #[doc(hidden)]
    #[must_use]
    fn negative(self) -> Self;
}

/// Integers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no integer",
    label = "not an integer type",
    note = "an integer becomes one of another type by `.to_int::<u32>()`, and an `f64` by `.to_f64()`"
)]
pub trait Integer: Number {
    /// The sign and the rest.
    #[doc(hidden)]
    fn parts(self) -> (bool, u128);
    /// The nearest integer of this type.
    #[doc(hidden)]
    fn nearest(negative: bool, magnitude: u128) -> Self;
    /// The nearest floating-point number.
    #[doc(hidden)]
    fn float(self) -> f64;
}

/// Numbers of any type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number",
    label = "not a number",
    note = "`.len()` counts, `.unwrap_or(0)` takes a number out of an `Option`"
)]
pub trait AnyNumber: SignalValue {
    /// The nearest `f64`.
    #[doc(hidden)]
    fn to_float(self) -> f64;
}

macro_rules! integers {
    ($($int:ident),*) => {$(
        impl Addend for $int {
            fn plus(self, other: Self) -> Self {
                self.saturating_add(other)
            }
        }

        impl Number for $int {
            fn minus(self, other: Self) -> Self {
                self.saturating_sub(other)
            }

            fn times(self, other: Self) -> Self {
                self.saturating_mul(other)
            }

            fn divided_by(self, other: Self) -> Self {
                match (other, self.cmp(&0)) {
                    (0, Ordering::Less) => Self::MIN,
                    (0, Ordering::Equal) => 0,
                    (0, Ordering::Greater) => Self::MAX,
                    _ => self.saturating_div(other),
                }
            }

            fn modulo(self, other: Self) -> Self {
                // `MIN % -1` is 0, too.
                self.checked_rem(other).unwrap_or(0)
            }
        }

        impl Integer for $int {
            fn parts(self) -> (bool, u128) {
                #[allow(unused_comparisons, clippy::cast_lossless, clippy::cast_sign_loss, reason = "one body for all types")]
                if self < 0 {
                    (true, (self as i128).unsigned_abs())
                } else {
                    (false, self as u128)
                }
            }

            fn nearest(negative: bool, magnitude: u128) -> Self {
                if negative {
                    0_i128
                        .checked_sub_unsigned(magnitude)
                        .and_then(|number| number.try_into().ok())
                        .unwrap_or(Self::MIN)
                } else {
                    magnitude.try_into().unwrap_or(Self::MAX)
                }
            }

            fn float(self) -> f64 {
                #[allow(clippy::cast_precision_loss, clippy::cast_lossless, reason = "the nearest is what is asked for")]
                let float = self as f64;
                float
            }
        }

        impl AnyNumber for $int {
            fn to_float(self) -> f64 {
                self.float()
            }
        }
    )*};
}

integers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);

macro_rules! signed {
    ($($int:ident),*) => {$(
        impl Signed for $int {
            fn negative(self) -> Self {
                self.saturating_neg()
            }
        }
    )*};
}

signed!(i8, i16, i32, i64, i128, isize);

impl Addend for f64 {
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Number for f64 {
    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn divided_by(self, other: Self) -> Self {
        self / other
    }

    fn modulo(self, other: Self) -> Self {
        self % other
    }
}

impl Signed for f64 {
    fn negative(self) -> Self {
        -self
    }
}

impl AnyNumber for f64 {
    fn to_float(self) -> f64 {
        self
    }
}

impl AnyNumber for f32 {
    fn to_float(self) -> f64 {
        // The number that looks the same, which is what the browser holds: 0.1 for 0.1.
        f64::decode(&self.encode()).unwrap_or_else(|_| self.into())
    }
}

impl Addend for String {
    fn plus(mut self, other: Self) -> Self {
        self.push_str(&other);
        self
    }
}

/// The result of an operation, which is brought into the range of an integer's type.
fn fitted<T: SignalValue>(source: Source) -> Source {
    match T::READING.cast() {
        Some("f64") | None => source,
        Some(cast) => Source::call(cast, &[&source]),
    }
}

macro_rules! operators {
    ($($trait:ident::$method:ident for $bound:ident::$apply:ident, $operator:literal at $level:ident;)*) => {$(
        operators!(@on Expr, $trait::$method for $bound::$apply, $operator at $level);
        operators!(@on &Expr, $trait::$method for $bound::$apply, $operator at $level);
        operators!(@on Signal, $trait::$method for $bound::$apply, $operator at $level);
    )*};
    (@on & $of:ident, $($rest:tt)*) => { operators!(@with [&$of<T>], $($rest)*); };
    (@on $of:ident, $($rest:tt)*) => { operators!(@with [$of<T>], $($rest)*); };
    (@with [$of:ty], $trait:ident::$method:ident for $bound:ident::$apply:ident, $operator:literal at $level:ident) => {
        impl<T: $bound, R: IntoExpr<T>> $trait<R> for $of {
            type Output = Expr<T>;

            fn $method(self, other: R) -> Expr<T> {
                let (left, right) = (self.into_expr(), other.into_expr());
                let source = left.source.infix(Level::$level, $operator, &right.source);
                left.zip(right, fitted::<T>(source), T::$apply)
            }
        }
    };
}

operators! {
    Add::add for Addend::plus, "+" at SUM;
    Sub::sub for Number::minus, "-" at SUM;
    Mul::mul for Number::times, "*" at PRODUCT;
    Div::div for Number::divided_by, "/" at PRODUCT;
    Rem::rem for Number::modulo, "%" at PRODUCT;
}

macro_rules! negations {
    ($($of:ty),*) => {$(
        impl<T: Signed> Neg for $of {
            type Output = Expr<T>;

            fn neg(self) -> Expr<T> {
                let this = self.into_expr();
                let source = this.source.prefixed('-');
                this.map(fitted::<T>(source), T::negative)
            }
        }
    )*};
}

negations!(Expr<T>, &Expr<T>, Signal<T>);

on_handles! {
    [T: SignalValue] T {
        /// The nearest `f64`.
        pub fn to_f64(self) -> Expr<f64>
        where
            T: AnyNumber,
        {
            let this = self.into_expr();
            let source = Source::call("f64", &[this.source()]);
            this.map(source, T::to_float)
        }

        /// The same integer as another type, or the nearest one of that type.
        pub fn to_int<U: Integer>(self) -> Expr<U>
        where
            T: Integer,
        {
            let this = self.into_expr();
            let source = fitted::<U>(this.source().clone());
            this.map(source, |number| {
                let (negative, magnitude) = number.parts();
                U::nearest(negative, magnitude)
            })
        }
    }
}
