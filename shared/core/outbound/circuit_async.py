"""A circuit breaker around calls that are awaited. What a breaker does may block, so it runs in a thread."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.core.breaker import Breaker, Permit
from shared.core.clock import SECOND, Clock, system
from shared.core.errors import UpstreamFailed, UpstreamTimeout
from shared.core.outbound.circuit import BROKEN


class Call:
    """One call that a circuit let through. Its first verdict counts, and there is always one."""

    def __init__(self, breaker: Breaker, permit: Permit) -> None:
        """See :meth:`AsyncCircuits.call`."""
        self._breaker = breaker
        self._permit: Permit | None = permit

    async def answered(self, status: int) -> None:
        """The head of an answer is here: whatever becomes of its body, the party has shown how it is."""
        await self.end(failed=status >= BROKEN)

    async def end(self, *, failed: bool | None) -> None:
        """Settle the permit. ``failed`` None: the call has told nothing about the party."""
        permit, self._permit = self._permit, None
        if permit is None:
            return
        breaker = self._breaker
        record = {None: breaker.abandon, True: breaker.failure, False: breaker.success}[failed]
        await asyncio.to_thread(record, permit)


SILENCE = 10 * SECOND
"""A caller on the phone hangs up long before a first-byte timeout: by then the party has had its chance."""


class AsyncCircuits:
    """All circuits of one breaker."""

    def __init__(self, breaker: Breaker, clock: Clock = system) -> None:
        """``breaker``: the process's."""
        self._breaker = breaker
        self._clock = clock

    @asynccontextmanager
    async def call(self, name: str) -> AsyncIterator[Call]:
        """Around one call to ``name``. Raises :class:`CircuitOpen` instead of entering, else whatever the block raises.

        No connection, a broken one and a timeout before :meth:`Call.answered` are failures; so is a silence that the
        caller gave up on, if it was longer than :data:`SILENCE`.
        """
        began = self._clock()
        made = Call(self._breaker, await asyncio.to_thread(self._breaker.enter, name))
        try:
            yield made
        except (UpstreamFailed, UpstreamTimeout):
            await made.end(failed=True)
            raise
        except asyncio.CancelledError:
            if self._clock() - began > SILENCE:
                await made.end(failed=True)
            raise
        finally:
            await made.end(failed=None)
