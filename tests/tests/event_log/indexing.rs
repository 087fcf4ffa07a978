//! The index is entered behind the log: however far it is, whoever reads or writes sees the same.

use anyhow::Result;
use karez::audit::verify;
use karez::store::{EventLog, WriterLease};
use karez_events::{Position, RawEvent};
use rstest::rstest;
use uuid::Uuid;

use crate::store::{Backend, Place, Scribe, events, expenditure, lease, project};

/// More than are entered at once.
const MANY: usize = 4_500;

/// A log that begins here has its events in two parts of the index.
const BEFORE_THE_END_OF_A_PART: Position = 1_000_000 - 2_000;

/// How far the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entered {
    Nothing,
    Some,
    All,
    /// All but what was recorded since.
    AllBefore,
    /// Some of what was there when the writer was killed, and nothing of what its successor recorded.
    SomeBeforeAKill,
}

const HOWEVER_FAR: [Entered; 5] = [
    Entered::Nothing,
    Entered::Some,
    Entered::All,
    Entered::AllBefore,
    Entered::SomeBeforeAKill,
];

struct Case {
    place: Place,
    log: EventLog,
    lease: Option<WriterLease>,
    scribe: Scribe,
    recorded: Vec<RawEvent>,
}

impl Case {
    async fn new(backend: Backend, entered: Entered) -> Result<Self> {
        Self::after(0, backend, entered).await
    }

    /// In a log whose first events nobody has.
    async fn after(position: Position, backend: Backend, entered: Entered) -> Result<Self> {
        let place = Place::new(backend).await?;
        let log = place.log().await?;
        let moved = format!("UPDATE recorder SET last_position = {position}, indexed_position = {position}");
        place.sql(&moved).await?;
        let lease = Some(lease(&log).await?);
        let mut case = Self {
            place,
            log,
            lease,
            scribe: Scribe {
                position,
                ..Scribe::default()
            },
            recorded: Vec::new(),
        };
        case.record(MANY).await?;
        match entered {
            Entered::Nothing => {}
            Entered::Some => case.lease().index_some().await?,
            Entered::All => case.lease().index_all().await?,
            Entered::AllBefore => {
                case.lease().index_all().await?;
                case.record(30).await?;
            }
            Entered::SomeBeforeAKill => {
                case.lease().index_some().await?;
                case.lose_the_writer().await?;
                case.record(30).await?;
            }
        }
        Ok(case)
    }

    fn lease(&mut self) -> &mut WriterLease {
        self.lease.as_mut().expect("somebody writes")
    }

    async fn record(&mut self, count: usize) -> Result<()> {
        let more = self.scribe.expenditures(count);
        self.lease().append(&events(&more)).await?;
        self.recorded.extend(more);
        Ok(())
    }

    /// The writer goes with all that it has in mind; another one comes.
    async fn lose_the_writer(&mut self) -> Result<()> {
        self.lease = None;
        self.lease = Some(lease(&self.log).await?);
        Ok(())
    }
}

