//! `karez show`: what the API answers, as a table, as JSON or as CSV.

use clap::{Args, Subcommand, ValueEnum};
use karez_events::{FundId, Position, ProjectId, StreamId, UnitId, WarningId};
use karez_projections::Portfolio;
use karez_projections::measures::MoneyUnit;
use serde::Serialize;
use uuid::Uuid;

use super::context::Context;
use super::output;
use super::sheet::{Look, Sheet};
use super::sheets;
use crate::store::EventLog;
use crate::trouble::{Exit, Trouble};
use crate::views::deliveries::{DeliveryList, DeliveryView};
use crate::views::events::{EventList, EventView, Span};
use crate::views::moment::{read_as_of, read_known_at};
use crate::views::page::Paging;
use crate::views::projects::{Filter, ListError};
use crate::views::rejections::{Persons, RejectionList, RejectionView};
use crate::views::{Moment, Stand, funds, overview, project, projects, receipts, totals, units, warnings};

/// Events and rejections read at once.
const READ_ROWS: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    clocks: Clocks,
    #[command(flatten)]
    shape: Shape,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Args)]
struct Clocks {
    /// 截至: figures of this business date; today without it
    #[arg(long, global = true, value_name = "DATE")]
    as_of: Option<String>,
    /// 按当时已知: only what was known at this instant, or at the end of this day
    #[arg(long, global = true, value_name = "INSTANT|DATE")]
    known_at: Option<String>,
}

/// How an answer is printed.
#[derive(Debug, Args)]
pub(super) struct Shape {
    /// How it is printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Unit of amounts in tables: 元, 万元 or 亿元; JSON and CSV always have exact whole units
    #[arg(id = "money_unit", long = "in", global = true, value_enum, default_value_t = Unit::Wan, value_name = "UNIT")]
    unit: Unit,
}

