"""The outbound HTTP client: every call that our code makes to somebody who is not AWS.

Importing this module costs nothing to speak of; the HTTP engine and the TLS context are loaded by
the first call.
"""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from shared.adapters.http.attempts import Attempts, Chance
from shared.adapters.http.budget import Monotonic
from shared.adapters.http.resolve import Resolve, system_resolver
from shared.core.clock import Clock, system
from shared.core.egress import Allow, target_of
from shared.core.errors import UpstreamFailed, UpstreamTimeout
from shared.core.outbound.message import Request, Response
from shared.core.outbound.policy import Policy

if TYPE_CHECKING:
    import ssl

    from shared.adapters.http.wire import Wire

ONCE = Policy()
"""One attempt, 15 s, 64 KiB."""

KEEPALIVE_S = 4.0
"""Below the 5 s after which common servers close an idle connection, so that we never race them."""


class HttpClient:
    """Sends requests; safe for threads; one per process. The ``Sender`` of production.

    Promises: only public https (or what ``allow`` names) is reached, at the addresses judged; no
    redirect, cookie or proxy; within ``total_s`` there is a response or an error; one call is one
    request unless the policy repeats it; what is repeated is what a repetition cannot harm.
    """

    def __init__(
        self,
        *,
        allow: Allow = frozenset(),
        resolve: Resolve = system_resolver,
        tls: "Callable[[], ssl.SSLContext] | None" = None,
        monotonic: Monotonic = time.monotonic,
        clock: Clock = system,
        sleep: Callable[[float], None] = time.sleep,
        chance: Chance = random.random,
    ) -> None:
        """``allow``: Config.egress_allow. ``tls``: the context, if not :func:`default_tls`'s."""
        self._allow = allow
        self._resolve = resolve
        self._tls = tls
        self._monotonic = monotonic
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._lock = Lock()
        self._built: Wire | None = None

    def send(self, request: Request, policy: Policy = ONCE) -> Response:
        """The response, whatever its status.

        Raises EgressRefused and the errors of shared/core/outbound/errors.py; ``ValueError`` for a
        request that HTTP/1.1 cannot carry.
        """
        target = target_of(request.url, self._allow)
        attempts = Attempts(request, policy, self._monotonic, self._clock, self._chance)
        while True:
            budget = attempts.begin()
            try:
                response = self._wire().exchange(target, request, budget)
            except (UpstreamFailed, UpstreamTimeout) as error:
                wait = attempts.wait_after_error(error)
                if wait is None:
                    raise
            else:
                wait = attempts.wait_after_answer(response)
                if wait is None:
                    return replace(response, attempts=attempts.count, elapsed_ms=attempts.elapsed_ms)
            self._sleep(wait)

    def close(self) -> None:
        """Closes idle connections; the next call opens new ones."""
        with self._lock:
            if self._built is not None:
                self._built.close()
                self._built = None

    def _wire(self) -> "Wire":
        with self._lock:
            if self._built is None:
                from shared.adapters.http.tls import default_tls
                from shared.adapters.http.wire import Wire

                self._built = Wire(
                    allow=self._allow,
                    resolve=self._resolve,
                    tls=(self._tls or default_tls)(),
                    keepalive_s=KEEPALIVE_S,
                )
            return self._built
