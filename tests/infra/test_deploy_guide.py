"""docs/deploy.md: its tested commands run, and what it says of order is so."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from infra import names
from infra.local import stack_file
from infra.local.paths import CDK, root_environment
from tests.infra.conftest import ROOT

pytestmark = pytest.mark.slow

_GUIDE = (ROOT / "docs/deploy.md").read_text()
_TESTED = re.findall(r"^```sh test\n(.*?)^```", _GUIDE, re.MULTILINE | re.DOTALL)


def _environment(**more: str) -> dict[str, str]:
    """As a newcomer's shell: no stage chosen, no credentials."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and k not in ("STAGE", "REGION")}
    return {**kept, "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{kept['PATH']}", "SOURCE_ONLY": "1", **more}


def _shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )


def test_the_guide_has_tested_commands() -> None:
    assert len(_TESTED) >= 2


@pytest.mark.parametrize("block", _TESTED, ids=lambda block: block.strip().splitlines()[0])
def test_a_tested_command_of_the_guide_runs(block: str) -> None:
    done = _shell(block)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _synth(pattern: str, out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(CDK), "synth", pattern, "--quiet", "--output", str(out)]
    return subprocess.run(
        command, cwd=ROOT, env=_environment(**environment), capture_output=True, text=True, check=False
    )


def test_a_region_before_its_home_region_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    done = _synth("switchboard-prod-eu-west-1-*", tmp_path, STAGE="prod")

    assert done.returncode != 0
    assert "Deploy the home region first: make deploy STAGE=prod REGION=us-east-1" in done.stdout + done.stderr


def test_the_home_region_stands_by_itself(tmp_path: Path) -> None:
    done = _synth("switchboard-prod-us-east-1-*", tmp_path, STAGE="prod")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.e2e
def test_an_operator_founds_the_first_organization() -> None:
    region = stack_file.read()["region"]
    environment = {
        **root_environment(region),
        "STAGE": "local",
        "FUNCTION": "operator",
        "TABLE_PLATFORM": names.resource("local", "platform"),
    }
    command = [str(ROOT / ".venv/bin/python"), "-m", "shared.runtime.bootstrap", "Acme", "--test"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)

    founded = json.loads(done.stdout)
    assert founded["org_id"].startswith("org_")
    assert founded["api_key"].startswith("sb_test_")
