"""The body that endpoints receive: ``{type, timestamp, data}`` (Standard Webhooks 1.0.0, "Payload structure")."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from shared.core.clock import rfc3339


def body_of(event_type: str, occurred_at: int, data: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON; made once per message, so that every attempt sends and signs the same bytes."""
    document = {"type": event_type, "timestamp": rfc3339(occurred_at), "data": data}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def packed(body: bytes) -> bytes:
    """For storing: gzip without a time in it, so the same body is the same bytes."""
    return gzip.compress(body, mtime=0)


def unpacked(stored: bytes) -> bytes:
    """The reverse."""
    return gzip.decompress(stored)
