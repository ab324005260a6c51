"""What the webhook services need from outside."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from shared.core.work.item import WorkRef
from shared.webhooks.entities import Delivery, Endpoint, Message, OpenEndpoint, OpenSource, Source

if TYPE_CHECKING:  # address tables that the receiver never needs
    from shared.core.egress import Target


class SourceDirectory(Protocol):
    """Finds a source by the hash of its URL's token, before any organization is known."""

    def by_digest(self, digest: str, now: int) -> OpenSource | None:
        """The source; remembered for 60 seconds, so one deleted elsewhere may be found that much longer."""


class Sources(Protocol):
    """An organization's sources."""

    def create(self, source: Source, secrets: Sequence[str]) -> None:
        """Store it under its token's hash with its back-pointer, both or neither; the same id again replaces."""

    def page(self, limit: int, after: str | None) -> list[Source]:
        """In order of id."""

    def get(self, source_id: str) -> Source | None:
        """One source."""

    def delete(self, source: Source) -> None:
        """Both items go; its URL answers 404 within 60 seconds."""


class Endpoints(Protocol):
    """An organization's endpoints."""

    def create(self, endpoint: Endpoint, secret: str) -> None:
        """Store it; the same id again (a retried request) replaces."""

    def page(self, limit: int, after: str | None) -> list[Endpoint]:
        """In order of id."""

    def enabled(self) -> list[Endpoint]:
        """All that are sent to, read consistently: one made a moment ago misses no event."""

    def get(self, endpoint_id: str) -> Endpoint | None:
        """One endpoint."""

    def opened(self, endpoint_id: str, now: int) -> OpenEndpoint | None:
        """With its secrets; remembered for 60 seconds."""

    def disable(self, endpoint_id: str, reason: str, now: int) -> None:
        """Send no more. No error if it is deleted or disabled already."""

    def delete(self, endpoint_id: str) -> bool:
        """False when there is none."""


class Messages(Protocol):
    """An organization's messages."""

    def put(self, message: Message, now: int) -> None:
        """Keep it; one that is there stays as it is, so every delivery of an id sends the same bytes."""

    def get(self, message_id: str) -> Message | None:
        """One message."""

    def keep(self, message_id: str, now: int) -> Message | None:
        """Keep it as long as one made ``now``. None: it has expired."""


class Deliveries(Protocol):
    """An organization's deliveries, for reading; they change by the work pattern only."""

    def ref(self, delivery_id: str) -> WorkRef:
        """Names the work item of a delivery."""

    def listing(self, delivery_id: str, at: int) -> Mapping[str, str]:
        """The attributes that enter an exhausted delivery in the list of dead letters."""

    def note(self, endpoint_id: str, message_id: str, delivery_id: str, at: int) -> None:
        """Enter a delivery in its endpoint's list. ``at``: the same for the same delivery, so repeating is harmless."""

    def keep(self, endpoint_id: str, delivery_id: str, at: int, now: int) -> None:
        """Keep the entry in its endpoint's list, made with the same ``at``, as long as one made ``now``."""

    def get(self, delivery_id: str) -> Delivery | None:
        """One delivery."""

    def of_endpoint(self, endpoint_id: str, limit: int, after: str | None) -> tuple[list[Delivery], str | None]:
        """Newest first, and where the next page starts."""

    def dead_letters(self, limit: int, after: str | None) -> tuple[list[Delivery], str | None]:
        """The exhausted ones, latest first, and where the next page starts."""


class Notices(Protocol):
    """The dead-letter queue of exhausted deliveries."""

    def send(self, body: str) -> bool:
        """Best effort: False when the queue did not take it."""


class UrlGuard(Protocol):
    """Judges a customer's URL before it is stored."""

    def check(self, url: str) -> "Target":
        """Text and resolved addresses. Raises :class:`shared.core.egress.EgressRefused`."""
