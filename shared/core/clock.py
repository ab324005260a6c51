"""The time, from outside: production passes :func:`system`, tests pass a function of their own."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Milliseconds since the Unix epoch."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def system() -> int:
    """Now, in milliseconds."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """``2026-11-20T08:00:00.000Z``: UTC, always three decimals, so that text order is time order."""
    moment = datetime.fromtimestamp(ms // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % SECOND:03d}Z"


def parse_rfc3339(text: str) -> int:
    """Milliseconds of an RFC 3339 moment. Raises ``ValueError``, also for a moment without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = "a moment needs an offset"
        raise ValueError(message)
    return round(moment.timestamp() * SECOND)
