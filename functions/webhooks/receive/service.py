"""Accepting a notification of Agora: verified, read, bounded in time, durable, and only then answered."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.agora import notification as agora
from shared.core.errors import NotFound
from shared.core.ids import derived
from shared.core.limits import Policy
from shared.core.scope import OrgScope
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import WorkRef
from shared.webhooks.entities import OpenSource
from shared.webhooks.ports import SourceDirectory
from shared.webhooks.records import InboundEvent, inbound_work

SOURCE_POLICY = Policy("source", quota=720_000, burst=1_000, per_second=200)
"""Per source. Agora gives up after three repeats, so a refusal may lose a notification: far above what one project
sends, low enough that one source cannot take the region's capacity."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes, base64url."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What arrived for a source."""

    body: bytes
    signature: str | None
    request_id: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What becomes of a verified notification."""

    event_id: str | None
    """None for the console's test, which leaves nothing behind."""
    duplicate: bool = False


def find(directory: SourceDirectory, token: str, now: int) -> OpenSource:
    """The source whose URL was called. Raises 404."""
    found = directory.by_digest(hashlib.sha256(token.encode()).hexdigest(), now) if _TOKEN.fullmatch(token) else None
    if found is None or found.source.provider != "agora":
        raise NotFound
    return found


def verify(opened: OpenSource, sent: Sent, now: int) -> agora.Notification:
    """The notification. Raises 401 forged, 400 unreadable, 413 too large, 422 sent too long ago or in the future."""
    return agora.receive(sent.body, sent.signature, opened.secrets, now_ms=now)


def accept(
    opened: OpenSource,
    notification: agora.Notification,
    sent: Sent,
    *,
    dispatcher: Dispatcher,
    ref_of: Callable[[OrgScope, str], WorkRef],
    now: int,
) -> Accepted:
    """One conditional put under an id derived from source and ``noticeId``: a repeat collapses into the first.

    Raises 503 when the store does not take it: the provider then repeats.
    """
    if notification.is_test:
        return Accepted(None)
    source = opened.source
    event = InboundEvent(
        id=derived("evt", source.id, notification.notice_id),
        provider=source.provider,
        source_id=source.id,
        notice_id=notification.notice_id,
        event_type=notification.event_type,
        sent_at=notification.sent_at_ms,
        body=sent.body,
    )
    work = inbound_work(event, source, ref_of(source.org, event.id), sent.request_id, now)
    return Accepted(event.id, duplicate=not dispatcher.accept(work, now, sent.traceparent))
