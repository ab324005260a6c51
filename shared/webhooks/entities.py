"""What the webhook job is about: sources in; endpoints, messages, deliveries and attempts out."""

from dataclasses import dataclass, field
from enum import StrEnum

from shared.core.scope import OrgScope

PURPOSE = "webhooks"
"""The cipher's purpose for the secrets of sources and endpoints."""


@dataclass(frozen=True, slots=True)
class Source:
    """A registered producer of inbound notifications."""

    id: str
    org: OrgScope
    provider: str
    name: str
    digest: str
    """SHA-256 of its URL's token, in hexadecimal: the token itself is told once and kept nowhere."""
    created_at: int


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source with its secrets opened; never logged, never answered."""

    source: Source
    secrets: tuple[str, ...] = field(repr=False)
    """All of them verify: one can be replaced at the provider without losing a notification."""


class EndpointStatus(StrEnum):
    """Whether an endpoint is sent to."""

    ENABLED = "enabled"
    DISABLED = "disabled"


MAX_ENDPOINTS = 50
"""Of one organization, disabled ones included: one event becomes as many deliveries within one worker's 29 seconds."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A customer's URL."""

    id: str
    url: str
    event_types: tuple[str, ...]
    """Filters (see event_filter.py); empty: every type."""
    description: str
    status: EndpointStatus
    disabled_reason: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """An endpoint with its signing secrets opened; never logged, never answered."""

    endpoint: Endpoint
    secrets: tuple[str, ...] = field(repr=False)
    """All of them sign: a receiver may know the old or the new one during a rotation."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event accepted for delivery. ``id`` is the ``webhook-id`` at every endpoint and in every attempt."""

    id: str
    event_type: str
    body: bytes = field(repr=False)
    """Exactly the bytes that are signed and sent."""
    created_at: int
    event_id: str


class DeliveryStatus(StrEnum):
    """Where a delivery stands, as its owner sees it."""

    PENDING = "pending"
    """An attempt is to come."""
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    """Every attempt failed; listed under dead letters until it is replayed."""
    CANCELLED = "cancelled"
    """Its endpoint is gone or disabled; ``reason`` says which."""
    STUCK = "stuck"
    """Our own code failed on it repeatedly; an operator has been alarmed."""


class Reason(StrEnum):
    """Why a delivery was cancelled."""

    ENDPOINT_DELETED = "endpoint_deleted"
    ENDPOINT_DISABLED = "endpoint_disabled"
    ENDPOINT_GONE = "endpoint_gone"
    """The endpoint answered 410 and is disabled since."""
    MESSAGE_EXPIRED = "message_expired"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST, summed up: never a body, a header or a secret."""

    at: int
    ok: bool
    latency_ms: int
    code: int | None = None
    """HTTP status; None when there was no answer."""
    error: str | None = None
    """Class of the error when there was no answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one endpoint."""

    id: str
    message_id: str
    endpoint_id: str
    event_type: str
    status: DeliveryStatus
    reason: str | None
    attempts: tuple[Attempt, ...]
    """The latest :data:`KEPT_ATTEMPTS`, oldest first."""
    attempt_count: int
    """All attempts since the delivery was made or last replayed."""
    next_attempt_at: int | None
    created_at: int
    exhausted_at: int | None = None


KEPT_ATTEMPTS = 20
"""Two whole series of attempts; a summary is about 60 bytes, and each write costs by the kilobyte."""


def with_attempt(attempts: tuple[Attempt, ...], latest: Attempt) -> tuple[Attempt, ...]:
    """The capped list."""
    return (*attempts, latest)[-KEPT_ATTEMPTS:]
