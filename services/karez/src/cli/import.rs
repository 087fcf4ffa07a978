//! `karez import`: what others published, or keep in tables, through the same front door.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;

use super::audit::progress_bar;
use super::context::Context;
use super::post::explain;
use super::{input, output};
use crate::bus::Intake;
use crate::import::iati;
use crate::import::mapping::Mapping;
use crate::import::report::{ImportReport, RefusedRow};
use crate::import::run::Target;
use crate::import::tabular::{self, Format};
use crate::import::template;
use crate::replay::load_portfolio;
use crate::session::recording;
use crate::store::EventLog;
use crate::telemetry::Metrics;
use crate::trouble::{Exit, Trouble};

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// IATI activity files, plain or gzip
    Iati(Files),
    /// CSV files, by a mapping
    Csv(Tables),
    /// Workbooks, by a mapping, or by the official template
    Xlsx(Tables),
    /// Write the official template to fill in, a workbook or CSV files
    Template(TemplateArgs),
}

#[derive(Debug, Args)]
struct Tables {
    #[command(flatten)]
    files: Files,
    /// Which column says what; without one the official template is read, as a workbook or as one CSV file of a sheet
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct TemplateArgs {
    /// Where to write it; a name that ends in .csv gives one CSV file for each sheet
    #[arg(long, value_name = "FILE", default_value = "karez-template.xlsx")]
    output: PathBuf,
}

/// How files are read.
enum Reader {
    Iati,
    Table(Format, Vec<Mapping>),
}

#[derive(Debug, Args)]
struct Files {
    /// The files, in the order in which they are to be known
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Only look: say what would be recorded
    #[arg(long)]
    dry_run: bool,
    /// Write refused rows into this CSV file
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// How the report is printed: table or json
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    format: String,
}

pub(super) async fn run(context: &Context, args: &ImportArgs) -> Result<Exit, Trouble> {
    let readable = match &args.what {
        What::Iati(files) => Some((files, "xml")),
        What::Csv(tables) => Some((&tables.files, "csv")),
        What::Xlsx(tables) => Some((&tables.files, "xlsx")),
        What::Template(_) => None,
    };
    if let Some((files, ending)) = readable {
        for file in &files.paths {
            input::open(context, file, ending)?;
        }
    }
    let (files, reader) = match &args.what {
        What::Iati(files) => (files, Reader::Iati),
        What::Csv(tables) => (
            &tables.files,
            Reader::Table(Format::Csv, mappings(tables, Format::Csv)?),
        ),
        What::Xlsx(tables) => (
            &tables.files,
            Reader::Table(Format::Xlsx, mappings(tables, Format::Xlsx)?),
        ),
        What::Template(template) => return write_template(context, &template.output),
    };
    let log = context.create_or_open().await?;
    let metrics = Arc::new(Metrics::try_new().map_err(anyhow::Error::from)?);
    let mut refused = Refused::open(files.errors.as_deref())?;
    let clock = context.clock.clone();
    let work =
        async |intake: Intake| import_all(context, &log, &intake, (files, &reader), &mut refused).await;
    let reports = recording(&log, clock, metrics, work).await.map_err(explain)?;
    refused.finish()?;
    print(context, &reports, &files.format)?;
    let is_clean = reports
        .iter()
        .all(|report| report.refused == 0 && report.stopped.is_none());
    Ok(if is_clean { Exit::Done } else { Exit::Found })
}

async fn import_all(
    context: &Context,
    log: &EventLog,
    intake: &Intake,
    what: (&Files, &Reader),
    refused: &mut Refused,
) -> anyhow::Result<Vec<ImportReport>> {
    let (files, reader) = what;
    let mut reports = Vec::new();
    let pages = match reader {
        Reader::Iati => vec![None],
        Reader::Table(format, mappings) => mappings.iter().map(|mapping| Some((*format, mapping))).collect(),
    };
    for (file, page) in files
        .paths
        .iter()
        .flat_map(|file| pages.iter().map(move |page| (file, *page)))
    {
        // Each file is compared with what the one before left behind.
        let portfolio = load_portfolio(log, None).await?;
        let bytes_read = Arc::new(AtomicU64::new(0));
        let target = Target {
            log,
            intake,
            portfolio: &portfolio,
            today: context.clock.today(context.config.office.time_zone),
            is_dry_run: files.dry_run,
            bytes_read: Arc::clone(&bytes_read),
        };
        let bar = progress_bar();
        bar.set_length(std::fs::metadata(file)?.len());
        let mut keep = |row: &RefusedRow| refused.add(file, row);
        let reading = async {
            match page {
                None => iati::importer::import(file, &target, &mut keep).await,
                Some((format, mapping)) => tabular::import(file, format, mapping, &target, &mut keep).await,
            }
        };
        let report = tokio::select! {
            report = Box::pin(reading) => report?,
            () = watch(&bar, &bytes_read) => continue,
        };
        bar.finish_and_clear();
        reports.push(report);
    }
    Ok(reports)
}

/// The mapping that was named; for a workbook without one those of the official template.
fn mappings(tables: &Tables, format: Format) -> Result<Vec<Mapping>, Trouble> {
    match (&tables.mapping, format) {
        (Some(path), _) => Ok(vec![
            Mapping::read(path).map_err(|error| Trouble::wrong_use(error.to_string()))?,
        ]),
        (None, Format::Csv) => {
            let found = tables
                .files
                .paths
                .iter()
                .map(|path| template::mapping_of_csv(path));
            // All files are read by the mappings given, so without one they must be of the same sheet.
            match found.collect::<Option<Vec<Mapping>>>() {
                Some(mut mappings) if mappings.windows(2).all(|pair| pair.first() == pair.last()) => {
                    mappings.truncate(1);
                    Ok(mappings)
                }
                Some(_) => Err(Trouble::wrong_use(
                    "these files are of different sheets of the template: import them one by one, 项目 first",
                )),
                None => Err(Trouble::wrong_use(
                    "a CSV file that is not of the official template needs --mapping FILE, which says what its columns mean",
                )),
            }
        }
        (None, Format::Xlsx) => template::SHEETS
            .iter()
            .map(|sheet| sheet.mapping().map_err(|error| anyhow::anyhow!(error).into()))
            .collect(),
    }
}

fn write_template(context: &Context, path: &Path) -> Result<Exit, Trouble> {
    let files = if path
        .extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("csv"))
    {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        template::SHEETS
            .iter()
            .map(|sheet| {
                Ok((
                    path.with_file_name(format!("{stem}-{}.csv", sheet.name)),
                    sheet.csv()?,
                ))
            })
            .collect::<Result<Vec<_>, csv::Error>>()
            .map_err(anyhow::Error::from)?
    } else {
        let workbook = template::workbook().map_err(anyhow::Error::from)?;
        vec![(path.to_owned(), workbook)]
    };
    for (path, content) in files {
        let place = path.display();
        std::fs::write(&path, content)
            .map_err(|error| Trouble::could_not_run(format!("{place} cannot be written: {error}")))?;
        output::line(context.say(
            &format!("模板已写入 {place}"),
            &format!("the template is in {place}"),
        ))?;
    }
    Ok(Exit::Done)
}

