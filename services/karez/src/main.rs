//! karez
fn main() {}
