//! The elements of an activity as an [`Activity`]: dates, status, organisations, texts, links. Money is in `money`.

mod money;

use chrono::NaiveDate;

use super::activity::{
    Activity, ActivityDate, ActivityDateKind, ActivityStatus, Organisation, OrganisationRole,
    ParticipatingOrg, RelatedActivity, Relation,
};
use super::dates;
use super::narrative::{narratives, preferred};
use super::problem::{Place, ProblemCode, Problems};
use super::tokens::stated;
use super::tree::Element;

/// An activity being read.
#[derive(Debug)]
pub(super) struct Draft {
    activity: Activity,
    problems: Problems,
}

impl Draft {
    /// Begins the activity whose start tag is at `place`.
    pub(super) fn new(
        index: u64,
        attributes: &[(String, String)],
        place: Place,
        listed_problems: u64,
    ) -> Self {
        let text = |name: &str| stated(attributes, name).map(str::to_owned);
        let base = format!("iati-activity[{}]", index.saturating_add(1));
        let mut draft = Self {
            activity: blank(index, place),
            problems: Problems::new(base, listed_problems),
        };
        draft.activity.version = text("version");
        draft.activity.language = text("xml:lang");
        draft.activity.default_currency = text("default-currency").map(|currency| currency.to_uppercase());
        draft.activity.hierarchy = text("hierarchy");
        draft.activity.generated = text("generated-datetime");
        draft.activity.last_updated = text("last-updated-datetime");
        let updated = draft.activity.last_updated.clone();
        draft.activity.last_updated_on = updated.and_then(|text| {
            read_date(&mut draft.problems, &text, place, || {
                "@last-updated-datetime".to_owned()
            })
        });
        draft
    }

    pub(super) fn index(&self) -> u64 {
        self.activity.index
    }

    pub(super) fn place(&self) -> Place {
        self.activity.place
    }

    pub(super) fn identifier(&self) -> Option<&str> {
        self.activity.identifier.as_deref()
    }

    pub(super) fn problems(&mut self) -> &mut Problems {
        &mut self.problems
    }

    /// Takes in one direct child of the activity; elements karez has no use for are passed over.
    pub(super) fn take(&mut self, element: &Element) {
        let language = self.activity.language.clone();
        match element.name.as_str() {
            "iati-identifier" => self.take_identifier(element),
            "reporting-org" if self.activity.reporting_org.is_none() => {
                self.activity.reporting_org = Some(self.organisation(element));
            }
            "participating-org" => self.take_participating_org(element),
            "title" => self
                .activity
                .titles
                .extend(narratives(element, language.as_deref())),
            "description" => self
                .activity
                .descriptions
                .extend(narratives(element, language.as_deref())),
            "activity-status" if element.number == 1 => self.take_status(element),
            "activity-date" => self.take_date(element),
            "related-activity" => self.take_related(element),
            "budget" => self.take_budget(element),
            "planned-disbursement" => self.take_planned_disbursement(element),
            "transaction" => self.take_transaction(element),
            _ => {}
        }
    }

    /// Completes the activity.
    pub(super) fn finish(mut self) -> Activity {
        if self.activity.identifier.is_none() {
            self.problems
                .report(ProblemCode::MissingIdentifier, self.activity.place, "", "");
        }
        (self.activity.problems, self.activity.problems_omitted) = self.problems.into_parts();
        self.activity
    }

    /// The first `iati-identifier` counts, even when it is empty.
    fn take_identifier(&mut self, element: &Element) {
        let text = element.all_text();
        if element.number == 1 && !text.trim().is_empty() {
            self.activity.identifier = Some(text.trim().to_owned());
        }
    }

    fn organisation(&self, element: &Element) -> Organisation {
        let names = narratives(element, self.activity.language.as_deref());
        let text = |name: &str| element.stated(name).map(str::to_owned);
        Organisation {
            reference: text("ref"),
            name: preferred(&names).map(str::to_owned),
            type_code: text("type"),
            activity_id: text("activity-id")
                .or_else(|| text("provider-activity-id"))
                .or_else(|| text("receiver-activity-id")),
        }
    }

    fn take_participating_org(&mut self, element: &Element) {
        let code = element.stated("role");
        let role = code.and_then(role_of);
        if let (Some(code), None) = (code, role) {
            let path = format!("{}/@role", element.numbered_step());
            self.problems
                .report(ProblemCode::UnknownOrganisationRole, element.place, &path, code);
        }
        let organisation = self.organisation(element);
        self.activity
            .participating_orgs
            .push(ParticipatingOrg { role, organisation });
    }

