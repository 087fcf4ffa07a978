//! A rule set as an office writes it: one TOML text with thresholds for all, thresholds per programme, what is
//! switched off, and the calendar. What it does not say has the defaults. It is published as an event, and each
//! warning pins its hash.

pub mod change;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::NaiveDate;
use karez_projections::Project;
use karez_projections::fiscal_calendar::WorkingDays;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::calendars::working_days;
use crate::catalogue::Catalogue;
use crate::custom::{self, CustomRule, CustomRuleError, CustomText};
use crate::rule::{About, Rule};

/// Why a text is not a rule set.
#[derive(Debug, thiserror::Error)]
pub enum RuleSetError {
    /// Not TOML, an unknown name, a value of the wrong type: line, column and what was expected.
    #[error("the rule set cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A name under `off` is neither a rule, a code nor a family.
    #[error("off = [{0:?}]: there is no such rule, code or family; `karez rules list` shows them")]
    UnknownRule(String),
    /// A rule of the office's own is wrong.
    #[error(transparent)]
    Custom(#[from] CustomRuleError),
    /// Two rules have one name or one code.
    #[error(
        "the rule {0} has the name or the code of another rule: give it one of its own\n规则 {0} 的标识或编号与另一条规则相同：请换一个"
    )]
    Twice(String),
    /// A rule set cannot be written as TOML.
    #[error("the rule set cannot be written: {0}")]
    Write(#[from] toml::ser::Error),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Text {
    settings: Settings,
    off: BTreeSet<String>,
    calendar: Calendar,
    rules: Table,
    programmes: BTreeMap<String, Programme>,
    custom: Vec<CustomText>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Programme {
    off: BTreeSet<String>,
    rules: Table,
}

/// What concerns all rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A unit's books count as behind after so many days without report, closing or posting.
    pub stale_after_days: i64,
    /// So many warnings of one rule raised by one cause are notified as one group.
    pub group_from: usize,
    /// A rule that is positive for at least this share of the approved projects, in percent, is itself suspect.
    pub suspect_from_percent: u8,
    /// From so many projects of one unit, and more than half of them, warned of by one rule it is a matter of the unit.
    pub unit_from: usize,
    /// To whom a red warning goes that nobody has acknowledged in time.
    pub escalate_to: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after_days: 60,
            group_from: 10,
            suspect_from_percent: 50,
            unit_from: 3,
            escalate_to: "主管领导 director".to_owned(),
        }
    }
}

/// Days off and days worked in exchange of an office's own; for the years they lie in they take the place of the State
/// Council's notices ([`crate::calendars`]).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// Weekdays off.
    pub holidays: BTreeSet<NaiveDate>,
    /// Weekend days worked.
    pub worked_weekends: BTreeSet<NaiveDate>,
    /// What they rest on.
    pub basis: String,
}

/// A rule set in force.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// Settings of all rules.
    pub settings: Settings,
    /// Days worked.
    pub calendar: WorkingDays,
    general: Scope,
    programmes: BTreeMap<String, Scope>,
    hash: String,
}

/// The rules that apply to a programme, or to all.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    catalogue: Catalogue,
    custom: Vec<Arc<CustomRule>>,
    off: BTreeSet<String>,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            calendar: working_days(BTreeSet::new(), BTreeSet::new()),
            general: Scope::default(),
            programmes: BTreeMap::new(),
            hash: content_hash(""),
        }
    }
}

impl RuleSet {
    /// Reads a rule set from its TOML text.
    ///
    /// # Errors
    /// [`RuleSetError`] with the place and what was expected.
    pub fn try_from_toml(text: &str) -> Result<Self, RuleSetError> {
        let Text {
            settings,
            off,
            calendar,
            rules,
            programmes,
            custom,
        } = toml::from_str(text)?;
        let custom = custom
            .into_iter()
            .map(|rule| custom::read(rule, text).map(Arc::new));
        let custom: Vec<Arc<CustomRule>> = custom.collect::<Result<_, _>>()?;
        let general = Scope::try_new(rules.clone(), &custom, off.clone())?;
        let programmes = programmes.into_iter().map(|(name, programme)| {
            let mut merged = rules.clone();
            overlay(&mut merged, programme.rules);
            let off = off.union(&programme.off).cloned().collect();
            Ok((name, Scope::try_new(merged, &custom, off)?))
        });
        Ok(Self {
            settings,
            calendar: working_days(calendar.holidays, calendar.worked_weekends),
            general,
            programmes: programmes.collect::<Result<_, RuleSetError>>()?,
            hash: content_hash(text),
        })
    }

