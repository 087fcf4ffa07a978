//! `karez person`: what names somebody as a payee, and how that person is erased (domain.md §4.5.9).

use clap::{Args, Subcommand};
use karez_events::event::{Payee, Personal};
use karez_events::{Event, PersonId, RawEvent};
use rust_decimal::Decimal;
use serde::Serialize;

use super::context::Context;
use super::output;
use super::sheet::{Cell, Look, Sheet, column};
use super::show::Shape;
use crate::store::{EventLog, Sealer};
use crate::trouble::{Exit, Trouble};

/// Events read together.
const READ_EVENTS: usize = 5_000;

#[derive(Debug, Args)]
pub(super) struct PersonArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The expenditures and commitments that name a person
    Find {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        shape: Shape,
    },
    /// Destroy a person's key: name, account and number can be read by nobody again, amounts and hashes stay. Backups
    /// hold the key until they expire; refused submissions are kept as they were sent
    Erase {
        #[command(flatten)]
        who: Who,
        /// On whose wish or by which rule; kept for ever
        #[arg(long, value_name = "TEXT")]
        cause: String,
    },
}

/// Somebody, as they were named when they were paid.
#[derive(Debug, Args)]
struct Who {
    /// Identity number, where vouchers gave it; it goes before name and account
    #[arg(long, value_name = "NUMBER", required_unless_present_any = ["name", "account", "person"])]
    id_number: Option<String>,
    /// Name
    #[arg(long)]
    name: Option<String>,
    /// Bank account, where vouchers gave it
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
    /// The pseudonym under which the person stands in events
    #[arg(long, value_name = "PSEUDONYM", conflicts_with_all = ["id_number", "name", "account"])]
    person: Option<PersonId>,
}

/// A fact that names the person.
#[derive(Debug, Serialize)]
struct Named {
    stream: String,
    event_id: uuid::Uuid,
    occurred_on: chrono::NaiveDate,
    number: Option<String>,
    #[serde(with = "rust_decimal::serde::str")]
    amount: Decimal,
}

pub(super) async fn run(context: &Context, args: &PersonArgs) -> Result<Exit, Trouble> {
    let log = context.open().await?;
    match &args.what {
        What::Find { who, shape } => {
            let found = naming(&log, &pseudonym(&log, who).await?).await?;
            shape.print(context, &found, sheet)?;
            Ok(Exit::Done)
        }
        What::Erase { who, cause } => erase(context, &log, &pseudonym(&log, who).await?, cause).await,
    }
}

async fn erase(context: &Context, log: &EventLog, person: &PersonId, cause: &str) -> Result<Exit, Trouble> {
    if cause.trim().is_empty() {
        return Err(Trouble::wrong_use(
            context.say("请写明 --cause", "say why in --cause"),
        ));
    }
    if !log.destroy_person_key(person, cause, context.by()).await? {
        return Err(Trouble::wrong_use(context.say(
            "没有这样的人，或已删除",
            "nobody of that description is known, or they have been erased",
        ))
        .advise(context.say(
            "karez person find 列出记有此人的凭证；证件号、姓名、账号须与凭证一致",
            "`karez person find` shows what names a person; number, name and account are those of the vouchers",
        )));
    }
    let (zh, en) = (
        format!("已删除 {person}：其姓名、账号、证件号再也无法读出"),
        format!("{person} is erased: name, account and number can be read by nobody again"),
    );
    output::line(context.say(&zh, &en))?;
    Ok(Exit::Done)
}

async fn pseudonym(log: &EventLog, who: &Who) -> Result<PersonId, Trouble> {
    if let Some(person) = &who.person {
        return Ok(person.clone());
    }
    let open = |text: &Option<String>| text.clone().map(Personal::Open);
    let payee = Payee {
        person: None,
        name: open(&who.name),
        account: open(&who.account),
        id_number: open(&who.id_number),
    };
    let sealer = Sealer::try_new(log).await.map_err(anyhow::Error::from)?;
    let person = sealer.pseudonym(&payee).map_err(anyhow::Error::from)?;
    person.ok_or_else(|| Trouble::wrong_use("--id-number, --name and --account are blank: give one"))
}

async fn naming(log: &EventLog, person: &PersonId) -> Result<Vec<Named>, Trouble> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let events = log.read(after, READ_EVENTS).await?;
        let Some(last) = events.last() else {
            return Ok(found);
        };
        after = last.position;
        for event in &events {
            found.extend(named(event, person)?);
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other fact names a payee")]
fn named(raw: &RawEvent, person: &PersonId) -> Result<Option<Named>, Trouble> {
    let mut event = raw.decode().map_err(anyhow::Error::from)?.event;
    if event.payee_mut().and_then(|payee| payee.person.as_ref()) != Some(person) {
        return Ok(None);
    }
    let (number, amount) = match event {
        Event::ExpenditureRecorded(data) => (data.voucher_no, data.amount),
        Event::CommitmentSigned(data) => (data.commitment_no, data.amount),
        _ => return Ok(None),
    };
    Ok(Some(Named {
        stream: raw.stream.to_string(),
        event_id: raw.event_id,
        occurred_on: raw.occurred_on,
        number,
        amount,
    }))
}

fn sheet(rows: &Vec<Named>, look: Look) -> Vec<Sheet> {
    let columns = [
        column("stream", "记录流", "Stream"),
        column("event_id", "编号", "Event"),
        column("occurred_on", "业务日", "Occurred"),
        column("number", "凭证号或合同号", "Voucher or contract"),
        column("amount", "金额", "Amount"),
    ];
    let mut sheet = Sheet::new(
        look.language.pick("记有此人的凭证", "What names this person"),
        &columns,
    );
    for row in rows {
        sheet.rows.push(vec![
            Cell::text(&row.stream),
            Cell::text(row.event_id.to_string()),
            Cell::Date(Some(row.occurred_on)),
            Cell::optional(row.number.as_deref()),
            Cell::Amount(row.amount),
        ]);
    }
    vec![sheet]
}
