"""How long to wait for another party, how much to read, and when to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final, Protocol

from shared.core.clock import SECOND
from shared.core.errors import Problem
from shared.core.outbound.errors import ConnectFailed, ConnectionLost, TimedOut
from shared.core.outbound.message import Request

KIB: Final = 1024

TRANSIENT: Final = frozenset({425, 429, 502, 503, 504})
"""Statuses that say "again later"; a 500 more often says "never"."""


_DOUBLINGS: Final = 50
"""Past any cap, short of what a float holds."""

LONGEST_S: Final = 31_536_000.0
"""A year of seconds: what ``Retry-After`` is read as at most. Who waits caps it far lower; this keeps it a number."""
_DIGITS: Final = 18
"""More are more than a year, leading zeros or not; a float of 309 digits is infinite."""

_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503


class Answer(Protocol):
    """What a decision needs of a response, read whole or about to be streamed."""

    @property
    def status(self) -> int:
        """Of the response."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One per provider. Every limit is in seconds unless named otherwise."""

    connect_s: float = 3.0
    """Resolving, TCP and TLS together. Just over one SYN retransmission (1 s, then 2 s)."""
    read_s: float = 10.0
    """Longest silence between two pieces of a response."""
    first_byte_s: float | None = None
    """Longest wait for the first piece of the response; by default ``read_s``."""
    total_s: float = 15.0
    """All attempts and the waits between them: no peer can hold a worker for longer."""
    attempts: int = 1
    """1 never repeats: right wherever the work pattern reschedules."""
    backoff_base_s: float = 0.2
    backoff_cap_s: float = 5.0
    retry_statuses: frozenset[int] = TRANSIENT
    retry_after_cap_s: float = 30.0
    """A peer asking for more is not waited for: its answer is returned to who can reschedule."""
    read_limit: int = 64 * KIB
    """Bytes of body read, counted both as sent and as decompressed."""
    prefix: bool = False
    """True: the first ``read_limit`` bytes are enough. False: a longer body is an error."""

    def __post_init__(self) -> None:
        """A policy that cannot work is refused where it is written down, not on a bad day."""
        positive = {
            "connect_s": self.connect_s,
            "read_s": self.read_s,
            "first_byte_s": self.first_byte_s if self.first_byte_s is not None else 1,
            "total_s": self.total_s,
            "attempts": self.attempts,
            "backoff_base_s": self.backoff_base_s,
            "read_limit": self.read_limit,
        }
        for name, value in positive.items():
            if value <= 0:
                raise ValueError(f"{name} must be positive")
        if self.backoff_cap_s < self.backoff_base_s:
            raise ValueError("backoff_cap_s must not be below backoff_base_s")
        if self.connect_s > self.total_s:
            raise ValueError("connect_s must fit into total_s")
        if self.retry_after_cap_s < 0:
            raise ValueError("retry_after_cap_s must not be negative")
        if not self.retry_statuses <= frozenset(range(400, 600)):
            raise ValueError("retry_statuses are client or server errors")

    def after_status(
        self, request: Request, answer: Answer, *, attempt: int, now_ms: int, chance: float
    ) -> float | None:
        """Seconds to wait before sending again, or None: this response is the answer.

        ``attempt`` counts from 1, ``chance`` is uniform in [0, 1). 429 and 503 with ``Retry-After``
        refuse the request unseen, so they are repeated for any method; other statuses only where
        a repetition is harmless.
        """
        status = answer.status
        if attempt >= self.attempts or status not in self.retry_statuses:
            return None
        asked = retry_after(answer.headers.get("retry-after", ""), now_ms)
        refused_unseen = status == _TOO_MANY or (status == _UNAVAILABLE and asked is not None)
        if not request.repeatable and not refused_unseen:
            return None
        wait = self.backoff(attempt, chance)
        if asked is None:
            return wait
        return None if asked > self.retry_after_cap_s else max(asked, wait)

    def after_error(self, request: Request, error: Problem, *, attempt: int, chance: float) -> float | None:
        """Seconds to wait before sending again, or None: this error is the outcome."""
        if attempt >= self.attempts:
            return None
        unsent = isinstance(error, ConnectFailed) or (isinstance(error, TimedOut) and error.phase == "connect")
        lost = isinstance(error, ConnectionLost | TimedOut)
        if unsent or (lost and request.repeatable):
            return self.backoff(attempt, chance)
        return None

    def backoff(self, attempt: int, chance: float) -> float:
        """Exponential with full jitter: uniform in [0, min(cap, base * 2^(attempt-1))).

        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        return chance * min(self.backoff_cap_s, self.backoff_base_s * 2.0 ** min(attempt - 1, _DOUBLINGS))


def retry_after(value: str, now_ms: int) -> float | None:
    """Seconds that a ``Retry-After`` asks for, 0 to :data:`LONGEST_S`; None if it cannot be read.

    RFC 9110 §10.2.3: a number of seconds, or a date. The text is the peer's, and any text is read: none raises.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return LONGEST_S if len(text) > _DIGITS else min(float(text), LONGEST_S)
    from email.utils import parsedate_to_datetime  # 10 ms, for the few peers that send a date

    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        asked = moment.timestamp() - now_ms / SECOND
    except (ValueError, OverflowError, TypeError):  # a year of twenty digits, a zone of 99 hours, a broken tuple
        return None
    return min(max(0.0, asked), LONGEST_S)
