//! Tests against a real token.
