//! Lists and arrays.

use serde_json::Value;

use super::{SignalError, SignalValue};

impl<T: SignalValue> SignalValue for Vec<T> {
    fn encode(&self) -> Value {
        Value::Array(self.iter().map(T::encode).collect())
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        let Value::Array(items) = value else {
            return Err(SignalError::new("must be an array"));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| T::decode(item).map_err(|error| error.in_item(index)))
            .collect()
    }
}

impl<T: SignalValue, const N: usize> SignalValue for [T; N] {
    fn encode(&self) -> Value {
        Value::Array(self.iter().map(T::encode).collect())
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        Vec::decode(value)?
            .try_into()
            .map_err(|_| SignalError::new(format!("must be an array of {N}")))
    }
}
