//! Text and characters, which are sent unchanged.

use serde_json::Value;

use super::{Reading, SignalError, SignalValue};

impl SignalValue for String {
    const READING: Reading = Reading::Scalar;

    fn encode(&self) -> Value {
        Value::String(self.clone())
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(SignalError::new("must be text")),
        }
    }
}

impl SignalValue for char {
    const READING: Reading = Reading::Scalar;

    fn encode(&self) -> Value {
        Value::String(self.to_string())
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| SignalError::new("must be one character"))
    }
}
