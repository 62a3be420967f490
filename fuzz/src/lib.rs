//! Shared by the fuzz targets: the [`properties`], and the memory limit for an input.

mod budget;
pub mod properties;

pub use budget::within_budget;
