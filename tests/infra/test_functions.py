"""What every deployed function has, and has not."""

import re
from typing import Any

import pytest

from infra import names
from infra.bundling import ROOT
from infra.functions import FUNCTIONS, Function
from tests.infra.conftest import ACCOUNT, HOME, Templates, everywhere, resources

# (action, why no resource can be named). Nothing else may say `*`.
_EVERYWHERE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def _stack(templates: Templates, spec: Function) -> dict[str, Any]:
    return templates[names.stack("prod", HOME, spec.domain)]


def _function(templates: Templates, spec: Function) -> dict[str, Any]:
    found = resources(_stack(templates, spec), "AWS::Lambda::Function").values()
    return next(p for p in found if p["FunctionName"] == f"switchboard-prod-{spec.path.replace('/', '-')}")


def _role(templates: Templates, spec: Function) -> dict[str, Any]:
    role_id: str = _function(templates, spec)["Role"]["Fn::GetAtt"][0]
    role: dict[str, Any] = resources(_stack(templates, spec), "AWS::IAM::Role")[role_id]
    return role


def _statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_folders_and_the_table_of_functions_agree() -> None:
    folders = {p.parent.relative_to(ROOT / "functions").as_posix() for p in ROOT.glob("functions/*/*/handler.py")}

    assert folders == {f.path for f in FUNCTIONS}


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda f: f.path)
def test_a_function_runs_on_graviton_traced_with_both_layers_and_a_log_that_ends(
    templates: Templates, spec: Function
) -> None:
    properties = _function(templates, spec)
    groups = resources(_stack(templates, spec), "AWS::Logs::LogGroup").values()
    log = next(g for g in groups if g["LogGroupName"] == f"/aws/lambda/{properties['FunctionName']}")

    assert properties["Architectures"] == ["arm64"]
    assert properties["Runtime"] == "python3.14"
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["Environment"]["Variables"]["FUNCTION"] == spec.path
    assert log["RetentionInDays"] == 90
    layers = [layer.get("Ref", layer) if isinstance(layer, dict) else layer for layer in properties["Layers"]]
    assert [layer[:6] for layer in layers[:2]] == ["layerd", "layers"]


def test_no_two_functions_share_a_role(templates: Templates) -> None:
    roles = [(where, f["Role"]["Fn::GetAtt"][0]) for where, f in everywhere(templates, "AWS::Lambda::Function")]

    assert len({(where.split("/")[0], role) for where, role in roles}) == len(FUNCTIONS)


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda f: f.path)
def test_a_role_holds_exactly_the_table_grants_of_its_row(templates: Templates, spec: Function) -> None:
    granted: dict[str, set[str]] = {}
    for statement in _statements(_role(templates, spec)):
        for action in _many(statement["Action"]):
            service, _, name = action.partition(":")
            for resource in _many(statement["Resource"]):
                if service == "dynamodb":
                    table = str(resource).partition("table/switchboard-prod-")[2].split("'")[0].rstrip('"]}')
                    granted.setdefault(table, set()).add(name)

    expected = {table: set(actions) for table, actions in spec.tables.items()}
    expected |= {index.replace("/", "/index/"): {"Query"} for index in spec.indexes}
    assert granted == expected


def test_only_listed_actions_are_allowed_on_every_resource(templates: Templates) -> None:
    found = {
        action
        for _where, role in everywhere(templates, "AWS::IAM::Role")
        for statement in _statements(role)
        if "*" in _many(statement["Resource"])
        for action in _many(statement["Action"])
    }

    assert found == _EVERYWHERE


def test_no_statement_allows_a_wildcard_of_actions(templates: Templates) -> None:
    wild = [
        (where, action)
        for where, role in everywhere(templates, "AWS::IAM::Role")
        for statement in _statements(role)
        for action in _many(statement["Action"])
        if "*" in action
    ]

    assert wild == []


def test_hot_functions_are_called_through_an_alias_moved_by_canary(templates: Templates) -> None:
    hot = sum(f.hot for f in FUNCTIONS)
    aliases = [p["Name"] for _where, p in everywhere(templates, "AWS::Lambda::Alias")]
    groups = [p["DeploymentConfigName"] for _where, p in everywhere(templates, "AWS::CodeDeploy::DeploymentGroup")]

    assert aliases == ["live"] * hot
    assert groups == ["CodeDeployDefault.LambdaCanary10Percent5Minutes"] * hot


def test_streaming_functions_start_behind_the_web_adapter(templates: Templates) -> None:
    for spec in (f for f in FUNCTIONS if f.streaming):
        properties = _function(templates, spec)
        variables = properties["Environment"]["Variables"]

        assert properties["Handler"] == "run.sh"
        assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/bootstrap"
        assert variables["AWS_LWA_INVOKE_MODE"] == "response_stream"
        assert any(f"arn:aws:lambda:{HOME}:753240598075:layer:" in str(layer) for layer in properties["Layers"])


def test_the_sweep_runs_each_minute_and_may_be_called_by_the_scheduler_only(templates: Templates) -> None:
    [(_where, schedule)] = everywhere(templates, "AWS::Scheduler::Schedule")

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert "platformsweep" in str(schedule["Target"]["Arn"])


def test_egress_exceptions_never_leave_the_laptop(templates: Templates) -> None:
    given = [
        where
        for where, p in everywhere(templates, "AWS::Lambda::Function")
        if "EGRESS_ALLOW" in p["Environment"]["Variables"]
    ]

    assert given == []


def test_no_account_number_is_written_where_a_variable_does(templates: Templates) -> None:
    hard = [
        where for where, role in everywhere(templates, "AWS::IAM::Role") if f":{ACCOUNT}:" in str(_statements(role))
    ]

    assert hard == []


def test_chat_may_do_no_more_than_authenticate_limit_open_and_record(templates: Templates) -> None:
    """It runs the longest, beside a server that parses what anybody sends: an upper bound, by hand."""
    chat = next(f for f in FUNCTIONS if f.path == "llm/chat")
    found = {
        (action, table)
        for statement in _statements(_role(templates, chat))
        for action in _many(statement["Action"])
        for table in re.findall(r"/switchboard-prod-([^']+)'", str(statement["Resource"])) or [""]
    }

    most = {
        *(("dynamodb:GetItem", "platform"), ("dynamodb:Query", "platform")),
        *(("dynamodb:UpdateItem", "limits"), ("dynamodb:GetItem", "limits")),
        ("dynamodb:PutItem", "llm"),
        ("kms:Decrypt", ""),
        *(("logs:CreateLogStream", "llm-chat:*"), ("logs:PutLogEvents", "llm-chat:*")),
        *(("xray:PutTraceSegments", ""), ("xray:PutTelemetryRecords", "")),
    }
    assert found - most == set()
    assert chat.opens == {"llm"}
