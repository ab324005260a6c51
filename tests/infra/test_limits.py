"""AWS's limits on names and variables hold for any stage and region, not only for the ones in the repository."""

import json
from typing import Any

import pytest

from infra.functions import FUNCTIONS
from tests.infra.conftest import HOME, SECOND, Templates, everywhere

_ENVIRONMENT_BYTES = 4096  # Lambda: all variables of a function, names and values
_LONGEST_STAGE = "abcdefghijkl"  # infra/settings.py
_LONGEST_REGION = "ap-southeast-1"  # and seven more of fourteen letters; none is longer

# CloudFormation type -> the property that names it, and how long a name may be.
_NAMES = {
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::DynamoDB::GlobalTable": ("TableName", 255),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Scheduler::Schedule": ("Name", 64),
}


def _longest(name: str, region: str) -> str:
    """The name as the longest stage in the longest region would have it."""
    return name.replace("switchboard-prod-", f"switchboard-{_LONGEST_STAGE}-").replace(region, _LONGEST_REGION)


@pytest.mark.parametrize(("kind", "limit"), [(kind, limit) for kind, (_key, limit) in _NAMES.items()])
@pytest.mark.parametrize("region", [HOME, SECOND])
def test_no_name_is_too_long_in_the_longest_stage_and_region(
    templates: Templates, region: str, kind: str, limit: int
) -> None:
    key = _NAMES[kind][0]
    named = [_longest(p[key], region) for _where, p in everywhere(templates, kind, region) if key in p]

    assert named
    assert [name for name in named if len(name) > limit] == []


def _size(variables: dict[str, Any]) -> int:
    """Bytes, a reference counted as its whole template text: longer than what it becomes."""
    values = (value if isinstance(value, str) else json.dumps(value) for value in variables.values())
    return sum(len(name.encode()) + len(value.encode()) for name, value in zip(variables, values, strict=True))


def test_no_function_has_more_variables_than_lambda_takes(templates: Templates) -> None:
    sizes = {
        p["FunctionName"]: _size(p["Environment"]["Variables"])
        for region in (HOME, SECOND)
        for _where, p in everywhere(templates, "AWS::Lambda::Function", region)
    }

    assert len(sizes) == len(FUNCTIONS)
    # Half: CORS origins grow with the stage's settings.
    assert {name: size for name, size in sizes.items() if size > _ENVIRONMENT_BYTES / 2} == {}
