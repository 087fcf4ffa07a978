//! Whom an operation asks who they are, and every status by which it may say that it does not do what was asked: those
//! who check answers against the document find no other.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Components, Ref};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{RefOr, ResponseBuilder};

use crate::authorization::{Access, access};

/// The statuses, and what each says.
const REFUSALS: [(u16, &str); 14] = [
    (400, "The question cannot be read."),
    (401, "Nobody that is known asks."),
    (403, "The caller may not do this."),
    (404, "There is nothing here that the caller may see."),
    (409, "It does not go together with what is there."),
    (413, "The body is too large."),
    (415, "The body is packed, or of another media type."),
    (
        421,
        "Without accounts, only names of this machine are answered to.",
    ),
    (422, "The body cannot be taken."),
    (
        429,
        "Too many try from this address: come back as Retry-After says.",
    ),
    (500, "A fault of the service."),
    (502, "The directory does not answer."),
    (503, "Not now: come back as Retry-After says."),
    (504, "It took too long; what was sent may still be recorded."),
];

/// Describes each status once, for all operations.
pub(super) fn describe(components: &mut Components) {
    for (status, description) in REFUSALS {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", problem.build())
            .build();
        components
            .responses
            .insert(status.to_string(), RefOr::T(response));
    }
}

/// Says of an operation by which of them it refuses, as far as it does not say so itself.
pub(super) fn complete(method: &str, path: &str, operation: &mut Operation) {
    let is_open = access(&method.to_uppercase(), path) == Some(Access::Anyone);
    if !is_open {
        let none: [&str; 0] = [];
        let ways = ["key", "session"].map(|way| SecurityRequirement::new(way, none));
        operation.security = Some(ways.into());
    }
    let has_body = operation.request_body.is_some();
    let signs_in = path.starts_with("/v1/session");
    // A unit that asks for another one's rows learns no more of it than of one that does not exist.
    let names_a_unit = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "unit"));
    for (status, _) in REFUSALS {
        let may_be = match status {
            401 | 403 => !is_open || signs_in,
            404 => path.contains('{') || names_a_unit,
            409 | 429 => signs_in,
            413 | 422 => has_body,
            502 => path.starts_with("/v1/session/oidc"),
            _ => true,
        };
        if may_be {
            let status = status.to_string();
            let refused = RefOr::Ref(Ref::from_response_name(&status));
            operation.responses.responses.entry(status).or_insert(refused);
        }
    }
}
