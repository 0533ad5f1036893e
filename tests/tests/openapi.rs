//! The API's document is what the code says: generated, frozen in `infra/openapi.json`, compared here.
//!
//! `UPDATE_OPENAPI=1 cargo nextest run -p yujie-tests openapi` freezes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Tag};
use yujie_runtime::Code;

/// What each function that answers HTTP says of its routes.
fn parts() -> Vec<OpenApi> {
    vec![
        search::openapi(),
        registration::openapi(),
        ordering::openapi(),
        warehouse::openapi(),
        cataloguing::openapi(),
        policies::openapi(),
        profile::openapi(),
        returns::openapi(),
        courier_webhook::openapi(),
        payments::openapi(),
        storefront::openapi(),
    ]
}

/// The document, merged from all functions that answer HTTP.
fn document() -> OpenApi {
    let bearer = |who: &str| {
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(who)).build())
    };
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Yujie 预借")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A library that delivers. Conventions: docs/api.md."))
        .license(Some(license))
        .build();
    let tag = |name: &str, about: &str| {
        let mut tag = Tag::new(name);
        tag.description = Some(about.to_owned());
        tag
    };
    let mut document = OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("reader", bearer("A reader's access token"))
                .security_scheme("staff", bearer("A member of staff's access token"))
                .build(),
        ))
        .tags(Some([
            tag("titles", "The catalogue"),
            tag("cards", "Getting a card and signing in"),
            tag("reader", "The reader's own data and inbox"),
            tag("orders", "Sites, orders, timelines, loans"),
            tag("returns", "Giving loans back"),
            tag("staff", "Work lists and scans, covers and picks, rules"),
            tag("couriers", "Couriers' pushes"),
            tag("payments", "The payment platform's notifications"),
            tag("wechat", "Readers inside WeChat"),
            tag("service", "The service itself"),
        ]))
        .build();
    for part in parts() {
        document.merge(part);
    }
    document
}

fn written() -> String {
    document().to_pretty_json().unwrap() + "\n"
}

#[test]
fn the_frozen_document_is_what_the_code_says() {
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&frozen, written()).unwrap();
    }
    let frozen = fs::read_to_string(&frozen).unwrap();
    // Line by line: the first difference is what has to be looked at.
    for (place, (frozen, now)) in frozen.lines().zip(written().lines()).enumerate() {
        assert_eq!(frozen, now, "infra/openapi.json line {}", place + 1);
    }
    assert_eq!(frozen.lines().count(), written().lines().count());
}

/// A merged document keeps the first of two of one name: the other's routes would be described by it.
#[test]
fn a_schema_name_means_one_thing_in_all_functions_and_each_reference_leads_somewhere() {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let (mut wanted, mut differ) = (BTreeSet::new(), BTreeSet::new());
    for part in parts() {
        let part = serde_json::to_value(part).unwrap();
        for (name, schema) in part["components"]["schemas"].as_object().into_iter().flatten() {
            if known.entry(name.clone()).or_insert_with(|| schema.clone()) != schema {
                differ.insert(name.clone());
            }
        }
        references(&part, &mut wanted);
    }
    let missing: Vec<_> = wanted.iter().filter(|name| !known.contains_key(*name)).collect();
    assert_eq!((differ, missing), (BTreeSet::new(), Vec::new()));
}

fn references(within: &Value, found: &mut BTreeSet<String>) {
    match within {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(|text| text.strip_prefix("#/components/schemas/")) {
                    Some(name) if key == "$ref" => drop(found.insert(name.to_owned())),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_code_that_a_client_can_meet_is_documented() {
    let document = written();
    for code in Code::ALL {
        assert!(document.contains(&format!("\"{}\"", code.as_str())), "{} is missing", code.as_str());
    }
}

#[test]
fn every_operation_that_takes_input_documents_its_problems() {
    let document = serde_json::to_value(document()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let takes_input = operation.get("requestBody").is_some() || operation.get("security").is_some();
            let refuses =
                operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('4'));
            assert!(!takes_input || refuses, "{method} {path} documents no refusal");
        }
    }
}