impl Shape {
    /// Prints an answer as it is asked for.
    pub(super) fn print<T: Serialize>(
        &self,
        context: &Context,
        view: &T,
        sheets: impl Fn(&T, Look) -> Vec<Sheet>,
    ) -> Result<(), Trouble> {
        let look = Look {
            language: context.language,
            unit: self.unit.into(),
            time_zone: context.config.office.time_zone,
        };
        match self.format {
            Format::Json => {
                let text = serde_json::to_string_pretty(view).map_err(anyhow::Error::from)?;
                output::line(&text)
            }
            Format::Table => {
                let shown: Vec<String> = sheets(view, look).iter().map(|sheet| sheet.shown(look)).collect();
                output::write(shown.join("\n").as_bytes())
            }
            Format::Csv => {
                // A CSV file is one table: the first sheet, which has the rows that were asked for.
                match sheets(view, look).first() {
                    Some(sheet) => output::write(&sheet.csv().map_err(anyhow::Error::from)?),
                    None => Ok(()),
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// As the API answers
    Json,
    /// For spreadsheets
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unit {
    /// 元
    Yuan,
    /// 万元
    Wan,
    /// 亿元
    Yi,
}

impl From<Unit> for MoneyUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Yuan => Self::Yuan,
            Unit::Wan => Self::Wan,
            Unit::Yi => Self::Yi,
        }
    }
}

#[derive(Debug, Subcommand)]
enum What {
    /// The whole at a glance
    Overview,
    /// Every fund, or one with its parts
    Funds {
        /// Only this fund and its parts
        id: Option<String>,
    },
    /// Projects: filtered, in order
    Projects(Listing),
    /// One project in full
    Project {
        /// 项目编号
        id: String,
    },
    /// Units
    Units {
        /// Whose code or name has this text
        #[arg(short, long = "q", value_name = "TEXT")]
        q: Option<String>,
        /// Order: id, name, projects; "-" in front for descending
        #[arg(
            long,
            default_value = "",
            allow_hyphen_values = true,
            hide_default_value = true
        )]
        sort: String,
        /// Most rows; all without it
        #[arg(long)]
        limit: Option<usize>,
    },
    /// One unit and its projects
    Unit {
        /// 统一社会信用代码
        id: String,
    },
    /// Warnings, the highest colours first
    Warnings(WarningListing),
    /// One warning with what it rests on
    Warning {
        /// Its id
        id: String,
    },
    /// One project's history, with hashes
    Events {
        /// 项目编号
        project: String,
    },
    /// What was refused and why, the newest first
    Rejections {
        /// Most rows; all without it
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Which notices went to whom, and what became of them, the newest first
    Deliveries {
        /// Most rows
        #[arg(long, default_value = "100")]
        limit: usize,
    },
    /// Where a fact is in the log
    Receipt {
        /// The event id
        id: String,
    },
    /// Totals per project and currency, as others add them up from the published files
    Totals,
}

#[derive(Debug, Args)]
struct Listing {
    /// Of this fund or a part of it
    #[arg(long)]
    fund: Option<String>,
    /// Of this unit
    #[arg(long)]
    unit: Option<String>,
    /// In this state: applied, approved, signed, running, suspended, ended, terminated, closed
    #[arg(long)]
    state: Option<String>,
    /// Of this programme
    #[arg(long)]
    programme: Option<String>,
    /// Whose number, title or unit's name has this text
    #[arg(short, long = "q", value_name = "TEXT")]
    q: Option<String>,
    /// Order: id, title, unit, state, budget, disbursed, arrived, spent, balance, execution, deviation or
    /// `idle_days`; "-" in front for descending
    #[arg(
        long,
        default_value = "",
        allow_hyphen_values = true,
        hide_default_value = true
    )]
    sort: String,
    /// Most rows; all without it
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
struct WarningListing {
    /// open, closed or all; open without it
    #[arg(long)]
    state: Option<String>,
    /// Of this colour: blue, yellow, orange, red
    #[arg(long)]
    level: Option<String>,
    /// Of this rule, by name or code
    #[arg(long)]
    rule: Option<String>,
    /// About this project
    #[arg(long)]
    project: Option<String>,
    /// About this unit and its projects
    #[arg(long)]
    unit: Option<String>,
    /// About this fund and its projects
    #[arg(long)]
    fund: Option<String>,
    /// Order: level, `raised_on`, rule, project or `handle_by`; "-" in front for descending
    #[arg(
        long,
        default_value = "",
        allow_hyphen_values = true,
        hide_default_value = true
    )]
    sort: String,
    /// Most rows; all without it
    #[arg(long)]
    limit: Option<usize>,
}

impl WarningListing {
    fn read(&self) -> (warnings::Filter, Paging) {
        let filter = warnings::Filter {
            state: self.state.clone(),
            level: self.level.clone(),
            rule: self.rule.clone(),
            project: self.project.clone(),
            unit: self.unit.clone(),
            fund: self.fund.clone(),
        };
        let paging = Paging {
            sort: self.sort.clone(),
            after: None,
            limit: self.limit,
            ..Paging::default()
        };
        (filter, paging)
    }
}

/// What a command reads, at its moment.
struct Asked<'a> {
    context: &'a Context,
    shape: &'a Shape,
    log: EventLog,
    moment: Moment,
    known: Position,
    pinned: Option<Position>,
}

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Trouble> {
    let asked = Asked::read(context, args).await?;
    match &args.what {
        What::Events { project } => asked.events(project).await?,
        What::Rejections { limit } => asked.rejections(*limit).await?,
        What::Deliveries { limit } => asked.deliveries(*limit).await?,
        What::Receipt { id } => asked.receipt(id).await?,
        figures @ (What::Overview
        | What::Funds { .. }
        | What::Projects(_)
        | What::Project { .. }
        | What::Units { .. }
        | What::Unit { .. }
        | What::Warnings(_)
        | What::Warning { .. }
        | What::Totals) => {
            let portfolio = context.portfolio(&asked.log, asked.pinned).await?;
            asked.figures(figures, &portfolio)?;
        }
    }
    Ok(Exit::Done)
}

