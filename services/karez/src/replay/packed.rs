//! A portfolio as the bytes of a snapshot: pieces that are each packed by themselves, so that as many are read at once as
//! there are processors, and no more of them lie around unpacked.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::packing::{pack_onto, unpack_into};
use karez_projections::{PaperShelf, Portfolio, Project};
use serde::{Deserialize, Serialize};
use zstd::zstd_safe::{find_frame_compressed_size, get_error_name};

/// A piece is full with so many entries of ledgers, whichever project they end with.
const ENTRIES: usize = 20_000;
/// A piece is full with so many projects.
const PROJECTS: usize = 2_000;
/// A piece is full with so many papers.
const PAPERS: usize = 20_000;

/// One piece: borrowed where it is written, owned where it is read.
#[derive(Serialize, Deserialize)]
enum Piece<Rest, Each, Shelf> {
    /// All but projects and papers.
    Rest(Rest),
    /// Some projects.
    Projects(Vec<Each>),
    /// Some papers.
    Papers(Vec<Shelf>),
}

type Written<'a> = Piece<&'a Portfolio, &'a Project, &'a PaperShelf>;
type Read = Piece<Portfolio, Project, PaperShelf>;

/// Packs a portfolio piece by piece.
///
/// # Errors
/// What cannot be packed.
pub(super) fn pack(portfolio: &Portfolio) -> Result<Vec<u8>, String> {
    let mut packed = Vec::new();
    let mut add = |piece| add_piece(&mut packed, &piece);
    add(Piece::Rest(portfolio))?;
    let (mut some, mut entries) = (Vec::new(), 0);
    for project in portfolio.projects_by_number() {
        entries += project.entries.len();
        some.push(project);
        if entries >= ENTRIES || some.len() >= PROJECTS {
            add(Piece::Projects(std::mem::take(&mut some)))?;
            entries = 0;
        }
    }
    add(Piece::Projects(some))?;
    let (mut shelves, mut papers) = (Vec::new(), 0);
    for shelf in portfolio.papers() {
        papers += shelf.count();
        shelves.push(shelf);
        if papers >= PAPERS {
            add(Piece::Papers(std::mem::take(&mut shelves)))?;
            papers = 0;
        }
    }
    add(Piece::Papers(shelves))?;
    Ok(packed)
}

fn add_piece(packed: &mut Vec<u8>, piece: &Written<'_>) -> Result<(), String> {
    pack_onto(packed, |out| {
        // Named fields and texts, as in JSON: payloads leave fields out and are told apart by their shape.
        let writer = rmp_serde::Serializer::new(out);
        piece.serialize(&mut writer.with_struct_map().with_human_readable())
    })
}

/// Reads what a snapshot holds, on every processor.
///
/// # Errors
/// What cannot be read.
pub fn unpack(bytes: &[u8]) -> Result<Portfolio, String> {
    let packed = packed_pieces(bytes)?;
    let next = AtomicUsize::new(0);
    let read_some = || {
        let (mut read, mut plain) = (Vec::new(), Vec::new());
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(packed) = packed.get(place) else {
                return Ok(read);
            };
            read.push((place, unpack_piece(packed, &mut plain)?));
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let read: Result<Vec<_>, String> = thread::scope(|scope| {
        let readers: Vec<_> = (0..processors).map(|_| scope.spawn(read_some)).collect();
        let read = readers.into_iter().map(thread::ScopedJoinHandle::join);
        read.map(|read| read.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let mut pieces: Vec<(usize, Read)> = read?.into_iter().flatten().collect();
    pieces.sort_unstable_by_key(|(place, _)| *place);
    let (mut rest, mut projects, mut papers) = (None, Vec::new(), Vec::new());
    for (_, piece) in pieces {
        match piece {
            Piece::Rest(of) => rest = Some(of),
            Piece::Projects(some) => projects.push(some),
            Piece::Papers(some) => papers.push(some),
        }
    }
    let rest: Portfolio = rest.ok_or("it lacks the piece with everything else")?;
    let with_all = rest.with(projects.into_iter().flatten(), papers.into_iter().flatten());
    with_all.map_err(|error| error.to_string())
}

/// Where each piece lies.
fn packed_pieces(mut bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let size = find_frame_compressed_size(bytes).map_err(|code| get_error_name(code).to_owned())?;
        let (piece, rest) = bytes.split_at_checked(size).ok_or("it ends within a piece")?;
        pieces.push(piece);
        bytes = rest;
    }
    Ok(pieces)
}

fn unpack_piece(packed: &[u8], plain: &mut Vec<u8>) -> Result<Read, String> {
    unpack_into(plain, packed)?;
    let mut reader = rmp_serde::Deserializer::from_read_ref(plain).with_human_readable();
    Piece::deserialize(&mut reader).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload;
    use chrono::DateTime;
    use karez_events::{Hash, RecordedEvent, Submission};

    fn folded(submissions: Vec<Submission>) -> Portfolio {
        let mut portfolio = Portfolio::default();
        for (position, submission) in (1..).zip(submissions) {
            portfolio.apply(&RecordedEvent {
                position,
                stream: submission.stream,
                version: 1,
                event_id: submission.event_id,
                occurred_on: submission.occurred_on,
                recorded_at: DateTime::UNIX_EPOCH,
                event: submission.event,
                metadata: submission.metadata,
                hash: Hash::START,
            });
        }
        portfolio
    }

    #[test]
    fn a_portfolio_of_many_pieces_is_read_as_it_was_written() {
        let projects = PROJECTS + 500;
        let mut facts = workload::projects(projects).unwrap();
        // They become known in another order than that of their ids.
        facts.reverse();
        facts.extend(workload::postings("once", 0, ENTRIES + 5_000, projects).unwrap());
        // These invoices have been booked before.
        facts.extend(workload::postings("again", 1, 10, projects).unwrap());
        let portfolio = folded(facts);
        let packed = pack(&portfolio).unwrap();
        let pieces = packed_pieces(&packed).unwrap();
        let read = pieces
            .iter()
            .map(|piece| unpack_piece(piece, &mut Vec::new()).unwrap());
        let (papers, others): (Vec<Read>, Vec<Read>) =
            read.partition(|piece| matches!(piece, Piece::Papers(_)));
        assert!(papers.len() > 1 && others.len() > 2);
        assert_eq!(unpack(&packed).as_ref(), Ok(&portfolio));
    }

    #[test]
    fn what_is_no_portfolio_is_refused() {
        let packed = pack(&folded(workload::projects(3).unwrap())).unwrap();
        let pieces = packed_pieces(&packed).unwrap();
        assert!(unpack(&[]).is_err(), "nothing");
        assert!(unpack(&packed[..packed.len() - 1]).is_err(), "its end is missing");
        assert!(unpack(pieces[1]).is_err(), "projects alone");
        assert!(unpack(&[7; 100]).is_err());
    }
}
