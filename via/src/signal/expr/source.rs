//! The text of an expression, with the precedence that decides about parentheses around it.

/// The precedence of the outermost operator of an expression, as in JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Level(u8);

impl Level {
    pub(crate) const ASSIGNMENT: Self = Self(0);
    pub(crate) const CHOICE: Self = Self(1);
    pub(crate) const OR_ELSE: Self = Self(2);
    pub(crate) const OR: Self = Self(3);
    pub(crate) const AND: Self = Self(4);
    pub(crate) const EQUAL: Self = Self(5);
    pub(crate) const ORDER: Self = Self(6);
    pub(crate) const SUM: Self = Self(7);
    pub(crate) const PRODUCT: Self = Self(8);
    pub(crate) const UNARY: Self = Self(9);
    pub(crate) const ATOM: Self = Self(10);

    fn above(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An expression's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    text: String,
    level: Level,
}

impl Source {
    pub(crate) fn at(level: Level, text: String) -> Self {
        Self { text, level }
    }

    /// Text that never needs parentheses.
    pub(crate) fn atom(text: String) -> Self {
        Self::at(Level::ATOM, text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A call of one of the client's functions.
    pub(crate) fn call(name: &str, arguments: &[&Self]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|source| source.text()).collect();
        Self::atom(format!("@{name}({})", arguments.join(", ")))
    }

    /// A call of a JavaScript method.
    pub(crate) fn method(&self, name: &str, argument: &Self) -> Self {
        let receiver = self.within(Level::ATOM);
        Self::atom(format!("{receiver}.{name}({})", argument.text))
    }

    /// Puts `operator` before this expression.
    pub(crate) fn prefixed(&self, operator: char) -> Self {
        // `--` is another operator.
        let least = if self.text.starts_with(operator) {
            Level::ATOM
        } else {
            Level::UNARY
        };
        Self::at(Level::UNARY, format!("{operator}{}", self.within(least)))
    }

    /// Puts `operator` between this expression and another. The spaces around it are necessary, because
    /// a hyphen would become part of the name before it.
    pub(crate) fn infix(&self, level: Level, operator: &str, other: &Self) -> Self {
        let (left, right) = if level == Level::OR_ELSE {
            // JavaScript does not allow `??` together with `||` and `&&`.
            (Level::EQUAL, Level::EQUAL)
        } else {
            (level, level.above())
        };
        let (left, right) = (self.within(left), other.within(right));
        Self::at(level, format!("{left} {operator} {right}"))
    }

    /// `this ? yes : no`
    pub(crate) fn choice(&self, yes: &Self, no: &Self) -> Self {
        let condition = self.within(Level::OR_ELSE);
        Self::at(
            Level::CHOICE,
            format!("{condition} ? {} : {}", yes.text, no.text),
        )
    }

    /// The text, in parentheses if its precedence is lower than `least`.
    pub(crate) fn within(&self, least: Level) -> String {
        if self.level < least {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }
}
