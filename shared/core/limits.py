"""The rate limit: a calendar-hour quota and a burst (GCRA), both in ONE item and ONE conditional write.

State is ``{window, used, tat}``. ``tat`` (theoretical arrival time, milliseconds) is GCRA's: each call adds one
emission interval to ``max(tat, now)`` and is refused while that would lie more than ``burst`` intervals ahead.
DynamoDB has no ``max`` in an update, so a write states which branch it believes it is in and carries the
condition that it is so: :func:`plan` picks the branch from the state last seen, the store's answer to a failed
condition is the true state, and the next plan is right. Every admitted call is thus one write that was
conditional on its own admissibility: exact under any concurrency.
Source of GCRA: ITU-T I.371; https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

from dataclasses import dataclass
from typing import Protocol

from shared.core.clock import HOUR, SECOND


@dataclass(frozen=True, slots=True)
class Policy:
    """``quota`` calls per calendar hour, refilling at ``per_second`` with at most ``burst`` at once."""

    name: str
    quota: int
    burst: int
    per_second: float

    def __post_init__(self) -> None:
        """A policy that admits nothing is a mistake."""
        if min(self.quota, self.burst) < 1 or self.per_second <= 0:
            message = f"limit policy {self.name} admits nothing"
            raise ValueError(message)

    @property
    def interval(self) -> int:
        """Emission interval, milliseconds."""
        return max(1, round(SECOND / self.per_second))


@dataclass(frozen=True, slots=True)
class State:
    """What the store holds for one principal; the zero state is a principal never seen."""

    window: int = 0
    used: int = 0
    tat: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional write: the branch it takes, and by that its condition (see the store)."""

    same_window: bool
    idle: bool
    window: int
    now: int
    interval: int
    quota: int
    tat_bound: int
    """Busy branch: admissible while ``tat <= tat_bound``."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and what the headers tell (draft-ietf-httpapi-ratelimit-headers-10)."""

    allowed: bool
    policy: Policy
    remaining: int
    reset_s: int
    """Seconds until the quota's window ends."""
    retry_after_s: int = 0

    def headers(self) -> dict[str, str]:
        """``RateLimit-Policy``, ``RateLimit`` and, when refused, ``Retry-After``."""
        headers = {
            "RateLimit-Policy": f'"{self.policy.name}";q={self.policy.quota};w=3600',
            "RateLimit": f'"{self.policy.name}";r={self.remaining};t={self.reset_s}',
        }
        if not self.allowed:
            headers["Retry-After"] = str(self.retry_after_s)
        return headers


class LimitStore(Protocol):
    """Where limit state lives: regional, strongly consistent."""

    def write(self, key: str, write: Write) -> tuple[bool, State]:
        """Apply ``write``: whether its condition held, and the true state after (or instead of) it.

        Raises :class:`StoreThrottled` when the partition is throttled, :class:`StoreDown` on a timeout or 5xx.
        """


class StoreThrottled(Exception):
    """The principal's partition is over its capacity: that is itself too many requests."""


class StoreDown(Exception):
    """The store did not answer: the call is let through, with a metric."""


def window_of(now: int) -> int:
    """Number of the calendar hour."""
    return now // HOUR


def plan(seen: State, policy: Policy, now: int) -> Write | Verdict:
    """The write that admits a call in the state ``seen``, or the refusal if that state admits none."""
    window = max(window_of(now), seen.window)
    same = seen.window == window
    used = seen.used if same else 0
    reset_s = -(-((window + 1) * HOUR - now) // SECOND)
    if used >= policy.quota:
        return Verdict(allowed=False, policy=policy, remaining=0, reset_s=reset_s, retry_after_s=reset_s)
    bound = now + (policy.burst - 1) * policy.interval
    if seen.tat > bound:
        wait = -(-(seen.tat - bound) // SECOND)
        return Verdict(allowed=False, policy=policy, remaining=policy.quota - used, reset_s=reset_s, retry_after_s=wait)
    return Write(
        same_window=same,
        idle=seen.tat <= now,
        window=window,
        now=now,
        interval=policy.interval,
        quota=policy.quota,
        tat_bound=bound,
    )


_TRIES = 8
"""A failed condition means another call was admitted meanwhile; eight in a row is a hot principal."""


class Limiter:
    """Counts calls per key. Remembers, per process, the state last seen and denials not yet over."""

    def __init__(self, store: LimitStore, *, remembered: int = 4096) -> None:
        """``remembered`` bounds the memory; forgetting costs one more write, never exactness."""
        self._store = store
        self._seen: dict[str, State] = {}
        self._remembered = remembered

    def check(self, key: str, policy: Policy, now: int) -> Verdict:
        """Admit or refuse one call. Raises :class:`StoreDown`."""
        seen = self._seen.get(key, State())
        for _ in range(_TRIES):
            step = plan(seen, policy, now)
            if isinstance(step, Verdict):
                self._remember(key, seen)
                return step
            try:
                admitted, seen = self._store.write(key, step)
            except StoreThrottled:
                return Verdict(allowed=False, policy=policy, remaining=0, reset_s=1, retry_after_s=1)
            if admitted:
                self._remember(key, seen)
                reset_s = -(-((step.window + 1) * HOUR - now) // SECOND)
                return Verdict(allowed=True, policy=policy, remaining=max(0, policy.quota - seen.used), reset_s=reset_s)
        return Verdict(allowed=False, policy=policy, remaining=0, reset_s=1, retry_after_s=1)

    def _remember(self, key: str, state: State) -> None:
        if len(self._seen) >= self._remembered and key not in self._seen:
            self._seen.clear()
        self._seen[key] = state
