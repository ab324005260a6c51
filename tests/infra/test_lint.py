"""Two independent judges of the templates: cfn-lint and cdk-nag."""

import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs

from tests.infra.conftest import ROOT, Templates


def test_cfn_lint_finds_nothing(templates: Templates, tmp_path: Path) -> None:
    for name, template in templates.items():
        (tmp_path / f"{name}.template.json").write_text(json.dumps(template))

    # W3005: the CDK writes a DependsOn on a function's role beside the reference that implies it.
    linter = [str(ROOT / ".venv/bin/cfn-lint"), "--ignore-checks", "W3005", "--regions", "us-east-1", "eu-west-1", "--"]
    found = subprocess.run(
        [*linter, *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True, check=False
    )

    assert (found.returncode, found.stdout) == (0, "")


def test_cdk_nag_would_stop_a_bucket_of_mistakes(tmp_path: Path) -> None:
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    from infra import app

    planted = app.empty(outdir=str(tmp_path))
    sqs.CfnQueue(cdk.Stack(planted, "planted"), "open-queue-without-dead-letters")

    with pytest.raises(RuntimeError, match="does not require requests to use SSL"):
        planted.synth()
