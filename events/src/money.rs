//! Exact money. Nothing here rounds (domain.md §2, rounding rules).

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// An ISO 4217 currency code. `XXX` stands for "no currency was stated".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String)]
pub struct Currency([u8; 3]);

/// A text that is no ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 4217 currency code: use three letters such as CNY")]
pub struct CurrencyError(pub String);

/// Codes in use (ISO 4217 list one, with the funds codes and `XXX`), grouped by minor unit.
const NO_MINOR_UNIT: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";
const FOUR_DIGITS: &str = "CLF UYW";
const TWO_DIGITS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP \
    BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
    GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL LTL LVL \
    MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR \
    PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT TOP TRY \
    TTD TWD TZS UAH USD USN UYU UZS VED VEF VES WST XCD XCG YER ZAR ZMW ZWG ZWL BYR ZMK EEK";
/// Codes without a minor unit of their own: special drawing rights, metals, tests, none.
const UNBOUNDED: &str = "XDR XSU XUA XBA XBB XBC XBD XAG XAU XPD XPT XTS XXX";

impl Currency {
    /// Chinese yuan, the default of everything posted to karez.
    pub const CNY: Self = Self(*b"CNY");
    /// "No currency": the publisher stated none (ISO 4217 `XXX`).
    pub const UNSTATED: Self = Self(*b"XXX");

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the point of the smallest unit in use; `None` where ISO 4217 gives none.
    ///
    /// # Source
    /// ISO 4217 list one (minor units), and codes withdrawn since 2010 that published data still uses.
    #[must_use]
    pub fn minor_unit_digits(self) -> Option<u32> {
        let listed = |codes: &str| codes.split_ascii_whitespace().any(|code| code == self.as_str());
        if self == Self::CNY || listed(TWO_DIGITS) {
            Some(2)
        } else if listed(NO_MINOR_UNIT) {
            Some(0)
        } else if listed(THREE_DIGITS) {
            Some(3)
        } else if listed(FOUR_DIGITS) {
            Some(4)
        } else {
            None
        }
    }

    /// Whether the code stands in ISO 4217 (list one, funds codes, or withdrawn since 2010).
    #[must_use]
    pub fn is_known(self) -> bool {
        self.minor_unit_digits().is_some()
            || UNBOUNDED
                .split_ascii_whitespace()
                .any(|code| code == self.as_str())
    }

    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::CNY
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::CNY
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    /// Takes any three ASCII letters, so that published data with a code of its own can be kept;
    /// whether the code is in ISO 4217 says [`Currency::is_known`].
    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let wrong = || CurrencyError(text.to_owned());
        let letters: [u8; 3] = text.trim().as_bytes().try_into().map_err(|_| wrong())?;
        if letters.iter().all(u8::is_ascii_alphabetic) {
            Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
        } else {
            Err(wrong())
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        text::read(input, str::parse)
    }
}

/// An exact amount in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in whole units of the currency (yuan, not fen), exact.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

/// Why two amounts could not be combined or one is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of two currencies are never added without a rate.
    #[error("{0} and {1} cannot be added: give a rate, or keep them apart")]
    TwoCurrencies(Currency, Currency),
    /// More digits than can be held exactly (28).
    #[error("the amount has more than 28 digits")]
    TooLarge,
    /// More decimals than the currency has.
    #[error("{amount} {currency} has more decimals than the {digits} of the currency")]
    TooPrecise {
        /// The amount as sent.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// Decimals of the currency's smallest unit.
        digits: u32,
    },
}

