//! Personal fields: sealed in the log, open for who may read them, gone when the key is destroyed.

use anyhow::Result;
use karez::store::sealing::{SealError, refuse_sealed};
use karez::store::{Batch, By, EventLog, PersonKey, Sealer, StoreError};
use karez_events::event::{Payee, Personal};
use karez_events::{Event, PersonId};
use rstest::rstest;

use crate::store::{Backend, Place, Scribe, expenditure, lease, project, time_of};

fn paid_to(name: &str, account: Option<&str>, id_number: Option<&str>) -> Event {
    let open = |text: &str| Personal::Open(text.to_owned());
    let mut event = expenditure("1");
    if let Event::ExpenditureRecorded(data) = &mut event {
        data.payee = Some(Payee {
            person: None,
            name: Some(open(name)),
            account: account.map(open),
            id_number: id_number.map(open),
        });
    }
    event
}

fn person(event: &mut Event) -> PersonId {
    event.payee_mut().unwrap().person.clone().unwrap()
}

async fn keep(log: &EventLog, keys: &[PersonKey]) -> Result<(), StoreError> {
    let mut lease = lease(log).await.expect("the lease comes free");
    lease
        .append(&Batch {
            person_keys: keys,
            ..Batch::default()
        })
        .await
}

#[rstest]
#[tokio::test]
async fn what_is_sealed_opens_again_and_the_log_does_not_show_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let sealer = Sealer::try_new(&log).await?;
    let posted = paid_to("张三", Some("6222 0200"), Some("65402219800101001x"));
    let mut event = posted.clone();
    let keys = sealer.seal(&mut event).await?;
    let raw = Scribe::default().write(&project("A"), &event);
    let stored = String::from_utf8(raw.payload.clone())?;
    for text in ["张三", "6222 0200", "65402219800101001x"] {
        assert!(!stored.contains(text), "{stored}");
    }
    let batch = Batch {
        events: std::slice::from_ref(&raw),
        person_keys: &keys,
        ..Batch::default()
    };
    log.try_lease("test")
        .await?
        .expect("the lease is free")
        .append(&batch)
        .await?;

    let mut read = log.read(0, 1).await?.remove(0).decode()?.event;
    let who = person(&mut read);
    Sealer::try_new(&log).await?.open(&mut read).await?;
    assert_eq!(person(&mut read), who);
    read.payee_mut().unwrap().person = None;
    assert_eq!(read, posted);
    Ok(())
}

#[rstest]
#[tokio::test]
async fn one_person_has_one_pseudonym_and_one_key(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let sealer = Sealer::try_new(&log).await?;
    let mut paid = [
        paid_to("张三", Some("1"), Some("65402219800101001X")),
        paid_to("Zhang San", None, Some("654022 19800101 001x")),
        paid_to("张三", Some("1"), None),
        paid_to("张三", Some("2"), None),
    ];
    let keys = sealer.seal_all(paid.iter_mut()).await?;
    let who: Vec<PersonId> = paid.iter_mut().map(person).collect();
    assert_eq!(who[0], who[1]);
    assert!(who[0] != who[2] && who[2] != who[3]);
    assert_eq!(keys.len(), 3);
    keep(&log, &keys).await?;
    assert_eq!(
        sealer
            .seal(&mut paid_to("Z.", None, Some("65402219800101001x")))
            .await?,
        []
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_destroyed_key_erases_the_person_and_nothing_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let sealer = Sealer::try_new(&log).await?;
    let (mut erased, mut other) = (paid_to("张三", Some("1"), None), paid_to("李四", Some("2"), None));
    let keys = sealer.seal_all([&mut erased, &mut other]).await?;
    keep(&log, &keys).await?;
    let who = person(&mut erased);
    let by = By {
        actor: "console",
        at: time_of(1),
    };
    assert!(log.destroy_person_key(&who, "asked for it", by).await?);
    assert!(!log.destroy_person_key(&who, "asked for it", by).await?);
    assert_eq!(log.person_key(&who).await?, None);

    let sealed = erased.clone();
    sealer.open_all([&mut erased, &mut other]).await?;
    assert_eq!(erased, sealed);
    assert_eq!(
        other.payee_mut().unwrap().name,
        Some(Personal::Open("李四".to_owned()))
    );

    // Paid again later, the person has a new key; what was erased stays erased.
    let mut later = paid_to("张三", Some("1"), None);
    let keys = sealer.seal(&mut later).await?;
    keep(&log, &keys).await?;
    sealer.open_all([&mut erased, &mut later]).await?;
    assert_eq!(erased, sealed);
    assert_eq!(
        later.payee_mut().unwrap().name,
        Some(Personal::Open("张三".to_owned()))
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_second_key_for_one_person_is_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let sealer = Sealer::try_new(&log).await?;
    let (mut one, mut two) = (paid_to("张三", None, None), paid_to("张三", None, None));
    let (first, second) = (sealer.seal(&mut one).await?, sealer.seal(&mut two).await?);
    keep(&log, &first).await?;
    let refused = keep(&log, &second).await.unwrap_err();
    assert!(matches!(refused, StoreError::PersonKeyTaken) && refused.is_retryable());
    sealer.open(&mut one).await?;
    assert_eq!(
        one.payee_mut().unwrap().name,
        Some(Personal::Open("张三".to_owned()))
    );
    Ok(())
}

#[rstest]
#[tokio::test]
async fn a_sealed_text_moved_to_another_person_does_not_open(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) -> Result<()> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let sealer = Sealer::try_new(&log).await?;
    let (mut one, mut two) = (paid_to("张三", None, None), paid_to("李四", None, None));
    let keys = sealer.seal_all([&mut one, &mut two]).await?;
    keep(&log, &keys).await?;
    let stolen = one.payee_mut().unwrap().name.clone();
    two.payee_mut().unwrap().name.clone_from(&stolen);
    sealer.open(&mut two).await?;
    assert_eq!(two.payee_mut().unwrap().name, stolen);
    Ok(())
}

#[tokio::test]
async fn sealed_fields_from_outside_are_refused() -> Result<()> {
    let place = Place::new(Backend::Sqlite).await?;
    let log = place.log().await?;
    let sealer = Sealer::try_new(&log).await?;
    let mut encoded = paid_to("张三", Some("1"), None);
    encoded.payee_mut().unwrap().account = Some(Personal::Sealed {
        sealed: "AAAA".to_owned(),
    });
    let mut named = paid_to("张三", Some("1"), None);
    named.payee_mut().unwrap().person = Some("p".parse()?);
    for (event, at) in [(&mut encoded, "account"), (&mut named, "person")] {
        let before = event.clone();
        assert!(matches!(refuse_sealed(event), Err(SealError::AlreadySealed { field }) if field == at));
        assert!(matches!(sealer.seal(event).await, Err(SealError::AlreadySealed { field }) if field == at));
        assert_eq!(*event, before);
    }
    Ok(())
}
