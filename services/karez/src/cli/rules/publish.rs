//! `karez rules publish`: a rule set takes effect at the position of its event, on every node.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use karez_events::event::system::RulesPublished;
use karez_events::{Actor, Event, Metadata, StreamId, Submission};

use super::super::context::Context;
use super::super::output;
use super::super::post::explain;
use crate::receipt::Outcome;
use crate::rule_text::usable;
use crate::serve::open_bus;
use crate::session::recording;
use crate::telemetry::Metrics;
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// The rule set
    file: PathBuf,
    /// A rule of the office's own that the set is to carry; may be given several times
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// Who wrote the change
    #[arg(long)]
    author: String,
    /// Who publishes it: another person
    #[arg(long)]
    publisher: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn run(context: &Context, args: &PublishArgs) -> Result<Exit, Trouble> {
    if args.author.trim() == args.publisher.trim() {
        return Err(Trouble::wrong_use("the author of a change is not its publisher")
            .advise("ask a second person to publish it"));
    }
    let text = super::read_set(&args.file, &args.with)?;
    let rules = usable(&text).map_err(Trouble::wrong_use)?;
    let submission = Submission {
        event_id: context.clock.fresh_id(),
        stream: StreamId::Calendar,
        occurred_on: context.clock.today(context.config.office.time_zone),
        event: Event::RulesPublished(RulesPublished {
            content_hash: rules.hash().to_owned(),
            author: args.author.clone(),
            publisher: args.publisher.clone(),
            rules: text,
            proposal: None,
        }),
        metadata: Metadata {
            actor: Some(Actor {
                user: Some(args.publisher.clone()),
                org: None,
                role: Some("finance".to_owned()),
            }),
            reason: args.reason.clone(),
            ..Metadata::default()
        },
    };
    let outcome = if context.config.bus.nats_url.is_empty() {
        let log = context.create_or_open().await?;
        let metrics = Arc::new(Metrics::try_new().map_err(anyhow::Error::from)?);
        let publishing = async |intake: crate::bus::Intake| Ok(intake.submit(submission).await?);
        recording(&log, context.clock.clone(), metrics, publishing)
            .await
            .map_err(explain)?
    } else {
        let bus = open_bus(&context.config.bus).await?;
        bus.intake()
            .submit(submission)
            .await
            .map_err(anyhow::Error::from)?
    };
    match outcome {
        Outcome::Recorded(receipt) => {
            let zh = format!("规则集 {} 自账本第 {} 条起生效", rules.hash(), receipt.position);
            let en = format!(
                "rule set {} is in force from position {} on",
                rules.hash(),
                receipt.position
            );
            output::line(context.say(&zh, &en))?;
            Ok(Exit::Done)
        }
        Outcome::Refused(refusal) => {
            output::line(context.say(&refusal.message_zh, &refusal.message_en))?;
            Ok(Exit::Found)
        }
    }
}
