//! Rust operators for signals and expressions.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Rem, Sub};

use super::{Expr, IntoExpr, Level, Signal, SignalValue, fitted};

/// What the operator of this type does with two values of type `T`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this operator does not take `{T}` in an expression",
    label = "not supported for this type",
    note = "`+`, `-`, `*`, `/` and `%` take integers and `f64`; `+` also takes `String`; `&`, `|` and `^` take `bool`",
    note = "`.to_f64()` turns an `f32` into an `f64`, `.unwrap_or(0)` takes the number out of an `Option`, `.gt(0)` turns a number into a `bool`"
)]
pub trait Operator<T> {
    /// The precedence in the browser.
    #[expect(private_interfaces, reason = "nobody outside implements it")]
    const LEVEL: Level;
    /// The operator in the browser.
    const SIGN: &'static str;

    /// The result, if the left side alone decides it. Then the right side is not evaluated.
    fn decided_by(_left: &T) -> Option<T> {
        None
    }

    /// Applies the operator to both values.
    fn apply(left: T, right: T) -> T;
}

/// Types that can be the right operand of the operator `O` if the left operand has type `T`.
///
/// The operators require only this trait, and its implementation requires the rest. So the compiler
/// says what is wrong with the right operand. If the operators required all of it themselves, the
/// message would only say that the left operand has no such operator.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "expected `{T}` in an expression, found `{Self}`",
    label = "not of type `{T}`, and not a signal or expression of it",
    note = "write a value, a signal or an expression of type `{T}`",
    note = "to convert a number, use `.to_f64()`, `.to_int::<T>()` or `.to_text()`"
)]
pub trait Operand<T, O> {
    /// Combines both operands into one expression.
    fn apply(self, left: Expr<T>) -> Expr<T>;
}

impl<T: SignalValue, O: Operator<T>, R: IntoExpr<T>> Operand<T, O> for R {
    fn apply(self, left: Expr<T>) -> Expr<T> {
        let right = self.into_expr();
        let source = left.source.infix(O::LEVEL, O::SIGN, &right.source);
        Expr::new(fitted::<T>(source), move |signals| {
            let left = left.evaluate(signals)?;
            O::decided_by(&left).or_else(|| Some(O::apply(left, right.evaluate(signals)?)))
        })
    }
}

macro_rules! operators {
    ($($trait:ident::$method:ident)*) => {$(
        operators!(@on Expr<T>, $trait::$method);
        operators!(@on &Expr<T>, $trait::$method);
        operators!(@on Signal<T>, $trait::$method);
        operators!(@on &Signal<T>, $trait::$method);
    )*};
    (@on $of:ty, $trait:ident::$method:ident) => {
        impl<T: SignalValue, R: Operand<T, marker::$trait>> $trait<R> for $of {
            type Output = Expr<T>;

            fn $method(self, other: R) -> Expr<T> {
                other.apply(self.into_expr())
            }
        }
    };
}

operators! {
    Add::add
    Sub::sub
    Mul::mul
    Div::div
    Rem::rem
    BitAnd::bitand
    BitOr::bitor
    BitXor::bitxor
}

/// The operators, as types.
#[doc(hidden)]
pub mod marker {
    macro_rules! markers {
        ($($name:ident)*) => {$(
            #[derive(Debug)]
            pub struct $name;
        )*};
    }

    markers!(Add Sub Mul Div Rem BitAnd BitOr BitXor);
}

/// A trait that no type implements, so that `==` and `<` do not compile. A Rust comparison operator
/// would compare the handles and not their values.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "operators cannot compare signals and expressions",
    label = "use a method instead",
    note = "write `.eq(..)`, `.ne(..)`, `.lt(..)`, `.le(..)`, `.gt(..)` or `.ge(..)`"
)]
pub trait ComparedByMethods {
    /// Cannot be called, because no type implements the trait.
    fn never(&self) -> bool;
}

macro_rules! no_comparisons {
    ($($of:ident)*) => {$(
        #[doc(hidden)]
        impl<T, R: ComparedByMethods> PartialEq<R> for $of<T> {
            fn eq(&self, other: &R) -> bool {
                other.never()
            }
        }

        #[doc(hidden)]
        impl<T, R: ComparedByMethods> PartialOrd<R> for $of<T> {
            fn partial_cmp(&self, other: &R) -> Option<std::cmp::Ordering> {
                other.never().then_some(std::cmp::Ordering::Equal)
            }
        }
    )*};
}

no_comparisons!(Expr Signal);
