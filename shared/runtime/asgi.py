"""The ASGI shell: the pipeline of ``shared.core.http.pipeline`` for routes whose answers stream.

Plain ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/www.html): a path or two, no cookies, no forms, so a
framework would add its import to every cold start and nothing else. The pipeline's ports block (DynamoDB),
so they run in a thread; handlers are coroutines and must not block.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from shared.core.errors import MethodNotAllowed, NotFound, PayloadTooLarge, Problem
from shared.core.http.answers import finish
from shared.core.http.guards import Guards
from shared.core.http.headers import preflight
from shared.core.http.pipeline import Admitted, admit, log_access
from shared.core.http.request import Answer, Request, request_id
from shared.core.http.routes import DEFAULT_MAX_BODY, Call, Raw, Route, Routes
from shared.core.http.streamed import Streamed
from shared.core.logs import Log

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Describe = Callable[[Problem], bytes]

READY = "/ready"
"""Asked by Lambda Web Adapter until it answers: the process is up and everything is imported."""

_CLIENT_LEFT = 499
"""nginx's status for a caller who did not wait; in our logs only, there is nobody to send it to."""


class StreamingApp:
    """The routes of one function as an ASGI application."""

    def __init__(self, routes: Routes, guards: Guards, describe: Describe) -> None:
        """``guards`` is built while the process starts: no caller waits for it. ``describe`` makes a refusal's body."""
        self._routes = routes
        self._guards = guards
        self._describe = describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection event, as the server tells it."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == READY:
            await _send(Answer(200, {"Content-Type": "application/json"}, b'{"status":"ok"}'), send)
        elif scope["type"] == "http":
            await self._until_gone(scope, receive, send)

    async def _until_gone(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, but stop as soon as the caller has left: nobody hears the rest, and somebody pays for it."""
        route = next((r for r in self._routes if (r.method, r.path) == (scope["method"], scope["path"])), None)
        body = await _read(receive, route.max_body if route else DEFAULT_MAX_BODY)
        if body is None:
            return
        now = self._guards.clock()
        exchange = _Exchange(self._guards, self._describe, _request(scope, body, now), route, now, send)
        answering = asyncio.create_task(exchange.run(self._routes))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not answering.done():
                answering.cancel()
            await asyncio.gather(leaving, answering, return_exceptions=True)
        if not answering.cancelled():
            answering.result()  # an error after the first byte: the server cuts the connection


@dataclass
class _Exchange:
    """One request and what has become of it so far."""

    guards: Guards
    describe: Describe
    request: Request
    route: Route | None
    now: int
    send: Send
    admitted: Admitted = field(default_factory=lambda: Admitted(None, {}))
    started: bool = False
    """The head is sent: nothing but the body's bytes may follow."""
    logged: bool = False

    async def run(self, routes: Routes) -> None:
        """The whole way; its ``except`` is this shell's one boundary."""
        try:
            await self._answer(routes)
        except Exception as error:
            problem = error if isinstance(error, Problem) else Problem()
            if problem is not error:
                self.guards.logger.crash(
                    Log.REQUEST_CRASHED, error, request_id=self.request.request_id, route=self._path
                )
            if self.started:
                self._log(problem.status, problem.code)
                raise
            headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **problem.headers}
            await self._whole(Answer(problem.status, headers, self.describe(problem)), problem.code)
        finally:
            self._log(_CLIENT_LEFT, "client_left")

    async def _answer(self, routes: Routes) -> None:
        if len(self.request.body) > (self.route.max_body if self.route else DEFAULT_MAX_BODY):
            raise PayloadTooLarge
        if self.route is None:
            await self._no_route(routes.allowed(self.request.path))
            return
        self.admitted = await asyncio.to_thread(admit, self.route, self.request, self.guards, self.now)
        result: object = await self.route.handler(Call(self.request, self.route, self.now, self.admitted.principal))
        match result:
            case Streamed():
                await self._stream(result)
            case Raw(body=body, status=status, content_type=kind):
                await self._whole(Answer(status, {"Content-Type": kind, **result.headers}, body))
            case _:
                raise TypeError(f"{self.route.name} must return Raw or Streamed")

    async def _no_route(self, methods: list[str]) -> None:
        if not methods:
            raise NotFound
        allow = {"Allow": ", ".join([*methods, "OPTIONS"])}
        if self.request.method != "OPTIONS":
            raise MethodNotAllowed(headers=allow)
        await self._whole(Answer(204, allow | preflight(self.request.headers, methods, self.guards.config), b""))

    async def _stream(self, result: Streamed) -> None:
        """The head with the first piece, each further piece at once, the end after the body's own last act."""
        head = self._finished(Answer(result.status, {"Content-Type": result.content_type, **result.headers}, b""))
        async with aclosing(result.body) as pieces:
            async for piece in pieces:
                if not self.started:
                    await self._head(head)
                await self.send({"type": "http.response.body", "body": piece, "more_body": True})
        if not self.started:
            await self._head(head)
        self._log(head.status, None)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _head(self, answer: Answer) -> None:
        self.started = True
        await _send_head(answer, self.send)

    async def _whole(self, answer: Answer, code: str | None = None) -> None:
        self.started = True
        self._log(answer.status, code)
        await _send(self._finished(answer), self.send)

    def _log(self, status: int, code: str | None) -> None:
        """Once, and before the answer's last byte: after it Lambda may freeze the process for good."""
        if not self.logged:
            self.logged = True
            log_access(self.guards, self.request, self._path, self.now, status, self.admitted.principal, code)

    def _finished(self, answer: Answer) -> Answer:
        cache_control = self.route.cache_control if self.route else "no-store"
        return finish(answer, cache_control, self.admitted.headers, self.request, self.guards.config)

    @property
    def _path(self) -> str:
        return self.route.path if self.route else "-"


def _request(scope: Scope, body: bytes, now: int) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        headers=headers,
        query=dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))),
        body=body,
        source_ip=client[0] if client else "unknown",
        request_id=request_id(headers.get("x-request-id"), now),
    )


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The body, or as much of it as shows that it is over ``limit`` bytes; ``None`` if the caller left meanwhile."""
    body = bytearray()
    while len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_head(answer: Answer, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _send(answer: Answer, send: Send) -> None:
    headers: Mapping[str, str] = {**answer.headers, "Content-Length": str(len(answer.body))}
    await _send_head(Answer(answer.status, headers, b""), send)
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start or stop, but a server that asks wants to be told so."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
