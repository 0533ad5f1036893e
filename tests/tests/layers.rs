//! What may stand on what.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use yujie_table::INDEXES;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The packages that `package` is built from, itself among them.
fn built_from(package: &str) -> BTreeSet<String> {
    let cargo = env!("CARGO");
    let tree = Command::new(cargo)
        .current_dir(root())
        .args([
            "tree",
            "--locked",
            "--offline",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "-p",
            package,
        ])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next().map(ToOwned::to_owned))
        .collect()
}

fn functions() -> Vec<String> {
    fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_domain_knows_neither_cloud_nor_network_nor_runtime() {
    for package in built_from("yujie-domain") {
        let foreign = ["aws", "lambda", "tokio", "hyper", "http", "axum", "futures", "tower", "async"];
        assert!(!foreign.iter().any(|name| package.starts_with(name)), "the domain is built from {package}");
        assert!(!package.starts_with("yujie-") || package == "yujie-domain", "{package}");
    }
}

#[test]
fn inner_layers_know_nothing_of_outer_ones() {
    let functions = functions();
    for (package, outer) in [
        ("yujie-couriers", &["yujie-table", "yujie-runtime", "aws-sdk-dynamodb", "tokio"][..]),
        ("yujie-catalogue", &["yujie-table", "yujie-runtime", "aws-sdk-dynamodb", "tokio"]),
        ("yujie-table", &["yujie-runtime", "lambda_runtime", "axum"]),
        ("yujie-runtime", &["yujie-couriers", "yujie-catalogue"]),
    ] {
        let parts = built_from(package);
        for outer in outer {
            assert!(!parts.contains(*outer), "{package} is built from {outer}");
        }
        for function in &functions {
            assert!(!parts.contains(function), "{package} is built from {function}");
        }
    }
}

/// aws-lc costs a cold start 420 million instructions; an embedded database and the test tools belong to tests.
#[test]
fn functions_are_built_from_what_they_need() {
    let functions = functions();
    for function in &functions {
        let parts = built_from(function);
        for unwanted in ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "dynoxide-rs", "insta"] {
            assert!(!parts.contains(unwanted), "{function} is built from {unwanted}");
        }
        let others = functions.iter().filter(|other| *other != function && parts.contains(*other));
        assert_eq!(others.count(), 0, "{function} is built from another function");
    }
}

#[test]
fn the_template_has_the_tables_indexes() {
    let template = fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let stated: Vec<&str> = template.lines().map(str::trim).collect();
    let named = stated.iter().filter(|line| line.starts_with("- IndexName:"));
    assert_eq!(named.count(), INDEXES.len());
    for index in INDEXES {
        let place = stated
            .iter()
            .position(|line| *line == format!("- IndexName: {}", index.name))
            .unwrap_or_else(|| panic!("{} is not in the template", index.name));
        let expected = format!(
            "KeySchema: [{{AttributeName: {}, KeyType: HASH}}, {{AttributeName: {}, KeyType: RANGE}}]",
            index.pk, index.sk
        );
        assert_eq!(stated[place + 1], expected);
        assert!(stated[place + 2].contains("KEYS_ONLY"), "{}", stated[place + 2]);
        for key in [index.pk, index.sk] {
            let defined = format!("- {{AttributeName: {key}, AttributeType: S}}");
            assert!(stated.contains(&defined.as_str()), "{defined}");
        }
    }
}