impl<'a> Asked<'a> {
    async fn read(context: &'a Context, args: &'a ShowArgs) -> Result<Self, Trouble> {
        let time_zone = context.config.office.time_zone;
        let wrong = |error: crate::views::moment::MomentError| {
            let chinese = error.in_chinese();
            Trouble::wrong_use(context.say(&chinese, &error.to_string()))
        };
        let as_of = args
            .clocks
            .as_of
            .as_deref()
            .map(read_as_of)
            .transpose()
            .map_err(wrong)?;
        let known_at = args
            .clocks
            .known_at
            .as_deref()
            .map(|text| read_known_at(text, time_zone));
        let known_at = known_at.transpose().map_err(wrong)?;
        let log = context.open().await?;
        let pinned = match known_at {
            Some(known_at) => Some(log.position_at(known_at).await?),
            None => None,
        };
        let known = match pinned {
            Some(known) => known,
            None => log.head().await?.position,
        };
        let moment = Moment {
            as_of: as_of.unwrap_or_else(|| context.clock.today(time_zone)),
            known_at: known_at.unwrap_or_else(|| context.clock.now()),
        };
        Ok(Self {
            context,
            shape: &args.shape,
            log,
            moment,
            known,
            pinned,
        })
    }

    fn figures(&self, what: &What, portfolio: &Portfolio) -> Result<(), Trouble> {
        let moment = self.moment;
        match what {
            What::Overview => self.print(&overview::show(portfolio, moment), sheets::overview),
            What::Funds { id: None } => self.print(&funds::list(portfolio, moment), sheets::funds),
            What::Funds { id: Some(id) } => {
                let fund = FundId::try_new(id)
                    .ok()
                    .and_then(|fund| funds::show(portfolio, &fund, moment));
                self.print(
                    &fund.ok_or_else(|| self.unknown("专项资金", "fund", id))?,
                    sheets::fund,
                )
            }
            What::Projects(listing) => {
                let (filter, paging) = listing.read();
                let list = projects::list(portfolio, moment, &filter, &paging)
                    .map_err(|error| self.wrong(&error))?;
                self.print(&list, sheets::projects)
            }
            What::Project { id } => {
                let found = ProjectId::try_new(id)
                    .ok()
                    .and_then(|project| project::show(portfolio, &project, moment));
                self.print(
                    &found.ok_or_else(|| self.unknown("项目", "project", id))?,
                    sheets::project,
                )
            }
            What::Units { q, sort, limit } => {
                let paging = Paging {
                    sort: sort.clone(),
                    limit: *limit,
                    ..Paging::default()
                };
                let list = units::list(portfolio, moment, units::Filter::by_text(q.as_deref()), &paging)
                    .map_err(|error| self.wrong(&error))?;
                self.print(&list, sheets::units)
            }
            What::Unit { id } => {
                let unit = UnitId::try_new(id)
                    .ok()
                    .and_then(|unit| units::show(portfolio, &unit, moment));
                self.print(
                    &unit.ok_or_else(|| self.unknown("单位", "unit", id))?,
                    sheets::unit,
                )
            }
            What::Warnings(listing) => {
                let (filter, paging) = listing.read();
                let list = warnings::list(portfolio, moment, &filter, &paging)
                    .map_err(|error| self.wrong(&error))?;
                self.print(&list, sheets::warnings)
            }
            What::Warning { id } => {
                let found = WarningId::try_new(id)
                    .ok()
                    .and_then(|warning| warnings::show(portfolio, &warning, moment));
                self.print(
                    &found.ok_or_else(|| self.unknown("预警", "warning", id))?,
                    sheets::warning,
                )
            }
            What::Totals => self.print(&totals::show(portfolio, moment), sheets::totals),
            What::Events { .. }
            | What::Rejections { .. }
            | What::Deliveries { .. }
            | What::Receipt { .. } => Ok(()),
        }
    }