/// Shows how much of the file has been read, for as long as it is not dropped.
async fn watch(bar: &ProgressBar, bytes_read: &AtomicU64) {
    loop {
        bar.set_position(bytes_read.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn print(context: &Context, reports: &[ImportReport], format: &str) -> Result<(), Trouble> {
    if format == "json" {
        let text = serde_json::to_string_pretty(reports).map_err(anyhow::Error::from)?;
        return output::line(&text);
    }
    for report in reports {
        output::line(&told(context, report))?;
        if let Some((zh, en)) = &report.stopped {
            eprintln!("{}", context.say(zh, en));
        }
    }
    Ok(())
}

fn told(context: &Context, report: &ImportReport) -> String {
    let ImportReport {
        file,
        read,
        recorded,
        already_known,
        withdrawn,
        refused,
        reservations,
        outdated,
        ..
    } = report;
    let (trial_zh, trial_en) = if report.is_dry_run {
        ("（试运行，未入账）", " (dry run, nothing was recorded)")
    } else {
        ("", "")
    };
    // An encoding that was found out, not stated, is worth a look.
    let (read_zh, read_en) = match report.encoding {
        Some(encoding) if encoding != "UTF-8" => {
            (format!("（编码 {encoding}）"), format!(" (in {encoding})"))
        }
        Some(_) | None => (String::new(), String::new()),
    };
    let zh = format!(
        "{file}{read_zh}{trial_zh}：读取 {read}，入账 {recorded}，此前已有 {already_known}，撤回 {withdrawn}，未予入账 {refused}，保留意见 {reservations}，旧文件略过 {outdated}"
    );
    let en = format!(
        "{file}{read_en}{trial_en}: {read} read, {recorded} recorded, {already_known} known already, {withdrawn} withdrawn, {refused} refused, {reservations} with a reservation, {outdated} outdated"
    );
    context.say(&zh, &en).to_owned()
}

/// Where refused rows are told: in the file that was asked for.
struct Refused {
    rows: Option<csv::Writer<Box<dyn Write + Send>>>,
    failed: Option<csv::Error>,
}

impl Refused {
    fn open(path: Option<&Path>) -> Result<Self, Trouble> {
        let Some(path) = path else {
            return Ok(Self {
                rows: None,
                failed: None,
            });
        };
        let file = std::fs::File::create(path).map_err(|error| {
            Trouble::could_not_run(format!("{} cannot be written: {error}", path.display()))
        })?;
        let mut rows = csv::Writer::from_writer(Box::new(file) as Box<dyn Write + Send>);
        let headings = [
            "file",
            "row",
            "pointer",
            "code",
            "message_zh",
            "message_en",
            "content",
        ];
        rows.write_record(headings).map_err(anyhow::Error::from)?;
        Ok(Self {
            rows: Some(rows),
            failed: None,
        })
    }

    fn add(&mut self, file: &Path, row: &RefusedRow) {
        let Some(rows) = &mut self.rows else { return };
        let file = file.display().to_string();
        // The name of a column and of a file are the sender's words as much as the content is.
        let fields = [
            &file,
            &row.row,
            &row.pointer,
            &row.code,
            &row.message_zh,
            &row.message_en,
            &row.content,
        ];
        if let Err(error) = rows.write_record(fields.map(|field| super::sheet::harmless(field))) {
            self.failed = Some(error);
        }
    }

    fn finish(self) -> Result<(), Trouble> {
        if let Some(error) = self.failed {
            return Err(Trouble::could_not_run(format!(
                "refused rows could not be written: {error}"
            )));
        }
        match self.rows {
            Some(mut rows) => Ok(rows.flush().map_err(anyhow::Error::from)?),
            None => Ok(()),
        }
    }
}
