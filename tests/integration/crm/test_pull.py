"""Pulling every contact once, whatever happens on the way."""

from itertools import count
from typing import Any

import pytest

from shared.adapters.dynamodb.contacts import DynamoContacts
from shared.adapters.dynamodb.work import DynamoWork
from shared.core.clock import MINUTE
from shared.crm.contact import Change
from tests.integration.crm.conftest import Crm, Killed, Later


def test_ten_pages_are_pulled_in_ten_requests(crm: Crm) -> None:
    """Given 200 contacts on ten pages, when an account is connected, then each is listed once, after ten requests."""
    connection_id = crm.connect()
    crm.work()

    connection = crm.connection(connection_id)
    pulled = crm.contacts()
    assert connection["status"] == "active"
    assert {k: connection["sync"][k] for k in ("pages", "records", "changed", "problem")} == {
        "pages": 10,
        "records": 200,
        "changed": 200,
        "problem": None,
    }
    assert sorted(c["link"]["provider_id"] for c in pulled) == sorted(c["id"] for c in crm.account.contacts)
    assert len({c["id"] for c in pulled}) == 200
    assert len(crm.account.journal) == 10


@pytest.mark.parametrize("dies", ["before its checkpoint is written", "before the queue is told of the next page"])
def test_a_worker_killed_after_page_four_costs_one_request_at_most(
    crm: Crm, later: Later, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    """Given a pull, when its worker is killed at page four, then the sweep resumes it: nothing lost, nothing twice."""
    checkpoint, written = DynamoWork.reschedule, 0

    def dying(self: DynamoWork, *arguments: Any) -> None:
        nonlocal written
        written += 1
        if written == 4 and "checkpoint" in dies:
            raise Killed
        checkpoint(self, *arguments)
        if written == 4:
            raise Killed

    monkeypatch.setattr(DynamoWork, "reschedule", dying)
    connection_id = crm.connect()
    crm.work_until_killed()
    asked_before = len(crm.account.journal)
    early = crm.sweep()["crm_page"]
    later(3 * MINUTE)
    late = crm.sweep()["crm_page"]
    crm.work()

    assert asked_before == 4
    assert (early, late) == (0, 1)
    assert crm.connection(connection_id)["status"] == "active"
    assert crm.connection(connection_id)["sync"]["records"] == 200
    assert len(crm.account.journal) == (11 if "checkpoint" in dies else 10)
    pulled = crm.contacts()
    assert sorted(c["link"]["provider_id"] for c in pulled) == sorted(c["id"] for c in crm.account.contacts)
    assert {c["version"] for c in pulled} == {1}


def test_a_worker_killed_among_its_writes_leaves_no_contact_out(
    crm: Crm, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a worker killed after 7 of a page's 20 writes, when the page is repeated, then all 20 are there once."""
    store = DynamoContacts._store
    numbers = count(1)

    def dying(self: DynamoContacts, change: Change, now: int) -> None:
        if next(numbers) > 7:
            raise Killed
        store(self, change, now)

    del crm.account.contacts[20:]
    crm.connect()
    with monkeypatch.context() as killing:
        killing.setattr(DynamoContacts, "_store", dying)
        crm.work_until_killed()
    half = len(crm.contacts())
    later(3 * MINUTE)
    crm.sweep()
    crm.work()

    assert half == 7
    assert sorted(c["link"]["provider_id"] for c in crm.contacts()) == sorted(c["id"] for c in crm.account.contacts)


def test_a_page_that_met_another_workers_writes_is_given_back(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given contacts stored between our read and our writes, when ours are refused, then the page is done again."""
    del crm.account.contacts[20:]
    crm.connect()
    crm.work()
    connection_id = crm.contacts()[0]["link"]["connection_id"]
    for number in (1003, 1004):
        crm.account.change(str(number), "2026-11-02T10:00:00.000Z", company="New Ltd")
    crm.call("POST", f"/v1/connections/{connection_id}/sync")
    with monkeypatch.context() as stale:
        stale.setattr(DynamoContacts, "known", lambda *_: {})
        refused = crm.work(most=1)
    crm.aws.function("crm/sync").handler({"Records": refused}, None)

    contacts = crm.contacts()
    assert len(refused) == 1
    assert crm.connection(connection_id)["status"] == "active"
    assert sorted(c["link"]["provider_id"] for c in contacts if c["version"] == 2) == ["1003", "1004"]
    assert len(contacts) == 20


def test_a_queue_that_delivers_everything_twice_doubles_nothing(crm: Crm) -> None:
    """Given each message delivered twice, when a pull runs, then the same contacts, each once."""
    del crm.account.contacts[60:]
    connection_id = crm.connect()
    for _ in range(5):
        for record in crm.aws.messages("crm-sync"):
            crm.aws.function("crm/sync").handler({"Records": [record, record]}, None)

    assert crm.connection(connection_id)["status"] == "active"
    assert crm.connection(connection_id)["sync"]["records"] == 60
    assert len(crm.contacts()) == 60
    assert len(crm.account.journal) == 3


def test_a_pull_again_stores_only_what_changed(crm: Crm) -> None:
    """Given a finished pull and one edit in HubSpot, when pulled again, then one contact has a second version."""
    del crm.account.contacts[30:]
    connection_id = crm.connect()
    crm.work()
    crm.account.change("1007", "2026-11-02T10:00:00.000Z", firstname="Changed", jobtitle="")
    again = crm.call("POST", f"/v1/connections/{connection_id}/sync")
    crm.work()

    changed = [c for c in crm.contacts() if c["version"] != 1]
    assert (again.status, again.data["status"]) == (202, "syncing")
    assert crm.connection(connection_id)["sync"]["changed"] == 1
    assert [(c["link"]["provider_id"], c["first_name"], c["version"]) for c in changed] == [("1007", "Changed", 2)]
    assert changed[0]["link"]["updated_at"] == "2026-11-02T10:00:00.000Z"


def test_a_pull_under_way_cannot_be_started_again(crm: Crm) -> None:
    """Given a pull under way, when another is asked for, then 409."""
    connection_id = crm.connect()

    reply = crm.call("POST", f"/v1/connections/{connection_id}/sync")

    assert (reply.status, reply.code) == (409, "conflict")


def test_disconnecting_stops_the_pull_and_keeps_what_it_brought(crm: Crm) -> None:
    """Given a pull after three pages, when its connection is deleted, then no further request, no token, no pull."""
    connection_id = crm.connect()
    crm.work(most=3)

    gone = crm.call("DELETE", f"/v1/connections/{connection_id}")
    crm.work()

    assert (gone.status, gone.data) == (200, {"id": connection_id, "deleted": True})
    assert len(crm.account.journal) == 3
    assert len(crm.contacts()) == 60
    assert crm.call("GET", f"/v1/connections/{connection_id}").status == 404
    assert not [row for row in crm.aws.rows("platform") + crm.aws.rows("crm") if row["et"] == {"S": "connection"}]
    assert not [row for row in crm.aws.rows("crm") if row["et"] == {"S": "crm_pull"}]
