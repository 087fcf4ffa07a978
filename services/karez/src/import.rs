//! Files of others, read into facts.

mod ambiguous;
mod cell_value;
mod earlier;
pub mod iati;
pub mod mapping;
pub mod report;
pub mod rows;
pub mod run;
pub mod table;
pub mod tabular;
pub mod template;
pub mod unpacked;
