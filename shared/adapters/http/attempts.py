"""The attempts of one call: a budget for each, and the decision after each. Waiting is the caller's."""

from collections.abc import Callable

from shared.adapters.http.budget import Budget, Monotonic
from shared.core.clock import SECOND, Clock
from shared.core.errors import Problem
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Answer, Policy

Chance = Callable[[], float]
"""Uniform in [0, 1)."""


class Attempts:
    """``begin`` one, try, ask how long to wait; None is the end, also when the total would run out."""

    def __init__(self, request: Request, policy: Policy, monotonic: Monotonic, clock: Clock, chance: Chance) -> None:
        """The call begins now."""
        self.count = 0
        self._request = request
        self._policy = policy
        self._monotonic = monotonic
        self._clock = clock
        self._chance = chance
        self._started = monotonic()
        self._ends = self._started + policy.total_s

    @property
    def elapsed_ms(self) -> int:
        """Since the call began."""
        return round((self._monotonic() - self._started) * SECOND)

    def begin(self) -> Budget:
        """The next attempt's budget."""
        self.count += 1
        return Budget.begin(self._policy, self._monotonic, self._ends)

    def wait_after_error(self, error: Problem) -> float | None:
        """Seconds, or None: ``error`` is the outcome."""
        return self._if_time(self._policy.after_error(self._request, error, attempt=self.count, chance=self._chance()))

    def wait_after_answer(self, answer: Answer) -> float | None:
        """Seconds, or None: ``answer`` is the outcome."""
        return self._if_time(
            self._policy.after_status(
                self._request,
                answer,
                attempt=self.count,
                now_ms=self._clock(),
                chance=self._chance(),
            )
        )

    def _if_time(self, wait: float | None) -> float | None:
        return None if wait is None or self._monotonic() + wait >= self._ends else wait
