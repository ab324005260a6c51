"""Work items ↔ values: how an inbound event and a delivery lie in the store, beside the work pattern's attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.core.clock import DAY, SECOND
from shared.core.scope import OrgScope
from shared.core.work.item import NewWork, Status, WorkRef
from shared.webhooks.entities import Attempt, Delivery, DeliveryStatus, Source
from shared.webhooks.payload import packed, unpacked

RETENTION = 30 * DAY
"""How long events, messages and deliveries are kept, milliseconds: ten times the retry schedule, and far beyond the
hour in which a provider's repeat must still be recognised."""


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """A verified notification as it was received."""

    id: str
    provider: str
    source_id: str
    notice_id: str
    event_type: str
    sent_at: int
    body: bytes = field(repr=False)
    """The raw body whose signature was verified."""


def inbound_work(event: InboundEvent, source: Source, ref: WorkRef, request_id: str, now: int) -> NewWork:
    """What accepting a notification puts."""
    return NewWork(
        ref=ref,
        id=event.id,
        org=source.org,
        entity="inbound_event",
        version=1,
        attributes={
            "provider": event.provider,
            "source_id": event.source_id,
            "notice_id": event.notice_id,
            "event_type": event.event_type,
            "sent_at": event.sent_at,
            "body": packed(event.body),
        },
        request_id=request_id,
        actor=source.id,
        expires_at=expiry(now),
    )


def inbound_of(item: Mapping[str, Any]) -> InboundEvent:
    """The reverse."""
    return InboundEvent(
        id=item["id"],
        provider=item["provider"],
        source_id=item["source_id"],
        notice_id=item["notice_id"],
        event_type=item["event_type"],
        sent_at=item["sent_at"],
        body=unpacked(item["body"]),
    )


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message for an endpoint, not yet accepted."""

    id: str
    message_id: str
    endpoint_id: str
    event_type: str


def delivery_work(new: NewDelivery, *, org: OrgScope, ref: WorkRef, request_id: str, actor: str, now: int) -> NewWork:
    """What accepting a delivery puts. ``made``: attempts of the current series."""
    return NewWork(
        ref=ref,
        id=new.id,
        org=org,
        entity="delivery",
        version=1,
        attributes={
            "message_id": new.message_id,
            "endpoint_id": new.endpoint_id,
            "event_type": new.event_type,
            "attempts": [],
            "made": 0,
            "closing": False,
            "outcome": None,
            "reason": None,
        },
        request_id=request_id,
        actor=actor,
        expires_at=expiry(now),
    )


def delivery_of(item: Mapping[str, Any]) -> Delivery:
    """A delivery from its item."""
    status = _status(item)
    return Delivery(
        id=item["id"],
        message_id=item["message_id"],
        endpoint_id=item["endpoint_id"],
        event_type=item["event_type"],
        status=status,
        reason=item["reason"],
        attempts=tuple(attempt_of(a) for a in item["attempts"]),
        attempt_count=item["made"],
        next_attempt_at=item["not_before"] if status is DeliveryStatus.PENDING else None,
        created_at=item["accepted_at"],
        exhausted_at=item.get("exhausted_at"),
    )


def is_closing(item: Mapping[str, Any]) -> bool:
    """Whether the attempts are over and only the notice and the last write are missing."""
    return bool(item["closing"])


def _status(item: Mapping[str, Any]) -> DeliveryStatus:
    match Status(item["status"]):
        case Status.PENDING | Status.CLAIMED:
            return DeliveryStatus.EXHAUSTED if is_closing(item) else DeliveryStatus.PENDING
        case Status.FAILED:
            return DeliveryStatus.EXHAUSTED
        case Status.PARKED:
            return DeliveryStatus.STUCK
        case Status.DONE:
            return DeliveryStatus(item["outcome"])


def attempt_map(attempt: Attempt) -> dict[str, Any]:
    """As stored."""
    return {
        "at": attempt.at,
        "ok": attempt.ok,
        "latency_ms": attempt.latency_ms,
        "code": attempt.code,
        "error": attempt.error,
    }


def attempt_of(stored: Mapping[str, Any]) -> Attempt:
    """The reverse."""
    return Attempt(stored["at"], stored["ok"], stored["latency_ms"], stored["code"], stored["error"])


def expiry(now: int) -> int:
    """When the store may forget what was made ``now``; seconds, as TTL wants them."""
    return (now + RETENTION) // SECOND
