"""The ASGI shell: refusals keep OpenAI's body, streams start with their first piece and stop with their caller."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from shared.core.audit import AuditLog
from shared.core.config import Config
from shared.core.errors import Unauthorized, UpstreamTimeout
from shared.core.http.guards import Guards
from shared.core.http.request import Request
from shared.core.http.routes import Call, Raw, Routes
from shared.core.http.streamed import Streamed
from shared.core.idempotency import IdempotencyStore
from shared.core.limits import Limiter, State, Write
from shared.core.logs import Logger
from shared.core.metrics import Metrics
from shared.core.scope import Principal, authenticated_scope
from shared.llm import openai_error
from shared.runtime.asgi import StreamingApp

GOOD = "sb_test_good"
CONFIG = Config({"CORS_ORIGINS": "https://app.example", "HOURLY_LIMIT": "1000"})


class Counter:
    """A limit store that admits a number of calls."""

    def __init__(self, left: int) -> None:
        self.left = left

    def write(self, key: str, write: Write) -> tuple[bool, State]:
        """One less."""
        assert key == "key_1" or key.startswith("ip:"), "a refused credential is counted per address"
        self.left -= 1
        return self.left >= 0, State(write.window, write.quota - self.left, write.now)


def authenticate(request: Request, now: int) -> Principal:
    """One key is good, and may chat unless it is the read-only one."""
    assert now == 1_000
    scopes = {GOOD: {"llm:chat"}, "sb_test_read": {"llm:read"}}
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key not in scopes:
        raise Unauthorized
    return Principal("key_1", authenticated_scope("org_1"), frozenset(scopes[key]), "api_key")


def unused() -> Any:
    raise AssertionError("this route neither replays nor audits")


class Server:
    """An ASGI server and its client in one: what went in, what came out, and the log lines."""

    def __init__(self, handler: Callable[[Call], Any], *, calls: int = 100) -> None:
        self.lines: list[dict[str, Any]] = []
        self.out: list[dict[str, Any]] = []
        self.leave = asyncio.Event()
        routes = Routes("llm")
        routes.add("POST", "/chat", name="chat", scope="llm:chat", raw=True, audit=False, max_body=64)(handler)
        replay: Callable[[], IdempotencyStore] = unused
        audit: Callable[[], AuditLog] = unused
        self.app = StreamingApp(
            routes,
            Guards(
                CONFIG,
                authenticate,
                Limiter(Counter(calls)),
                replay,
                audit,
                clock=lambda: 1_000,
                logger=Logger(write=lambda line: self.lines.append(json.loads(line))),
                metrics=Metrics(write=lambda _: None),
            ),
            lambda problem: openai_error.of(problem).body(),
        )

    async def call(
        self, body: Iterable[bytes] = (b"{}",), method: str = "POST", path: str = "/chat", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request, its body in pieces."""
        pending = list(body)
        given = {"authorization": f"Bearer {GOOD}", **{k.replace("_", "-"): v for k, v in headers.items()}}

        async def receive() -> dict[str, Any]:
            if pending:
                return {"type": "http.request", "body": pending.pop(0), "more_body": bool(pending)}
            await self.leave.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.out.append(dict(message))

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "query_string": b"a=1",
            "client": ("198.51.100.7", 1),
        }
        await self.app(scope, receive, send)
        if not self.out:
            return 0, {}, b""
        got = {k.decode(): v.decode() for k, v in self.out[0]["headers"]}
        return self.out[0]["status"], got, b"".join(m.get("body", b"") for m in self.out[1:])


async def hello(_: Call) -> Raw:
    return Raw(b'{"ok":true}')


def streaming(*pieces: bytes, fails: Exception | None = None) -> Callable[[Call], Any]:
    async def body() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece
        if fails is not None:
            raise fails

    async def handler(_: Call) -> Streamed:
        return Streamed(body())

    return handler


def test_a_whole_answer_carries_the_pipelines_headers() -> None:
    async def run() -> None:
        server = Server(hello)
        status, headers, body = await server.call(x_request_id="from-the-caller", origin="https://app.example")

        assert (status, body) == (200, b'{"ok":true}')
        assert headers["content-length"] == "11"
        assert headers["x-request-id"] == "from-the-caller"
        assert headers["access-control-allow-origin"] == "https://app.example"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["ratelimit"].startswith('"default";r=')
        assert [(line["log"], line["status"], line["principal"]) for line in server.lines] == [("SB1001", 200, "key_1")]

    asyncio.run(run())


def test_a_stream_goes_out_piece_by_piece() -> None:
    async def run() -> None:
        server = Server(streaming(b"a", b"b"))
        status, headers, _ = await server.call()

        assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert "content-length" not in headers
        assert [(m["body"], m["more_body"]) for m in server.out[1:]] == [(b"a", True), (b"b", True), (b"", False)]

    asyncio.run(run())


