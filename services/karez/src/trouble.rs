//! What a command says on standard error when it cannot do its work: what, where, and what to do.

use std::fmt;

use crate::config::ConfigError;
use crate::sentinel::DailyError;
use crate::store::StoreError;

/// How a command ended, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the check found something, or something was refused.
    Found,
    /// 2: wrong use.
    WrongUse,
    /// 3: it could not run.
    CouldNotRun,
}

impl Exit {
    /// The exit code of the process.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::WrongUse => 2,
            Self::CouldNotRun => 3,
        }
    }
}

/// A command that cannot go on.
#[derive(Debug)]
pub struct Trouble {
    exit: Exit,
    what: String,
    advice: Option<String>,
}

impl Trouble {
    /// Wrong use of a command: exit code 2.
    #[must_use]
    pub fn wrong_use(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::WrongUse,
            what: what.into(),
            advice: None,
        }
    }

    /// The command cannot run here and now: exit code 3.
    #[must_use]
    pub fn could_not_run(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::CouldNotRun,
            what: what.into(),
            advice: None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advise(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "karez: {}", self.what)?;
        match &self.advice {
            Some(advice) => write!(out, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        Self::wrong_use(error.to_string())
    }
}

impl From<DailyError> for Trouble {
    fn from(error: DailyError) -> Self {
        Self::wrong_use(error.to_string())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::could_not_run(format!("{error:#}"))
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::could_not_run(error.to_string())
    }
}
