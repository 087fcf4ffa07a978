//! What an entry says in words, in one piece of memory: a ledger has many entries, and a place of its own for each text would
//! cost more than the texts.

use std::fmt;

use karez_events::CategoryId;

/// What an entry says in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wording<'entry> {
    /// 科目.
    pub category: Option<&'entry str>,
    /// 批次, 合同号 or 凭证号.
    pub reference: Option<&'entry str>,
    /// 用途, as stated.
    pub purpose: Option<&'entry str>,
    /// 发票号.
    pub invoice_no: Option<&'entry str>,
    /// 收款人: the pseudonym, else what was stated in the clear.
    pub payee: Option<&'entry str>,
}

/// The identifier that a category was before it was packed.
pub(crate) fn category_id(text: &str) -> Option<CategoryId> {
    CategoryId::try_new(text).ok()
}

/// The texts of a [`Wording`], in its order.
pub(super) type Texts<T> = [Option<T>; 5];

impl<'entry> Wording<'entry> {
    pub(super) fn texts(self) -> Texts<&'entry str> {
        [
            self.category,
            self.reference,
            self.purpose,
            self.invoice_no,
            self.payee,
        ]
    }
}

impl<'entry> From<Texts<&'entry str>> for Wording<'entry> {
    fn from([category, reference, purpose, invoice_no, payee]: Texts<&'entry str>) -> Self {
        Self {
            category,
            reference,
            purpose,
            invoice_no,
            payee,
        }
    }
}

/// Instead of a length, where there is no text.
const ABSENT: u32 = u32::MAX;

/// A [`Wording`] as an entry keeps it: one text behind the other, and how long each is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PackedWording {
    texts: Box<str>,
    lengths: [u32; 5],
}

impl From<Wording<'_>> for PackedWording {
    fn from(wording: Wording<'_>) -> Self {
        // Whatever comes from outside is far shorter than four gigabytes.
        let length_of = |text: &str| u32::try_from(text.len()).ok().filter(|length| *length != ABSENT);
        let texts = wording
            .texts()
            .map(|text| text.filter(|text| length_of(text).is_some()));
        Self {
            lengths: texts.map(|text| text.and_then(length_of).unwrap_or(ABSENT)),
            texts: texts.map(Option::unwrap_or_default).concat().into(),
        }
    }
}

impl PackedWording {
    /// The texts one behind the other, and how long each is.
    pub(super) fn parts(&self) -> (&str, [u32; 5]) {
        (&self.texts, self.lengths)
    }

    /// What [`PackedWording::parts`] gives; `None` for a text that does not fall into such parts.
    pub(super) fn of_parts(texts: &str, lengths: [u32; 5]) -> Option<Self> {
        let packed = Self {
            texts: texts.into(),
            lengths,
        };
        let parts = packed.unpacked().texts();
        let is_whole = |(part, length): (Option<&str>, u32)| part.is_some() == (length != ABSENT);
        let length: usize = parts.iter().flatten().map(|part| part.len()).sum();
        (length == texts.len() && parts.into_iter().zip(lengths).all(is_whole)).then_some(packed)
    }

    pub(super) fn unpacked(&self) -> Wording<'_> {
        let mut rest: &str = &self.texts;
        let texts = self.lengths.map(|length| {
            if length == ABSENT {
                return None;
            }
            let (text, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = behind;
            Some(text)
        });
        Wording::from(texts)
    }
}

impl fmt::Debug for PackedWording {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.unpacked().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_says_the_same(texts in any::<[Option<String>; 5]>()) {
            let said = Wording::from(texts.each_ref().map(Option::as_deref));
            let packed = PackedWording::from(said);
            prop_assert_eq!(packed.unpacked(), said);
            let (texts, lengths) = packed.parts();
            prop_assert_eq!(PackedWording::of_parts(texts, lengths), Some(packed.clone()));
            // A text longer or shorter than its parts is none of theirs.
            prop_assert_eq!(PackedWording::of_parts(&format!("{texts}x"), lengths), None);
            if let Some((cut, _)) = texts.char_indices().next_back() {
                prop_assert_eq!(PackedWording::of_parts(&texts[..cut], lengths), None);
            }
        }
    }
}