    async fn events(&self, id: &str) -> Result<(), Trouble> {
        let unknown = || self.unknown("项目", "project", id);
        let stream = StreamId::Project(ProjectId::try_new(id).map_err(|_| unknown())?);
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            let page = self.log.read_stream(&stream, after, READ_ROWS).await?;
            let Some(last) = page.last() else { break };
            after = last.version;
            events.extend(page);
        }
        let data_as_at = self.stand().await?;
        let span = Span {
            known: self.known,
            occurred_by: None,
        };
        events.retain(|event| span.has(event));
        if events.is_empty() {
            return Err(unknown());
        }
        let items = events
            .iter()
            .map(EventView::of)
            .collect::<Result<_, _>>()
            .map_err(anyhow::Error::from)?;
        self.print(
            &EventList {
                stand: data_as_at,
                items,
                next_cursor: None,
            },
            sheets::events,
        )
    }

    async fn rejections(&self, limit: Option<usize>) -> Result<(), Trouble> {
        let most = limit.unwrap_or(usize::MAX);
        let mut items: Vec<RejectionView> = Vec::new();
        let mut after = None;
        while items.len() < most {
            let page = self.log.rejections(after, READ_ROWS).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.rejection_id);
            let known = page
                .into_iter()
                .filter(|kept| kept.received_at <= self.moment.known_at);
            items.extend(known.map(|kept| RejectionView::of(kept, Persons::Hidden)));
        }
        items.truncate(most);
        self.print(
            &RejectionList {
                stand: self.stand().await?,
                items,
                next_cursor: None,
            },
            sheets::rejections,
        )
    }

    async fn deliveries(&self, limit: usize) -> Result<(), Trouble> {
        let rows = self.log.deliveries(limit).await?;
        let items = rows.into_iter().map(DeliveryView::from).collect();
        self.print(&DeliveryList { items }, sheets::deliveries)
    }

    async fn receipt(&self, id: &str) -> Result<(), Trouble> {
        let unknown = || self.unknown("回执", "receipt", id);
        let event_id: Uuid = id.parse().map_err(|_| unknown())?;
        let event = self
            .log
            .event(event_id)
            .await?
            .filter(|event| event.position <= self.known);
        let event = event.ok_or_else(unknown)?;
        let view = receipts::receipt(self.stand().await?, &event).map_err(anyhow::Error::from)?;
        self.print(&view, sheets::receipt)
    }

    /// Where an answer from the log itself stands.
    async fn stand(&self) -> Result<Stand, Trouble> {
        let last = match self.known.checked_sub(1) {
            Some(before) => self.log.read(before, 1).await?.pop(),
            None => None,
        };
        let Moment { as_of, known_at } = self.moment;
        Ok(Stand {
            position: self.known,
            as_of,
            known_at,
            data_as_at: last.map(|event| event.recorded_at),
        })
    }

    fn print<T: Serialize>(&self, view: &T, sheets: impl Fn(&T, Look) -> Vec<Sheet>) -> Result<(), Trouble> {
        self.shape.print(self.context, view, sheets)
    }

    fn unknown(&self, kind_zh: &str, kind_en: &str, id: &str) -> Trouble {
        let zh = format!("没有编号为 {id:?} 的{kind_zh}（截至当时已知）");
        let en = format!("there is no {kind_en} {id:?} in what was known then");
        Trouble::wrong_use(self.context.say(&zh, &en))
            .advise(self.context.say("请核对编号", "check the identifier"))
    }

    fn wrong(&self, error: &ListError) -> Trouble {
        Trouble::wrong_use(self.context.say(&error.in_chinese(), &error.to_string()))
    }
}

impl Listing {
    fn read(&self) -> (Filter, Paging) {
        let filter = Filter {
            fund: self.fund.clone(),
            unit: self.unit.clone(),
            state: self.state.clone(),
            programme: self.programme.clone(),
            text: self.q.clone(),
        };
        (
            filter,
            Paging {
                sort: self.sort.clone(),
                limit: self.limit,
                ..Paging::default()
            },
        )
    }
}