impl Money {
    /// An amount of a currency.
    #[must_use]
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::TwoCurrencies`], or [`MoneyError::TooLarge`] beyond 28 digits.
    pub fn try_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::TwoCurrencies(self.currency, other.currency));
        }
        let amount = self
            .amount
            .checked_add(other.amount)
            .ok_or(MoneyError::TooLarge)?;
        Ok(Self {
            amount,
            currency: self.currency,
        })
    }

    /// Refuses an amount finer than the smallest unit of its currency (0.005 yuan).
    ///
    /// # Errors
    /// [`MoneyError::TooPrecise`].
    pub fn check_precision(self) -> Result<(), MoneyError> {
        match self.currency.minor_unit_digits() {
            Some(digits) if self.amount.normalize().scale() > digits => Err(MoneyError::TooPrecise {
                amount: self.amount,
                currency: self.currency,
                digits,
            }),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.amount, self.currency)
    }
}

/// Decimals travel as JSON strings (`"1234.50"`): a JSON number passes through binary floating point.
pub mod decimal_text {
    use super::{Decimal, Deserializer, Serializer};
    use serde::de::{Error, Visitor};

    /// Writes the decimal as text, with the digits it was given.
    ///
    /// # Errors
    /// Whatever the output reports.
    pub fn serialize<S: Serializer>(value: &Decimal, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(value)
    }

    /// Reads a decimal from text; a JSON number is refused.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Decimal, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a decimal number as a string, such as \"1234.50\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                parse(text).map_err(E::custom)
            }
        }

        input.deserialize_str(Text)
    }

    /// Reads plain decimal notation exactly: no exponent, no separators, at most 28 digits.
    ///
    /// # Errors
    /// A sentence with the text found.
    pub fn parse(text: &str) -> Result<Decimal, String> {
        let plain = !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
        plain
            .then(|| Decimal::from_str_exact(text).ok())
            .flatten()
            .ok_or_else(|| {
                format!("{text:?} is not a decimal number of at most 28 digits such as \"1234.50\"")
            })
    }
}

/// Optional decimals as JSON strings; used with `default` and `skip_serializing_if`.
pub mod optional_decimal_text {
    use super::{Decimal, Deserialize, Deserializer, Serializer, decimal_text};

    /// Writes the decimal as text, or null.
    ///
    /// # Errors
    /// Whatever the output reports.
    #[allow(
        clippy::ref_option,
        reason = "serde's with-attribute passes a reference to the field"
    )]
    pub fn serialize<S: Serializer>(value: &Option<Decimal>, output: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => decimal_text::serialize(value, output),
            None => output.serialize_none(),
        }
    }

    /// Reads a decimal from text, or null.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Decimal>, D::Error> {
        #[derive(Deserialize)]
        struct Text(#[serde(with = "decimal_text")] Decimal);

        Ok(Option::<Text>::deserialize(input)?.map(|text| text.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        decimal_text::parse(text).unwrap()
    }

    #[test]
    fn two_currencies_are_never_added() {
        let yuan = Money::new(decimal("1"), Currency::CNY);
        let dollar = Money::new(decimal("1"), "usd".parse().unwrap());
        assert!(yuan.try_add(dollar).is_err());
    }

    #[test]
    fn precision_follows_the_currency() {
        let amount = decimal("1.005");
        assert!(Money::new(amount, Currency::CNY).check_precision().is_err());
        assert!(
            Money::new(amount, "KWD".parse().unwrap())
                .check_precision()
                .is_ok()
        );
        assert!(
            Money::new(decimal("1.5"), "JPY".parse().unwrap())
                .check_precision()
                .is_err()
        );
        assert!(
            Money::new(decimal("1.500"), Currency::CNY)
                .check_precision()
                .is_ok()
        );
    }

    #[test]
    fn json_numbers_and_odd_texts_are_no_money() {
        for text in [
            "1.5",
            "\"NaN\"",
            "\"1e999\"",
            "\"\"",
            "\"1,5\"",
            "\"0x1\"",
            "\"99999999999999999999999999999\"",
        ] {
            let read: Result<Money, _> =
                serde_json::from_str(&format!("{{\"amount\":{text},\"currency\":\"CNY\"}}"));
            assert!(read.is_err(), "{text}");
        }
    }
}
