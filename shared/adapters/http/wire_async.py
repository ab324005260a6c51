"""One exchange over a pooled connection, streamed on an event loop. The twin of ``wire.py``."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable

import httpcore

from shared.adapters.http.body import Body
from shared.adapters.http.border import CONNECTIONS, SocketOption, border, countdown, outgoing
from shared.adapters.http.budget import BUDGET, Budget
from shared.adapters.http.head import response_head
from shared.adapters.http.resolve import Resolve, resolve_within
from shared.core.egress import Allow, Target, dialable
from shared.core.outbound.errors import ConnectFailed, ResponseTooLarge, ResponseUnreadable
from shared.core.outbound.message import Headers, Request, Response


class _TimedStream(httpcore.AsyncNetworkStream):
    """A connection held to the budget until the head has arrived; from then on the reader counts."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 - the budget's word
        budget = BUDGET.get(None)
        return await self._inner.read(max_bytes, budget.to_read() if budget else None)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        await self._inner.write(buffer, BUDGET.get().to_write())

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        seconds = BUDGET.get().left()
        return _TimedStream(await self._inner.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Dials what the egress rule lets through, and exactly the addresses that it judged."""

    def __init__(self, allow: Allow, resolve: Resolve) -> None:
        self._allow = allow
        self._resolve = resolve
        self._tcp: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the budget's word
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        budget = BUDGET.get()
        found = await asyncio.to_thread(resolve_within, self._resolve, host, port, budget.left())
        for others, address in countdown(dialable(host, port, found, self._allow)):
            seconds = budget.left() / (others + 1)
            try:
                inner = await self._tcp.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not others:
                    raise
            else:
                return _TimedStream(inner)
        raise ConnectFailed


class Streamed:
    """A response whose head has arrived. Read it once, by one of ``chunks``, ``lines``, ``read``."""

    def __init__(self, incoming: httpcore.Response, budget: Budget) -> None:
        """``budget``: of the attempt that opened it; its limits go on until the last byte."""
        self.status: int = incoming.status
        self.headers: Headers = response_head(incoming.headers)
        self.truncated = False
        """The policy asked for a prefix, and there was more."""
        self._incoming = incoming
        self._budget = budget

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, undone; pieces are as the network cut them.

        Raises TimedOut, ConnectionLost, ResponseTooLarge, ResponseUnreadable, at the piece concerned.
        """
        policy = self._budget.policy
        pieces = aiter(self._incoming.aiter_stream())
        try:
            body = Body(self.headers.get("content-encoding", ""), policy.read_limit)
            while not body.over and (piece := await self._next(pieces)) is not None:
                meant = body.feed(piece)
                if meant:
                    yield meant
            body.finish()
            if body.over and not policy.prefix:
                raise ResponseTooLarge
            self.truncated = body.over
        except ResponseUnreadable:
            if not policy.prefix:
                raise
            self.truncated = True
        finally:
            await self.aclose()

    async def lines(self) -> AsyncIterator[bytes]:
        """The body cut at each LF or CRLF, which is left out; a last line needs none."""
        held: list[bytes] = []
        async for chunk in self.chunks():
            first, *rest = chunk.split(b"\n")
            held.append(first)
            for following in rest:
                yield b"".join(held).removesuffix(b"\r")
                held = [following]
        last = b"".join(held)
        if last:
            yield last

    async def read(self) -> Response:
        """All of it, within the policy's limit."""
        body = b"".join([chunk async for chunk in self.chunks()])
        return Response(self.status, self.headers, body, truncated=self.truncated)

    async def aclose(self) -> None:
        """Gives the connection back, or closes it if the body was not read to its end."""
        await self._incoming.aclose()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        with border(self._budget):
            async with asyncio.timeout(self._budget.left()):
                piece = await anext(pieces, None)
        self._budget.phase = "read"
        return piece


class AsyncWire:
    """The pool of one event loop."""

    def __init__(self, *, allow: Allow, resolve: Resolve, tls: ssl.SSLContext, keepalive_s: float) -> None:
        """``keepalive_s``: idle seconds after which a connection is not used again."""
        self._backend = _GuardedBackend(allow, resolve)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=CONNECTIONS,
            keepalive_expiry=keepalive_s,
            network_backend=self._backend,
        )

    async def exchange(self, target: Target, request: Request, budget: Budget) -> Streamed:
        """Send once and wait for the head. Raises what shared/core/outbound/errors.py lists."""
        sent = outgoing(target, request, budget, encodings="identity")
        token = BUDGET.set(budget)
        try:
            with border(budget):
                return Streamed(await self._pool.handle_async_request(sent), budget)
        finally:
            BUDGET.reset(token)

    async def aclose(self) -> None:
        """Closes idle connections."""
        await self._pool.aclose()
