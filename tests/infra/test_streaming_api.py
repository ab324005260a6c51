"""A change of the REST API's method reaches the stage that serves it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest

from infra import bundling
from infra.constructs.context import Place
from infra.constructs.streaming_api import StreamingApi
from tests.infra.conftest import HOME, full_stage, resources


def _made(folder: Path, *, timeout_s: int = 300, function: str = "one") -> tuple[str, dict[str, Any]]:
    """The deployment's logical id, and the stage that points to it."""
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "llm")
    arn = f"arn:aws:lambda:{HOME}:111122223333:function:{function}"
    fn = SimpleNamespace(entry=SimpleNamespace(function_arn=arn), spec=SimpleNamespace(timeout_s=timeout_s))
    StreamingApi(stack, Place(full_stage(), HOME, bundling.this_machine()), fn)  # type: ignore[arg-type]
    template = app.synth().get_stack_by_name("llm").template
    [deployment] = resources(template, "AWS::ApiGateway::Deployment")
    [stage] = resources(template, "AWS::ApiGateway::Stage").values()
    return deployment, stage


def test_the_live_stage_serves_the_deployment(tmp_path: Path) -> None:
    deployment, stage = _made(tmp_path)

    assert (stage["StageName"], stage["DeploymentId"]) == ("live", {"Ref": deployment})


def test_an_unchanged_method_keeps_its_deployment(tmp_path: Path) -> None:
    assert _made(tmp_path / "one")[0] == _made(tmp_path / "two")[0]


@pytest.mark.parametrize("change", [{"timeout_s": 200}, {"function": "another"}], ids=["timeout", "function"])
def test_a_changed_method_is_deployed_anew(tmp_path: Path, change: dict[str, Any]) -> None:
    assert _made(tmp_path / "before")[0] != _made(tmp_path / "after", **change)[0]
