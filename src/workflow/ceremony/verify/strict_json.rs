//! JSON in which every reader sees the same: each name is there once, and every number is an integer.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Such a value.
pub(super) struct Strict(pub(super) Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, found: bool) -> Result<Value, E> {
        Ok(found.into())
    }

    fn visit_i64<E: Error>(self, found: i64) -> Result<Value, E> {
        Ok(found.into())
    }

    fn visit_u64<E: Error>(self, found: u64) -> Result<Value, E> {
        Ok(found.into())
    }

    fn visit_str<E: Error>(self, found: &str) -> Result<Value, E> {
        Ok(found.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the name {name:?} is there twice")));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_could_take_for_different_values_is_refused() {
        let read = |text: &str| serde_json::from_str::<Strict>(text).map(|Strict(value)| value.to_string());
        let sound = r#"{"a":[1,-2,18446744073709551615,true,null,"x"]}"#;
        assert_eq!(read(sound).unwrap(), sound);
        for wrong in [
            r#"{"a":1,"a":1}"#,
            "1.0",
            "1e3",
            "-0",
            "18446744073709551616",
            "NaN",
            r#"["\ud800"]"#,
            "1 2",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
