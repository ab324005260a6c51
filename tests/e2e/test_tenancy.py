"""One organization's objects do not exist for another: walked over every operation of the document."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from infra import settings
from tests.demo import notifications, sink
from tests.demo.api import Reply, until
from tests.e2e.operations import Operation, operations
from tests.e2e.stack import Organization, is_refusal, pages
from tests.fakes import hubspot

SECRET = "agora-notification-secret"
SINK_PORT = 9185
SOON_S = 20.0

ADDRESSED = [o for o in operations() if o.parameters and not o.public]
LISTS = [o for o in operations() if o.method == "GET" and not o.parameters and o.scope]
SINGLE = {"getLlmUpstream", "listDeliveries"}
"""An organization has one upstream; deliveries are listed of an endpoint."""


@dataclass(frozen=True)
class Estate:
    """What the first organization has: by the name its id has in paths."""

    ids: dict[str, str]
    org: Organization


@pytest.fixture(scope="module")
def estate(acme: Organization) -> Estate:
    """One object of each kind. A new kind must be added here, or the tests below fail at its first operation."""
    api, app = acme.api, {"app_id": secrets.token_hex(16), "certificate": secrets.token_hex(16)}
    ids: dict[str, str] = {"app_id": api.call("POST", "/v1/agora/apps", json=app)["app_id"]}
    ids["key_id"] = api.call("POST", "/v1/api-keys", json={"name": "ours", "scopes": ["audit:read"]})["id"]
    with sink.running(SINK_PORT) as receiver:
        hook = {"url": f"{receiver.url}/hook", "event_types": []}
        ids["endpoint_id"] = api.call("POST", "/v1/webhooks/endpoints", json=hook)["id"]
        source = api.call("POST", "/v1/sources", json={"provider": "agora", "name": "ours", "secrets": [SECRET]})
        ids["source_id"] = source["id"]
        body, headers = notifications.signed(notifications.fresh(), SECRET)
        assert api.ask("POST", source["url"], content=body, headers=headers).status == 200
        ids["delivery_id"] = until(lambda: _delivered(acme, ids["endpoint_id"]), seconds=SOON_S, what="a delivery")
    url = settings.stage("local").hubspot_base_url or ""
    with hubspot.running(contacts=2, port=int(url.rpartition(":")[2])):
        made = api.call("POST", "/v1/connections/hubspot", json={"private_token": hubspot.TOKEN})
        ids["connection_id"] = made["id"]
        until(lambda: _pulled(acme, made["id"]), seconds=SOON_S, what="the end of a pull")
    ids["contact_id"] = api.call("GET", "/v1/crm/contacts")[0]["id"]
    return Estate(ids, acme)


def _delivered(org: Organization, endpoint_id: str) -> str | None:
    found = org.api.call("GET", "/v1/webhooks/deliveries", params={"endpoint_id": endpoint_id})
    return found[0]["id"] if found and found[0]["status"] == "delivered" else None


def _pulled(org: Organization, connection_id: str) -> bool | None:
    return org.api.call("GET", f"/v1/connections/{connection_id}")["status"] == "active" or None


def _missing(like: str) -> str:
    """An id of the same shape that nobody has."""
    prefix, mark, rest = like.rpartition("_")
    return f"{prefix}{mark}{'0' * len(rest)}"


def _asked(org: Organization, operation: Operation, ids: dict[str, str]) -> Reply:
    path = operation.at(**{name: ids[name] for name in operation.parameters})
    # One request id for all: answers to a foreign and to a missing id may then not differ in a byte.
    return org.api.ask(operation.method, path, headers={"X-Request-Id": "same-request"})


@pytest.mark.parametrize("operation", ADDRESSED, ids=lambda o: o.name)
def test_a_foreign_object_is_as_missing_as_a_missing_one(
    estate: Estate, other: Organization, operation: Operation
) -> None:
    """Given the first's object, when the second names it, then 404, the answer a made-up id gets, byte for byte."""
    foreign = _asked(other, operation, estate.ids)
    missing = _asked(other, operation, {name: _missing(value) for name, value in estate.ids.items()})

    assert (foreign.status, missing.status) == (404, 404)
    assert foreign.text == missing.text
    assert is_refusal(foreign)


@pytest.mark.parametrize("operation", [o for o in ADDRESSED if o.method == "GET"], ids=lambda o: o.name)
def test_after_all_that_the_owner_still_has_it(estate: Estate, other: Organization, operation: Operation) -> None:
    """Given the second's attempts to delete, when the owner reads each object, then it is there."""
    for attempt in (o for o in ADDRESSED if o.method == "DELETE"):
        _asked(other, attempt, estate.ids)

    assert _asked(estate.org, operation, estate.ids).status == 200


@pytest.mark.parametrize("operation", [o for o in LISTS if o.name not in SINGLE], ids=lambda o: o.name)
def test_a_list_shows_nothing_of_another(estate: Estate, other: Organization, operation: Operation) -> None:
    """Given the first's objects, when the second lists, none of them is there; a foreign cursor opens nothing."""
    ours = {_identity(item) for item in pages(estate.org.api, operation.path, limit=1)}
    theirs = {_identity(item) for item in pages(other.api, operation.path, limit=1)}
    first = estate.org.api.ask("GET", operation.path, params={"limit": 1})
    forged = other.api.ask("GET", operation.path, params={"limit": 1, "cursor": first.body["meta"]["next_cursor"]})

    assert ours or operation.name == "listDeadLetters"
    assert not ours & theirs
    assert forged.status in {200, 422}
    assert forged.status == 422 or not ours & {_identity(item) for item in forged.data}


def _identity(item: dict[str, Any]) -> str:
    return str(item.get("id") or item.get("app_id") or item["hash"])


FOREIGN: list[tuple[str, Callable[[Organization, dict[str, str]], Reply], int, Any]] = [
    (
        "minting with a foreign app",
        lambda org, ids: org.api.ask(
            "POST",
            "/v1/agora/tokens",
            json={"kind": "rtc", "channel": "a", "uid": 1, "app_id": ids["app_id"]},
        ),
        404,
        None,
    ),
    (
        "deliveries of a foreign endpoint",
        lambda org, ids: org.api.ask("GET", "/v1/webhooks/deliveries", params={"endpoint_id": ids["endpoint_id"]}),
        200,
        [],
    ),
    (
        "contacts of a foreign connection",
        lambda org, ids: org.api.ask("GET", "/v1/crm/contacts", params={"connection_id": ids["connection_id"]}),
        200,
        [],
    ),
]


@pytest.mark.parametrize(("name", "ask", "status", "data"), FOREIGN, ids=[f[0] for f in FOREIGN])
def test_a_foreign_id_in_a_body_or_filter_finds_nothing(
    estate: Estate,
    other: Organization,
    name: str,
    ask: Callable[[Organization, dict[str, str]], Reply],
    status: int,
    data: Any,
) -> None:
    """Given the first's id elsewhere than in the path, when the second names it, then it finds nothing."""
    reply = ask(other, estate.ids)

    assert (reply.status, reply.data) == (status, data), name


def test_another_has_no_upstream_of_ours(estate: Estate, other: Organization) -> None:
    """Given the first's upstream, when the second asks for its own, then 404 and nothing of the first's."""
    upstream = {"base_url": "http://127.0.0.1:9190/v1", "api_key": "sk-ours"}
    estate.org.api.call("PUT", "/v1/llm/upstream", json=upstream)

    reply = other.api.ask("GET", "/v1/llm/upstream")

    assert (reply.status, reply.data) == (404, None)
