//! Metrics in `CloudWatch`'s embedded format: one JSON line on standard output, no call to anybody.

use serde_json::json;

/// What is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
}

/// One line of metrics, all with the one dimension `function`.
pub fn line(function: &str, at_ms: i64, values: &[(&str, Unit, u64)]) -> String {
    let definitions: Vec<_> = values
        .iter()
        .map(|(name, unit, _)| {
            let unit = match unit {
                Unit::Count => "Count",
                Unit::Milliseconds => "Milliseconds",
            };
            json!({"Name": name, "Unit": unit})
        })
        .collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": at_ms,
            "CloudWatchMetrics": [{"Namespace": "Yujie", "Dimensions": [["function"]], "Metrics": definitions}]
        },
        "function": function,
    });
    if let Some(object) = line.as_object_mut() {
        for (name, _, value) in values {
            object.insert((*name).to_owned(), json!(value));
        }
    }
    line.to_string()
}

/// Writes a line of metrics.
#[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads metrics from")]
pub fn put(function: &str, at_ms: i64, values: &[(&str, Unit, u64)]) {
    println!("{}", line(function, at_ms, values));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let line = line("ordering", 1_700_000_000_000, &[("orders_placed", Unit::Count, 1)]);
        let expected = json!({
            "_aws": {
                "Timestamp": 1_700_000_000_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Yujie",
                    "Dimensions": [["function"]],
                    "Metrics": [{"Name": "orders_placed", "Unit": "Count"}]
                }]
            },
            "function": "ordering",
            "orders_placed": 1
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), expected);
    }
}