/// Readers and the writer find every event by its id and in its stream, and nothing else.
async fn assert_all_is_found(case: &mut Case) -> Result<()> {
    let ids: Vec<Uuid> = case.recorded.iter().map(|event| event.event_id).collect();
    let asked = [&ids[..], &[Uuid::nil()]].concat();
    for found in [case.log.find(&asked).await?, case.lease().find(&asked).await?] {
        assert_eq!(found.len(), ids.len());
        assert!(
            case.recorded
                .iter()
                .all(|event| found[&event.event_id] == event.position)
        );
    }
    for stream in [project("A"), project("B"), project("C")] {
        let of_stream: Vec<_> = case
            .recorded
            .iter()
            .filter(|event| event.stream == stream)
            .cloned()
            .collect();
        assert_eq!(case.log.read_stream(&stream, 0, MANY).await?, of_stream);
        assert_eq!(
            case.log.read_stream(&stream, 1_400, 90).await?,
            of_stream[1_400..1_490]
        );
        assert_eq!(
            case.log.read_stream(&stream, 600, 200).await?,
            of_stream[600..800]
        );
        assert_eq!(case.log.read_stream(&stream, 7, 3).await?, of_stream[7..10]);
        let versions = case
            .lease()
            .stream_versions(std::slice::from_ref(&stream))
            .await?;
        assert_eq!(
            versions[&stream],
            of_stream.last().expect("it has events").version
        );
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn what_is_recorded_is_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    for entered in HOWEVER_FAR {
        let mut case = Case::new(backend, entered).await?;
        assert_all_is_found(&mut case).await?;
        assert!(verify(&case.log, |_, _| (), |_| ()).await?.is_sound());
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn what_lies_in_two_parts_of_the_index_is_found_and_its_ids_are_taken(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    for entered in HOWEVER_FAR {
        let mut case = Case::after(BEFORE_THE_END_OF_A_PART, backend, entered).await?;
        assert_all_is_found(&mut case).await?;
        case.lose_the_writer().await?;
        assert_all_is_found(&mut case).await?;
        for recorded in [0, 1_998, 1_999, MANY - 1] {
            let mut again = case.scribe.clone().write(&project("D"), &expenditure("again"));
            again.event_id = case.recorded[recorded].event_id;
            let refused = case.lease().append(&events(&[again])).await.unwrap_err();
            assert!(refused.is_duplicate_event(), "{recorded}: {refused}");
        }
        let all = case.scribe.position;
        case.lease().index_all().await?;
        let (first, count) = (BEFORE_THE_END_OF_A_PART, u64::try_from(case.recorded.len())?);
        assert_eq!(case.log.entries(all).await?, (count, count));
        assert_eq!(case.log.first_without_id(first, all).await?, None);
        assert_eq!(case.log.first_without_version(first, all).await?, None);
        assert_eq!(case.log.first_stray_entry(first).await?, None);
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn an_id_is_taken_for_ever(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    for entered in HOWEVER_FAR {
        let mut case = Case::new(backend, entered).await?;
        let next = case.scribe.clone().write(&project("D"), &expenditure("next"));
        for recorded in [0, 1_000, 2_500, MANY - 1, case.recorded.len() - 1] {
            let mut again = next.clone();
            again.event_id = case.recorded[recorded].event_id;
            let refused = case.lease().append(&events(&[again])).await.unwrap_err();
            assert!(refused.is_duplicate_event(), "{recorded}: {refused}");
        }
        case.lease().append(&events(std::slice::from_ref(&next))).await?;
        let twice = case.lease().append(&events(&[next])).await.unwrap_err();
        assert!(!twice.is_retryable(), "{twice}");
        // What failed has cost the index nothing.
        case.lease().index_all().await?;
        assert!(verify(&case.log, |_, _| (), |_| ()).await?.is_sound());
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn in_the_end_everything_is_entered_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    for entered in HOWEVER_FAR {
        let mut case = Case::new(backend, entered).await?;
        for killed in [false, true] {
            if killed {
                case.lose_the_writer().await?;
            }
            case.lease().index_all().await?;
            assert!(case.lease().is_indexed());
            let all = u64::try_from(case.recorded.len())?;
            assert_eq!(case.log.indexed_position().await?, all);
            assert_eq!(case.log.entries(all).await?, (all, all));
        }
        assert!(verify(&case.log, |_, _| (), |_| ()).await?.is_sound());
    }
    Ok(())
}

#[rstest]
#[tokio::test]
async fn what_the_index_refuses_is_no_fault_of_what_is_recorded(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let mut case = Case::new(backend, Entered::Some).await?;
    let (refuse, allow) = match backend {
        Backend::Sqlite => (
            "CREATE TRIGGER refuse BEFORE INSERT ON stream_place BEGIN SELECT RAISE(ABORT, 'no room'); END",
            "DROP TRIGGER refuse",
        ),
        Backend::Postgres => (
            "CREATE TRIGGER refuse BEFORE INSERT ON stream_place FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            "DROP TRIGGER refuse ON stream_place",
        ),
    };
    case.place.sql(refuse).await?;
    case.record(1).await?;
    case.record(1).await?;
    assert!(case.lease().index_some().await.is_err() && !case.lease().is_lost());
    case.place.sql(allow).await?;
    case.lease().index_all().await?;
    assert_eq!(case.log.read(0, 2 * MANY).await?, case.recorded);
    assert!(verify(&case.log, |_, _| (), |_| ()).await?.is_sound());
    Ok(())
}
