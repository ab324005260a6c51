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
    """Milliseconds of an RFC 3339 moment. Raises ``ValueError``, also without an offset or outside years 1-9999."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    try:
        return round(moment.astimezone(UTC).timestamp() * SECOND)
    except OverflowError as error:
        raise ValueError("a moment lies between the years 1 and 9999") from error
