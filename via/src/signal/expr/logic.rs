//! Boolean operators.

use std::ops::Not;

use super::{Condition, Expr, IntoExpr, Level, Operator, Signal, marker};

macro_rules! operators {
    ($($marker:ident $sign:literal at $level:ident: $decided_by:expr, $apply:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Operator<bool> for marker::$marker {
            #[expect(private_interfaces, reason = "nobody outside reads it")]
            const LEVEL: Level = Level::$level;
            const SIGN: &'static str = $sign;

            fn decided_by(left: &bool) -> Option<bool> {
                let decided_by: fn(bool) -> Option<bool> = $decided_by;
                decided_by(*left)
            }

            fn apply(left: bool, right: bool) -> bool {
                let apply: fn(bool, bool) -> bool = $apply;
                apply(left, right)
            }
        }
    )*};
}

operators! {
    BitAnd "&&" at AND: |left| (!left).then_some(false), |left, right| left & right;
    BitOr "||" at OR: |left| left.then_some(true), |left, right| left | right;
    BitXor "!==" at EQUAL: |_| None, |left, right| left ^ right;
}

macro_rules! negations {
    ($($of:ty),*) => {$(
        impl<T: Condition> Not for $of {
            type Output = Expr<bool>;

            fn not(self) -> Expr<bool> {
                let this = self.into_expr();
                let source = this.source.prefixed('!');
                this.map(source, |value| !value.holds())
            }
        }
    )*};
}

negations!(Expr<T>, &Expr<T>, Signal<T>, &Signal<T>);