    fn take_status(&mut self, element: &Element) {
        let code = element.stated("code");
        self.activity.status = code.and_then(status_of);
        self.activity.status_code = code.map(str::to_owned);
        if self.activity.status.is_none() {
            let path = format!("{}/@code", element.numbered_step());
            self.problems.report(
                ProblemCode::UnknownActivityStatus,
                element.place,
                &path,
                code.unwrap_or(element.own_text()),
            );
        }
    }

    /// The day is in `iso-date`, in old files in the text.
    fn take_date(&mut self, element: &Element) {
        let code = element.attribute("type").unwrap_or_default();
        let Some(kind) = date_kind_of(code) else {
            let path = format!("{}/@type", element.numbered_step());
            self.problems
                .report(ProblemCode::UnknownActivityDateType, element.place, &path, code);
            return;
        };
        let text = element.attribute("iso-date").unwrap_or(element.own_text());
        if let Some(on) = read_date(&mut self.problems, text, element.place, || {
            element.numbered_step()
        }) {
            self.activity.dates.push(ActivityDate { kind, on });
        }
    }

    fn take_related(&mut self, element: &Element) {
        if let Some(identifier) = element.stated("ref") {
            let relation = element.stated("type").and_then(relation_of);
            self.activity.related.push(RelatedActivity {
                relation,
                identifier: identifier.to_owned(),
            });
        }
    }
}

/// Reads a date; what is wrong with it is reported at the path, which is only built when needed.
fn read_date(
    problems: &mut Problems,
    text: &str,
    place: Place,
    path: impl Fn() -> String,
) -> Option<NaiveDate> {
    let Some(read) = dates::date(text) else {
        problems.report(ProblemCode::BadDate, place, &path(), text.trim());
        return None;
    };
    if !read.plausible() {
        problems.report(ProblemCode::DateOutOfRange, place, &path(), text.trim());
    }
    if read.trailing_text {
        problems.report(ProblemCode::DateTrailingText, place, &path(), text.trim());
    }
    Some(read.on)
}

fn role_of(code: &str) -> Option<OrganisationRole> {
    match code.to_ascii_lowercase().as_str() {
        "1" | "funding" => Some(OrganisationRole::Funding),
        "2" | "accountable" => Some(OrganisationRole::Accountable),
        "3" | "extending" => Some(OrganisationRole::Extending),
        "4" | "implementing" => Some(OrganisationRole::Implementing),
        _ => None,
    }
}

fn status_of(code: &str) -> Option<ActivityStatus> {
    match code {
        "1" => Some(ActivityStatus::Pipeline),
        "2" => Some(ActivityStatus::Implementation),
        "3" => Some(ActivityStatus::Finalisation),
        "4" => Some(ActivityStatus::Closed),
        "5" => Some(ActivityStatus::Cancelled),
        "6" => Some(ActivityStatus::Suspended),
        _ => None,
    }
}

fn date_kind_of(code: &str) -> Option<ActivityDateKind> {
    match code.to_ascii_lowercase().as_str() {
        "1" | "start-planned" => Some(ActivityDateKind::PlannedStart),
        "2" | "start-actual" => Some(ActivityDateKind::ActualStart),
        "3" | "end-planned" => Some(ActivityDateKind::PlannedEnd),
        "4" | "end-actual" => Some(ActivityDateKind::ActualEnd),
        _ => None,
    }
}

fn relation_of(code: &str) -> Option<Relation> {
    match code {
        "1" => Some(Relation::Parent),
        "2" => Some(Relation::Child),
        "3" => Some(Relation::Sibling),
        "4" => Some(Relation::CoFunded),
        "5" => Some(Relation::ThirdParty),
        _ => None,
    }
}

fn blank(index: u64, place: Place) -> Activity {
    Activity {
        index,
        place,
        identifier: None,
        version: None,
        language: None,
        default_currency: None,
        hierarchy: None,
        last_updated: None,
        last_updated_on: None,
        generated: None,
        reporting_org: None,
        participating_orgs: Vec::new(),
        titles: Vec::new(),
        descriptions: Vec::new(),
        status: None,
        status_code: None,
        dates: Vec::new(),
        budgets: Vec::new(),
        planned_disbursements: Vec::new(),
        transactions: Vec::new(),
        related: Vec::new(),
        problems: Vec::new(),
        problems_omitted: 0,
    }
}
