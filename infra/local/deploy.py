"""Deploys infra/template.yaml into the emulator, as `sam deploy` would: archives to S3, then a stack is created or updated."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import yaml
from botocore.exceptions import ClientError

import build
from tools import ROOT, Fault

TEMPLATE = ROOT / "infra" / "template.yaml"
BUCKET = "yujie-deploy"
SETTLED_SECONDS = 120


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short_form(loader: Loader, tag: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", short_form)


def read_template(path: Path = TEMPLATE) -> dict:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def name_of(function: dict) -> str:
    """The last part of `CodeUri`: folder, package, program."""
    return Path(function["Properties"]["CodeUri"]).name


def packaged(template: dict, s3, api_id: str) -> dict:
    """The same template with its code in S3, and with an API id that stays the same over the lives of the stack."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": BUCKET, "Key": upload(s3, build.PACKAGES / name_of(resource))}
        elif resource["Type"] == "AWS::ApiGatewayV2::Api":
            resource["Properties"]["Tags"] = {"ms-custom-id": api_id}
    # They refuse what does not come over TLS, and on this machine nothing does.
    template["Resources"] = {name: one for name, one in template["Resources"].items() if one["Type"] != "AWS::S3::BucketPolicy"}
    return template


def upload(s3, folder: Path) -> str:
    content = build.archive(folder).read_bytes()
    key = f"{folder.name}-{hashlib.sha256(content).hexdigest()[:20]}.zip"
    try:
        s3.head_object(Bucket=BUCKET, Key=key)
    except ClientError:
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return key


def deploy(client, stack_name: str, api_id: str, parameters: dict[str, str]) -> dict[str, str]:
    """`client(service)` gives a boto3 client. Returns the stack's outputs."""
    s3, cloudformation = client("s3"), client("cloudformation")
    s3.create_bucket(Bucket=BUCKET)
    body = json.dumps(packaged(read_template(), s3, api_id), ensure_ascii=False).encode()
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=body)
    wanted = {
        "StackName": stack_name,
        "TemplateURL": f"{s3.meta.endpoint_url}/{BUCKET}/template.json",
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if describe(cloudformation, stack_name) is None:
        cloudformation.create_stack(**wanted)
    else:
        try:
            cloudformation.update_stack(**wanted)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
    outputs = settled(cloudformation, stack_name)
    expire_items(client("dynamodb"), outputs["TableName"])
    return outputs


def describe(cloudformation, stack_name: str) -> dict | None:
    try:
        return cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def settled(cloudformation, stack_name: str) -> dict[str, str]:
    deadline = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < deadline:
        stack = describe(cloudformation, stack_name) or {"StackStatus": "GONE"}
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if not status.endswith("_IN_PROGRESS"):
            raise Fault(f"the template does not deploy: {status}: {first_failure(cloudformation, stack_name)}")
        time.sleep(0.1)
    raise Fault(f"the template is not deployed after {SETTLED_SECONDS} s")


def first_failure(cloudformation, stack_name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    return f"{failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason', '')}" if failed else "no reason given"


def expire_items(dynamodb, table: str) -> None:
    """The emulator ignores the template's `TimeToLiveSpecification`."""
    setting = read_template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    state = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if state != "ENABLED":
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)
