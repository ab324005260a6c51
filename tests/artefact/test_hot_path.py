"""What the busiest functions load, and that the init phase loads all of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.artefact.built import Built, module, spec_of
from tests.bench.foundation.world import World, world
from tests.fakes import aws_endpoint

HEAVY = {
    "agora/tokens": {"httpcore", "httpx", "jwt", "asyncio", "aws_lambda_powertools", "cryptography.x509"},
    "webhooks/receive": {"pydantic", "httpcore", "httpx", "jwt", "asyncio", "aws_lambda_powertools"},
}
"""What each could load by accident: its own domain's neighbours do."""


@pytest.mark.parametrize("path", HEAVY)
def test_a_hot_function_loads_nothing_heavy_by_accident(path: str, built: Built) -> None:
    """Given a started function, then it has loaded no package that only other functions need."""
    spec = spec_of(path)

    loaded = json.loads(built.run(spec, f"import json, sys, {module(spec)}; print(json.dumps([*sys.modules]))").stdout)

    assert HEAVY[path] & set(loaded) == set()


@pytest.mark.parametrize(
    ("path", "event_of", "status"),
    [("agora/tokens", World.mint_event, 201), ("webhooks/receive", World.notify_event, 200)],
    ids=["agora/tokens", "webhooks/receive"],
)
def test_the_first_request_of_a_hot_function_imports_nothing(
    path: str, event_of: Callable[[World], dict[str, Any]], status: int, built: Built
) -> None:
    """Given a started function, when its first request comes, then it imports no module: the init phase did."""
    spec = spec_of(path)
    with world() as acme, aws_endpoint.running() as (url, _calls):
        code = f"""
import json, sys
import {module(spec)} as m
before = set(sys.modules)
answer = m.handler({event_of(acme)!r}, None)
print(json.dumps([answer["statusCode"], sorted(set(sys.modules) - before)]), file=sys.stderr)
"""
        account = {**acme.aws.environ, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
        done = built.run(spec, code, **account)

    assert json.loads(done.stderr) == [status, []]
