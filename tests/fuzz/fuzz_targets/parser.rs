//! One target for all parsers: `KAREZ_PARSER` names it.
#![no_main]

#[path = "../parsers.rs"]
mod parsers;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static PARSER: LazyLock<parsers::Parser> = LazyLock::new(|| {
    let name = std::env::var("KAREZ_PARSER").unwrap_or_default();
    let named = parsers::PARSERS.iter().find(|(parser, _)| *parser == name);
    let names: Vec<&str> = parsers::PARSERS.iter().map(|(name, _)| *name).collect();
    named
        .unwrap_or_else(|| panic!("KAREZ_PARSER is one of {names:?}, not {name:?}"))
        .1
});

fuzz_target!(|bytes: &[u8]| PARSER(bytes));
