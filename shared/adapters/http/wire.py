"""One exchange over a pooled connection, blocking. Importing it imports the HTTP engine.

The pool asks our backend for connections: that is where the guard stands, so no request of any
kind reaches a socket around it, and a reused connection is one that was judged when it was dialled.
TLS names and verifies the host of the URL, whatever address was dialled.
"""

import ssl
from collections.abc import Iterable

import httpcore

from shared.adapters.http.body import Body
from shared.adapters.http.border import CONNECTIONS, SocketOption, border, countdown, outgoing
from shared.adapters.http.budget import BUDGET, Budget
from shared.adapters.http.head import response_head
from shared.adapters.http.resolve import Resolve, resolve_within
from shared.core.egress import Allow, Target, dialable
from shared.core.outbound.errors import ConnectFailed, ResponseTooLarge, ResponseUnreadable
from shared.core.outbound.message import Request, Response
from shared.core.outbound.policy import Policy


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every operation is held to the current budget."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the budget's word
        return self._inner.read(max_bytes, BUDGET.get().to_read())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, BUDGET.get().to_write())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, BUDGET.get().left()))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _GuardedBackend(httpcore.NetworkBackend):
    """Dials what the egress rule lets through, and exactly the addresses that it judged."""

    def __init__(self, allow: Allow, resolve: Resolve) -> None:
        self._allow = allow
        self._resolve = resolve
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the budget's word
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        budget = BUDGET.get()
        found = resolve_within(self._resolve, host, port, budget.left())
        addresses = dialable(host, port, found, self._allow)
        for others, address in countdown(addresses):
            seconds = budget.left() / (others + 1)
            try:
                inner = self._tcp.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not others:
                    raise
            else:
                return _TimedStream(inner)
        raise ConnectFailed


def _read(incoming: httpcore.Response, policy: Policy) -> Response:
    headers = response_head(incoming.headers)
    pieces: list[bytes] = []
    truncated = False
    try:
        body = Body(headers.get("content-encoding", ""), policy.read_limit)
        for piece in incoming.iter_stream():
            pieces.append(body.feed(piece))
            if body.over:
                truncated = True
                break
        body.finish()
    except ResponseUnreadable:
        if not policy.prefix:
            raise
        truncated = True
    if truncated and not policy.prefix:
        raise ResponseTooLarge
    return Response(incoming.status, headers, b"".join(pieces), truncated=truncated)


class Wire:
    """The pool. One per process: building the TLS context costs more than a request."""

    def __init__(self, *, allow: Allow, resolve: Resolve, tls: ssl.SSLContext, keepalive_s: float) -> None:
        """``keepalive_s``: idle seconds after which a connection is not used again."""
        self._backend = _GuardedBackend(allow, resolve)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=CONNECTIONS,
            keepalive_expiry=keepalive_s,
            network_backend=self._backend,
        )

    def exchange(self, target: Target, request: Request, budget: Budget) -> Response:
        """Send once, read within the policy. Raises what shared/core/outbound/errors.py lists."""
        sent = outgoing(target, request, budget, encodings="gzip")
        token = BUDGET.set(budget)
        try:
            with border(budget):
                incoming = self._pool.handle_request(sent)
                try:
                    budget.phase = "read"
                    return _read(incoming, budget.policy)
                finally:
                    incoming.close()
        finally:
            BUDGET.reset(token)

    def close(self) -> None:
        """Closes idle connections."""
        self._pool.close()
