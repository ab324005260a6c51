"""A request and an answer as values, the same for API Gateway and ASGI."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core import ids
from shared.core.errors import BadRequest

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


MAX_IDEMPOTENCY_KEY = 255
"""Characters; Stripe's limit, which clients know."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the pipeline sees. Header names are lower case; ``body`` is the raw bytes as sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    path_values: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source_ip: str = "unknown"
    request_id: str = ""

    @property
    def traceparent(self) -> str | None:
        """The W3C trace context, if it is well formed."""
        value = self.headers.get("traceparent", "")
        return value if _TRACEPARENT.fullmatch(value) else None

    def idempotency_key(self) -> str | None:
        """The caller's ``Idempotency-Key``: 1 to 255 visible ASCII characters."""
        key = self.headers.get("idempotency-key")
        if key is None:
            return None
        if not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY or not all("!" <= c <= "~" for c in key):
            message = "Idempotency-Key must be 1 to 255 visible ASCII characters"
            raise BadRequest(message)
        return key


def request_id(offered: str | None, now: int) -> str:
    """The caller's ``X-Request-Id`` if it is safe to repeat (8-64 of ``A-Za-z0-9._:-``), else a new one."""
    if offered and _REQUEST_ID.fullmatch(offered):
        return offered
    return ids.new("req", now)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. ``body`` is final bytes; the shell adds nothing but transport."""

    status: int
    headers: Mapping[str, str]
    body: bytes
