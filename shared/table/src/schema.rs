//! The table's shape. `infra/template.yaml` states the same shape for AWS; a test compares the two.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};

use crate::error::TableError;

/// A sparse index; all project keys alone, so that an entry costs one unit when it comes and one when it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The attribute that is its partition key.
    pub pk: &'static str,
    /// The attribute that is its sort key.
    pub sk: &'static str,
}

/// Things by what people call them: copies by title, orders by number. Its entries never change.
pub(crate) const BY_REF: Index = Index { name: "by_ref", pk: "ref_pk", sk: "ref_sk" };
/// What a site has in work.
pub(crate) const BY_SITE: Index = Index { name: "by_site", pk: "site_pk", sk: "site_sk" };
/// What has a clock: open parcels by promise, loans by due day.
pub(crate) const BY_CLOCK: Index = Index { name: "by_clock", pk: "clock_pk", sk: "clock_sk" };

/// All indexes.
pub const INDEXES: [Index; 3] = [BY_REF, BY_SITE, BY_CLOCK];

/// Creates the table, for tests against an embedded database; AWS and the local run create it from the template.
///
/// # Errors
/// Whatever the database answers.
pub async fn create_table(client: &Client, name: &str) -> Result<(), TableError> {
    let text = |attribute: &str| {
        AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S)
            .build()
    };
    let keys = |pk: &str, sk: &str| {
        [(pk, KeyType::Hash), (sk, KeyType::Range)].map(|(attribute, kind)| {
            KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build()
        })
    };
    let wrong = |error: aws_sdk_dynamodb::error::BuildError| TableError::Unavailable(error.to_string());

    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in ["pk", "sk"].into_iter().chain(INDEXES.iter().flat_map(|index| [index.pk, index.sk])) {
        request = request.attribute_definitions(text(attribute).map_err(wrong)?);
    }
    for element in keys("pk", "sk") {
        request = request.key_schema(element.map_err(wrong)?);
    }
    for index in INDEXES {
        let mut built = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        for element in keys(index.pk, index.sk) {
            built = built.key_schema(element.map_err(wrong)?);
        }
        request = request.global_secondary_indexes(built.build().map_err(wrong)?);
    }
    request.send().await.map(drop).map_err(TableError::from_sdk)
}
