"""Reading the audit chain."""

import re

from functions.platform.audit.models import AuditEntryView
from shared.core import pagination
from shared.core.audit import AuditLog, AuditRecord
from shared.core.clock import rfc3339
from shared.core.errors import FieldError, Invalid
from shared.core.http.models import PageQuery
from shared.core.http.routes import Page
from shared.core.scope import OrgScope

_SEQ = re.compile(r"[0-9]{1,15}")


def page(log: AuditLog, org: OrgScope, query: PageQuery) -> Page:
    """One page. Raises 422 for a cursor that is not one of this list."""
    after = pagination.decode(query.cursor)
    if after is not None and not _SEQ.fullmatch(after):
        raise Invalid(fields=[FieldError("?cursor", "is not a cursor of this list")])
    records = log.page(org, limit=query.limit, before=int(after) if after else None)
    more = len(records) == query.limit and records[-1].seq > 1
    cursor = pagination.encode(str(records[-1].seq)) if more else None
    return Page([_view(r) for r in records], query.limit, cursor)


def _view(record: AuditRecord) -> AuditEntryView:
    entry = record.entry
    return AuditEntryView(
        seq=record.seq,
        action=entry.action,
        actor=entry.actor,
        target=entry.target,
        details=entry.details,
        request_id=entry.request_id,
        at=rfc3339(entry.at),
        previous=record.previous,
        hash=record.hash,
    )
