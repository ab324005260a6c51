"""The outbound HTTP client for an event loop: answers are passed on while they arrive.

Same guard, same policy, same errors as ``client.py``; the engine is loaded by the first call.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.adapters.http.attempts import Attempts, Chance
from shared.adapters.http.budget import Monotonic
from shared.adapters.http.client import KEEPALIVE_S
from shared.adapters.http.resolve import Resolve, system_resolver
from shared.core.clock import Clock, system
from shared.core.egress import Allow, Target, target_of
from shared.core.errors import UpstreamFailed, UpstreamTimeout
from shared.core.outbound.message import Request, Response
from shared.core.outbound.policy import Policy

if TYPE_CHECKING:
    import ssl

    from shared.adapters.http.wire_async import AsyncWire, Streamed


class StreamClient:
    """Opens streams; one per event loop.

    An attempt may be repeated until a head has arrived that is not to be; after that, whatever
    breaks is raised where it broke. ``first_byte_s`` runs until the first piece of the body.
    """

    def __init__(
        self,
        *,
        allow: Allow = frozenset(),
        resolve: Resolve = system_resolver,
        tls: "Callable[[], ssl.SSLContext] | None" = None,
        monotonic: Monotonic = time.monotonic,
        clock: Clock = system,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Chance = random.random,
    ) -> None:
        """As for ``HttpClient``; ``resolve`` runs on a thread."""
        self._allow = allow
        self._resolve = resolve
        self._tls = tls
        self._monotonic = monotonic
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._built: AsyncWire | None = None

    @asynccontextmanager
    async def open(self, request: Request, policy: Policy) -> "AsyncIterator[Streamed]":
        """``async with client.open(…) as streamed``: leaving the block closes the stream."""
        attempts = Attempts(request, policy, self._monotonic, self._clock, self._chance)
        streamed = await self._head(request, attempts)
        try:
            yield streamed
        finally:
            await streamed.aclose()

    async def send(self, request: Request, policy: Policy) -> Response:
        """The whole response, as ``HttpClient.send`` gives it."""
        attempts = Attempts(request, policy, self._monotonic, self._clock, self._chance)
        streamed = await self._head(request, attempts)
        response = await streamed.read()
        return replace(response, attempts=attempts.count, elapsed_ms=attempts.elapsed_ms)

    def load(self) -> None:
        """The engine and the TLS context now: for a process that has time before its first call."""
        self._wire()

    async def aclose(self) -> None:
        """Closes idle connections; the next call opens new ones."""
        built, self._built = self._built, None
        if built is not None:
            await built.aclose()

    async def _head(self, request: Request, attempts: Attempts) -> "Streamed":
        target: Target = target_of(request.url, self._allow)
        while True:
            budget = attempts.begin()
            try:
                streamed = await self._wire().exchange(target, request, budget)
            except (UpstreamFailed, UpstreamTimeout) as error:
                wait = attempts.wait_after_error(error)
                if wait is None:
                    raise
            else:
                wait = attempts.wait_after_answer(streamed)
                if wait is None:
                    return streamed
                await streamed.aclose()
            await self._sleep(wait)

    def _wire(self) -> "AsyncWire":
        if self._built is None:
            from shared.adapters.http.tls import default_tls
            from shared.adapters.http.wire_async import AsyncWire

            self._built = AsyncWire(
                allow=self._allow,
                resolve=self._resolve,
                tls=(self._tls or default_tls)(),
                keepalive_s=KEEPALIVE_S,
            )
        return self._built
