"""Row crm pull: contacts of a HubSpot, page by page; the same that HubSpot's own client reads."""

import time
from typing import Any

import hubspot

from tests.demo.api import Api, temporarily, until
from tests.demo.table import Skipped
from tests.demo.target import HUBSPOT_PORT, Target, need_free
from tests.fakes import hubspot as fake

CONTACTS = 201
"""Three pages, the last with one contact."""
_PAGE = 100
PULLED_S = 30.0
REAL_PULLED_S = 120.0
"""A real account may hold thousands of contacts and has rate limits."""
_STILL = {"new", "syncing"}


def prove(target: Target) -> str:
    """Connect, pull to the end, list, read one, and be told 304 when nothing has changed."""
    if target.local:
        need_free(HUBSPOT_PORT)
        with fake.running(CONTACTS, HUBSPOT_PORT) as account:
            told = _pull(target, fake.TOKEN, account.url)
            asked = [a for a in account.journal if not a.path.startswith("/crm/v3/")]  # v3: HubSpot's own client
            assert len(asked) == -(-CONTACTS // _PAGE), f"{len(asked)} requests for {CONTACTS} contacts"
            return f"{told}; {len(asked)} requests"
    if not target.hubspot_token:
        raise Skipped("needs HUBSPOT_TOKEN=, of a private app with crm.objects.contacts.read")
    return _pull(target, target.hubspot_token, None)


def _pull(target: Target, token: str, host: str | None) -> str:
    wanted = {"private_token": token, "name": "switchboard-demo"}
    with (
        target.api() as api,
        temporarily(api, "/v1/connections/hubspot", wanted, at="/v1/connections") as connection,
    ):
        began = time.monotonic()
        wait = target.patience_s or (PULLED_S if target.local else REAL_PULLED_S)
        sync = until(lambda: _ended(api, connection["id"]), seconds=wait, what="the end of the pull")
        took_s = time.monotonic() - began
        theirs, ours = _theirs(token, host), _ours(api, connection["id"])
        assert ours.keys() >= theirs.keys(), f"{len(theirs.keys() - ours.keys())} contacts are missing"
        assert {i: ours[i]["email"] for i in theirs} == theirs, "an e-mail address differs from HubSpot's"
        if target.local:
            assert sync["records"] == len(ours) == CONTACTS, f"{len(ours)} contacts listed of {CONTACTS}"
        _unchanged(api, next(iter(ours.values())))
    return f"{sync['records']} contacts in {sync['pages']} pages after {took_s:.1f} s, as hubspot-api-client, ETag 304"


def _ended(api: Api, connection_id: str) -> dict[str, Any] | None:
    """The pull's counts once it is complete. Raises when it has ended otherwise."""
    found = api.call("GET", f"/v1/connections/{connection_id}")
    sync: dict[str, Any] | None = found["sync"]
    assert found["status"] in _STILL | {"active"}, (
        f"the connection is {found['status']}: {sync and sync['problem']} after {sync and sync['pages']} pages"
    )
    return None if found["status"] in _STILL else sync


def _theirs(token: str, host: str | None) -> dict[str, str | None]:
    """By HubSpot's id, the e-mail addresses of up to three pages, as its own client reads them."""
    client = hubspot.Client.create(access_token=token, **({"host": host} if host else {}))
    found: dict[str, str | None] = {}
    after: str | None = None
    for _ in range(3):
        page = client.crm.contacts.basic_api.get_page(limit=_PAGE, after=after, properties=["email"])
        found |= {contact.id: contact.properties.get("email") for contact in page.results}
        if not (page.paging and page.paging.next):
            break
        after = page.paging.next.after
    return found


def _ours(api: Api, connection_id: str) -> dict[str, dict[str, Any]]:
    """By HubSpot's id, our contacts of this connection."""
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, Any] = {"connection_id": connection_id, "limit": _PAGE}
    while True:
        reply = api.ask("GET", "/v1/crm/contacts", params=query)
        assert reply.status == 200, f"GET /v1/crm/contacts → {reply.status} {reply.error.get('code')}"
        for contact in reply.data:
            assert contact["link"]["provider_id"] not in found, "a contact is listed twice"
            found[contact["link"]["provider_id"]] = contact
        cursor = reply.body["meta"]["next_cursor"]
        if cursor is None:
            return found
        query["cursor"] = cursor


def _unchanged(api: Api, contact: dict[str, Any]) -> None:
    path = f"/v1/crm/contacts/{contact['id']}"
    first = api.ask("GET", path)
    assert first.status == 200, f"GET /v1/crm/contacts/… → {first.status} {first.error.get('code')}"
    assert first.data == contact, "the contact differs from itself in the list"
    again = api.ask("GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, ""), f"with its ETag: {again.status}, not 304"
