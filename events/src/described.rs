//! How types that are written by hand as text are described to other programs.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::event::EventType;
use crate::ids::StreamId;

impl PartialSchema for EventType {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|event_type| event_type.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The type of an event, without its data."))
            .enum_values(Some(names))
            .into()
    }
}

impl ToSchema for EventType {}

impl PartialSchema for StreamId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The stream of an event."))
            .examples(["project/P1", "fund/KJ", "unit/91650400MA00000000", "calendar"])
            .into()
    }
}

impl ToSchema for StreamId {}

/// A type with all that it is made of, by name.
pub(crate) fn described<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}
