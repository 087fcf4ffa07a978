//! # DS-01 重复入账 Duplicate in project
//!
//! ## What it finds
//! Two postings of one project for what may be one bill: payee and amount alike within three days (yellow); the same invoice
//! number and amount (orange); and that under two vouchers to the same payee, so that it was paid twice (red).
//!
//! ## Why it is a risk
//! A bill booked twice takes the money of the project twice. It is most often an oversight, and it is cheapest to mend in
//! the month in which it happens.
//!
//! ## Worked example
//! Invoice 24650001 over 18,600 yuan is booked on 05-06 under voucher 0012 and on 06-20 under voucher 0031, both to one
//! supplier: red at once. Reversing the second lifts it. Two bills of 3,000 to that supplier on 07-01 and 07-03 without an
//! invoice number are a near match: yellow. Scenario: `fires_paid_twice_until_reversed`.
//!
//! ## Thresholds
//! `within_days` between two alike payments; `distinct_words`: a posting labelled with one of them was looked at and is a
//! bill of its own.
//!
//! ## What it leaves out
//! Lines of one voucher (a bill split over sources or categories), payments for different periods of service (two months of
//! wages paid on one day), alike payments that name different invoices, and what was refunded or reversed in full.
//!
//! ## Source
//! Accounting Law, article 14 (会计法: what is not genuine or not lawful among original vouchers is not accepted); bills
//! paid twice, a usual audit finding.

use std::collections::BTreeMap;

use karez_events::event::supervision::Level;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::postings::Posting;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::word_list::WordList;
use crate::words::{money_en, money_zh};

/// Thresholds of DS-01.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DuplicateInProject {
    /// Alike payments to one payee lie no further apart than this.
    pub within_days: i64,
    /// Labels of postings that were found to be bills of their own.
    pub distinct_words: WordList,
}

impl Default for DuplicateInProject {
    fn default() -> Self {
        Self {
            within_days: 3,
            distinct_words: WordList::new(&["非重复", "distinct"]),
        }
    }
}

impl Rule for DuplicateInProject {
    fn about(&self) -> About<'_> {
        About {
            name: "duplicate_in_project",
            code: "DS-01",
            zh: "重复入账",
            en: "Duplicate in project",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("duplicate_in_project.rs"),
            manual_zh: include_str!("zh/duplicate_in_project.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let mut named: Vec<Posting<'_>> = case
            .postings()
            .filter(|posting| posting.left > Decimal::ZERO)
            .filter(|posting| {
                let wording = posting.entry.wording();
                wording.payee.is_some() || wording.invoice_no.is_some()
            })
            .filter(|posting| !posting.is_labelled(&self.distinct_words))
            .collect();
        if named.len() < 2 {
            return Outcome::QUIET;
        }
        let mut findings = same_invoices(case, &named);
        // Two of one day stand in an order of their own, whichever became known first.
        named.sort_by_key(|posting| (posting.entry.on, posting.name(), posting.entry.event_id));
        findings.extend(self.near_matches(case, &named));
        Outcome::of_all(findings)
    }
}

/// The same invoice and amount, by invoice.
fn same_invoices(case: &Case<'_>, named: &[Posting<'_>]) -> Vec<Finding> {
    if case.project.repeated_papers.is_empty() {
        return Vec::new();
    }
    let mut alike: BTreeMap<(&str, Decimal), Vec<Posting<'_>>> = BTreeMap::new();
    for posting in named {
        let repeated = posting
            .invoice_no()
            .filter(|invoice_no| case.project.repeated_papers.contains(*invoice_no));
        if let Some(invoice_no) = repeated {
            alike
                .entry((invoice_no, posting.entry.amount))
                .or_default()
                .push(*posting);
        }
    }
    let several = alike
        .into_iter()
        .map(|((invoice_no, _), postings)| (invoice_no, booked_apart(&postings)))
        .filter(|(_, postings)| postings.len() > 1);
    several
        .map(|(invoice_no, postings)| of_invoice(case, invoice_no, &postings))
        .collect()
}

/// One posting for each voucher, whatever lines it has.
fn booked_apart<'a>(postings: &[Posting<'a>]) -> Vec<Posting<'a>> {
    let mut firsts: Vec<Posting<'a>> = Vec::new();
    for posting in postings {
        if !firsts.iter().any(|first| is_line_of(first, posting)) {
            firsts.push(*posting);
        }
    }
    firsts
}

