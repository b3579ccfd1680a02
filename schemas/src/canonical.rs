//! The one way to write a value that is hashed: JSON with sorted keys, no spaces, whole numbers only. Anybody can make the
//! same bytes in twenty years with whatever tools there are then.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a value has no canonical form.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CanonicalError {
    /// A number with a fraction: two programs may write it differently.
    #[error("a number with a fraction cannot be hashed")]
    Fraction,
    /// Not a JSON value (a map whose keys are not texts).
    #[error("not a JSON value")]
    NotJson,
}

/// The canonical text of a value.
pub fn to_string(value: &impl Serialize) -> Result<String, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|_| CanonicalError::NotJson)?;
    let mut text = String::new();
    write(&value, &mut text)?;
    Ok(text)
}

/// SHA-256 of a tag, a zero byte and the canonical text.
pub fn hash(tag: &str, value: &impl Serialize) -> Result<[u8; 32], CanonicalError> {
    let mut hasher = Sha256::new();
    hasher.update(tag.as_bytes());
    hasher.update([0]);
    hasher.update(to_string(value)?.as_bytes());
    Ok(hasher.finalize().into())
}

fn write(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) if number.is_i64() || number.is_u64() => out.push_str(&number.to_string()),
        Value::Number(_) => return Err(CanonicalError::Fraction),
        Value::String(text) => write_text(text, out),
        Value::Array(values) => write_all(values, ('[', ']'), out, write)?,
        Value::Object(fields) => {
            // Sorted here: whether the map keeps its own order depends on features of a library.
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            write_all(&fields, ('{', '}'), out, |(key, value), out| {
                write_text(key, out);
                out.push(':');
                write(value, out)
            })?;
        }
    }
    Ok(())
}

fn write_all<T>(
    items: &[T],
    (open, close): (char, char),
    out: &mut String,
    mut each: impl FnMut(&T, &mut String) -> Result<(), CanonicalError>,
) -> Result<(), CanonicalError> {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out)?;
    }
    out.push(close);
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fractions_have_no_canonical_form() {
        assert_eq!(to_string(&json!({ "a": [1, 2.5] })), Err(CanonicalError::Fraction));
    }

    #[test]
    fn order_and_spaces_do_not_matter() {
        let value: Value = serde_json::from_str(r#" { "b": [ 1, null, true ], "a" : "đ\"\n" } "#).unwrap();
        assert_eq!(to_string(&value).unwrap(), r#"{"a":"đ\"\u000a","b":[1,null,true]}"#);
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_value() {
        let value = json!({ "tên": "Páo \u{1}\t", "số": -3, "rỗng": {}, "dãy": [], "lớn": u64::MAX });
        let again: Value = serde_json::from_str(&to_string(&value).unwrap()).unwrap();
        assert_eq!(again, value);
    }
}
