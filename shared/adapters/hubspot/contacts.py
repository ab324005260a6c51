"""HubSpot's contacts, page by page, as the :class:`shared.crm.source.ContactSource`.

List call: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/get-crm-v3-objects-contacts,
on the date-based path, since the numbered versions end in September 2027.
"""

from typing import Annotated
from urllib.parse import urlencode

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError

from shared.adapters.hubspot.refusals import source_error
from shared.core.clock import SECOND, Clock
from shared.core.errors import Unavailable, UpstreamFailed, UpstreamTimeout
from shared.core.outbound.message import Request, Sender
from shared.core.outbound.policy import Policy
from shared.crm.fields import HUBSPOT_CONTACT, read
from shared.crm.source import PullProblem, SourceDown, SourcePage, SourceRecord

VERSION = "2026-09"
"""HubSpot supports a dated version for 18 months: this one until March 2028."""
PAGE_SIZE = 100
"""The most HubSpot gives."""
POLICY = Policy(connect_s=3, read_s=10, total_s=20, attempts=1, read_limit=4 * 1024 * 1024)
"""One attempt: a page that fails is put off by the work pattern, so that one claim is one request. A hundred
contacts with eleven properties are about 60 KB; 4 MiB leaves room for long values and stops there."""


def _visible(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("is not printable ASCII")
    return text


_Cursor = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_visible)]


class _Next(BaseModel):
    after: _Cursor


class _Paging(BaseModel):
    next: _Next | None = None


class _Record(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_visible)]
    properties: dict[str, str | None]
    updated_at: AwareDatetime = Field(alias="updatedAt")
    archived: bool = False


class _Page(BaseModel):
    """What we read of HubSpot's answer; the rest of it is not looked at."""

    results: list[_Record] = Field(max_length=PAGE_SIZE)
    paging: _Paging | None = None


class HubSpotContacts:
    """One request per page."""

    def __init__(self, sender: Sender, base_url: str, clock: Clock) -> None:
        """``base_url``: scheme and host, from the configuration."""
        self._sender = sender
        self._base_url = base_url
        self._clock = clock

    def page(self, token: str, cursor: str | None) -> SourcePage:
        """Live contacts only: archived ones are another listing."""
        query = {"limit": str(PAGE_SIZE), "properties": ",".join(rule.source for rule in HUBSPOT_CONTACT)}
        query |= {"archived": "false"} | ({"after": cursor} if cursor is not None else {})
        request = Request(
            "GET",
            f"{self._base_url}/crm/objects/{VERSION}/contacts?{urlencode(query, safe=',')}",
            {"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )
        try:
            response = self._sender.send(request, POLICY)
        except (UpstreamFailed, UpstreamTimeout, Unavailable) as error:
            raise SourceDown(PullProblem.PROVIDER_UNAVAILABLE) from error
        if not response.ok:
            raise source_error(response, self._clock())
        return _read(response.body, cursor)


def _read(body: bytes, cursor: str | None) -> SourcePage:
    try:
        page = _Page.model_validate_json(body)
    except ValidationError as error:
        raise SourceDown(PullProblem.PROVIDER_UNAVAILABLE) from error.with_traceback(None)
    following = page.paging.next.after if page.paging and page.paging.next else None
    if following is not None and following == cursor:  # would never end
        raise SourceDown(PullProblem.PROVIDER_UNAVAILABLE)
    return SourcePage(tuple(_record(r) for r in page.results), following)


def _record(record: _Record) -> SourceRecord:
    return SourceRecord(
        provider_id=record.id,
        fields=read(HUBSPOT_CONTACT, record.properties),
        archived=record.archived,
        updated_at=round(record.updated_at.timestamp() * SECOND),
    )
