"""The template against our own rules: complete, consistent with the code, and with no right that nothing uses."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "local"))

sys.path.insert(0, str(Path(__file__).resolve().parent))

from deploy import read_template  # noqa: E402
from rights import asked_of_table  # noqa: E402

TEMPLATE = read_template()
RESOURCES = TEMPLATE["Resources"]
GLOBALS = TEMPLATE["Globals"]["Function"]
# What Lambda itself sets is no configuration of ours.
VARIABLE = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"')


def of_type(kind: str) -> dict[str, dict]:
    return {name: resource.get("Properties", {}) for name, resource in RESOURCES.items() if resource["Type"] == kind}


def folder(function: dict) -> str:
    return Path(function["CodeUri"]).name


FUNCTIONS = {folder(function): (name, function) for name, function in of_type("AWS::Serverless::Function").items()}
QUEUES = of_type("AWS::SQS::Queue")
ROLES = of_type("AWS::IAM::Role")
ALARMS = of_type("AWS::CloudWatch::Alarm")
each_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def referred(value) -> str:
    """The logical id that a reference names."""
    if isinstance(value, dict):
        if "Ref" in value:
            return value["Ref"]
        if "Fn::GetAtt" in value:
            return value["Fn::GetAtt"][0]
        if "Fn::Sub" in value:
            return re.search(r"\$\{(\w+)", value["Fn::Sub"])[1]
    raise AssertionError(f"not a reference: {value}")


def timeout(function: dict) -> int:
    return function.get("Timeout", GLOBALS["Timeout"])


def queue_events(function: dict) -> list[dict]:
    return [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "SQS"]


def statements(role: str) -> list[dict]:
    return [statement for policy in ROLES[role]["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def granted(role: str) -> set[str]:
    return {action for statement in statements(role) if statement["Effect"] == "Allow" for action in as_list(statement["Action"])}


# The functions are the folders


def test_each_folder_of_functions_is_a_function():
    assert {path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml")} == set(FUNCTIONS)


def test_each_function_has_events_to_be_tested_with():
    assert {path.parent.name for path in (ROOT / "events").glob("*/*.json")} == set(FUNCTIONS)


@each_function
def test_a_function_is_named_after_its_folder(name):
    logical, function = FUNCTIONS[name]
    assert logical == "".join(part.title() for part in name.split("-")) + "Function"
    assert function["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    assert function["CodeUri"] == f"../target/lambda/{name}/"


@each_function
def test_a_function_is_given_just_the_variables_that_it_reads(name):
    given = set(FUNCTIONS[name][1].get("Environment", {}).get("Variables", {}))
    everything = {variable for _, one in FUNCTIONS.values() for variable in one.get("Environment", {}).get("Variables", {})}
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "functions" / name / "src").rglob("*.rs")))
    # What several functions work with is read in one place for all of them.
    for used, place in (("yujie_runtime::step::App", "runtime/src/step.rs"), ("yujie_courier_desk", "courier-desk/src/lib.rs"),
                        ("yujie_cashier", "cashier/src/lib.rs"),
                        ("yujie_phones", "phones/src/lib.rs"), ("yujie_wechat_desk", "wechat-desk/src/lib.rs")):
        if used in source:
            source += (ROOT / "shared" / place).read_text(encoding="utf-8")
    read = set(VARIABLE.findall(source)) & everything
    assert given == read


@each_function
def test_a_function_has_a_log_group_that_forgets(name):
    logical, function = FUNCTIONS[name]
    group = of_type("AWS::Logs::LogGroup")[referred(function["LoggingConfig"]["LogGroup"])]
    assert group["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{name}"}
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


# Rights


@each_function
def test_a_function_has_a_role_of_its_own(name):
    roles = [referred(function["Role"]) for _, function in FUNCTIONS.values()]
    assert roles.count(referred(FUNCTIONS[name][1]["Role"])) == 1
    assert "ManagedPolicyArns" not in ROLES[referred(FUNCTIONS[name][1]["Role"])]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_names_each_action_and_resource(role):
    # The two actions that know no narrower resource.
    anywhere = {"dynamodb:ListStreams", "sns:Publish"}
    for statement in statements(role):
        actions = as_list(statement["Action"])
        assert not [action for action in actions if "*" in action]
        if "*" in as_list(statement["Resource"]):
            assert set(actions) <= anywhere


def test_only_the_nightly_rounds_and_trials_of_rules_read_the_whole_table():
    assert {role for role in ROLES if "dynamodb:Scan" in granted(role)} == {"ShelvesRole", "TrialsRole", "AuditRole"}


def test_the_audit_writes_nothing_but_its_reports():
    writes = [one for one in statements("AuditRole") if {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(as_list(one["Action"]))]
    assert [one["Condition"] for one in writes] == [{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["AUDIT"]}}]
    source = (ROOT / "shared" / "table" / "src" / "key.rs").read_text(encoding="utf-8")
    assert 'const AUDIT: &str = "AUDIT";' in source


def test_only_codes_and_sessions_covers_picks_places_in_queues_what_stands_beside_a_title_and_readers_own_data_are_ever_deleted():
    queues = {"OrderingRole", "WarehouseRole", "HoldsRole", "PromisesRole", "SettlementsRole"}
    others = {"RegistrationRole", "CataloguingRole", "ShelvesRole", "ProfileRole"}
    assert {role for role in ROLES if "dynamodb:DeleteItem" in granted(role)} == queues | others


@each_function
def test_a_function_has_just_the_rights_on_the_table_that_its_code_uses(name):
    role = referred(FUNCTIONS[name][1]["Role"])
    actions = {action for action in granted(role) if action.startswith("dynamodb:")}
    resources = [resource.get("Fn::Sub", "") for one in statements(role) for resource in as_list(one["Resource"]) if isinstance(resource, dict)]
    indexes = {resource.rpartition("/")[2] for resource in resources if resource.startswith("${Table.Arn}/index/")}
    stream = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
    assert (actions - stream, indexes) == asked_of_table(name)
    assert bool(actions & stream) == (name == "relay")


@pytest.mark.parametrize("name", ["registration", "notices"])
def test_who_may_send_to_phones_may_not_publish_to_topics(name):
    denied = [one for one in statements(referred(FUNCTIONS[name][1]["Role"])) if one["Effect"] == "Deny"]
    assert [(one["Action"], one["Resource"]) for one in denied] == [("sns:Publish", {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"})]


@each_function
def test_a_function_may_reach_just_what_its_variables_name(name):
    function = FUNCTIONS[name][1]
    variables = {referred(value) for value in function.get("Environment", {}).get("Variables", {}).values() if known(value)}
    reachable = {
        referred(resource)
        for statement in statements(referred(function["Role"]))
        if statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"])
        if resource != "*"
    }
    own = {referred(function["LoggingConfig"]["LogGroup"])} | {referred(event["Queue"]) for event in queue_events(function)}
    failures = {referred(place["Destination"]) for place in failure_places(function)}
    assert reachable == variables | own | failures


def known(value) -> bool:
    """A variable that names a resource, and not a parameter or an address."""
    return isinstance(value, dict) and "Fn::If" not in value and referred(value) in RESOURCES


def failure_places(function: dict) -> list[dict]:
    settings = [event["Properties"] for event in function.get("Events", {}).values()] + [function.get("EventInvokeConfig", {})]
    return [one["DestinationConfig"]["OnFailure"] for one in settings if "DestinationConfig" in one]


# Queues


def test_each_work_queue_has_a_dlq_and_each_dlq_belongs_to_something():
    targets = {referred(queue["RedrivePolicy"]["deadLetterTargetArn"]) for name, queue in QUEUES.items() if name.endswith("Queue")}
    others = {referred(place["Destination"]) for _, function in FUNCTIONS.values() for place in failure_places(function)}
    assert targets | others == {name for name in QUEUES if name.endswith("Dlq")}
    assert all("RedrivePolicy" in queue for name, queue in QUEUES.items() if name.endswith("Queue"))
    fourteen_days = 14 * 24 * 3600
    assert all(QUEUES[name]["MessageRetentionPeriod"] == fourteen_days for name in targets | others)


@pytest.mark.parametrize("name", sorted(name for name, (_, function) in FUNCTIONS.items() if queue_events(function)))
def test_a_queue_waits_six_time_outs_and_failed_messages_fail_alone(name):
    function = FUNCTIONS[name][1]
    [event] = queue_events(function)
    queue = QUEUES[referred(event["Queue"])]
    assert queue["VisibilityTimeout"] >= 6 * timeout(function) + event.get("MaximumBatchingWindowInSeconds", 0)
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_each_work_queue_is_read_by_one_function():
    read = [referred(event["Queue"]) for _, function in FUNCTIONS.values() for event in queue_events(function)]
    assert sorted(read) == sorted(name for name in QUEUES if name.endswith("Queue"))


def test_the_stream_starts_at_the_beginning_and_gives_up_into_a_dlq():
    [stream] = [event["Properties"] for _, one in FUNCTIONS.values() for event in one.get("Events", {}).values() if event["Type"] == "DynamoDB"]
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRetryAttempts"] > 0
    assert referred(stream["DestinationConfig"]["OnFailure"]["Destination"]) == "RelayDlq"


def test_the_stream_is_filtered_for_the_kinds_that_the_relay_follows():
    [stream] = [event["Properties"] for _, one in FUNCTIONS.values() for event in one.get("Events", {}).values() if event["Type"] == "DynamoDB"]
    patterns = [json.loads(one["Pattern"])["dynamodb"] for one in stream["FilterCriteria"]["Filters"]]
    kinds = {kind for pattern in patterns for image in pattern.values() for kind in image["kind"]["S"]}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions" / "relay" / "src").rglob("*.rs"))
    assert kinds == set(re.findall(r'^\s*"(\w+)" => of_', source, re.MULTILINE))


def test_a_notice_that_cannot_be_handed_over_is_kept():
    [subscription] = [one for one in of_type("AWS::SNS::Subscription").values() if one["Protocol"] == "lambda"]
    assert referred(subscription["RedrivePolicy"]["deadLetterTargetArn"]) == "NoticesDlq"
    assert referred(subscription["Endpoint"]) == "NoticesFunction"


@pytest.mark.parametrize(
    ("name", "function", "job"),
    [
        ("promises", "Promises", "redrive"),
        ("queues", "Promises", "queues"),
        ("morning", "Promises", "morning"),
        ("shelves", "Shelves", "fill"),
        ("audit", "Audit", "check"),
    ],
)
def test_a_schedule_is_scoped_to_the_stack(name, function, job):
    schedule = of_type("AWS::Scheduler::Schedule")[f"{name.title()}Schedule"]
    assert schedule["Name"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    assert referred(schedule["Target"]["Arn"]) == f"{function}Function"
    assert json.loads(schedule["Target"]["Input"]) == {"job": job}


def test_there_are_no_other_schedules():
    names = {"PromisesSchedule", "QueuesSchedule", "MorningSchedule", "ShelvesSchedule", "AuditSchedule"}
    assert set(of_type("AWS::Scheduler::Schedule")) == names


def test_the_shelves_are_filled_in_the_night_of_the_library():
    schedule = of_type("AWS::Scheduler::Schedule")["ShelvesSchedule"]
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == ("cron(30 3 * * ? *)", "Asia/Shanghai")


def test_the_table_is_audited_when_the_shelves_are_done():
    begins = [of_type("AWS::Scheduler::Schedule")[name]["ScheduleExpression"] for name in ("ShelvesSchedule", "AuditSchedule")]
    shelves, audit = [60 * int(hour) + int(minute) for minute, hour in re.findall(r"cron\((\d+) (\d+) ", " ".join(begins))]
    assert 60 * (audit - shelves) >= timeout(FUNCTIONS["shelves"][1])
    assert of_type("AWS::Scheduler::Schedule")["AuditSchedule"]["ScheduleExpressionTimezone"] == "Asia/Shanghai"


# The HTTP API


def test_routes_and_the_api_description_are_the_same_list():
    description = json.loads((ROOT / "infra" / "openapi.json").read_text(encoding="utf-8"))
    methods = {"get", "put", "post", "delete", "patch", "head", "options"}
    described = {f"{method.upper()} {path}" for path, item in description["paths"].items() for method in item if method in methods}
    routes = {route["RouteKey"] for route in of_type("AWS::ApiGatewayV2::Route").values()}
    assert routes == described


def test_each_integration_may_be_called_by_the_api_and_has_a_route():
    integrations = of_type("AWS::ApiGatewayV2::Integration")
    called = {referred(integration["IntegrationUri"]) for integration in integrations.values()}
    permitted = {referred(one["FunctionName"]) for one in of_type("AWS::Lambda::Permission").values() if one["Principal"] == "apigateway.amazonaws.com"}
    assert called == permitted
    assert {referred(route["Target"]) for route in of_type("AWS::ApiGatewayV2::Route").values()} == set(integrations)
    assert all(integration["PayloadFormatVersion"] == "2.0" for integration in integrations.values())


# State and alarms


def test_the_table_can_be_brought_back_and_is_encrypted():
    [table] = of_type("AWS::DynamoDB::Table").values()
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert RESOURCES["Table"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_indexes_are_those_of_the_table_layer():
    [table] = of_type("AWS::DynamoDB::Table").values()
    source = (ROOT / "shared" / "table" / "src" / "schema.rs").read_text(encoding="utf-8")
    expected = set(re.findall(r'Index \{ name: "(\w+)", pk: "(\w+)", sk: "(\w+)" \}', source))
    found = {(index["IndexName"], *(key["AttributeName"] for key in index["KeySchema"])) for index in table["GlobalSecondaryIndexes"]}
    assert found == expected
    assert {index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}


@pytest.mark.parametrize("name", sorted(of_type("AWS::S3::Bucket")))
def test_a_bucket_is_private_encrypted_and_kept(name):
    bucket = of_type("AWS::S3::Bucket")[name]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    [policy] = [one for one in of_type("AWS::S3::BucketPolicy").values() if referred(one["Bucket"]) == name]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert [referred(resource) for resource in statement["Resource"]] == [name, name]


def alarmed(metric: str) -> set[str]:
    return {referred(dimension["Value"]) for alarm in ALARMS.values() if alarm["MetricName"] == metric for dimension in alarm["Dimensions"]}


def test_whatever_can_fail_has_an_alarm():
    assert alarmed("ApproximateNumberOfMessagesVisible") == {name for name in QUEUES if name.endswith("Dlq")}
    assert alarmed("Errors") == {logical for logical, _ in FUNCTIONS.values()}
    assert alarmed("IteratorAge") == {"RelayFunction"}
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmsTopic"}] for alarm in ALARMS.values())


@pytest.mark.parametrize(("metric", "function", "source"), [
    ("promises_broken", "promises", "functions/promises/src/clock.rs"),
    ("refunds_stuck", "payments", "shared/lending/src/payment.rs"),
    ("audit_findings", "audit", "functions/audit/src/lib.rs"),
])
def test_what_readers_were_promised_and_did_not_get_and_what_does_not_agree_rings(metric: str, function: str, source: str):
    [alarm] = [alarm for alarm in ALARMS.values() if alarm["Namespace"] == "Yujie" and alarm["MetricName"] == metric]
    assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == ("Sum", 1, "GreaterThanOrEqualToThreshold")
    assert alarm["Dimensions"] == [{"Name": "function", "Value": function}]
    text = (ROOT / source).read_text(encoding="utf-8")
    assert f'"{metric}"' in text and f'metrics::put' in text


def test_operations_says_what_to_do_at_each_alarm():
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    kinds = {re.sub(r"^(Accept|Sort|Pack|Dispatch|Deliver|Collections|Index|Imports|Holds|Settlements|Trials|Relay|Notices)(?=Dlq)", "*", name) for name in ALARMS}
    kinds = {re.sub(r"^\w+(?=ErrorsAlarm)|^(Accept|Sort|Pack|Dispatch|Deliver|Collections|Settlements)(?=Age)", "*", name) for name in kinds}
    assert [kind for kind in sorted(kinds) if kind not in guide] == []


def test_operations_says_what_to_do_at_each_finding_of_the_audit():
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    source = (ROOT / "shared" / "domain" / "src" / "audit" / "finding.rs").read_text(encoding="utf-8")
    codes = re.findall(r'^    \w+, "([a-z_]+)", (?:Contradiction|Drift),$', source, re.MULTILINE)
    assert len(codes) >= 20
    assert [code for code in codes if f"`{code}`" not in guide] == []


# Partitions


def test_no_partition_or_domain_is_written_out():
    text = (ROOT / "infra" / "template.yaml").read_text(encoding="utf-8")
    assert re.findall(r"arn:aws|amazonaws\.com\.cn|us-east-1|cn-north", text) == []
    # Service principals have the same name in both partitions.
    assert set(re.findall(r"(\w+)\.amazonaws\.com", text)) == {"lambda", "scheduler", "sns", "apigateway"}
