"""Reading HubSpot's pages, over a sender that answers from memory."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.adapters.hubspot.contacts import HubSpotContacts
from shared.adapters.hubspot.page import MAX_RECORDS
from shared.core.outbound.errors import CircuitOpen, ConnectFailed, ResponseTooLarge, TimedOut
from shared.core.outbound.message import Headers, Request, Response
from shared.core.outbound.policy import Policy
from shared.crm.source import SourceDown, SourcePage, SourcePaused, SourceRecord

RECORD = {
    "id": "51",
    "properties": {"email": "a@b.example", "firstname": "Ada", "jobtitle": None, "hs_object_id": "51"},
    "createdAt": "2026-01-15T09:30:00.000Z",
    "updatedAt": "2026-01-15T09:30:00.250Z",
    "archived": False,
    "url": "https://app.hubspot.com/contacts/1/record/0-1/51",
}


@dataclass
class Memory:
    """A sender that gives one outcome."""

    outcome: Response | Exception
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request, policy: Policy) -> Response:
        """Keep the request."""
        assert policy.attempts == 1
        self.sent.append(request)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def answered(body: Any, cursor: str | None = None) -> SourcePage:
    """The page read from a 200 with this body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HubSpotContacts(Memory(Response(200, Headers(), raw)), "https://api.test", lambda: 0).page("t", cursor)


def test_a_page_is_records_in_our_fields_and_the_next_cursor() -> None:
    """Given a page with a next one, when read, then our field names, milliseconds and the cursor."""
    page = answered({"results": [RECORD], "paging": {"next": {"after": "51", "link": "https://x"}}})

    expected = SourceRecord(
        "51", {"email": "a@b.example", "first_name": "Ada"}, archived=False, updated_at=1768469400250
    )
    assert page == SourcePage((expected,), "51")


@pytest.mark.parametrize("paging", [{}, {"paging": None}, {"paging": {}}, {"paging": {"next": None}}])
def test_a_page_without_a_next_one_is_the_last(paging: dict[str, Any]) -> None:
    """Given the ways HubSpot says "no more", when read, then there is no cursor."""
    assert answered({"results": [], **paging}) == SourcePage((), None)


def test_a_cursor_goes_into_the_query_as_a_value() -> None:
    """Given a cursor with characters of a URL's syntax, when sent, then it stays one value."""
    sender = Memory(Response(200, Headers(), b'{"results":[]}'))
    HubSpotContacts(sender, "https://api.test", lambda: 0).page("the-token", "a&limit=1#x/../y")

    (request,) = sender.sent
    assert request.url.startswith("https://api.test/crm/objects/2026-09/contacts?limit=100&properties=email,firstname,")
    assert request.url.endswith("&archived=false&after=a%26limit%3D1%23x%2F..%2Fy")
    assert request.headers["Authorization"] == "Bearer the-token"
    assert "the-token" not in repr(request)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        {"results": {"1": RECORD}},
        {"results": [None]},
        {"results": [{**RECORD, "id": 51}]},
        {"results": [{**RECORD, "id": ""}]},
        {"results": [{**RECORD, "id": "5\n1"}]},
        {"results": [{**RECORD, "id": "5" * 65}]},
        {"results": [{**RECORD, "updatedAt": "2026-01-15T09:30:00"}]},
        {"results": [{**RECORD, "properties": {"email": ["a"]}}]},
        {"results": [{**RECORD, "properties": []}]},
        {"results": [{**RECORD, "archived": "false"}]},
        {"results": [{k: v for k, v in RECORD.items() if k != "updatedAt"}]},
        {"results": [], "paging": []},
        {"results": [], "paging": {"next": []}},
        {"results": [], "paging": {"next": {"after": 100}}},
        {"results": [RECORD] * (MAX_RECORDS + 1)},
        {"results": [], "paging": {"next": {"after": ""}}},
        {"results": [], "paging": {"next": {"after": "x" * 1025}}},
        {"results": [], "paging": {"next": {"after": "the same"}}},
    ],
)
def test_an_answer_that_is_not_a_page_is_no_page(body: Any) -> None:
    """Given an answer of another shape, or one that would never end, when read, then it is unusable, not trusted."""
    with pytest.raises(SourceDown):
        answered(body, cursor="the same")


@pytest.mark.parametrize("error", [ConnectFailed(), TimedOut("read"), ResponseTooLarge()])
def test_no_answer_is_told_in_the_words_of_the_port(error: Exception) -> None:
    """Given a network failure, when a page is asked for, then the source is down."""
    with pytest.raises(SourceDown):
        HubSpotContacts(Memory(error), "https://api.test", lambda: 0).page("t", None)


def test_an_open_circuit_is_no_answer_of_hubspots() -> None:
    """Given a circuit that is open, when a page is asked for, then it says that nobody was asked, and until when."""
    with pytest.raises(SourcePaused) as paused:
        HubSpotContacts(Memory(CircuitOpen(5)), "https://api.test", lambda: 0).page("t", None)

    assert paused.value.wait == 5_000
