"""Connecting, listing and showing connections."""

from typing import Any

import pytest

from shared.core import pagination
from tests.fakes import hubspot
from tests.integration.crm.conftest import Crm

CONNECT = "/v1/connections/hubspot"


def test_connecting_answers_before_hubspot_is_asked(crm: Crm) -> None:
    """Given a token, when connected, then the connection is syncing, and HubSpot has not been called."""
    reply = crm.call("POST", CONNECT, json_body={"private_token": hubspot.TOKEN, "name": "Sales"})

    data = reply.data
    assert reply.status == 201
    assert {k: data[k] for k in ("provider", "name", "status")} == {
        "provider": "hubspot",
        "name": "Sales",
        "status": "syncing",
    }
    assert data["sync"]["pages"] == 0
    assert not crm.account.journal


def test_the_request_to_hubspot_is_as_documented(crm: Crm) -> None:
    """Given a connection, when its first page is pulled, then path, page size, properties and token are right."""
    crm.connect()
    crm.work(most=1)

    asked = crm.account.journal[0]
    assert asked.path == "/crm/objects/2026-09/contacts"
    assert asked.token == hubspot.TOKEN
    assert asked.query["limit"] == ["100"]
    assert asked.query["archived"] == ["false"]
    assert asked.after is None
    assert asked.query["properties"][0].split(",")[:3] == ["email", "firstname", "lastname"]


