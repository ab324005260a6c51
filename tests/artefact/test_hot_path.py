"""What the busiest functions load, and that the init phase loads all of it."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from shared.core.clock import system
from shared.runtime.bootstrap import Founded
from tests.artefact.built import Built, module, spec_of
from tests.fakes import aws_endpoint
from tests.fakes.cloud import Cloud, cloud, http_event

pytestmark = pytest.mark.xdist_group("artefact")

SECRET = "agora-console-secret"
APP = {"app_id": "970CA35de60c44645bbae8a215061b33", "certificate": "5CFd2fd1755d40ecb72977518be15d3b", "name": "main"}
MINT = {"kind": "rtc", "channel": "room-1", "uid": 42}
HEAVY = {
    "agora/tokens": {"httpcore", "httpx", "jwt", "asyncio", "aws_lambda_powertools", "cryptography.x509"},
    "webhooks/receive": {"pydantic", "httpcore", "httpx", "jwt", "asyncio", "aws_lambda_powertools"},
}
"""What each could load by accident: its own domain's neighbours do."""


@dataclass(frozen=True)
class Account:
    """An account in this process that another process reaches over HTTP."""

    aws: Cloud
    acme: Founded
    url: str

    def environment(self, path: str) -> dict[str, str]:
        """Of a deployed function, and where to find this account."""
        return {**self.aws.environ, "FUNCTION": path, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.url}

    def mint(self) -> dict[str, Any]:
        """An event that asks for a token."""
        headers = {"Authorization": f"Bearer {self.acme.api_key}", "Content-Type": "application/json"}
        return http_event("POST", "/v1/agora/tokens", headers=headers, body=json.dumps(MINT))

    def notify(self) -> dict[str, Any]:
        """An event of Agora's."""
        body = {"provider": "agora", "name": "project", "secrets": [SECRET]}
        made = self.aws.call("webhooks/manage", "POST", "/v1/sources", key=self.acme.api_key, json_body=body)
        path = made.data["url"].removeprefix(self.aws.environ["PUBLIC_BASE_URL"])
        raw = json.dumps({"noticeId": "n1", "productId": 1, "eventType": 103, "notifyMs": system(), "payload": {}})
        signature = hmac.new(SECRET.encode(), raw.encode(), hashlib.sha256).hexdigest()
        return http_event("POST", path, headers={"Agora-Signature-V2": signature}, body=raw)


@pytest.fixture
def account() -> Iterator[Account]:
    """One organization with an Agora app."""
    with cloud() as aws, aws_endpoint.running() as (url, _calls):
        acme = aws.found("Acme")
        assert aws.call("agora/apps", "POST", "/v1/agora/apps", key=acme.api_key, json_body=APP).status == 201
        yield Account(aws, acme, url)


@pytest.mark.parametrize("path", HEAVY)
def test_a_hot_function_loads_nothing_heavy_by_accident(path: str, built: Built) -> None:
    """Given a started function, then it has loaded no package that only other functions need."""
    spec = spec_of(path)

    loaded = json.loads(built.run(spec, f"import json, sys, {module(spec)}; print(json.dumps([*sys.modules]))").stdout)

    assert HEAVY[path] & set(loaded) == set()


@pytest.mark.parametrize(("path", "status"), [("agora/tokens", 201), ("webhooks/receive", 200)])
def test_the_first_request_of_a_hot_function_loads_nothing_of_ours(
    path: str, status: int, account: Account, built: Built
) -> None:
    """Given a started function, when its first request comes, then it imports no module: the init phase did."""
    spec = spec_of(path)
    event = account.mint() if path == "agora/tokens" else account.notify()
    code = f"""
import json, sys
import {module(spec)} as m
before = set(sys.modules)
answer = m.handler({event!r}, None)
print(json.dumps([answer["statusCode"], sorted(set(sys.modules) - before)]), file=sys.stderr)
"""

    done = built.run(spec, code, **account.environment(path))

    assert json.loads(done.stderr) == [status, []]
