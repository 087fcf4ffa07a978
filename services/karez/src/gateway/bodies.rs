//! What the bodies of requests look like, for the document of the interface. They are read by `envelope`, which takes
//! each data field's own bytes.

use chrono::NaiveDate;
use karez_events::event::money_flow::{
    ExpenditureReclassified, ExpenditureRecorded, ExpenditureRefunded, ExpenditureReversed, FundsDisbursed,
};
use karez_events::event::supervision::{
    RectificationOrdered, SilenceEnded, WarningAssigned, WarningClosed, WarningNote, WarningsSilenced,
};
use karez_events::event::system::{RulesProposalWithdrawn, RulesProposed, RulesPublished};
use karez_events::{EventType, Metadata, ProjectId};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// Any fact about the project in the address.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct FactBody {
    /// The type of the event.
    r#type: EventType,
    /// 业务发生日.
    occurred_on: NaiveDate,
    /// What the type carries: the schema of the same name in camel case, such as `ExpenditureRecorded`.
    #[schema(value_type = Object)]
    data: (),
    /// What surrounds it.
    metadata: Option<Metadata>,
    /// Its id, where no idempotency key is given.
    event_id: Option<Uuid>,
    /// The schema number of the data; today's where absent.
    schema: Option<i16>,
}

/// One fact of many.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct RowBody {
    /// 项目编号.
    project: ProjectId,
    /// The sender's own key; sent again under it, the fact lands once.
    idempotency_key: Option<String>,
    /// The type of the event.
    r#type: EventType,
    /// 业务发生日.
    occurred_on: NaiveDate,
    /// What the type carries: the schema of the same name in camel case, such as `ExpenditureRecorded`.
    #[schema(value_type = Object)]
    data: (),
    /// What surrounds it.
    metadata: Option<Metadata>,
    /// Its id, where no idempotency key is given.
    event_id: Option<Uuid>,
    /// The schema number of the data; today's where absent.
    schema: Option<i16>,
}

/// What stands beside the data of a fact whose type the address says.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described")]
struct Surroundings {
    /// 业务发生日.
    occurred_on: NaiveDate,
    /// Its id, where no idempotency key is given.
    event_id: Option<Uuid>,
    /// The sender's system.
    source_system: Option<String>,
    /// Why, where it is late or corrects something.
    reason: Option<String>,
    /// What surrounds it.
    metadata: Option<Metadata>,
}

/// The data's schema with what stands beside them, without the fields that are known from the address or the caller, and with some that may be
/// left out.
fn beside<T: PartialSchema>(known: &[&str], may_be_absent: &[&str]) -> RefOr<Schema> {
    let (RefOr::T(Schema::Object(mut body)), RefOr::T(Schema::Object(more))) =
        (T::schema(), Surroundings::schema())
    else {
        return T::schema();
    };
    body.properties.extend(more.properties);
    body.required.extend(more.required);
    for name in known {
        body.properties.shift_remove(*name);
        body.required.retain(|required| required != name);
    }
    body.required
        .retain(|required| !may_be_absent.contains(&required.as_str()));
    body.into()
}

macro_rules! described_bodies {
    ($($(#[$doc:meta])+ $name:ident: $data:ty, $known:expr, $may_be_absent:expr;)+) => {$(
        $(#[$doc])+
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                beside::<$data>($known, &$may_be_absent)
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                <$data as ToSchema>::schemas(schemas);
                <Surroundings as ToSchema>::schemas(schemas);
            }
        }
    )+};
}

described_bodies! {
    /// 支出入账.
    ExpenditureBody: ExpenditureRecorded, &[], [];
    /// 拨付.
    DisbursementBody: FundsDisbursed, &[], [];
    /// 冲销.
    ReversalBody: ExpenditureReversed, &["reverses"], [];
    /// 更正.
    ReclassificationBody: ExpenditureReclassified, &["reclassifies"], [];
    /// 退款.
    RefundBody: ExpenditureRefunded, &["refunds"], [];
    /// 签收, 核查意见, 整改反馈 or 销号, of today where no day is named.
    NoteBody: WarningNote, &[], ["occurred_on"];
    /// 转派.
    AssignmentBody: WarningAssigned, &[], ["occurred_on"];
    /// 整改通知.
    OrderBody: RectificationOrdered, &[], ["occurred_on"];
    /// 解除 or 误报.
    EndingBody: WarningClosed, &[], ["occurred_on", "as_of"];
    /// 静默.
    SilenceBody: WarningsSilenced, &[], ["occurred_on"];
    /// 提前结束静默.
    SilenceEndBody: SilenceEnded, &["silence"], ["occurred_on"];
    /// 规则提议.
    ProposalBody: RulesProposed, &["author", "content_hash"], ["occurred_on"];
    /// 发布规则.
    PublicationBody: RulesPublished, &["author", "publisher", "content_hash", "rules", "proposal"], ["occurred_on"];
    /// 撤回规则提议.
    WithdrawalBody: RulesProposalWithdrawn, &["proposal"], ["occurred_on"];
}