def test_the_body_does_its_last_act_before_the_end_is_told() -> None:
    acts: list[int] = []

    async def run() -> None:
        async def body() -> AsyncGenerator[bytes, None]:
            yield b"[DONE]"
            acts.append(len(server.out))

        async def handler(_: Call) -> Streamed:
            return Streamed(body())

        server = Server(handler)
        await server.call()

        assert [m.get("body") for m in server.out] == [None, b"[DONE]", b""]

    asyncio.run(run())

    assert acts == [2], "after [DONE] was given out, before the answer ended"


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ({"authorization": "Bearer nobody"}, 401, "unauthorized"),
        ({"authorization": "Bearer sb_test_read"}, 403, "forbidden"),
        ({"body": [b"x" * 65]}, 413, "payload_too_large"),
        ({"body": [b"x" * 40, b"x" * 40, b"x" * 40]}, 413, "payload_too_large"),
        ({"path": "/other"}, 404, "not_found"),
        ({"method": "GET"}, 405, "method_not_allowed"),
    ],
)
def test_a_refusal_has_openais_body_and_our_headers(call: dict[str, Any], status: int, code: str) -> None:
    async def run() -> None:
        server = Server(hello)
        got, headers, body = await server.call(**call)

        assert (got, json.loads(body)["error"]["code"]) == (status, code)
        assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
        assert server.lines[-1]["code"] == code

    asyncio.run(run())


def test_over_the_limit_says_when_to_come_back() -> None:
    async def run() -> None:
        status, headers, _ = await Server(hello, calls=0).call()

        assert (status, headers["retry-after"]) == (429, "3599")

    asyncio.run(run())


def test_a_failure_before_the_first_piece_keeps_its_status() -> None:
    async def run() -> None:
        status, _, body = await Server(streaming(fails=UpstreamTimeout())).call()

        assert (status, json.loads(body)["error"]["code"]) == (504, "upstream_timeout")

    asyncio.run(run())


def test_a_bug_is_a_500_that_tells_nothing() -> None:
    async def run() -> None:
        server = Server(streaming(fails=KeyError("planted-secret")))
        status, _, body = await server.call()

        assert (status, json.loads(body)["error"]["code"]) == (500, "internal_error")
        assert "planted-secret" not in body.decode() + json.dumps(server.lines)
        assert [line["log"] for line in server.lines] == ["SB1002", "SB1001"]

    asyncio.run(run())


def test_a_bug_after_the_first_piece_cuts_the_connection() -> None:
    async def run() -> None:
        server = Server(streaming(b"a", fails=KeyError("x")))

        with pytest.raises(KeyError):
            await server.call()
        assert [m.get("body") for m in server.out] == [None, b"a"]
        assert server.lines[-1]["status"] == 500

    asyncio.run(run())


def test_a_handler_that_returns_something_else_is_a_bug() -> None:
    async def wrong(_: Call) -> str:
        return "text"

    assert asyncio.run(Server(wrong).call())[0] == 500


@pytest.mark.parametrize("first", [[], [b"a"]])
def test_a_caller_who_leaves_stops_the_work(first: list[bytes]) -> None:
    async def run() -> list[str]:
        stopped: list[str] = []

        async def body() -> AsyncGenerator[bytes, None]:
            try:
                for piece in first:
                    yield piece
                server.leave.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                stopped.append("body")
                raise

        async def handler(_: Call) -> Streamed:
            return Streamed(body())

        server = Server(handler)
        await server.call()
        assert (server.lines[-1]["status"], server.lines[-1]["code"]) == (499, "client_left")
        return stopped

    assert asyncio.run(run()) == ["body"]


def test_a_caller_who_leaves_while_sending_is_not_answered() -> None:
    async def run() -> None:
        server = Server(hello)
        server.leave.set()

        assert await server.call(body=[]) == (0, {}, b"")

    asyncio.run(run())


def test_a_store_that_takes_its_time_holds_up_nobody_else() -> None:
    async def run() -> list[str]:
        ended: list[str] = []
        released = threading.Event()
        slow, quick = Server(hello), Server(hello)

        def blocking(request: Request, now: int) -> Principal:
            assert released.wait(10)
            return authenticate(request, now)

        slow.app._guards = replace(slow.app._guards, authenticate=blocking)

        async def call(name: str, server: Server) -> None:
            assert (await server.call())[0] == 200
            ended.append(name)
            released.set()

        await asyncio.gather(call("slow", slow), call("quick", quick))
        return ended

    assert asyncio.run(run()) == ["quick", "slow"]


def test_readiness_needs_no_key_and_a_preflight_names_the_methods() -> None:
    async def run() -> None:
        assert (await Server(hello).call(method="GET", path="/ready", authorization=""))[0] == 200
        status, headers, _ = await Server(hello).call(method="OPTIONS", origin="https://app.example")
        assert (status, headers["allow"]) == (204, "POST, OPTIONS")
        assert headers["access-control-allow-methods"] == "POST"

    asyncio.run(run())


def test_the_servers_lifespan_is_acknowledged() -> None:
    async def run() -> list[str]:
        said = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        heard: list[str] = []

        async def receive() -> dict[str, str]:
            return next(said)

        async def send(message: Any) -> None:
            heard.append(message["type"])

        await Server(hello).app({"type": "lifespan"}, receive, send)
        return heard

    assert asyncio.run(run()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
