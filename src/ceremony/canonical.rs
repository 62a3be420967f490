//! Canonical JSON: RFC 8785 (JCS) without fractions and without `null`, followed by one newline. Each value has exactly one encoding. So a hash of
//! the bytes is a hash of the value, and two independent programs write the same file.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

/// The largest integer that every JSON reader can represent, positive or negative: 2⁵³ - 1 (RFC 8259 section 6, RFC 8785 section 3.2.2.3).
pub const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// The deepest nesting of arrays and objects. Recursive readers have a limit: 128 in serde_json, about 1000 in Python.
pub const DEEPEST_NESTING: usize = 64;

/// Why a value cannot be written as canonical JSON, or why bytes are not canonical JSON. `at` is a JSON pointer (RFC 6901); "" is the whole value.
/// `Json` and `Shape` have the reason, with its column.
#[derive(Debug)]
#[non_exhaustive]
pub enum CanonicalError {
    /// The bytes are not JSON, or JSON cannot represent the value.
    Json(String),
    /// The JSON does not fit the expected type: a field is missing, is unknown, or has the wrong type.
    Shape(String),
    /// The value is encoded in another way: spaces, another order of names, a duplicate name, other escapes, or no newline at the end.
    Spelling {
        /// The first byte that differs from the canonical encoding, counted from 0.
        byte: usize,
    },
    /// The value was read, but is written back differently: the type drops something that the bytes contain.
    NotKept {
        /// The first byte that differs, counted from 0.
        byte: usize,
    },
    /// A `null`. An absent value must be left out.
    Null {
        /// Where.
        at: String,
    },
    /// A number that is not an integer, or is not written as one: `1.0`, `1e3`, `-0`.
    Fraction {
        /// Where.
        at: String,
    },
    /// An integer beyond ±(2⁵³ - 1).
    Integer {
        /// Where.
        at: String,
        /// Its digits.
        value: String,
    },
    /// Nested more deeply than [`DEEPEST_NESTING`].
    Nesting {
        /// Where.
        at: String,
    },
}

impl fmt::Display for CanonicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(cause) => write!(f, "not JSON: {cause}"),
            Self::Shape(cause) => write!(f, "JSON, but not in the expected form: {cause}"),
            Self::Spelling { byte } => write!(
                f,
                "not canonical JSON (RFC 8785 and one newline): byte {byte} differs from the canonical spelling"
            ),
            Self::NotKept { byte } => write!(
                f,
                "holds something that the format does not have: byte {byte} differs when the value is written again"
            ),
            Self::Null { at } => write!(f, "null at {}; leave the name out instead", Pointer(at)),
            Self::Fraction { at } => write!(f, "the number at {} is not an integer", Pointer(at)),
            Self::Integer { at, value } => write!(
                f,
                "the integer {value} at {} is outside ±{LARGEST_INTEGER}",
                Pointer(at)
            ),
            Self::Nesting { at } => write!(f, "nested more than {DEEPEST_NESTING} deep at {}", Pointer(at)),
        }
    }
}

impl std::error::Error for CanonicalError {}

impl CanonicalError {
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(super) fn json(cause: serde_json::Error) -> Self {
        Self::Json(in_one_line(&cause))
    }

    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(super) fn shape(cause: serde_json::Error) -> Self {
        Self::Shape(in_one_line(&cause))
    }
}

/// The place in canonical JSON, which is one line, is a column. Another line number beside it would be mistaken for that of a file.
fn in_one_line(cause: &serde_json::Error) -> String {
    cause.to_string().replace(" at line 1 column ", " at column ")
}

struct Pointer<'a>(&'a str);

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("the top"),
            pointer => write!(f, "{pointer:?}"),
        }
    }
}

/// Writes a value as canonical JSON, followed by a newline.
///
/// # Errors
/// [`CanonicalError`]: fractions, `null`, integers beyond ±(2⁵³ - 1), nesting that is too deep, or names that are not strings.
pub fn to_canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(CanonicalError::json)?;
    write_line(&value)
}

