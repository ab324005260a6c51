"""Reading contacts."""

import pytest

from shared.core import pagination
from tests.fakes import hubspot
from tests.integration.crm.conftest import Crm


@pytest.fixture
def pulled(crm: Crm) -> Crm:
    """Thirty contacts, pulled."""
    del crm.account.contacts[30:]
    crm.connect()
    crm.work()
    return crm


def test_a_contact_is_shown_in_our_own_field_names(pulled: Crm) -> None:
    """Given a pulled contact, when read, then every field is where it belongs and empty ones are null."""
    found = next(c for c in pulled.contacts() if c["link"]["provider_id"] == "1004")
    shown = pulled.call("GET", f"/v1/crm/contacts/{found['id']}").data

    assert shown == found
    assert {k: v for k, v in shown.items() if k not in {"id", "link", "created_at", "updated_at"}} == {
        "email": "person4@example.com",
        "first_name": "First4",
        "last_name": "Last4",
        "phone": "+1 555 0000004",
        "mobile_phone": None,
        "company": "Example Ltd",
        "job_title": None,
        "website": None,
        "city": None,
        "country": None,
        "lifecycle_stage": "lead",
        "archived": False,
        "version": 1,
    }
    assert shown["link"]["provider"] == "hubspot"


def test_an_unchanged_contact_is_answered_by_304(pulled: Crm) -> None:
    """Given a contact's ETag, when sent back, then 304 without a body; after a change, 200 with another ETag."""
    path = f"/v1/crm/contacts/{pulled.contacts()[0]['id']}"
    first = pulled.call("GET", path)
    tag = first.headers["ETag"]
    same = pulled.call("GET", path, headers={"If-None-Match": f'"other", W/{tag}'})
    provider_id, connection_id = first.data["link"]["provider_id"], first.data["link"]["connection_id"]
    pulled.account.change(provider_id, "2026-11-02T10:00:00.000Z", company="New Ltd")
    pulled.call("POST", f"/v1/connections/{connection_id}/sync")
    pulled.work()
    changed = pulled.call("GET", path, headers={"If-None-Match": tag})

    assert (same.status, same.text, same.headers["ETag"]) == (304, "", tag)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert (changed.status, changed.data["company"]) == (200, "New Ltd")
    assert changed.headers["ETag"] != tag


def test_contacts_are_listed_in_pages_without_gap_or_overlap(pulled: Crm) -> None:
    """Given thirty contacts, when listed seven at a time, then five pages with each contact once."""
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        reply = pulled.call("GET", "/v1/crm/contacts", query={"limit": "7", **cursor})
        pages.append([c["id"] for c in reply.data])
        if reply.json["meta"]["next_cursor"] is None:
            break
        cursor = {"cursor": reply.json["meta"]["next_cursor"]}

    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    assert len({i for page in pages for i in page}) == 30


def test_contacts_are_found_by_connection_and_by_address(pulled: Crm) -> None:
    """Given two connections to one account, when filtered, then by connection, by address in any case, or by both."""
    second = pulled.connect()
    pulled.work()

    assert len(pulled.contacts()) == 60
    assert {c["link"]["connection_id"] for c in pulled.contacts(connection_id=second)} == {second}
    assert len(pulled.contacts(connection_id=second)) == 30
    assert [c["link"]["provider_id"] for c in pulled.contacts(email="Person9@Example.com")] == ["1009", "1009"]
    both = pulled.contacts(email="person9@example.com", connection_id=second)
    assert [c["link"]["connection_id"] for c in both] == [second]
    assert pulled.contacts(email="nobody@example.com") == []
    assert pulled.contacts(connection_id="conn_00000000000000000000000000") == []


def test_an_address_that_is_gone_finds_nobody(pulled: Crm) -> None:
    """Given a contact whose e-mail HubSpot cleared, when pulled again, then the address finds nobody."""
    connection_id = pulled.contacts()[0]["link"]["connection_id"]
    pulled.account.change("1003", "2026-11-02T10:00:00.000Z", email="")
    pulled.call("POST", f"/v1/connections/{connection_id}/sync")
    pulled.work()

    assert pulled.contacts(email="person3@example.com") == []
    assert len(pulled.contacts()) == 30


def test_values_too_long_for_an_index_or_an_item_do_not_stop_the_pull(crm: Crm) -> None:
    """Given absurd values, when pulled, then they are cut, and the contact is listed."""
    crm.account.contacts[:] = [hubspot.contact(1, email="e" * 3000 + "@example.com", company="ö" * 65_000)]
    crm.connect()
    crm.work()

    (found,) = crm.contacts()
    assert found["email"] == "e" * 2000
    assert found["company"] == "ö" * 2000


def test_another_organizations_contact_is_a_missing_one(pulled: Crm) -> None:
    """Given another organization's contact id, when read, then 404 as for a missing one, and its list is empty."""
    mine = pulled.contacts()[0]["id"]
    other = pulled.aws.found("Other").api_key
    missing = pulled.call("GET", "/v1/crm/contacts/cont_00000000000000000000000000", key=other)

    for contact_id in (mine, "nonsense", "x" * 3000):
        reply = pulled.call("GET", f"/v1/crm/contacts/{contact_id}", key=other)
        assert (reply.status, reply.json["errors"]) == (404, missing.json["errors"])
    assert pulled.call("GET", "/v1/crm/contacts", key=other).data == []


def test_a_bad_query_is_refused_with_its_place(crm: Crm) -> None:
    """Given queries that break a rule, when listed, then 422 naming the value."""
    queries = [
        ({"limit": "0"}, "?limit"),
        ({"limit": "101"}, "?limit"),
        ({"limit": "many"}, "?limit"),
        ({"email": "x"}, "?email"),
        ({"email": "x" * 321}, "?email"),
        ({"connection_id": "conn_x"}, "?connection_id"),
        ({"colour": "red"}, "?colour"),
        ({"cursor": "nonsense"}, "?cursor"),
        ({"cursor": pagination.encode("x" * 3000, "|")}, "?cursor"),
    ]

    replies = [crm.call("GET", "/v1/crm/contacts", query=query) for query, _ in queries]
    assert [r.status for r in replies] == [422] * len(queries)
    assert [[e["pointer"] for e in r.json["errors"]] for r in replies] == [[pointer] for _, pointer in queries]


def test_a_cursor_of_another_filter_is_refused(pulled: Crm) -> None:
    """Given the cursor of the whole list, when used with a filter, then 422."""
    cursor = pulled.call("GET", "/v1/crm/contacts", query={"limit": "7"}).json["meta"]["next_cursor"]

    reply = pulled.call("GET", "/v1/crm/contacts", query={"cursor": cursor, "email": "person3@example.com"})

    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "?cursor")


def test_contacts_need_the_scope_to_read_them(pulled: Crm) -> None:
    """Given a key for something else, when it lists contacts, then 403."""
    minter = pulled.aws.key(pulled.org.org_id, "agora:tokens")

    assert pulled.call("GET", "/v1/crm/contacts", key=minter).status == 403
