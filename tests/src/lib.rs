//! What the whole-system tests need around karez: real servers that never outlive the tests, and waiting
//! without sleeping.

pub mod hosts;
pub mod http;
pub mod machine;
pub mod moments;
pub mod nats;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod published;
pub mod receiver;
pub mod server;
pub mod wait;
