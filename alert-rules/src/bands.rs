//! Four thresholds, and which colour a value has. Bands are half-open (`[90, 180)` is blue), and values are compared
//! exactly, never as printed.

use std::fmt;

use karez_events::Ratio;
use karez_events::event::supervision::Level;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// Thresholds by colour; a colour without one is never given. In a text that is written as `"never"`: a colour that is
/// left out of one keeps its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bands {
    /// 蓝 from here.
    #[serde(with = "written")]
    pub blue: Option<Decimal>,
    /// 黄 from here.
    #[serde(with = "written")]
    pub yellow: Option<Decimal>,
    /// 橙 from here.
    #[serde(with = "written")]
    pub orange: Option<Decimal>,
    /// 红 from here.
    #[serde(with = "written")]
    pub red: Option<Decimal>,
}

/// A threshold as a text has it: a number, or that there is none.
mod written {
    use rust_decimal::Decimal;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const NEVER: &str = "never";

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(Decimal),
        Word(String),
    }

    #[expect(clippy::ref_option, reason = "serde hands the field over so")]
    pub(super) fn serialize<S: Serializer>(threshold: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
        match threshold {
            Some(threshold) => Serialize::serialize(threshold, to),
            None => to.serialize_str(NEVER),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
        match Written::deserialize(from)? {
            Written::Number(threshold) => Ok(Some(threshold)),
            Written::Word(word) if word == NEVER => Ok(None),
            Written::Word(word) => Err(D::Error::custom(format!(
                "{word:?} is no threshold: give a number, or {NEVER:?} for a colour that is never given\n{word:?} 不能作阈值：请给数字；不用此颜色时写 {NEVER:?}"
            ))),
        }
    }
}

/// How far a value must go back behind a threshold before its colour goes (domain.md §4: 2pp or 10 %).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Margin {
    /// So many units of the threshold, such as 2 percentage points.
    Units(Decimal),
    /// A tenth of the threshold.
    Tenth,
    /// None: days only ever rise, and a deciding event clears at once.
    None,
}

/// A value's colour, and the colour that an open warning keeps until the value is beyond the margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judged {
    /// What is raised.
    pub level: Option<Level>,
    /// What is not cleared yet; never below `level`.
    pub held: Option<Level>,
}

impl Judged {
    /// One colour, without a margin.
    #[must_use]
    pub fn at(level: Level) -> Self {
        Self {
            level: Some(level),
            held: Some(level),
        }
    }

    /// The higher of two, each for itself.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            level: self.level.max(other.level),
            held: self.held.max(other.held),
        }
    }

    /// Neither raised nor kept.
    #[must_use]
    pub fn is_clear(self) -> bool {
        self.held.is_none()
    }
}

impl Bands {
    /// Four whole numbers: blue, yellow, orange, red.
    #[must_use]
    pub fn whole(levels: [i64; 4]) -> Self {
        let [blue, yellow, orange, red] = levels.map(|level| Some(Decimal::from(level)));
        Self {
            blue,
            yellow,
            orange,
            red,
        }
    }

    /// The thresholds from red down to blue.
    fn falling(self) -> [(Level, Option<Decimal>); 4] {
        [
            (Level::Red, self.red),
            (Level::Orange, self.orange),
            (Level::Yellow, self.yellow),
            (Level::Blue, self.blue),
        ]
    }

    fn highest(self, is_met: impl Fn(Decimal) -> bool) -> Option<Level> {
        let mut levels = self.falling().into_iter();
        levels.find_map(|(level, threshold)| threshold.is_some_and(&is_met).then_some(level))
    }

    /// The colour of a value that is bad when it is high: the highest threshold that it reaches.
    #[must_use]
    pub fn from(self, value: &Ratio, margin: Margin) -> Judged {
        Judged {
            level: self.highest(|threshold| *value >= Ratio::exact(threshold)),
            held: self
                .highest(|threshold| *value >= Ratio::exact(threshold.saturating_sub(margin.of(threshold)))),
        }
    }

    /// The colour of a value that is bad when it is low: the lowest threshold that it falls below.
    #[must_use]
    pub fn below(self, value: &Ratio, margin: Margin) -> Judged {
        Judged {
            level: self.highest(|threshold| *value < Ratio::exact(threshold)),
            held: self
                .highest(|threshold| *value < Ratio::exact(threshold.saturating_add(margin.of(threshold)))),
        }
    }

    /// The colour of a number of days.
    #[must_use]
    pub fn from_days(self, days: i64) -> Judged {
        self.from(&Ratio::whole(days), Margin::None)
    }
}

impl Margin {
    fn of(self, threshold: Decimal) -> Decimal {
        match self {
            Self::Units(units) => units,
            Self::Tenth => threshold.abs() / Decimal::TEN,
            Self::None => Decimal::ZERO,
        }
    }
}

impl fmt::Display for Bands {
    /// `90/180/270/365`, with `–` for a colour that is never given.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, threshold) in [self.blue, self.yellow, self.orange, self.red]
            .into_iter()
            .enumerate()
        {
            if index > 0 {
                out.write_str("/")?;
            }
            match threshold {
                // Days and percent nearly always: every finding says its bands, and a decimal takes long to write.
                Some(threshold) => match threshold.to_i64().filter(|_| threshold.is_integer()) {
                    Some(whole) => write!(out, "{whole}")?,
                    None => write!(out, "{}", threshold.normalize())?,
                },
                None => out.write_str("–")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days() -> Bands {
        Bands::whole([90, 180, 270, 365])
    }

    #[test]
    fn bands_are_half_open() {
        assert_eq!(days().from_days(89).level, None);
        assert_eq!(days().from_days(90).level, Some(Level::Blue));
        assert_eq!(days().from_days(179).level, Some(Level::Blue));
        assert_eq!(days().from_days(180).level, Some(Level::Yellow));
        assert_eq!(days().from_days(9999).level, Some(Level::Red));
    }

    #[test]
    fn within_the_margin_a_colour_is_kept_but_not_given() {
        let lag = Bands::whole([10, 20, 30, 40]);
        let judged = lag.from(&Ratio::whole(9), Margin::Units(Decimal::TWO));
        assert_eq!(
            judged,
            Judged {
                level: None,
                held: Some(Level::Blue)
            }
        );
        assert!(
            lag.from(&Ratio::of_counts(799, 100).unwrap(), Margin::Units(Decimal::TWO))
                .is_clear()
        );
    }

    #[test]
    fn a_low_value_is_judged_from_above() {
        let forecast = Bands::whole([90, 80, 70, 60]);
        assert_eq!(forecast.below(&Ratio::whole(90), Margin::None).level, None);
        assert_eq!(
            forecast.below(&Ratio::whole(89), Margin::None).level,
            Some(Level::Blue)
        );
        assert_eq!(
            forecast.below(&Ratio::whole(59), Margin::None).level,
            Some(Level::Red)
        );
        assert_eq!(
            forecast
                .below(&Ratio::whole(92), Margin::Units(Decimal::from(3)))
                .held,
            Some(Level::Blue)
        );
    }

    #[test]
    fn a_colour_without_a_threshold_is_never_given() {
        let only_red = Bands {
            red: Some(Decimal::ONE),
            ..Bands::default()
        };
        assert_eq!(only_red.from_days(0).level, None);
        assert_eq!(only_red.from_days(1).level, Some(Level::Red));
        assert_eq!(only_red.to_string(), "–/–/–/1");
    }
}
