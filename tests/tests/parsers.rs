//! Every parser on its corpus, and on what comes of it by changes at random: a bounded run of what `make fuzz-parsers` does for
//! longer, led by coverage.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../fuzz/parsers.rs"]
mod parsers;

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use karez::replay::unpack;
use karez_tests::moments::Moments;

/// For each parser.
const LONG_ENOUGH: Duration = Duration::from_secs(1);
/// Changes to one file before it is tried.
const MOST_CHANGES: u64 = 8;

#[test]
fn no_parser_panics_over_its_corpus_and_what_comes_of_it() {
    let mut moments = Moments::draw();
    for (name, parse) in parsers::PARSERS {
        let corpus = corpus(name);
        let tried = |bytes: &[u8]| {
            let shown = String::from_utf8_lossy(bytes).into_owned();
            assert!(
                catch_unwind(|| parse(bytes)).is_ok(),
                "{name} panics over {shown:?}"
            );
        };
        for bytes in &corpus {
            tried(bytes);
        }
        let begun = Instant::now();
        let mut executions = 0;
        while begun.elapsed() < LONG_ENOUGH {
            tried(&changed(&corpus, &mut moments));
            executions += 1;
        }
        println!("{name}: {executions} executions");
    }
}

/// The form of a snapshot changes with the code. What is of an earlier one is refused where it begins, and tries nothing.
#[test]
fn the_snapshots_of_the_corpus_are_of_todays_form() {
    for bytes in corpus("snapshot") {
        assert_eq!(unpack(&bytes).err(), None);
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: Vec<Vec<u8>> = files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!files.is_empty(), "{name} has no corpus");
    files
}

/// A file of the corpus with some bytes changed, taken away, doubled, or put in from another file.
fn changed(corpus: &[Vec<u8>], moments: &mut Moments) -> Vec<u8> {
    let mut bytes = one(corpus, moments).clone();
    for _ in 0..=moments.below(MOST_CHANGES) {
        let other = one(corpus, moments);
        let (from, to) = span(bytes.len(), moments);
        match moments.below(5) {
            0 => bytes.truncate(from),
            1 => drop(bytes.drain(from..to)),
            2 => bytes.extend_from_within(from..to),
            3 => {
                let (begin, end) = span(other.len(), moments);
                bytes
                    .splice(from..to, other[begin..end].iter().copied())
                    .for_each(drop);
            }
            _ => bytes[from..to]
                .iter_mut()
                .for_each(|byte| *byte = u8::try_from(moments.below(256)).unwrap()),
        }
    }
    bytes
}

fn one<'a>(corpus: &'a [Vec<u8>], moments: &mut Moments) -> &'a Vec<u8> {
    &corpus[usize::try_from(moments.below(corpus.len() as u64)).unwrap()]
}

/// A short part of so many bytes.
fn span(length: usize, moments: &mut Moments) -> (usize, usize) {
    let from = usize::try_from(moments.below(length as u64 + 1)).unwrap();
    let long = usize::try_from(moments.below(24)).unwrap();
    (from, (from + long).min(length))
}
