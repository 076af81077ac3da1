//! What awkward values become between one action and the next.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::change;
use crate::{
    __private::{ActionEntry, FieldReader, FieldWriter, PageDescriptor, ReadError},
    field::{FieldDescriptor, FieldKind, StateScope},
    page::Page,
    session::Secret,
    state::{ChangeError, Document, Fields, Inputs, Sources, Targets},
    store::Timestamp,
};

/// A page with one field, of any type.
struct One<T>(T);

trait Value: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static> Value for T {}

impl<T: Value> Page for One<T> {
    const DESCRIPTOR: &'static PageDescriptor = &PageDescriptor {
        name: "One",
        route: "/",
        segments: &[],
        module: module_path!(),
        fields: &[FieldDescriptor {
            name: "value",
            key: "One.value",
            segments: &[],
            kind: FieldKind::State(StateScope::Session),
            type_name: "T",
            version: 1,
            ty: None,
        }],
    };

    type Handles = ();

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, ReadError> {
        Ok(Self(fields.state(T::default, &[])))
    }

    fn write(&self, fields: &mut FieldWriter) {
        fields.state(&self.0);
    }

    fn actions() -> &'static [ActionEntry<Self>] {
        &[]
    }
}

fn act<T: Value>(document: &mut Document, run: impl FnOnce(&mut T)) -> Result<(), ChangeError<()>> {
    let sources = Sources {
        session: &document.fields,
        tab: &Fields::new(),
        shared: &[],
        principal: None,
        params: &[],
        inputs: &Inputs::default(),
    };
    change::<One<T>, ()>(sources, |page| {
        run(&mut page.0);
        Ok(())
    })?
    .apply(&mut Targets {
        session: document,
        tab: &mut Fields::new(),
        shared: &mut [],
    });
    Ok(())
}

fn document() -> Document {
    Document::new(Secret([7; 32]).hash(), Timestamp::from_millis(5))
}

/// What the next action finds where one wrote `value`, with the document stored in between.
fn comes_back<T: Value>(value: &T) -> T {
    let mut document = document();
    act::<T>(&mut document, |field| field.clone_from(value)).unwrap();
    let mut document = Document::decode(&document.encode().bytes).unwrap();
    let mut found = None;
    act::<T>(&mut document, |field| found = Some(field.clone())).unwrap();
    found.unwrap()
}

/// Why `value` is not stored; nothing is.
fn refused<T: Value>(value: T) -> String {
    let mut document = document();
    let error = act::<T>(&mut document, |field| *field = value).unwrap_err();
    assert!(document.fields.get("One.value").is_none());
    let ChangeError::Write(text) = error else {
        panic!("{error:?}");
    };
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers_come_back(a: u64, b: i64, c: u128, d: i128) {
        prop_assert_eq!(comes_back(&(a, b, c, d)), (a, b, c, d));
    }

    #[test]
    fn finite_floats_come_back_bit_by_bit(a in any::<f64>().prop_filter("", |a| a.is_finite())) {
        prop_assert_eq!(comes_back(&a).to_bits(), a.to_bits());
    }

    #[test]
    fn text_comes_back(text in any::<String>(), chars in any::<Vec<char>>()) {
        prop_assert_eq!(comes_back(&text), text);
        prop_assert_eq!(comes_back(&chars), chars);
    }

    #[test]
    fn maps_come_back(map: HashMap<String, Vec<Option<i8>>>, numbers: BTreeMap<i64, bool>) {
        prop_assert_eq!(comes_back(&map), map);
        prop_assert_eq!(comes_back(&numbers), numbers);
    }
}

#[test]
fn the_ends_of_ranges_come_back() {
    assert_eq!(comes_back(&u64::MAX), u64::MAX);
    assert_eq!(comes_back(&i64::MIN), i64::MIN);
    assert_eq!(comes_back(&u128::MAX), u128::MAX);
    assert_eq!(comes_back(&i128::MIN), i128::MIN);
    assert_eq!(comes_back(&f64::MAX).to_bits(), f64::MAX.to_bits());
    assert!(comes_back(&-0.0_f64).is_sign_negative());
    let awkward = "\0\u{7f}\u{2028}\u{feff}\u{10ffff}\"\\/</script>\r\n";
    assert_eq!(comes_back(&awkward.to_owned()), awkward);
}

#[test]
fn a_float_that_is_not_finite_is_refused_and_the_field_is_named() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let text = refused(value);
        assert!(
            text.starts_with("`One.value` ") && text.contains("not finite"),
            "{text}"
        );
        refused(vec![value]);
    }
    refused(f32::NAN);
}

#[test]
fn a_map_whose_keys_are_no_text_is_refused_and_the_field_is_named() {
    assert_eq!(
        refused(BTreeMap::from([((1, 2), 3)])),
        "`One.value` has no JSON form: key must be a string"
    );
}

#[test]
fn nesting_that_could_not_be_read_is_refused() {
    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    struct Nested(Option<Box<Self>>, Vec<Self>);

    let nested = |levels| (0..levels).fold(Nested::default(), |inner, _| Nested(None, vec![inner]));
    comes_back(&nested(60));
    assert!(refused(nested(100)).contains("nesting"));
}

/// JSON has one `null`. The documentation of `State` says so.
#[test]
fn an_option_in_an_option_collapses() {
    assert_eq!(comes_back(&Some(None::<u8>)), None);
    assert_eq!(comes_back(&Some(Some(1_u8))), Some(Some(1)));
    assert_eq!(comes_back(&Some(f64::NAN)), None);
}
