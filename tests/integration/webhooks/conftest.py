"""The webhook functions over an account in process, between a notifier and a real HTTP sink."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from standardwebhooks import Webhook

from shared.core.clock import SECOND, system
from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import Cloud, Reply, cloud
from tests.fakes.http_peer import Peer, Received, Script, Step, answer

SECRET = "agora-console-secret"
SAMPLE = {"channelName": "support-7f3a", "uid": 2882341273, "clientSeq": 1, "ts": 1792580413, "account": "user-1"}


@dataclass
class Plan:
    """What the sink answers, one entry per request; when they run out, 200."""

    steps: list[list[Step]] = field(default_factory=list)
    always: list[Step] | None = None
    by_path: dict[str, list[Step]] = field(default_factory=dict)

    def script(self) -> Script:
        """For a Peer."""
        return self._next

    def _next(self, received: Received) -> list[Step]:
        if self.steps:
            return self.steps.pop(0)
        return self.by_path.get(received.line.split()[1]) or self.always or answer()


@dataclass
class Hooks:
    """One organization's webhooks. Every call goes through a deployed function's handler."""

    aws: Cloud
    org: Founded
    sink: Peer
    plan: Plan
    later: Callable[[int], None]
    hook: str = ""
    _notices: int = 0

    # Managing

    def call(self, method: str, path: str, *, key: str | None = None, **event: Any) -> Reply:
        """A request to the management routes; as the owner unless a key is given."""
        return self.aws.call("webhooks/manage", method, path, key=key or self.org.api_key, **event)

    def source(self, *secrets: str) -> str:
        """The URL path of a new source."""
        body = {"provider": "agora", "name": "project", "secrets": list(secrets) or [SECRET]}
        reply = self.call("POST", "/v1/sources", json_body=body)
        assert reply.status == 201, reply.text
        return str(reply.data["url"]).removeprefix(self.aws.environ["PUBLIC_BASE_URL"])

    def endpoint(self, *event_types: str, path: str = "/in") -> dict[str, Any]:
        """A new endpoint at the sink, as created."""
        body = {"url": self.sink.url(path), "event_types": list(event_types)}
        reply = self.call("POST", "/v1/webhooks/endpoints", json_body=body)
        assert reply.status == 201, reply.text
        made: dict[str, Any] = reply.data
        return made

    def delivery(self, delivery_id: str) -> dict[str, Any]:
        """How a delivery stands."""
        found: dict[str, Any] = self.call("GET", f"/v1/webhooks/deliveries/{delivery_id}").data
        return found

    def deliveries(self, endpoint: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        """An endpoint's deliveries."""
        reply = self.call("GET", "/v1/webhooks/deliveries", query={"endpoint_id": endpoint["id"], **query})
        assert reply.status == 200, reply.text
        found: list[dict[str, Any]] = reply.data
        return found

    def dead_letters(self) -> list[str]:
        """Ids of what ran out of attempts."""
        return [d["id"] for d in self.call("GET", "/v1/webhooks/dead-letters").data]

    # Notifying

    def notification(self, **more: Any) -> bytes:
        """A notification's body, with an id of its own unless one is given."""
        self._notices += 1
        envelope = {"noticeId": f"notice-{self._notices}", "productId": 1, "eventType": 103, "notifyMs": system()}
        return json.dumps({**envelope, "sid": "session-1", "payload": SAMPLE, **more}).encode()

    def notify(self, body: bytes | None = None, *, secret: str = SECRET, hook: str | None = None) -> Reply:
        """Send a notification as Agora does."""
        raw = self.notification() if body is None else body
        signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return self.receive(raw, {"Agora-Signature-V2": signature}, hook)

    def receive(self, raw: bytes, headers: dict[str, str], hook: str | None = None) -> Reply:
        """Send anything to the receive function."""
        given = {"Content-Type": "application/json", **headers}
        return self.aws.call("webhooks/receive", "POST", hook or self.hook, body=raw, headers=given)

    # Working

    def work(self, *functions: str) -> list[dict[str, Any]]:
        """Hand visible messages to their workers until there are none; the records that failed."""
        queues = {"webhooks/process": "inbound", "webhooks/deliver": "delivery"}
        wanted = functions or tuple(queues)
        failed: list[dict[str, Any]] = []
        while batches := [(f, records) for f in wanted if (records := self.aws.messages(queues[f]))]:
            for function, records in batches:
                failed += self.hand(function, records)
        return failed

    def hand(self, function: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One batch to one worker; the records it reports as failed."""
        reported = self.aws.function(function).handler({"Records": records}, None)["batchItemFailures"]
        bad = {failure["itemIdentifier"] for failure in reported}
        return [r for r in records if r["messageId"] in bad]

    def sweep(self) -> dict[str, int]:
        """What the minute's sweep found."""
        swept: dict[str, int] = self.aws.function("platform/sweep").handler({}, None)
        return swept

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass, then let the sweep and the workers do what they would have done meanwhile."""
        self.later(milliseconds)
        self.sweep()
        self.work()

    # Looking

    def received(self) -> list[Received]:
        """What the sink saw."""
        return self.sink.requests


def verified(endpoint: dict[str, Any], request: Received) -> dict[str, Any]:
    """The request's event, after the reference library has verified it. It checks the time, too."""
    event: dict[str, Any] = Webhook(endpoint["secret"]).verify(request.body, request.headers)
    return event


@pytest.fixture
def plan() -> Plan:
    """The sink's answers."""
    return Plan()


@pytest.fixture
def sink(plan: Plan) -> Iterator[Peer]:
    """A customer's server."""
    with Peer(plan.script()) as peer:
        yield peer


@pytest.fixture
def later() -> Iterator[Callable[[int], None]]:
    """Time that a test may move on; milliseconds."""
    with time_machine.travel("2026-11-20T08:00:00Z", tick=True) as traveller:
        yield lambda ms: traveller.shift(timedelta(seconds=ms / SECOND))


@pytest.fixture
def aws(later: Callable[[int], None], sink: Peer) -> Iterator[Cloud]:
    """A fresh account that may call the sink."""
    del later  # first, so that everything is made in its time
    with cloud(EGRESS_ALLOW=f"127.0.0.1:{sink.port}") as fresh:
        yield fresh


@pytest.fixture
def hooks(aws: Cloud, acme: Founded, sink: Peer, plan: Plan, later: Callable[[int], None]) -> Iterator[Hooks]:
    """Acme's webhooks, with a source and no endpoint yet."""
    made = Hooks(aws, acme, sink, plan, later)
    made.hook = made.source()
    yield made
    aws.function("webhooks/deliver").container.http.close()
