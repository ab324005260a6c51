"""Job 4 on the deployed local stack: a HubSpot on the laptop's own port, the workers under their own roles."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from infra import settings
from infra.local.paths import STACK_FILE
from tests.fakes import hubspot
from tests.fakes.hubspot import Fault, HubSpot

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stack() -> Any:
    assert STACK_FILE.exists(), "the local stack is not up: make up"
    return json.loads(STACK_FILE.read_text())


@pytest.fixture
def api(stack: Any) -> Iterator[httpx.Client]:
    """The first organization's owner; its connections are gone afterwards."""
    headers = {"Authorization": f"Bearer {stack['api_key']}"}
    with httpx.Client(base_url=stack["base_url"], headers=headers, timeout=30) as client:
        before = {c["id"] for c in client.get("/v1/connections").json()["data"]}
        yield client
        for connection in client.get("/v1/connections").json()["data"]:
            if connection["id"] not in before:
                client.delete(f"/v1/connections/{connection['id']}")


@pytest.fixture
def account() -> Iterator[HubSpot]:
    """A HubSpot of 1 000 contacts, where the local stage looks for it."""
    url = settings.stage("local").hubspot_base_url
    assert url is not None
    with hubspot.running(contacts=1000, port=int(url.rpartition(":")[2])) as fake:
        yield fake


def connect(api: httpx.Client, token: str = hubspot.TOKEN) -> str:
    """A new connection's id."""
    reply = api.post("/v1/connections/hubspot", json={"private_token": token})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["data"]["id"])


def until(api: httpx.Client, connection_id: str, holds: Callable[[Any], bool], within_s: float = 60) -> Any:
    """The connection, once it is as wanted."""
    ends = time.monotonic() + within_s
    while True:
        shown = api.get(f"/v1/connections/{connection_id}").json()["data"]
        if holds(shown) or time.monotonic() > ends:
            return shown
        time.sleep(0.5)


def pulled(api: httpx.Client, connection_id: str) -> list[Any]:
    """All contacts of the connection."""
    found: list[Any] = []
    query = {"connection_id": connection_id, "limit": "100"}
    while True:
        reply = api.get("/v1/crm/contacts", params=query)
        assert reply.status_code == 200, reply.text
        found += reply.json()["data"]
        cursor = reply.json()["meta"]["next_cursor"]
        if cursor is None:
            return found
        query["cursor"] = cursor


def test_a_thousand_contacts_arrive_once_each(api: httpx.Client, account: HubSpot) -> None:
    """Given ten pages, one of them throttled, when connected, then every contact once, in eleven requests."""
    account.faults = [Fault(429, {"Retry-After": "1"})]
    connection_id = connect(api)
    connection = until(api, connection_id, lambda c: c["status"] != "syncing")

    contacts = pulled(api, connection_id)
    assert (connection["status"], connection["sync"]["records"]) == ("active", 1000)
    assert sorted(c["link"]["provider_id"] for c in contacts) == sorted(c["id"] for c in account.contacts)
    assert [asked.status for asked in account.journal] == [429] + [200] * 10
    assert {asked.path for asked in account.journal} == {"/crm/objects/2026-09/contacts"}


def test_a_contact_is_revalidated_through_the_gateway(api: httpx.Client, account: HubSpot, stack: Any) -> None:
    """Given a pulled contact, when its ETag is sent back, then 304 with nothing; another organization sees 404."""
    del account.contacts[3:]
    connection_id = connect(api)
    until(api, connection_id, lambda c: c["status"] != "syncing")
    path = f"/v1/crm/contacts/{pulled(api, connection_id)[0]['id']}"
    first = api.get(path)
    same = api.get(path, headers={"If-None-Match": first.headers["etag"]})
    other = {"Authorization": f"Bearer {stack['orgs'][1]['api_key']}"}
    reader = {"Authorization": f"Bearer {stack['orgs'][0]['read_only_key']}"}

    assert first.json()["data"]["email"].startswith("person")
    assert (same.status_code, same.content) == (304, b"")
    assert api.get(path, headers=other).status_code == 404
    assert api.get(f"/v1/connections/{connection_id}", headers=other).status_code == 404
    assert api.get(path, headers=reader).status_code == 200
    assert api.post(f"/v1/connections/{connection_id}/sync", headers=reader).status_code == 403
    assert api.post(f"/v1/connections/{connection_id}/sync").status_code == 202
    again = until(api, connection_id, lambda c: c["status"] != "syncing")
    assert (again["sync"]["records"], again["sync"]["changed"]) == (3, 0)


def test_a_token_hubspot_refuses_shows_as_the_status(api: httpx.Client, account: HubSpot) -> None:
    """Given a wrong token, when connected, then unauthorized after one request; deleted, it is gone."""
    connection_id = connect(api, "pat-na1-not-known-to-the-account")
    connection = until(api, connection_id, lambda c: c["status"] != "syncing")

    assert connection["status"] == "unauthorized"
    assert [asked.status for asked in account.journal] == [401]
    assert api.delete(f"/v1/connections/{connection_id}").status_code == 200
    assert api.get(f"/v1/connections/{connection_id}").status_code == 404
