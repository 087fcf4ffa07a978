//! A change of a rule set before it is published: what a few lines of it would make of the whole, and how two differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use toml::{Table, Value};

use super::{RuleSet, RuleSetError, overlay};
use crate::custom::CustomRule;

/// The rules of an office's own within a rule set.
const CUSTOM: &str = "custom";

/// One place at which two rule sets differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The place, such as `rules.idle_funds.suspended_days`.
    pub place: String,
    /// The value in the first; `None` where it has none.
    pub before: Option<String>,
    /// The value in the second.
    pub after: Option<String>,
}

/// The text of a rule set with some of it replaced: by a rule of the office's own, which has its `id` at the top, or by
/// whatever else a rule set says, key by key.
///
/// # Errors
/// [`RuleSetError`] where the change cannot be read, or what comes of it cannot.
pub fn amended(text: &str, change: &str) -> Result<String, RuleSetError> {
    let mut amended: Table = toml::from_str(text)?;
    let mut change_table: Table = toml::from_str(change)?;
    if let Some(id) = change_table.get("id") {
        CustomRule::try_from_toml(change)?;
        let own = amended
            .get(CUSTOM)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        if !own.filter_map(|rule| rule.get("id")).any(|other| other == id) {
            // Written below what is there, which keeps an office's comments.
            return RuleSet::carrying(text, &[change]);
        }
        let rule = Value::Table(change_table);
        change_table = Table::from_iter([(CUSTOM.to_owned(), Value::Array(vec![rule]))]);
    }
    if let Some(Value::Array(rules)) = change_table.remove(CUSTOM) {
        let replaced: Vec<Option<Value>> = rules.iter().map(|rule| rule.get("id").cloned()).collect();
        let own = amended.entry(CUSTOM).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(own) = own {
            own.retain(|rule| !replaced.contains(&rule.get("id").cloned()));
            own.extend(rules);
        }
    }
    overlay(&mut amended, change_table);
    let amended = toml::to_string(&amended)?;
    RuleSet::try_from_toml(&amended)?;
    Ok(amended)
}

/// Where two rule sets differ in what is in force, defaults included.
///
/// # Errors
/// [`RuleSetError`] where one of them cannot be read.
pub fn difference(before: &str, after: &str) -> Result<Vec<Difference>, RuleSetError> {
    let (before, after) = (values(before)?, values(after)?);
    let places: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differences = places.into_iter().filter_map(|place| {
        let (before, after) = (before.get(place), after.get(place));
        (before != after).then(|| Difference {
            place: place.clone(),
            before: before.cloned(),
            after: after.cloned(),
        })
    });
    Ok(differences.collect())
}

/// Every value that a rule set has in force, by its place.
fn values(text: &str) -> Result<BTreeMap<String, String>, RuleSetError> {
    let rules = RuleSet::try_from_toml(text)?;
    let mut table: Table = toml::from_str(text)?;
    table.insert("settings".to_owned(), Value::try_from(&rules.settings)?);
    table.insert("rules".to_owned(), Value::try_from(rules.general().catalogue())?);
    if let Some(Value::Array(own)) = table.remove(CUSTOM) {
        let by_id = own.into_iter().filter_map(|rule| {
            let id = rule.get("id")?.as_str()?.to_owned();
            Some((id, rule))
        });
        table.insert(CUSTOM.to_owned(), Value::Table(by_id.collect()));
    }
    let mut values = BTreeMap::new();
    flatten("", &Value::Table(table), &mut values);
    Ok(values)
}

fn flatten(place: &str, value: &Value, values: &mut BTreeMap<String, String>) {
    let Value::Table(table) = value else {
        values.insert(place.to_owned(), value.to_string());
        return;
    };
    for (name, value) in table {
        let within = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        flatten(&within, value, values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: &str = "off = [\"late_entry\"]\n[rules.idle_funds]\nsuspended_days = 45\n";

    #[test]
    fn what_differs_is_named_with_both_values_also_where_one_is_a_default() {
        let found = difference("", STRICT).unwrap();
        let places: Vec<&str> = found.iter().map(|found| found.place.as_str()).collect();
        assert_eq!(places, ["off", "rules.idle_funds.suspended_days"]);
        let days = &found[1];
        assert_eq!(days.after.as_deref(), Some("45"));
        assert!(days.before.is_some() && days.before != days.after, "{days:?}");
        assert_eq!(difference(STRICT, STRICT).unwrap(), []);
    }

    #[test]
    fn a_change_replaces_what_it_names_and_nothing_else() {
        let changed = amended(STRICT, "[rules.idle_funds]\ncommitment_within_days = 70\n").unwrap();
        let places: Vec<String> = difference(STRICT, &changed)
            .unwrap()
            .into_iter()
            .map(|found| found.place)
            .collect();
        assert_eq!(places, ["rules.idle_funds.commitment_within_days"]);
        assert!(amended(STRICT, "[rules.idle_funds]\nsuspended_dayz = 1\n").is_err());
        assert!(amended(STRICT, "[rules").is_err());
    }

    #[test]
    fn one_colour_changed_leaves_the_other_colours_of_its_rule() {
        let changed = amended(STRICT, "[rules.idle_funds.levels]\nblue = 60\n").unwrap();
        let found = difference(STRICT, &changed).unwrap();
        let places: Vec<&str> = found.iter().map(|found| found.place.as_str()).collect();
        assert_eq!(places, ["rules.idle_funds.levels.blue"]);
        // The same said in a whole text, and for one programme.
        let whole = RuleSet::try_from_toml(
            "[rules.idle_funds.levels]\nblue = 60\n[programmes.key.rules.idle_funds.levels]\nyellow = 150\n",
        )
        .unwrap();
        let levels = |scope: &crate::rule_set::Scope| scope.catalogue().idle_funds.levels.to_string();
        assert_eq!(levels(whole.general()), "60/180/270/365");
        assert_eq!(levels(&whole.programmes["key"]), "60/150/270/365");
    }

    #[test]
    fn a_colour_is_left_out_by_saying_so_and_what_is_in_force_reads_back() {
        let never = "[rules.idle_funds.levels]\nblue = \"never\"\n";
        let rules = RuleSet::try_from_toml(never).unwrap();
        assert_eq!(
            rules.general().catalogue().idle_funds.levels.to_string(),
            "–/180/270/365"
        );
        let in_force = Table::from_iter([(
            "rules".to_owned(),
            Value::try_from(rules.general().catalogue()).unwrap(),
        )]);
        let again = RuleSet::try_from_toml(&toml::to_string(&in_force).unwrap()).unwrap();
        assert_eq!(again.general().catalogue(), rules.general().catalogue());
        let wrong = RuleSet::try_from_toml("[rules.idle_funds.levels]\nblue = \"sixty\"\n").unwrap_err();
        assert!(wrong.to_string().contains("give a number"), "{wrong}");
    }

    #[test]
    fn a_rule_of_the_office_s_own_takes_the_place_of_the_one_of_its_name() {
        let rule = include_str!("../../../deploy/rules/travel_heavy.toml");
        let with = amended("", rule).unwrap();
        assert_eq!(RuleSet::try_from_toml(&with).unwrap().custom().count(), 1);
        let commented = amended("# decided in May\n[settings]\n", rule).unwrap();
        assert!(commented.starts_with("# decided in May\n"), "{commented}");
        let again = amended(&with, &rule.replace("version = 1", "version = 2")).unwrap();
        assert_eq!(RuleSet::try_from_toml(&again).unwrap().custom().count(), 1);
    }
}
