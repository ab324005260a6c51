"""An organization's own model provider, and the ports behind which it, its settings and the usage record live."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from shared.llm.usage import Usage


@dataclass(frozen=True, slots=True)
class Upstream:
    """An OpenAI-compatible provider. ``base_url`` is without a trailing slash (``https://api.openai.com/v1``)."""

    base_url: str
    api_key: str = field(repr=False)
    models: tuple[str, ...] = ()
    """Names callers may use; empty: whatever the provider serves."""
    ask_usage: bool = True
    """Ask streams for usage. Off for the servers that answer 400 to ``stream_options``."""
    name: str = field(default="", compare=False)
    """Tells it from every other organization's, and from the one it replaced; given when it is read."""


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """What of an upstream may be shown: everything but the key."""

    base_url: str
    models: tuple[str, ...]
    ask_usage: bool
    updated_at: int
    """Milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A provider's whole answer to a request that does not stream."""

    body: bytes
    request_id: str | None
    """The provider's own id of the request, for a support case there."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A provider's answer to a request that streams: its 200 is here, its bytes are coming."""

    pieces: AsyncIterator[bytes]
    request_id: str | None
    """As of a :class:`Completion`."""


class ChatUpstream(Protocol):
    """The provider at the other end. Every failure is a ``Problem`` (``shared.llm.refusals``, ``UpstreamTimeout``)."""

    async def complete(self, upstream: Upstream, body: bytes, request_id: str) -> Completion:
        """The whole answer to a request that does not stream."""
        ...

    def stream(self, upstream: Upstream, body: bytes, request_id: str) -> AbstractAsyncContextManager[Incoming]:
        """Entered once the provider has answered 200.

        Leaving closes the connection, which is how a provider learns that nobody listens any more.
        """
        ...


class Upstreams(Protocol):
    """One organization's upstream at rest (built from its ``OrgScope``). Calls block."""

    def put(self, upstream: Upstream, now: int, expected: UpstreamSettings | None = None) -> UpstreamSettings:
        """Replace the upstream; the key is sealed before it is stored. Raises 412 when ``expected`` is not there."""
        ...

    def settings(self) -> UpstreamSettings | None:
        """What may be shown; ``None`` where nothing is configured."""
        ...

    def open(self) -> Upstream | None:
        """With the key, for calling it."""
        ...


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One completion, for counting and billing. Never a prompt, an answer or a caller's content.

    It has an id of its own: a request id is the caller's to choose, and choosing one twice must not hide a use.
    """

    request_id: str
    key_id: str
    model: str
    usage: Usage
    streamed: bool
    outcome: str
    """``complete``, ``abandoned`` (the caller left), or the ``code`` of the error it ended in."""
    ttft_ms: int | None
    """From the accepted request to the first generated content passed on; ``None`` where there was none."""
    provider_request_id: str | None
    at: int
    """When it was asked for: milliseconds since the epoch."""


class UsageLog(Protocol):
    """Where an organization's usage records go (built from its ``OrgScope``). Calls block."""

    def append(self, record: UsageRecord) -> None:
        """Keep a record."""
        ...


PURPOSE = "llm"
"""The cipher's purpose for upstream keys."""


def serves(upstream: Upstream, model: str) -> bool:
    """Whether the organization lets its callers use this model."""
    return not upstream.models or model in upstream.models
