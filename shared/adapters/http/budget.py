"""The time one attempt has left, asked again before every wait on a socket.

Timeouts given to a socket hold per operation: a peer that sends a byte a second never meets one.
So the limits are moments, and each operation is given what is left until the nearest.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from shared.core.outbound.errors import Phase, TimedOut
from shared.core.outbound.policy import Policy

Monotonic = Callable[[], float]
"""Seconds that never go back; the zero means nothing."""


@dataclass(slots=True)
class Budget:
    """One attempt's moments. ``phase`` moves on as the attempt does."""

    policy: Policy
    monotonic: Monotonic
    total_at: float
    connect_at: float
    first_byte_at: float
    phase: Phase = "connect"

    @classmethod
    def begin(cls, policy: Policy, monotonic: Monotonic, total_at: float) -> "Budget":
        """An attempt that starts now, within a call that ends at ``total_at``."""
        now = monotonic()
        first_byte_s = policy.read_s if policy.first_byte_s is None else policy.first_byte_s
        return cls(policy, monotonic, total_at, now + policy.connect_s, now + first_byte_s)

    def left(self) -> float:
        """Seconds the next operation may take. Raises :class:`TimedOut` if that is none."""
        now = self.monotonic()
        seconds = min(self._phase_ends(now), self.total_at) - now
        if seconds <= 0:
            raise self.timed_out()
        return seconds

    def to_write(self) -> float:
        """:meth:`left` for a piece of the request: from here on the peer may have been told."""
        self.phase = "write"
        return self.left()

    def to_read(self) -> float:
        """:meth:`left` for a piece of the response."""
        if self.phase == "write":
            self.phase = "first byte"
        return self.left()

    def timed_out(self) -> TimedOut:
        """The error for an operation that used up what it was given.

        The end of the whole call is told as such once something was sent; before, the fact that
        nothing was is worth more.
        """
        at_end = self.total_at - self.monotonic() <= _ROUNDING_S
        return TimedOut("total" if at_end and self.phase != "connect" else self.phase)

    def _phase_ends(self, now: float) -> float:
        if self.phase == "connect":
            return self.connect_at
        if self.phase == "first byte":
            return self.first_byte_at
        return now + self.policy.read_s


_ROUNDING_S = 0.005
"""Sockets may wake this much early."""

BUDGET: ContextVar[Budget] = ContextVar("outbound_budget")
"""The budget of the attempt under way here: the pool calls our backend without telling for whom."""
