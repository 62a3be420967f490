//! The module in front of SoftHSM 2.6.1: each rule once, each test in a separate process.

mod faults;
mod identity;
mod keys;
mod mechanisms;
mod module;
mod scenario;
mod session;
mod signing;
mod templates;
mod weather;
mod wrapping;
