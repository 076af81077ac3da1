//! Random values of every type.

use std::fmt::Debug;

use via_tests::dice::Dice;

pub(super) trait Sample: Debug {
    fn sample(dice: &mut Dice) -> Self;
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Sample for $int {
            fn sample(dice: &mut Dice) -> Self {
                let edges = [<$int>::MIN, <$int>::MIN + 1, 0, 1, <$int>::MAX - 1, <$int>::MAX];
                // Around powers of two, mostly around 2^53.
                let power = [53, 53, 63, dice.place(128)][dice.place(4)];
                let near = (1_u128 << power).wrapping_add(u128::from(dice.draw() % 5)).wrapping_sub(2);
                let bits = (u128::from(dice.draw()) << 64) | u128::from(dice.draw());
                let edge = dice.pick(&edges);
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_possible_wrap,
                    reason = "any integer will do"
                )]
                dice.pick(&[edge, near as $int, near.wrapping_neg() as $int, bits as $int])
            }
        }
    )*};
}

integers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);

impl Sample for f64 {
    fn sample(dice: &mut Dice) -> Self {
        let edges = [
            0.0,
            -0.0,
            Self::NAN,
            Self::INFINITY,
            Self::NEG_INFINITY,
            Self::MIN,
            Self::MAX,
            Self::MIN_POSITIVE,
            5e-324,
            0.1 + 0.2,
            1e21,
            1e-7,
            9_007_199_254_740_992.0,
        ];
        let bits = Self::from_bits(dice.draw());
        #[expect(clippy::cast_precision_loss, reason = "any float will do")]
        let whole = dice.draw() as Self;
        let edge = dice.pick(&edges);
        dice.pick(&[edge, bits, whole])
    }
}

impl Sample for f32 {
    fn sample(dice: &mut Dice) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
        let (narrow, bits) = (f64::sample(dice) as Self, dice.draw() as u32);
        dice.pick(&[narrow, Self::from_bits(bits), 0.1, 16_777_216.0])
    }
}

impl Sample for bool {
    fn sample(dice: &mut Dice) -> Self {
        dice.draw().is_multiple_of(2)
    }
}

impl Sample for char {
    fn sample(dice: &mut Dice) -> Self {
        let edges = [
            '\0',
            '\r',
            '"',
            '\u{2028}',
            '\u{feff}',
            '\u{d7ff}',
            '\u{10ffff}',
            '👩',
        ];
        let any = Self::from_u32(u32::try_from(dice.place(0x11_0000)).unwrap());
        let edge = dice.pick(&edges);
        dice.pick(&[edge, any.unwrap_or('?')])
    }
}

const AWKWARD: [&str; 20] = [
    "",
    " ",
    "\0",
    "\u{1}\u{7f}\u{85}",
    "\u{feff}",
    "\u{2028}\u{2029}",
    "\u{202e}abc",
    "\r\n\r\n",
    "a\rb",
    "\n",
    "\"'`\\",
    "</script><!--",
    "--><b>",
    "${@post('x')}",
    "👩‍👩‍👧\u{10ffff}",
    "\u{d7ff}\u{e000}\u{fffe}\u{ffff}",
    "\\u0000 \\ud800 &amp; &#13;",
    "null",
    "__proto__",
    "9007199254740993",
];

impl Sample for String {
    fn sample(dice: &mut Dice) -> Self {
        let mut text = Self::new();
        for _ in 0..dice.place(4) {
            text.push_str(dice.pick(&AWKWARD));
            text.push(char::sample(dice));
        }
        text
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(dice: &mut Dice) -> Self {
        (dice.place(3) > 0).then(|| T::sample(dice))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(dice: &mut Dice) -> Self {
        (0..dice.place(4)).map(|_| T::sample(dice)).collect()
    }
}

impl<T: Sample, const N: usize> Sample for [T; N] {
    fn sample(dice: &mut Dice) -> Self {
        std::array::from_fn(|_| T::sample(dice))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, via::SignalValue)]
pub(super) enum Show {
    #[default]
    All,
    Open,
    Done,
}

impl Sample for Show {
    fn sample(dice: &mut Dice) -> Self {
        dice.pick(&[Self::All, Self::Open, Self::Done])
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
pub(super) enum Range {
    #[default]
    All,
    From(u64),
    Between(i128, f64),
    Named {
        name: Option<String>,
        constructor: Option<Option<i64>>,
    },
    Empty {},
}

impl Sample for Range {
    fn sample(dice: &mut Dice) -> Self {
        match dice.place(5) {
            0 => Self::All,
            1 => Self::From(Sample::sample(dice)),
            2 => Self::Between(Sample::sample(dice), Sample::sample(dice)),
            3 => Self::Named {
                name: Sample::sample(dice),
                constructor: Sample::sample(dice),
            },
            _ => Self::Empty {},
        }
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
pub(super) struct Empty {}

impl Sample for Empty {
    fn sample(_: &mut Dice) -> Self {
        Self {}
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
pub(super) struct Id(u64);

impl Sample for Id {
    fn sample(dice: &mut Dice) -> Self {
        Self(Sample::sample(dice))
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
pub(super) struct Filter {
    pub(super) owner: Option<String>,
    pub(super) size: u64,
    range: Range,
    many: Vec<Range>,
    nothing: Empty,
    // A key that every JavaScript object already has.
    __proto__: Option<Id>,
}

impl Sample for Filter {
    fn sample(dice: &mut Dice) -> Self {
        Self {
            owner: Sample::sample(dice),
            size: Sample::sample(dice),
            range: Sample::sample(dice),
            many: Sample::sample(dice),
            nothing: Sample::sample(dice),
            __proto__: Sample::sample(dice),
        }
    }
}
