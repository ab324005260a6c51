"""What the routes of sources, endpoints and deliveries speak."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.agora.event_catalogue import EVENT_TYPES
from shared.core.http.models import Model, PageQuery
from shared.webhooks.entities import DeliveryStatus, EndpointStatus
from shared.webhooks.event_filter import objection


def _can_match(pattern: str) -> str:
    complaint = objection(pattern, EVENT_TYPES)
    if complaint:
        raise ValueError(complaint)
    return pattern


EventFilter = Annotated[
    str,
    AfterValidator(_can_match),
    Field(description="an event type (agora.rtc.host_joined) or a branch of them (agora.rtc.*)"),
]
ProviderSecret = Annotated[str, Field(min_length=4, max_length=256, pattern=r"^[\x21-\x7e]+$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class CreateSource(Model):
    """A producer of inbound notifications."""

    provider: Literal["agora"]
    name: Name
    secrets: list[ProviderSecret] = Field(
        min_length=1, max_length=4, description="the provider's signing secrets; each of them is accepted"
    )


class SourceView(Model):
    """A source, without its secrets and its URL."""

    id: str
    provider: str
    name: str
    created_at: str


class CreatedSource(SourceView):
    """A source just made. ``url`` is a secret and is told this once."""

    url: str | None


class CreateEndpoint(Model):
    """A URL that is to receive events."""

    url: str = Field(min_length=1, max_length=2048, description="https, at a public address")
    event_types: list[EventFilter] = Field([], max_length=50, description="which events; empty: all of them")
    description: str = Field("", max_length=200)


class EndpointView(Model):
    """An endpoint, without its signing secret."""

    id: str
    url: str
    event_types: list[str]
    description: str
    status: EndpointStatus
    disabled_reason: str | None
    created_at: str


class CreatedEndpoint(EndpointView):
    """An endpoint just made. ``secret`` (Standard Webhooks, ``whsec_…``) is told this once."""

    secret: str | None


class DeliveryQuery(PageQuery):
    """An endpoint's deliveries. ``status`` is applied to a page after it is read: it may come back shorter."""

    endpoint_id: str = Field(min_length=1, max_length=64)
    status: DeliveryStatus | None = None


class AttemptView(Model):
    """One POST."""

    at: str
    ok: bool
    latency_ms: int
    code: int | None = Field(description="HTTP status; null when there was no answer")
    error: str | None = Field(description="class of the error when there was no answer")


class DeliveryView(Model):
    """One message for one endpoint."""

    id: str
    message_id: str = Field(description="the webhook-id the endpoint sees")
    endpoint_id: str
    event_type: str
    status: DeliveryStatus
    reason: str | None
    attempt_count: int = Field(description="of the current series")
    attempts: list[AttemptView] = Field(description="the latest 20, oldest first")
    next_attempt_at: str | None
    created_at: str
    exhausted_at: str | None