fn of_invoice(case: &Case<'_>, invoice_no: &str, postings: &[Posting<'_>]) -> Finding {
    let is_paid_twice = postings.iter().enumerate().any(|(index, one)| {
        let mut later = postings.iter().skip(index + 1);
        later.any(|other| {
            let (voucher, other_voucher) = (one.entry.wording().reference, other.entry.wording().reference);
            let has_vouchers = voucher.is_some() && other_voucher.is_some();
            has_vouchers && voucher != other_voucher && one.payee().is_some() && one.payee() == other.payee()
        })
    });
    let (level, is_zh, is_en) = if is_paid_twice {
        (
            Level::Red,
            "以不同凭证向同一收款人支付",
            "paid to one payee under different vouchers",
        )
    } else {
        (Level::Orange, "入账", "booked")
    };
    let amount = postings
        .first()
        .map_or(Decimal::ZERO, |posting| posting.entry.amount);
    let currency = case.currency();
    let (count, vouchers) = (postings.len(), named(postings));
    let zh = format!(
        "发票{invoice_no}（{}）{is_zh}{count}次（凭证{vouchers}），请核对是否重复入账",
        money_zh(amount, currency)
    );
    let en = format!(
        "invoice {invoice_no} over {} is {is_en} {count} times (vouchers {vouchers}): check whether it is one bill",
        money_en(amount, currency)
    );
    let formula = format!("invoice {invoice_no}, amount {amount}: {count} postings");
    finding(Judged::at(level), (zh, en), formula, postings).about(invoice_no)
}

/// The lines of one voucher are one booking.
fn is_line_of(one: &Posting<'_>, other: &Posting<'_>) -> bool {
    let voucher_no = one.entry.wording().reference;
    voucher_no.is_some()
        && voucher_no == other.entry.wording().reference
        && one.entry.line_no.is_some()
        && one.entry.line_no != other.entry.line_no
}

fn named(postings: &[Posting<'_>]) -> String {
    let names: Vec<String> = postings.iter().map(Posting::name).collect();
    names.join("、")
}

fn finding(judged: Judged, (zh, en): (String, String), formula: String, postings: &[Posting<'_>]) -> Finding {
    let mut evidence = evidence(formula, "–/payee+amount/invoice/invoice paid twice");
    for (number, posting) in (1..).zip(postings) {
        let entry = posting.entry;
        evidence = evidence.figure(
            &format!("voucher_{number}"),
            format!(
                "{}: {} on {}, {}",
                posting.name(),
                entry.amount,
                entry.on,
                entry.source.as_str()
            ),
        );
    }
    Finding::new(
        judged,
        zh,
        en,
        evidence.facts(postings.iter().map(|posting| posting.entry)),
    )
}

impl DuplicateInProject {
    /// Payee and amount alike within days, among postings in the order of their days.
    fn near_matches(&self, case: &Case<'_>, in_order: &[Posting<'_>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, one) in in_order.iter().enumerate() {
            let near = in_order
                .iter()
                .skip(index + 1)
                .take_while(|other| (other.entry.on - one.entry.on).num_days() <= self.within_days);
            for other in near.filter(|other| is_alike(one, other)) {
                findings.push(self.near_match(case, *one, *other));
            }
        }
        findings
    }

    fn near_match(&self, case: &Case<'_>, one: Posting<'_>, other: Posting<'_>) -> Finding {
        let pair = [one, other];
        let (amount, days) = (one.entry.amount, (other.entry.on - one.entry.on).num_days());
        let currency = case.currency();
        let vouchers = named(&pair);
        let zh = format!(
            "凭证{vouchers}向同一收款人支付同额{}，相隔{days}天，疑似重复",
            money_zh(amount, currency)
        );
        let en = format!(
            "vouchers {vouchers} pay {} each to one payee, {days} days apart: they may be one bill",
            money_en(amount, currency)
        );
        let formula = format!(
            "same payee, amount {amount}, {days} d apart ≤ {} d",
            self.within_days
        );
        finding(Judged::at(Level::Yellow), (zh, en), formula, &pair).about(format!(
            "{}~{}",
            one.name(),
            other.name()
        ))
    }
}

fn is_alike(one: &Posting<'_>, other: &Posting<'_>) -> bool {
    one.entry.amount == other.entry.amount
        && one.payee().is_some()
        && one.payee() == other.payee()
        && one.entry.seldom.service == other.entry.seldom.service
        && !is_line_of(one, other)
        // Different invoices are different bills, and one invoice is judged as such.
        && (one.invoice_no().is_none() || other.invoice_no().is_none())
}
