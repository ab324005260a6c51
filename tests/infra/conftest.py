"""The cloud templates, synthesized once per worker: two regions with everything switched on."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from infra import settings

ROOT = Path(__file__).resolve().parents[2]
HOME, SECOND = "us-east-1", "eu-west-1"
ACCOUNT = "111122223333"

# jsii runs the Node it finds first, as soon as a test file imports aws_cdk: the pinned one.
os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"

Template = dict[str, Any]
Templates = dict[str, Template]


def full_stage() -> settings.Stage:
    """Production with all that is optional: domain, hosted zone, alarms, canaries, a second region."""
    certificates = {r: f"arn:aws:acm:{r}:{ACCOUNT}:certificate/one" for r in (HOME, SECOND)}
    return dataclasses.replace(
        settings.stage("prod"),
        account=ACCOUNT,
        domain=settings.Domain("api.example.com", certificates, hosted_zone_id="Z123"),
        alarm_topics={r: f"arn:aws:sns:{r}:{ACCOUNT}:alarms" for r in (HOME, SECOND)},
        key_arn=f"arn:aws:kms:{HOME}:{ACCOUNT}:key/mrk-1",
        replicated=(SECOND,),
    )


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Stack name -> template. Synthesizing raises on any finding of cdk-nag."""
    os.environ["SOURCE_ONLY"] = "1"
    from infra import app

    made = app.empty(outdir=str(tmp_path_factory.mktemp("cdk")))
    for region in (HOME, SECOND):
        app.add(made, full_stage(), region)
    return {stack.stack_name: stack.template for stack in made.synth().stacks}


def resources(template: Template, kind: str) -> dict[str, Any]:
    """Logical id -> properties of every resource of one type."""
    found = template.get("Resources", {})
    return {name: body.get("Properties", {}) for name, body in found.items() if body["Type"] == kind}


def everywhere(templates: Templates, kind: str, region: str = HOME) -> list[tuple[str, dict[str, Any]]]:
    """(stack and logical id, properties) of every resource of one type in one region."""
    return [
        (f"{stack}/{name}", properties)
        for stack, template in templates.items()
        if f"-{region}-" in stack
        for name, properties in resources(template, kind).items()
    ]
