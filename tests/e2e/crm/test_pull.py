"""Job 4 on the deployed local stack: a HubSpot on the laptop's own port, the workers under their own roles."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.demo.api import Api, until
from tests.demo.target import HUBSPOT_PORT, need_free
from tests.e2e.stack import Organization, pages
from tests.fakes import hubspot
from tests.fakes.hubspot import Fault, HubSpot

PULLED_S = 60.0


@pytest.fixture
def account() -> Iterator[HubSpot]:
    """A HubSpot of 1 000 contacts, where the local stage looks for it."""
    need_free(HUBSPOT_PORT)
    with hubspot.running(contacts=1000, port=HUBSPOT_PORT) as fake:
        yield fake


def connect(api: Api, token: str = hubspot.TOKEN) -> str:
    """A new connection's id."""
    return str(api.call("POST", "/v1/connections/hubspot", json={"private_token": token})["id"])


def ended(api: Api, connection_id: str) -> Any:
    """The connection once its pull has ended, one way or the other."""

    def look() -> Any:
        found = api.call("GET", f"/v1/connections/{connection_id}")
        return None if found["status"] == "syncing" else found

    return until(look, seconds=PULLED_S, what="the end of the pull")


def test_a_thousand_contacts_arrive_once_each(acme: Organization, account: HubSpot) -> None:
    """Given ten pages, the first of them throttled, when connected, then every contact once, in eleven requests."""
    account.faults = [Fault(429, {"Retry-After": "1"})]
    connection_id = connect(acme.api)
    connection = ended(acme.api, connection_id)

    contacts = list(pages(acme.api, "/v1/crm/contacts", connection_id=connection_id, limit=100))
    assert (connection["status"], connection["sync"]["records"]) == ("active", 1000)
    assert sorted(c["link"]["provider_id"] for c in contacts) == sorted(c["id"] for c in account.contacts)
    assert [asked.status for asked in account.journal] == [429] + [200] * 10
    assert {asked.path for asked in account.journal} == {"/crm/objects/2026-09/contacts"}


def test_a_contact_is_revalidated_and_its_connection_pulled_again(acme: Organization, account: HubSpot) -> None:
    """Given a pulled contact, when its ETag is sent back, then 304; a pull without news changes nothing."""
    del account.contacts[3:]
    connection_id = connect(acme.api)
    ended(acme.api, connection_id)
    contact = next(pages(acme.api, "/v1/crm/contacts", connection_id=connection_id))
    path = f"/v1/crm/contacts/{contact['id']}"
    first = acme.api.ask("GET", path)
    same = acme.api.ask("GET", path, headers={"If-None-Match": first.headers["etag"]})
    acme.api.call("POST", f"/v1/connections/{connection_id}/sync")
    again = ended(acme.api, connection_id)

    assert first.data == contact
    assert (same.status, same.text) == (304, "")
    assert (again["sync"]["records"], again["sync"]["changed"]) == (3, 0)


def test_nothing_of_it_is_open_to_others(acme: Organization, other: Organization, account: HubSpot) -> None:
    """Given a connection, when another organization or a read-only key comes, then 404 and 403."""
    del account.contacts[1:]
    connection_id = connect(acme.api)
    ended(acme.api, connection_id)
    contact = next(pages(acme.api, "/v1/crm/contacts", connection_id=connection_id))
    with Api(acme.api.base_url, acme.scoped("crm:read")) as reader:
        allowed = reader.ask("GET", f"/v1/crm/contacts/{contact['id']}")
        refused = reader.ask("POST", f"/v1/connections/{connection_id}/sync")

    assert other.api.ask("GET", f"/v1/crm/contacts/{contact['id']}").status == 404
    assert other.api.ask("GET", f"/v1/connections/{connection_id}").status == 404
    assert other.api.ask("DELETE", f"/v1/connections/{connection_id}").status == 404
    assert list(pages(other.api, "/v1/crm/contacts")) == []
    assert (allowed.status, refused.status) == (200, 403)


def test_a_token_hubspot_refuses_shows_as_the_status(acme: Organization, account: HubSpot) -> None:
    """Given a wrong token, when connected, then unauthorized after one request; deleted, it is gone."""
    connection_id = connect(acme.api, "pat-na1-not-known-to-the-account")
    connection = ended(acme.api, connection_id)
    acme.api.call("DELETE", f"/v1/connections/{connection_id}")

    assert connection["status"] == "unauthorized"
    assert [asked.status for asked in account.journal] == [401]
    assert acme.api.ask("GET", f"/v1/connections/{connection_id}").status == 404
