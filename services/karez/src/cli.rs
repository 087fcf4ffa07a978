//! The command line. Exit codes: 0 done, 1 the check found something or something was refused, 2 wrong use,
//! 3 it could not run. Figures go to standard output, what went wrong to standard error.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::ProcessRole;
use crate::language::Language;
use crate::serve;
use crate::trouble::{Exit, Trouble};

mod audit;
mod backup;
mod bench;
mod context;
mod demo;
mod import;
mod input;
mod key;
mod output;
mod person;
mod post;
mod rules;
mod sheet;
mod sheets;
mod show;
mod user;
mod words;

use context::Context;

/// karez supervises public project funds and warns early.
#[derive(Debug, Parser)]
#[command(
    name = "karez",
    version,
    about,
    max_term_width = 110,
    propagate_version = true
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Globals {
    /// Folder of the embedded store
    #[arg(long, global = true, value_name = "DIR", env = "KAREZ_DATA")]
    data: Option<PathBuf>,
    #[arg(
        help = "PostgreSQL database in place of the embedded store: postgres://user@host/database",
        long,
        global = true,
        value_name = "URL",
        env = "KAREZ_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// NATS servers in place of channels within the process: `nats://a:4222,nats://b:4222`
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "KAREZ_NATS",
        hide_env_values = true
    )]
    nats: Option<String>,
    /// Configuration file; without it karez.toml in the data folder, where there is one
    #[arg(long, global = true, value_name = "FILE", env = "KAREZ_CONFIG")]
    config: Option<PathBuf>,
    /// Language of texts: zh or en; without it what LANG says
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<Language>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, record what it is sent, and keep the portfolio current
    Serve(ServeArgs),
    /// Show figures as tables, JSON or CSV
    Show(show::ShowArgs),
    /// Record facts from NDJSON: one submission a line
    Post(post::PostArgs),
    /// Import facts that others published or keep in tables
    Import(import::ImportArgs),
    /// Fill an empty store with a demonstration
    Demo(demo::DemoArgs),
    /// Look at the rules, test them, publish them, and try others on the past
    Rules(rules::RulesArgs),
    /// Check that the log is what was recorded
    Audit(audit::AuditArgs),
    /// Copy the store into a folder while it is being written to, and verify the copy
    Backup(backup::BackupArgs),
    /// Bring a backup back into an empty store, on either database, and verify it
    Restore(backup::RestoreArgs),
    /// Accounts of people who sign in
    User(user::UserArgs),
    /// Keys of programs
    Key(key::KeyArgs),
    /// Persons named as payees: what names them, and how they are erased
    Person(person::PersonArgs),
    /// Print the description of the API, as /openapi.json answers it
    Openapi,
    /// Measure this machine, as ratios within one run
    Bench(bench::BenchArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Where the API listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// What this process does, comma-separated; others on the same database and NATS do the rest
    #[arg(long, value_name = "ROLES", value_enum, value_delimiter = ',')]
    roles: Vec<ProcessRole>,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("karez: the system gives no threads: {error}");
            return ExitCode::from(Exit::CouldNotRun.code());
        }
    };
    let ended = runtime.block_on(Box::pin(run(cli)));
    // What is still computed for nobody, such as a snapshot of a long log, is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::from(trouble.exit().code())
        }
    }
}

async fn run(cli: Cli) -> Result<Exit, Trouble> {
    let mut context = Context::read(&cli.globals)?;
    match cli.command {
        Command::Serve(args) => {
            if let Some(listen) = args.listen {
                context.config.http.listen = context::read_address(&listen)?;
            }
            if !args.roles.is_empty() {
                context.config.process.roles = args.roles;
            }
            context.start_logging()?;
            serve::serve(&context.config, &context.location, context.clock.clone()).await?;
            Ok(Exit::Done)
        }
        Command::Show(args) => show::run(&context, &args).await,
        Command::Post(args) => post::run(&context, &args).await,
        Command::Import(args) => import::run(&context, &args).await,
        Command::Demo(args) => demo::run(&context, &args).await,
        Command::Rules(args) => rules::run(&context, &args).await,
        Command::Audit(args) => audit::run(&context, &args).await,
        Command::Backup(args) => backup::back_up(&context, &args).await,
        Command::Restore(args) => backup::restore(&context, &args).await,
        Command::User(args) => user::run(&context, &args).await,
        Command::Key(args) => key::run(&context, &args).await,
        Command::Person(args) => person::run(&context, &args).await,
        Command::Openapi => {
            let description = crate::gateway::description().map_err(anyhow::Error::from)?;
            output::line(&String::from_utf8_lossy(&description))?;
            Ok(Exit::Done)
        }
        Command::Bench(args) => Box::pin(bench::run(&context, &args)).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_of_one_piece() {
        super::Cli::command().debug_assert();
    }
}