/// Reads bytes that must be canonical JSON and a newline, with nothing else. Writes the value again, as JSON and as a `T`, and compares both with the
/// input. So every byte counts: unknown and duplicate names are refused.
///
/// # Errors
/// [`CanonicalError`]
pub fn from_canonical<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, CanonicalError> {
    let value: Value = serde_json::from_slice(bytes).map_err(CanonicalError::json)?;
    if let Some(byte) = first_difference(bytes, &write_line(&value)?) {
        return Err(CanonicalError::Spelling { byte });
    }
    let read: T = serde_json::from_value(value).map_err(CanonicalError::shape)?;
    match first_difference(bytes, &to_canonical(&read)?) {
        Some(byte) => Err(CanonicalError::NotKept { byte }),
        None => Ok(read),
    }
}

fn first_difference(bytes: &[u8], other: &[u8]) -> Option<usize> {
    if bytes == other {
        return None;
    }
    let differs = bytes.iter().zip(other).position(|(one, two)| one != two);
    Some(differs.unwrap_or(bytes.len().min(other.len())))
}

fn write_line(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut writer = Writer::default();
    writer.value(value)?;
    writer.out.push(b'\n');
    Ok(writer.out)
}

#[derive(Default)]
struct Writer {
    out: Vec<u8>,
    /// The steps of the JSON pointer.
    path: Vec<String>,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), CanonicalError> {
        match value {
            Value::Null => return Err(CanonicalError::Null { at: self.at() }),
            Value::Bool(true) => self.out.extend(b"true"),
            Value::Bool(false) => self.out.extend(b"false"),
            Value::Number(number) => self.number(number)?,
            Value::String(text) => self.string(text)?,
            Value::Array(items) => self.array(items)?,
            Value::Object(members) => self.object(members)?,
        }
        Ok(())
    }

    /// RFC 8785 section 3.2.2.3. Of the ECMAScript rules, only those for integers are needed.
    fn number(&mut self, number: &Number) -> Result<(), CanonicalError> {
        let magnitude = match (number.as_i64(), number.as_u64()) {
            (Some(signed), _) => signed.unsigned_abs(),
            (None, Some(unsigned)) => unsigned,
            (None, None) => return Err(CanonicalError::Fraction { at: self.at() }),
        };
        let digits = number.to_string();
        if magnitude > LARGEST_INTEGER {
            return Err(CanonicalError::Integer {
                at: self.at(),
                value: digits,
            });
        }
        self.out.extend(digits.as_bytes());
        Ok(())
    }

    /// RFC 8785 section 3.2.2.2. serde_json writes exactly these escapes: the five short ones, `\"`, `\\`, and `\u00xx` in lower case.
    fn string(&mut self, text: &str) -> Result<(), CanonicalError> {
        serde_json::to_writer(&mut self.out, text).map_err(CanonicalError::json)
    }

    fn array(&mut self, items: &[Value]) -> Result<(), CanonicalError> {
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.inside(index.to_string(), item)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// RFC 8785 section 3.2.3: names are sorted by their UTF-16 code units. Above U+FFFF this differs from the order of UTF-8.
    fn object(&mut self, members: &Map<String, Value>) -> Result<(), CanonicalError> {
        let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
        sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
        self.out.push(b'{');
        for (index, (name, value)) in sorted.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.string(name)?;
            self.out.push(b':');
            self.inside(name.replace('~', "~0").replace('/', "~1"), value)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn inside(&mut self, step: String, value: &Value) -> Result<(), CanonicalError> {
        self.path.push(step);
        if self.path.len() > DEEPEST_NESTING {
            return Err(CanonicalError::Nesting { at: self.at() });
        }
        self.value(value)?;
        self.path.pop();
        Ok(())
    }

    fn at(&self) -> String {
        self.path.iter().map(|step| format!("/{step}")).collect()
    }
}
