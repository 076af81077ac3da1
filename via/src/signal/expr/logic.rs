//! What is true.

use std::ops::{BitAnd, BitOr, BitXor, Not};

use super::{Expr, IntoExpr, Level, Signal};

/// What the left side alone decides, if it does: the right side is not asked then, nor in a browser.
type Decides = fn(bool) -> Option<bool>;

macro_rules! operators {
    ($($trait:ident::$method:ident, $operator:literal at $level:ident, $decides:expr;)*) => {$(
        operators!(@on Expr<bool>, $trait::$method, $operator at $level, $decides);
        operators!(@on &Expr<bool>, $trait::$method, $operator at $level, $decides);
        operators!(@on Signal<bool>, $trait::$method, $operator at $level, $decides);
    )*};
    (@on $of:ty, $trait:ident::$method:ident, $operator:literal at $level:ident, $decides:expr) => {
        impl<R: IntoExpr<bool>> $trait<R> for $of {
            type Output = Expr<bool>;

            fn $method(self, other: R) -> Expr<bool> {
                let decides: Decides = $decides;
                let (left, right) = (self.into_expr(), other.into_expr());
                let source = left.source.infix(Level::$level, $operator, &right.source);
                Expr::new(source, move |signals| {
                    let left = left.evaluate(signals)?;
                    decides(left).or_else(|| Some(left.$method(right.evaluate(signals)?)))
                })
            }
        }
    };
}

operators! {
    BitAnd::bitand, "&&" at AND, |left| (!left).then_some(false);
    BitOr::bitor, "||" at OR, |left| left.then_some(true);
    BitXor::bitxor, "!==" at EQUAL, |_| None;
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
