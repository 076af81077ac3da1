//! Arithmetic and conversions between types of numbers.
//!
//! Every operation has a result for all operands:
//!
//! - An integer that does not fit becomes the nearest one that does, as with `saturating_add` in Rust.
//! - Integer division by 0 gives the largest integer, the smallest, or 0, depending on the sign of the
//!   dividend. A cast of the floating-point quotient gives the same.
//! - The remainder of a division by 0 is 0.
//! - Floating-point numbers follow IEEE 754.

use std::cmp::Ordering;
use std::ops::Neg;

use super::{Expr, IntoExpr, Level, Operator, Signal, SignalValue, Source, marker, on_handles};

/// Numbers that can be negative.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be negative",
    label = "not a signed integer or an `f64`",
    note = "`.to_int::<i64>()` turns an unsigned integer into a signed one"
)]
pub trait Signed: AnyNumber {
    /// `-self`
    #[doc(hidden)]
    #[must_use]
    fn negative(self) -> Self;
}

/// Integers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an integer",
    label = "not an integer type",
    note = "`.to_int::<u32>()` turns an integer into another type, `.to_f64()` turns it into an `f64`"
)]
pub trait Integer: AnyNumber {
    /// Whether the integer is negative, and its magnitude.
    #[doc(hidden)]
    fn parts(self) -> (bool, u128);
    /// Returns the nearest integer of this type.
    #[doc(hidden)]
    fn nearest(negative: bool, magnitude: u128) -> Self;
    /// Returns the nearest floating-point number.
    #[doc(hidden)]
    fn float(self) -> f64;
}

/// Numbers of any type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    label = "not a number",
    note = "`.len()` is the length of a text or a list, `.unwrap_or(0)` takes a number out of an `Option`"
)]
pub trait AnyNumber: SignalValue {
    /// The nearest `f64`.
    #[doc(hidden)]
    fn to_float(self) -> f64;
}

macro_rules! operators {
    ($of:ty: $($marker:ident $sign:literal at $level:ident: $apply:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Operator<$of> for marker::$marker {
            #[expect(private_interfaces, reason = "nobody outside reads it")]
            const LEVEL: Level = Level::$level;
            const SIGN: &'static str = $sign;

            fn apply(left: $of, right: $of) -> $of {
                let apply: fn($of, $of) -> $of = $apply;
                apply(left, right)
            }
        }
    )*};
}

macro_rules! integers {
    ($($int:ident),*) => {$(
        operators! {
            $int:
            Add "+" at SUM: $int::saturating_add;
            Sub "-" at SUM: $int::saturating_sub;
            Mul "*" at PRODUCT: $int::saturating_mul;
            Div "/" at PRODUCT: |left, right| match (right, left.cmp(&0)) {
                (0, Ordering::Less) => $int::MIN,
                (0, Ordering::Equal) => 0,
                (0, Ordering::Greater) => $int::MAX,
                _ => left.saturating_div(right),
            };
            // `MIN % -1` is 0, too.
            Rem "%" at PRODUCT: |left, right| left.checked_rem(right).unwrap_or(0);
        }

        impl Integer for $int {
            fn parts(self) -> (bool, u128) {
                match u128::try_from(self) {
                    Ok(magnitude) => (false, magnitude),
                    Err(_) => (true, i128::try_from(self).map_or(0, i128::unsigned_abs)),
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

operators! {
    f64:
    Add "+" at SUM: |left, right| left + right;
    Sub "-" at SUM: |left, right| left - right;
    Mul "*" at PRODUCT: |left, right| left * right;
    Div "/" at PRODUCT: |left, right| left / right;
    Rem "%" at PRODUCT: |left, right| left % right;
}

operators! {
    String:
    Add "+" at SUM: |left, right| left + &right;
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
        // The browser holds the `f64` with the same decimal digits: 0.1 stays 0.1.
        f64::decode(&self.encode()).unwrap_or_else(|_| self.into())
    }
}

/// Clamps the result of an operation to the range of `T`, if `T` is an integer type.
pub(super) fn fitted<T: SignalValue>(source: Source) -> Source {
    match T::READING.cast() {
        Some("f64") | None => source,
        Some(cast) => Source::call(cast, &[&source]),
    }
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

negations!(Expr<T>, &Expr<T>, Signal<T>, &Signal<T>);

on_handles! {
    [T: SignalValue] T {
        /// Converts the number into the nearest `f64`.
        pub fn to_f64(self) -> Expr<f64>
        where
            T: AnyNumber,
        {
            let this = self.into_expr();
            let source = Source::call("f64", &[this.source()]);
            this.map(source, T::to_float)
        }

        /// Converts the integer into another type. If it does not fit, the result is the nearest integer.
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
