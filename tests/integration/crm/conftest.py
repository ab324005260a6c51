"""An account with an organization whose HubSpot is a fake on loopback."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from shared.core.clock import SECOND
from shared.runtime.bootstrap import Founded
from tests.fakes import hubspot
from tests.fakes.cloud import Cloud, Reply, cloud
from tests.fakes.hubspot import HubSpot

Later = Callable[[int], None]
"""Milliseconds pass, for handlers and queues."""


class Killed(BaseException):
    """The process is gone: nothing below ``except Exception`` runs, as with SIGKILL."""


@dataclass(frozen=True)
class Crm:
    """The CRM functions of one organization."""

    aws: Cloud
    org: Founded
    account: HubSpot

    def connect(self, token: str = hubspot.TOKEN, **more: Any) -> str:
        """A new connection's id."""
        reply = self.call("POST", "/v1/connections/hubspot", json_body={"private_token": token}, **more)
        assert reply.status == 201, reply.text
        return str(reply.data["id"])

    def call(self, method: str, path: str, *, key: str | None = None, **event: Any) -> Reply:
        """To the function that owns the path; as the owner unless a key is given."""
        function = "crm/contacts" if path.startswith("/v1/crm") else "crm/connections"
        return self.aws.call(function, method, path, key=key or self.org.api_key, **event)

    def connection(self, connection_id: str) -> Any:
        """How a connection is."""
        return self.call("GET", f"/v1/connections/{connection_id}").data

    def work(self, *, most: int = 200) -> list[dict[str, Any]]:
        """Hand visible messages to the worker until there are none, or ``most`` were; the failed records."""
        failed: list[dict[str, Any]] = []
        while most > 0 and (records := self.aws.messages("crm-sync")):
            for record in records:
                most -= 1
                answer = self.aws.function("crm/sync").handler({"Records": [record]}, None)
                failed += [record for _ in answer["batchItemFailures"]]
        return failed

    def work_until_killed(self) -> None:
        """As :meth:`work`, until a planted kill; then the process is gone."""
        with contextlib.suppress(Killed):
            self.work()
        self.stop()

    def stop(self) -> None:
        """The worker's process ends, and with it its sockets; the next message meets a cold start."""
        self.aws.function("crm/sync").ports.sources["hubspot"]._sender._sender.close()
        self.aws.restart("crm/sync")

    def sweep(self) -> dict[str, int]:
        """What the minute's sweep found."""
        swept: dict[str, int] = self.aws.function("platform/sweep").handler({}, None)
        return swept

    def contacts(self, **query: str) -> list[dict[str, Any]]:
        """Every contact that the API lists, page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            reply = self.call("GET", "/v1/crm/contacts", query={"limit": "100", **query, **cursor})
            assert reply.status == 200, reply.text
            found += reply.data
            if reply.json["meta"]["next_cursor"] is None:
                return found
            cursor = {"cursor": reply.json["meta"]["next_cursor"]}


@pytest.fixture
def account() -> Iterator[HubSpot]:
    """A HubSpot with 200 contacts: ten pages of its twenty."""
    with hubspot.running(contacts=200) as fake:
        fake.page_size = 20
        yield fake


@pytest.fixture
def aws(account: HubSpot) -> Iterator[Cloud]:
    """A fresh account that reads contacts from the fake."""
    authority = account.url.removeprefix("http://")
    with cloud(HUBSPOT_BASE_URL=account.url, EGRESS_ALLOW=authority) as fresh:
        yield fresh


@pytest.fixture
def crm(aws: Cloud, acme: Founded, account: HubSpot) -> Iterator[Crm]:
    """Acme's CRM."""
    started = Crm(aws, acme, account)
    yield started
    started.stop()


@pytest.fixture
def later() -> Iterator[Later]:
    """Time that a test may move on."""
    with time_machine.travel("2026-11-20T08:00:00Z", tick=True) as traveller:
        yield lambda ms: traveller.shift(timedelta(seconds=ms / SECOND))