def test_a_token_is_in_no_answer_no_row_and_no_log(crm: Crm, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a connection with a finished pull, when everything is read, then its token is nowhere in the clear."""
    del crm.account.contacts[5:]
    connection_id = crm.connect(headers={"Idempotency-Key": "first"})
    crm.work()
    shown = crm.call("GET", f"/v1/connections/{connection_id}").text + crm.call("GET", "/v1/connections").text
    rows = [row for table in ("platform", "crm", "limits", "audit") for row in crm.aws.rows(table)]

    said = capsys.readouterr()
    assert hubspot.TOKEN not in shown
    assert hubspot.TOKEN not in str(rows)
    assert hubspot.TOKEN.encode() not in b"".join(_binaries(rows))
    assert hubspot.TOKEN not in said.out + said.err


def _binaries(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [b for v in value for b in _binaries(v)] if isinstance(value, list) else []


def test_connecting_twice_with_one_key_connects_once(crm: Crm) -> None:
    """Given an Idempotency-Key, when the same request comes twice, then one connection and the same answer."""
    del crm.account.contacts[5:]
    body = {"private_token": hubspot.TOKEN}
    first = crm.call("POST", CONNECT, json_body=body, headers={"Idempotency-Key": "one"})
    crm.work()
    again = crm.call("POST", CONNECT, json_body=body, headers={"Idempotency-Key": "one"})
    crm.work()
    other = crm.call("POST", CONNECT, json_body={**body, "name": "Other"}, headers={"Idempotency-Key": "one"})

    assert again.text == first.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    assert len(crm.call("GET", "/v1/connections").data) == 1
    assert len(crm.account.journal) == 1


def test_a_creation_that_died_half_way_is_finished_by_its_retry(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a crash after the token was stored, when the caller tries again, then one connection, and it syncs."""
    from shared.adapters.dynamodb.pulls import DynamoPulls

    body, headers = {"private_token": hubspot.TOKEN}, {"Idempotency-Key": "half"}
    with monkeypatch.context() as broken:
        broken.setattr(DynamoPulls, "start", lambda *_args, **_named: 1 / 0)
        crashed = crm.call("POST", CONNECT, json_body=body, headers=headers)
    between = crm.call("GET", "/v1/connections").data
    again = crm.call("POST", CONNECT, json_body=body, headers=headers)

    assert (crashed.status, crashed.code) == (500, "internal_error")
    assert [(c["status"], c["sync"]) for c in between] == [("new", None)]
    assert again.status == 201
    assert again.data["id"] == between[0]["id"]
    assert again.data["created_at"] == between[0]["created_at"]
    assert again.data["status"] == "syncing"


def test_a_connection_without_a_pull_can_be_synced(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a connection whose creation died before its pull, when a pull is asked for, then it runs."""
    from shared.adapters.dynamodb.pulls import DynamoPulls

    del crm.account.contacts[5:]
    with monkeypatch.context() as broken:
        broken.setattr(DynamoPulls, "start", lambda *_args, **_named: 1 / 0)
        crm.call("POST", CONNECT, json_body={"private_token": hubspot.TOKEN})
    connection_id = crm.call("GET", "/v1/connections").data[0]["id"]
    crm.call("POST", f"/v1/connections/{connection_id}/sync")
    crm.work()

    assert crm.connection(connection_id)["status"] == "active"


def test_connections_are_listed_in_pages_with_their_states(crm: Crm) -> None:
    """Given three connections, when listed two at a time, then two pages, oldest first, each with its pull."""
    del crm.account.contacts[5:]
    made = [crm.connect(), crm.connect("pat-na1-unknown-to-the-account"), crm.connect()]
    crm.work()
    first = crm.call("GET", "/v1/connections", query={"limit": "2"})
    cursor = first.json["meta"]["next_cursor"]
    second = crm.call("GET", "/v1/connections", query={"limit": "2", "cursor": cursor})

    shown = [(c["id"], c["status"]) for c in first.data + second.data]
    assert shown == list(zip(made, ["active", "unauthorized", "active"], strict=True))
    assert second.json["meta"]["next_cursor"] is None


def test_a_bad_body_is_refused_with_its_place(crm: Crm) -> None:
    """Given bodies that break a rule, when posted, then 422 with a pointer, the value not repeated, nothing stored."""
    bodies: list[tuple[dict[str, Any], str]] = [
        ({}, "/private_token"),
        ({"private_token": "short"}, "/private_token"),
        ({"private_token": "pat-na1-with a blank in it"}, "/private_token"),
        ({"private_token": "pat-na1-with-a-newline\nX-Evil: 1"}, "/private_token"),
        ({"private_token": "pat-na1-ünïcödé-ünïcödé"}, "/private_token"),
        ({"private_token": "p" * 513}, "/private_token"),
        ({"private_token": 12345678901234567890}, "/private_token"),
        ({"private_token": hubspot.TOKEN, "name": ""}, "/name"),
        ({"private_token": hubspot.TOKEN, "base_url": "http://169.254.169.254"}, "/base_url"),
    ]

    replies = [crm.call("POST", CONNECT, json_body=body) for body, _ in bodies]
    malformed = crm.call("POST", CONNECT, body='{"private_token": ', headers={"Content-Type": "application/json"})
    assert [r.status for r in replies] == [422] * len(bodies)
    assert [[e["pointer"] for e in r.json["errors"]] for r in replies] == [[pointer] for _, pointer in bodies]
    assert "169.254" not in replies[-1].text
    assert (malformed.status, malformed.code) == (400, "malformed_json")
    assert crm.call("GET", "/v1/connections").data == []


def test_a_key_that_may_only_read_cannot_connect_sync_or_disconnect(crm: Crm) -> None:
    """Given a read-only key, when it connects, syncs or deletes, then 403; reading is allowed."""
    connection_id = crm.connect()
    reader = crm.aws.key(crm.org.org_id, "crm:read")
    path = f"/v1/connections/{connection_id}"

    refused = [
        crm.call("POST", CONNECT, key=reader, json_body={"private_token": hubspot.TOKEN}).status,
        crm.call("POST", f"{path}/sync", key=reader).status,
        crm.call("DELETE", path, key=reader).status,
    ]

    assert refused == [403, 403, 403]
    assert crm.call("GET", path, key=reader).status == 200


def test_another_organizations_connection_is_a_missing_one(crm: Crm) -> None:
    """Given another organization's id, or one of no shape, when used in any way, then 404 as for a missing one."""
    other = crm.aws.found("Other").api_key
    missing = crm.call("GET", "/v1/connections/conn_00000000000000000000000001", key=other).json["errors"]
    ids = [crm.connect(), "conn_00000000000000000000000000", "x" * 3000, "%2e%2e"]
    calls = [call for i in ids for call in (("GET", i), ("POST", f"{i}/sync"), ("DELETE", i))]

    replies = [crm.call(method, f"/v1/connections/{path}", key=other) for method, path in calls]
    assert [(r.status, r.json["errors"]) for r in replies] == [(404, missing)] * 12
    assert crm.connection(ids[0])["status"] == "syncing"


def test_a_made_up_cursor_is_refused(crm: Crm) -> None:
    """Given cursors that are none of this list's, when used, then 422."""
    cursors = ["nonsense", *(pagination.encode(key) for key in ("x", "conn_", "conn_" + "0" * 3000))]

    replies = [crm.call("GET", "/v1/connections", query={"cursor": c}) for c in cursors]
    assert [(r.status, r.json["errors"][0]["pointer"]) for r in replies] == [(422, "?cursor")] * 4
