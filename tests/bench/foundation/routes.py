"""Each route through the deployed local stack, by both ways in, beside what the emulator takes for itself."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import httpx

from infra import names
from infra.local import aws
from infra.uv import ROOT
from tests.bench.foundation.stats import percentile
from tests.bench.foundation.table import Table
from tests.e2e.stack import STAGE, Organization, Stack, read

_WARMING, _EACH = 4, 40
"""Requests by each way in; together below a key's burst of 100."""
_PUBLIC = 20
"""By an address that brings no key: the burst is 60."""
_SECRET = "agora-console-secret"


@dataclass(frozen=True)
class Way:
    """A route and how to ask it."""

    name: str
    calls: int
    """Of DynamoDB and SQS, when warm; see operations.py."""
    ask: Callable[[httpx.Client, str], httpx.Response]
    each: int = _EACH


def running_stack() -> Stack:
    """The local stack with this work tree's code: ``make up``, which changes nothing where nothing has changed."""
    subprocess.run(["make", "--no-print-directory", "up", f"PYTHON={sys.executable}"], cwd=ROOT, check=True)
    return read()


def measure(stack: Stack) -> Table:
    """Milliseconds a client waits, sequentially; both ways in take turns."""
    acme = stack.found("Bench")
    try:
        ways = [FLOOR, *_ways(acme)]
        with httpx.Client(timeout=40, trust_env=False) as client:
            took = {way.name: _interleaved(client, stack, way) for way in ways}
    finally:
        acme.api.close()
    call = _call_ms(stack)
    floor = percentile(took[FLOOR.name]["gateway"], 50)

    def row(way: Way) -> tuple[float | int | str, ...]:
        edge, gateway = took[way.name]["edge"], took[way.name]["gateway"]
        middle = percentile(gateway, 50)
        share = round(100 * min(1.0, (floor + way.calls * call) / middle))
        return percentile(edge, 50), percentile(edge, 95), middle, percentile(gateway, 95), way.calls, share

    return Table(
        "Routes through the local stack",
        "Sequential, keep-alive. The emulator's share: what a path nobody has takes, and each AWS call, over the p50. "
        "A notification's workers share the two cores meanwhile.",
        ("edge p50 ms", "p95", "gateway p50 ms", "p95", "AWS calls", "emulator's share, %"),
        {"one AWS call (floor)": ("", "", call, "", 1, 100), **{way.name: row(way) for way in ways}},
    )


def _nothing(client: httpx.Client, base: str) -> httpx.Response:
    answer = client.get(f"{base}/v2/nothing")
    return answer if answer.status_code != 404 else httpx.Response(200)


FLOOR = Way("a path nobody has (floor)", 0, _nothing)


@dataclass
class _Asking:
    """Requests of one organization: a key for each route, so that none meets a limit."""

    acme: Organization
    hook: str = ""
    numbers: Iterator[int] = field(default_factory=count)

    def get(self, path: str) -> Callable[[httpx.Client, str], httpx.Response]:
        """A read."""
        headers = self._key()
        return lambda client, base: client.get(base + path, headers=headers)

    def post(self, path: str, body: dict[str, object]) -> Callable[[httpx.Client, str], httpx.Response]:
        """A write."""
        headers = self._key()
        return lambda client, base: client.post(base + path, headers=headers, json=body)

    def notify(self, client: httpx.Client, base: str) -> httpx.Response:
        """A new notification of Agora's."""
        body = {"noticeId": f"n{next(self.numbers)}", "productId": 1, "eventType": 103, "payload": {"uid": 1}}
        raw = json.dumps({**body, "notifyMs": time.time_ns() // 1_000_000}).encode()
        signature = hmac.new(_SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Agora-Signature-V2": signature, "Content-Type": "application/json"}
        return client.post(base + self.hook, content=raw, headers=headers)

    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.acme.scoped('*')}"}


def _ways(acme: Organization) -> list[Way]:
    app = {"app_id": os.urandom(16).hex(), "certificate": os.urandom(16).hex(), "name": "bench"}
    acme.api.call("POST", "/v1/agora/apps", json=app)
    source = {"provider": "agora", "name": "bench", "secrets": [_SECRET]}
    url = acme.api.call("POST", "/v1/sources", json=source)["url"]
    asking = _Asking(acme, hook=url[url.index("/v1/hooks") :])
    mint: dict[str, object] = {"kind": "rtc", "channel": "room-1", "uid": 42}
    return [
        Way("POST /v1/agora/tokens", 1, asking.post("/v1/agora/tokens", mint)),
        Way("GET /v1/crm/contacts", 2, asking.get("/v1/crm/contacts")),
        Way("GET /v1/webhooks/endpoints", 2, asking.get("/v1/webhooks/endpoints")),
        Way("GET /v1/connections", 2, asking.get("/v1/connections")),
        Way("GET /v1/api-keys", 2, asking.get("/v1/api-keys")),
        Way("GET /v1/audit", 2, asking.get("/v1/audit")),
        Way("POST /v1/auth/token", 1, asking.post("/v1/auth/token", {})),
        Way("GET /v1/health", 1, lambda client, base: client.get(f"{base}/v1/health"), each=_PUBLIC),
        # Last: what it sets going in the emulator would be in the others' figures.
        Way("POST /v1/hooks/agora/{token}", 3, asking.notify),
    ]


def _interleaved(client: httpx.Client, stack: Stack, way: Way) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {"edge": [], "gateway": []}
    for number in range(_WARMING + way.each):
        for face, times in took.items():
            began = time.perf_counter()
            answer = way.ask(client, stack.face(face))
            times.append((time.perf_counter() - began) * 1000)
            if not answer.is_success:
                sys.exit(f"{way.name} by the {face}: {answer.status_code} {answer.text[:200]}")
        if number == _WARMING - 1:
            for times in took.values():
                times.clear()
    return took


def _call_ms(stack: Stack) -> float:
    """A write and a read of one item, as an AWS call takes them here."""
    table = {"TableName": names.resource(STAGE, "limits")}
    key = {"pk": {"S": "BENCH"}, "sk": {"S": "CALL"}}
    client, took = aws.client("dynamodb", stack.region), []
    for _ in range(_EACH):
        began = time.perf_counter()
        client.put_item(**table, Item={**key, "expires_at": {"N": "1"}})
        client.get_item(**table, Key=key)
        took.append((time.perf_counter() - began) * 500)
    return percentile(took, 50)
