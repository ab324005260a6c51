"""Reading a page of HubSpot's contacts: what we use is checked, the rest of the answer is not looked at.

By hand, not by pydantic: a worker has no other use for it, and it would double the worker's cold start.
"""

import json

from shared.core.clock import parse_rfc3339
from shared.crm.fields import HUBSPOT_CONTACT, read
from shared.crm.source import SourcePage, SourceRecord

MAX_RECORDS = 100
"""The most HubSpot gives on a page."""
_ID_CHARACTERS = 64
_CURSOR_CHARACTERS = 1_024
"""HubSpot promises no length of ids and cursors: these are far above what it sends, far below what we can store."""


def read_page(body: bytes) -> SourcePage:
    """The page. Raises ``ValueError`` for an answer that is not one."""
    match json.loads(body):
        case {"results": list(results), **rest} if len(results) <= MAX_RECORDS:
            return SourcePage(tuple(_record(r) for r in results), _following(rest.get("paging")))
    raise ValueError("not a page")


def _record(raw: object) -> SourceRecord:
    match raw:
        case {"id": str(provider_id), "properties": dict(properties), "updatedAt": str(moment), **rest}:
            archived = rest.get("archived", False)
            if not isinstance(archived, bool) or not all(isinstance(v, str | None) for v in properties.values()):
                raise ValueError("not a contact")
            return SourceRecord(
                provider_id=_token(provider_id, _ID_CHARACTERS),
                fields=read(HUBSPOT_CONTACT, properties),
                archived=archived,
                updated_at=parse_rfc3339(moment),
            )
    raise ValueError("not a contact")


def _following(paging: object) -> str | None:
    """HubSpot leaves ``paging`` or ``next`` out, or null, on the last page."""
    match paging:
        case None | {"next": None}:
            return None
        case {"next": {"after": str(after)}}:
            return _token(after, _CURSOR_CHARACTERS)
        case {"next": _}:
            raise ValueError("not a cursor")
        case dict():
            return None
    raise ValueError("not a paging")


def _token(text: str, most: int) -> str:
    """Printable ASCII of at most that length, as an id or a cursor is."""
    if not 1 <= len(text) <= most or not text.isascii() or not text.isprintable():
        raise ValueError("not an id or a cursor")
    return text
