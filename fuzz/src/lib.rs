//! What the fuzz targets have in common: the [`properties`], and the memory that an input may cost.

mod budget;
pub mod properties;

pub use budget::within_budget;
