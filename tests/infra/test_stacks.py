"""Tables, queues, keys and the two APIs."""

import json
from typing import Any

import pytest

from infra import names, tables
from infra.functions import FUNCTIONS
from infra.queues import QUEUES
from tests.infra.conftest import HOME, ROOT, SECOND, Templates, everywhere, resources

_MOST_RESOURCES = 500  # CloudFormation, per stack
_MOST_ROUTES = 300  # HTTP API, fixed


def _by_name(templates: Templates, kind: str, key: str, region: str = HOME) -> dict[str, dict[str, Any]]:
    return {p[key]: p for _where, p in everywhere(templates, kind, region)}


def test_no_stack_comes_near_cloudformation_limit(templates: Templates) -> None:
    largest = max(len(template["Resources"]) for template in templates.values())

    assert largest < _MOST_RESOURCES / 2


def test_stacks_hand_each_other_only_the_api_and_the_key(templates: Templates) -> None:
    exports = {
        output["Export"]["Name"].split(":")[1]
        for template in templates.values()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }

    others = {export for export in exports if "httpapi" not in export and "tenant" not in export}
    assert others == set()


@pytest.mark.parametrize("spec", tables.TABLES, ids=lambda t: t.name)
def test_a_table_is_recoverable_encrypted_expiring_and_hard_to_delete(templates: Templates, spec: tables.Table) -> None:
    table = _by_name(templates, "AWS::DynamoDB::GlobalTable", "TableName")[f"switchboard-prod-{spec.name}"]
    template = templates[names.stack("prod", HOME, "data")]

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert [index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])] == [i.name for i in spec.indexes]
    assert [r["Region"] for r in table["Replicas"]] == ([HOME, SECOND] if spec.replicated else [HOME])
    assert all(
        r["DeletionProtectionEnabled"] and r["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        for r in table["Replicas"]
    )
    assert template["Resources"][spec.name]["DeletionPolicy"] == "Retain"


def test_a_second_region_makes_only_its_regional_tables(templates: Templates) -> None:
    made = _by_name(templates, "AWS::DynamoDB::GlobalTable", "TableName", SECOND)

    assert list(made) == ["switchboard-prod-limits"]


def test_a_second_region_replicates_the_key_instead_of_making_one(templates: Templates) -> None:
    replica = resources(templates[names.stack("prod", SECOND, "keys")], "AWS::KMS::ReplicaKey")

    assert [p["PrimaryKeyArn"] for p in replica.values()] == ["arn:aws:kms:us-east-1:111122223333:key/mrk-1"]
    assert everywhere(templates, "AWS::KMS::Key", SECOND) == []


def test_the_key_spans_regions_and_rotates(templates: Templates) -> None:
    [(_where, key)] = everywhere(templates, "AWS::KMS::Key")

    assert (key["MultiRegion"], key["EnableKeyRotation"]) == (True, True)


@pytest.mark.parametrize("spec", [q for q in QUEUES if q.consumer], ids=lambda q: q.name)
def test_a_worked_queue_has_its_own_dead_letters_and_partial_failures(templates: Templates, spec: Any) -> None:
    stack = templates[names.stack("prod", HOME, spec.domain)]
    queues = {p["QueueName"]: p for p in resources(stack, "AWS::SQS::Queue").values()}
    queue, dead = queues[f"switchboard-prod-{spec.name}"], queues[f"switchboard-prod-{spec.name}-dlq"]
    consumer = next(f for f in FUNCTIONS if f.path == spec.consumer)
    mapping = next(
        p
        for p in resources(stack, "AWS::Lambda::EventSourceMapping").values()
        if f"queue{spec.name.replace('-', '')}" in str(p["EventSourceArn"])
    )

    assert queue["VisibilityTimeout"] >= 6 * consumer.timeout_s
    assert queue["RedrivePolicy"]["maxReceiveCount"] == spec.receives
    assert f"queue{spec.name.replace('-', '')}dlq" in str(queue["RedrivePolicy"]["deadLetterTargetArn"])
    assert dead["RedriveAllowPolicy"]["redrivePermission"] == "byQueue"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == spec.concurrency


def test_every_dead_letter_queue_rings(templates: Templates) -> None:
    dead = {
        q["QueueName"]
        for _where, q in everywhere(templates, "AWS::SQS::Queue")
        if "RedrivePolicy" not in q  # nothing behind it: somebody has to look
    }
    watched = {
        d["Value"]
        for _where, alarm in everywhere(templates, "AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "AWS/SQS" and alarm["AlarmActions"]
        for d in alarm["Dimensions"]
    }

    assert watched == dead


def test_every_queue_refuses_plain_http(templates: Templates) -> None:
    queues = everywhere(templates, "AWS::SQS::Queue")
    policies = everywhere(templates, "AWS::SQS::QueuePolicy")
    conditions = [p["PolicyDocument"]["Statement"][0]["Condition"] for _where, p in policies]

    assert conditions == [{"Bool": {"aws:SecureTransport": "false"}}] * len(queues)


def test_each_prefix_is_two_routes_and_each_function_one_permission(templates: Templates) -> None:
    routes = [p["RouteKey"] for _where, p in everywhere(templates, "AWS::ApiGatewayV2::Route")]
    permissions = [
        where
        for where, p in everywhere(templates, "AWS::Lambda::Permission")
        if p["Principal"] == "apigateway.amazonaws.com"
    ]
    expected = [
        key
        for f in FUNCTIONS
        for key in [*(f"ANY {p}{rest}" for p in f.prefixes for rest in ("", "/{proxy+}")), *f.routes]
    ]

    assert sorted(routes) == sorted(expected)
    assert len(routes) <= _MOST_ROUTES
    assert len(permissions) == sum(bool(f.prefixes or f.routes or f.streaming) for f in FUNCTIONS)


def test_the_http_api_leaves_cors_to_the_functions_and_logs_routes_not_paths(templates: Templates) -> None:
    [(_api, api)] = everywhere(templates, "AWS::ApiGatewayV2::Api")
    [(_stage, stage)] = everywhere(templates, "AWS::ApiGatewayV2::Stage")
    logged = json.loads(stage["AccessLogSettings"]["Format"])

    assert "CorsConfiguration" not in api
    assert logged["route"] == "$context.routeKey"
    assert "$context.path" not in logged.values()


def test_chat_streams_through_the_rest_api(templates: Templates) -> None:
    [(_where, method)] = everywhere(templates, "AWS::ApiGateway::Method")

    assert method["Integration"]["ResponseTransferMode"] == "STREAM"
    assert "response-streaming-invocations" in json.dumps(method["Integration"]["Uri"])


def test_the_domain_is_empty_for_the_http_api_and_llm_for_the_rest_api(templates: Templates) -> None:
    mappings = {p.get("ApiMappingKey"): p for _where, p in everywhere(templates, "AWS::ApiGatewayV2::ApiMapping")}
    [(_where, domain)] = everywhere(templates, "AWS::ApiGatewayV2::DomainName")

    assert set(mappings) == {None, "llm"}
    assert domain["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"


def test_every_alarm_names_a_runbook_that_exists(templates: Templates) -> None:
    alarms = everywhere(templates, "AWS::CloudWatch::Alarm")
    named = {w for _where, p in alarms for w in p.get("AlarmDescription", "").split() if w.startswith("docs/")}
    silent = [where for where, p in alarms if "docs/runbooks/" not in p.get("AlarmDescription", "")]

    assert [page for page in named if not (ROOT / page).exists()] == []
    assert silent == []
