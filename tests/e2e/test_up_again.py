"""`make up` on a stack that is up: nothing is made twice, nothing is lost, and its lines are what a user sees."""

import os
import subprocess
import sys
import time

from infra.local import stack_file
from infra.local.paths import ROOT
from tests.e2e.stack import Organization, Stack, read


def test_up_again_keeps_everything_and_doubles_nothing(stack: Stack, acme: Organization) -> None:
    """Given a stack with a key in it, when brought up again, then organizations, key and addresses are the same."""
    made = acme.api.call("POST", "/v1/api-keys", json={"name": "kept", "scopes": ["audit:read"]})
    before = [key["id"] for key in acme.api.call("GET", "/v1/api-keys")]

    began = time.monotonic()
    again = subprocess.run(
        ["make", "--no-print-directory", "up", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        env={"PORT": stack.base_url.rpartition(":")[2], "REGIONS": ",".join(stack_file.read()["regions"])} | os.environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(f"up again: {time.monotonic() - began:.1f} s")

    assert again.returncode == 0, again.stdout + again.stderr
    assert read().seeded == stack.seeded
    assert [key["id"] for key in acme.api.call("GET", "/v1/api-keys")] == before
    assert made["id"] in before
    assert f"{stack.base_url}/v1" in again.stdout
    assert stack.seeded[0]["api_key"] in again.stdout