    /// SHA-256 of its text, in hexadecimal: what a warning pins.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The same with one more rule of the office's own, for its scenarios.
    #[must_use]
    pub fn with(mut self, rule: &Arc<CustomRule>) -> Self {
        let scopes = self.programmes.values_mut().chain([&mut self.general]);
        for scope in scopes {
            scope.custom.push(Arc::clone(rule));
        }
        self
    }

    /// The text of a rule set with rules of the office's own, each from its file.
    ///
    /// # Errors
    /// [`RuleSetError`] where one of them cannot be read, or all together cannot.
    pub fn carrying(text: &str, rules: &[&str]) -> Result<String, RuleSetError> {
        let mut carrying = text.to_owned();
        for rule in rules {
            CustomRule::try_from_toml(rule)?;
            let rule: Table = toml::from_str(rule)?;
            let entry = Table::from_iter([("custom".to_owned(), Value::Array(vec![Value::Table(rule)]))]);
            write!(carrying, "\n{}", toml::to_string(&entry)?).unwrap_or_default();
        }
        Self::try_from_toml(&carrying)?;
        Ok(carrying)
    }

    /// The rules for all.
    #[must_use]
    pub fn general(&self) -> &Scope {
        &self.general
    }

    /// The rules for a project: its programme's, else those for all.
    #[must_use]
    pub fn of(&self, project: &Project, as_of: NaiveDate) -> &Scope {
        let programme = project
            .approval(as_of)
            .and_then(|approval| approval.programme.as_deref());
        programme
            .and_then(|name| self.programmes.get(name))
            .unwrap_or(&self.general)
    }

    /// The office's own rules.
    pub fn custom(&self) -> impl Iterator<Item = &Arc<CustomRule>> {
        self.general.custom.iter()
    }
}

impl Scope {
    fn try_new(
        rules: Table,
        custom: &[Arc<CustomRule>],
        off: BTreeSet<String>,
    ) -> Result<Self, RuleSetError> {
        // What a text leaves out has its default, within a rule's own tables too: one colour alone leaves the others.
        let mut all = Table::try_from(Catalogue::default())?;
        overlay(&mut all, rules);
        let catalogue: Catalogue = Value::Table(all).try_into()?;
        let mut scope = Self {
            catalogue,
            custom: Vec::new(),
            off: BTreeSet::new(),
        };
        for rule in custom {
            let about = rule.about();
            if scope
                .rule(about.name)
                .or_else(|| scope.rule(about.code))
                .is_some()
            {
                return Err(RuleSetError::Twice(about.name.to_owned()));
            }
            scope.custom.push(Arc::clone(rule));
        }
        let is_known = |name: &String| {
            let named = BTreeSet::from([name.clone()]);
            scope.rules().iter().any(|rule| is_off(&named, &rule.about()))
        };
        if let Some(unknown) = off.iter().find(|name| !is_known(name)) {
            return Err(RuleSetError::UnknownRule(unknown.clone()));
        }
        scope.off = off;
        Ok(scope)
    }

    /// Whether a rule is switched off.
    #[must_use]
    pub fn is_off(&self, about: &About<'_>) -> bool {
        is_off(&self.off, about)
    }

    /// The thresholds of the rules that are built in.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Every rule: those built in, in the order of the catalogue, and then the office's own.
    #[must_use]
    pub fn rules(&self) -> Vec<&dyn Rule> {
        let mut rules = self.catalogue.rules();
        rules.extend(self.custom.iter().map(|rule| rule.as_ref() as &dyn Rule));
        rules
    }

    /// A rule by its name or its code.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&dyn Rule> {
        let is_meant = |rule: &&Arc<CustomRule>| {
            let about = rule.about();
            about.name == name || about.code.eq_ignore_ascii_case(name)
        };
        let own = self.custom.iter().find(is_meant);
        self.catalogue
            .rule(name)
            .or_else(|| own.map(|rule| rule.as_ref() as &dyn Rule))
    }
}

fn is_off(off: &BTreeSet<String>, about: &About<'_>) -> bool {
    let is_named = |name: &str| off.contains(name);
    !off.is_empty() && [about.name, about.code, about.family()].into_iter().any(is_named)
}

/// What is said above replaces what is said below, key by key.
fn overlay(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// SHA-256 of a rule set's text, in hexadecimal.
#[must_use]
pub fn content_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hash, byte| {
        // Writing to a String cannot fail.
        write!(hash, "{byte:02x}").unwrap_or_default();
        hash
    })
}
