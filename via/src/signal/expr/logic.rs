//! What is true.

use std::ops::{BitAnd, BitOr, BitXor, Not};

use super::{Expr, IntoExpr, Level, Signal};

macro_rules! operators {
    ($($trait:ident::$method:ident, $operator:literal at $level:ident;)*) => {$(
        operators!(@on Expr<bool>, $trait::$method, $operator at $level);
        operators!(@on &Expr<bool>, $trait::$method, $operator at $level);
        operators!(@on Signal<bool>, $trait::$method, $operator at $level);
    )*};
    (@on $of:ty, $trait:ident::$method:ident, $operator:literal at $level:ident) => {
        impl<R: IntoExpr<bool>> $trait<R> for $of {
            type Output = Expr<bool>;

            fn $method(self, other: R) -> Expr<bool> {
                let (left, right) = (self.into_expr(), other.into_expr());
                let source = left.source.infix(Level::$level, $operator, &right.source);
                left.zip(right, source, |left, right| left.$method(right))
            }
        }
    };
}

operators! {
    BitAnd::bitand, "&&" at AND;
    BitOr::bitor, "||" at OR;
    BitXor::bitxor, "!==" at EQUAL;
}

macro_rules! negations {
    ($($of:ty),*) => {$(
        impl Not for $of {
            type Output = Expr<bool>;

            fn not(self) -> Expr<bool> {
                let this = self.into_expr();
                let source = this.source.prefixed('!');
                this.map(source, |value| !value)
            }
        }
    )*};
}

negations!(Expr<bool>, &Expr<bool>, Signal<bool>);
