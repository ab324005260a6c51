"""One organization with everything set up, and one call of each kind that it makes."""

import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.core.clock import system
from shared.runtime.bootstrap import Founded
from tests.fakes import hubspot
from tests.fakes.cloud import Cloud, Reply, cloud, http_event
from tests.fakes.http_peer import Peer, always, answer

SECRET = "agora-console-secret"
APP = {"app_id": "970CA35de60c44645bbae8a215061b33", "certificate": "5CFd2fd1755d40ecb72977518be15d3b", "name": "main"}
MINT = {"kind": "rtc", "channel": "room-1", "uid": 42}


@dataclass
class World:
    """Handlers as Lambda calls them, over an account in process."""

    aws: Cloud
    acme: Founded
    sink: Peer
    hook: str = ""
    contact: str = ""
    jwt: str = ""
    key: str = ""
    """Of the last :meth:`new_key`."""
    batch: list[dict[str, Any]] = field(default_factory=list)
    """Of the last :meth:`take`."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def call(self, function: str, method: str, path: str, *, key: str | None = None, **event: Any) -> Reply:
        """A request that succeeds, as the owner unless a key is given."""
        reply = self.aws.call(function, method, path, key=key or self.acme.api_key, **event)
        assert reply.status < 300, reply.text
        return reply

    def get(self, function: str, path: str) -> Reply:
        """A read."""
        return self.call(function, "GET", path)

    def mint(self, key: str | None = None) -> None:
        """A token."""
        self.call("agora/tokens", "POST", "/v1/agora/tokens", key=key, json_body=MINT)

    def make_key(self, *, once: bool = False) -> None:
        """An API key; ``once`` sends an ``Idempotency-Key`` of its own."""
        headers = {"Idempotency-Key": f"key-{next(self._numbers)}"} if once else {}
        body = {"name": "pipeline", "scopes": ["agora:tokens"]}
        self.call("identity/keys", "POST", "/v1/api-keys", json_body=body, headers=headers)

    def notify(self, notice: str = "") -> None:
        """A notification of Agora's, a new one unless it is named."""
        answer = self.aws.function("webhooks/receive").handler(self.notify_event(notice), None)
        assert answer["statusCode"] == 200, answer

    def mint_event(self) -> dict[str, Any]:
        """What API Gateway hands over for :meth:`mint`."""
        return http_event("POST", "/v1/agora/tokens", headers=self._as_owner(), body=json.dumps(MINT))

    def notify_event(self, notice: str = "") -> dict[str, Any]:
        """For :meth:`notify`."""
        notice = notice or f"notice-{next(self._numbers)}"
        body = {"noticeId": notice, "productId": 1, "eventType": 103, "notifyMs": system(), "payload": {"uid": 1}}
        raw = json.dumps(body).encode()
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        return http_event("POST", self.hook, headers={"Agora-Signature-V2": signature}, body=raw)

    def get_event(self, path: str) -> dict[str, Any]:
        """For :meth:`get`."""
        return http_event("GET", path, headers=self._as_owner())

    def _as_owner(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.acme.api_key}", "Content-Type": "application/json"}

    def new_key(self) -> None:
        """A key that no process has seen."""
        self.key = self.aws.key(self.acme.org_id, "agora:tokens")

    def take(self, queue: str) -> None:
        """A queue's newest message, for a worker; older ones are dropped."""
        self.batch = self.aws.messages(queue)[-1:]

    def work(self, function: str) -> None:
        """Hand the batch to a worker, which fails none of it."""
        assert self.aws.function(function).handler({"Records": self.batch}, None) == {"batchItemFailures": []}


@contextmanager
def world() -> Iterator[World]:
    """An Agora app, a source, an endpoint that answers, and three contacts pulled."""
    with (
        hubspot.running(contacts=3) as provider,
        Peer(always(*answer())) as sink,
        cloud(
            HUBSPOT_BASE_URL=provider.url,
            EGRESS_ALLOW=f"{provider.url.removeprefix('http://')},127.0.0.1:{sink.port}",
            HOURLY_LIMIT="1000000",
        ) as aws,
    ):
        made = World(aws, aws.found("Acme"), sink)
        made.call("agora/apps", "POST", "/v1/agora/apps", json_body=APP)
        source = {"provider": "agora", "name": "project", "secrets": [SECRET]}
        url = made.call("webhooks/manage", "POST", "/v1/sources", json_body=source).data["url"]
        made.hook = url.removeprefix(aws.environ["PUBLIC_BASE_URL"])
        endpoint = {"url": sink.url("/in"), "event_types": []}
        made.call("webhooks/manage", "POST", "/v1/webhooks/endpoints", json_body=endpoint)
        made.call("crm/connections", "POST", "/v1/connections/hubspot", json_body={"private_token": hubspot.TOKEN})
        made.take("crm-sync")
        made.work("crm/sync")
        made.contact = made.get("crm/contacts", "/v1/crm/contacts").data[0]["id"]
        made.jwt = made.call("identity/token", "POST", "/v1/auth/token", json_body={"ttl_seconds": 900}).data[
            "access_token"
        ]
        yield made
        for function in ("webhooks/deliver", "crm/sync"):
            _hang_up(aws, function)


def _hang_up(aws: Cloud, function: str) -> None:
    """Close a worker's idle connections."""
    module = aws.function(function)
    if function == "crm/sync":
        module.ports.sources["hubspot"]._sender._sender.close()
    else:
        module.container.http.close()
