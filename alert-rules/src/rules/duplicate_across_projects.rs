//! # DS-02 跨项目重复 Duplicate across projects
//!
//! ## What it finds
//! One invoice number, or one document by its SHA-256, booked in two or more projects: of one unit orange, of different units
//! red. Each of the projects has its warning, with the table of who booked how much.
//!
//! ## Why it is a risk
//! A bill that two funds pay is paid twice, and neither fund can see it alone. Between units it is the first thing that an
//! audit of research money looks for.
//!
//! ## Worked example
//! Invoice 24650007 over 40,000 yuan is booked with 40,000 in project A and again with 40,000 in project B of the same
//! unit: orange on both. When both postings are replaced by shares labelled `分摊60%` and `分摊40%`, the shares make the whole
//! and both warnings go. Scenario: `fires_orange_until_the_split_is_stated`.
//!
//! ## Thresholds
//! `share_words`: a label that begins with one of them and goes on with a percentage states the share of an approved split.
//!
//! ## What it leaves out
//! A split whose stated shares add up to exactly 100 %, and what was refunded or reversed in full.
//!
//! ## Source
//! One bill claimed from several awards, a usual audit finding (the audit analytics of the inspector general of the US
//! National Science Foundation).

use std::collections::BTreeSet;

use karez_events::UnitId;
use karez_events::event::supervision::Level;
use karez_projections::Project;
use karez_projections::measures::sum;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::postings::{Posting, standing};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};

/// Thresholds of DS-02.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DuplicateAcrossProjects {
    /// Labels that state the share of a split begin with one of these.
    pub share_words: Vec<String>,
}

impl Default for DuplicateAcrossProjects {
    fn default() -> Self {
        Self {
            share_words: ["分摊", "share"].map(str::to_owned).to_vec(),
        }
    }
}

impl Rule for DuplicateAcrossProjects {
    fn about(&self) -> About<'_> {
        About {
            name: "duplicate_across_projects",
            code: "DS-02",
            zh: "跨项目重复",
            en: "Duplicate across projects",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("duplicate_across_projects.rs"),
            manual_zh: include_str!("zh/duplicate_across_projects.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        // One bill is one warning, whatever currencies the accounts have.
        if case.project.shared_papers.is_empty() || !case.is_main_currency() {
            return Outcome::QUIET;
        }
        let papers = case.project.shared_papers.iter();
        let mut findings: Vec<(Vec<u64>, Finding)> = Vec::new();
        for paper in papers {
            let Some((positions, finding)) = self.shared(case, paper) else {
                continue;
            };
            // The invoice and its picture are one bill.
            if !findings.iter().any(|(known, _)| *known == positions) {
                findings.push((positions, finding));
            }
        }
        Outcome::of_all(findings.into_iter().map(|(_, finding)| finding))
    }
}

/// The postings of one project that rest on one paper.
struct Booked<'a> {
    project: &'a Project,
    postings: Vec<Posting<'a>>,
}

impl DuplicateAcrossProjects {
    fn shared(&self, case: &Case<'_>, paper: &str) -> Option<(Vec<u64>, Finding)> {
        let projects = case.portfolio.projects_sharing(paper);
        let booked: Vec<Booked<'_>> = projects
            .map(|project| Booked {
                project,
                postings: resting_on(project, paper, case),
            })
            .filter(|booked| !booked.postings.is_empty())
            .collect();
        let is_here = booked.iter().any(|booked| booked.project.id == case.project.id);
        if !is_here || booked.len() < 2 || self.is_split(&booked) {
            return None;
        }
        let units: BTreeSet<Option<&UnitId>> = booked.iter().map(|booked| booked.project.unit()).collect();
        let (level, of_zh, of_en) = if units.len() > 1 {
            (Level::Red, "不同单位", "of different units")
        } else {
            (Level::Orange, "同一单位", "of one unit")
        };
        let is_invoice = booked
            .iter()
            .flat_map(|booked| &booked.postings)
            .any(|posting| posting.invoice_no() == Some(paper));
        let short: String = paper.chars().take(if is_invoice { 40 } else { 12 }).collect();
        let (name_zh, name_en) = if is_invoice {
            (format!("发票{short}"), format!("invoice {short}"))
        } else {
            (format!("票据影像{short}…"), format!("document {short}…"))
        };
        let others: Vec<&str> = booked
            .iter()
            .filter(|booked| booked.project.id != case.project.id)
            .map(|booked| booked.project.id.as_str())
            .collect();
        let others = others.join("、");
        let formula = format!("{name_en}: {} projects", booked.len());
        let mut evidence = evidence(formula, "–/–/one unit/different units");
        for booked in &booked {
            let unit = booked.project.unit().map_or("—", |unit| unit.as_str());
            let total = sum(booked.postings.iter().map(|posting| posting.left));
            evidence = evidence.figure(
                &format!("project {}", booked.project.id),
                format!("{unit}: {total}"),
            );
        }
        let postings = booked.iter().flat_map(|booked| &booked.postings);
        let evidence = evidence.facts(postings.clone().map(|posting| posting.entry));
        let mut positions: Vec<u64> = postings.map(|posting| posting.entry.position).collect();
        positions.sort_unstable();
        let finding = Finding::new(
            Judged::at(level),
            format!(
                "{name_zh}在{of_zh}的{}个项目中入账（另见{others}），请核对是否重复或按比例分摊",
                booked.len()
            ),
            format!(
                "{name_en} is booked in {} projects {of_en} (also {others}): check whether it is one bill, or state the shares",
                booked.len()
            ),
            evidence,
        );
        Some((positions, finding.about(short)))
    }

    /// Every posting states its share, and the shares make the whole.
    fn is_split(&self, booked: &[Booked<'_>]) -> bool {
        let postings = booked.iter().flat_map(|booked| &booked.postings);
        let shares: Option<Decimal> = postings.map(|posting| self.share(posting)).sum();
        shares == Some(Decimal::ONE_HUNDRED)
    }

    /// The share that a label such as `分摊60%` states, in percent.
    fn share(&self, posting: &Posting<'_>) -> Option<Decimal> {
        let stated = |tag: &String| {
            let mut words = self.share_words.iter();
            let rest = words.find_map(|word| tag.strip_prefix(word.as_str()))?;
            let number = rest.trim_matches([' ', ':', '：', '%', '％']);
            number
                .parse::<Decimal>()
                .ok()
                .filter(|share| *share > Decimal::ZERO)
        };
        posting.tags().iter().find_map(stated)
    }
}

fn resting_on<'a>(project: &'a Project, paper: &str, case: &Case<'_>) -> Vec<Posting<'a>> {
    let rests_on = |posting: &Posting<'_>| posting.entry.papers().any(|of| of == paper);
    standing(project, case.as_of)
        .filter(|posting| posting.left > Decimal::ZERO && rests_on(posting))
        .collect()
}
