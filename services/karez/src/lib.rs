//! karez
