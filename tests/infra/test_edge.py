"""The local edge passes requests and answers on unchanged, and streams as streams."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn

from infra.local.edge import Edge


async def _upstream(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echoes what arrived; below /llm, two chunks half a second apart."""
    if scope["type"] != "http":
        raise NotImplementedError  # how an ASGI app says that it has no lifespan
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    if scope["path"].startswith("/llm"):
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        await asyncio.sleep(0.5)
        await send({"type": "http.response.body", "body": b"second"})
    else:
        sent = dict(scope["headers"])
        told = b"|".join(
            [scope["method"].encode(), scope["raw_path"], scope["query_string"], sent.get(b"x-api-key", b""), body]
        )
        await send({"type": "http.response.body", "body": told})


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="auto"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def test_a_request_arrives_as_it_was_sent() -> None:
    async def scenario() -> httpx.Response:
        async with (
            _serving(_upstream) as upstream,
            _serving(Edge(f"{upstream}/_api/$default", upstream)) as edge,
            httpx.AsyncClient() as client,
        ):
            return await client.put(
                f"{edge}/v1/things/a%2Fb?x=1&x=2", content=b"\x00body", headers={"X-Api-Key": "sb_test_key"}
            )

    answer = asyncio.run(scenario())

    assert answer.status_code == 201
    assert answer.content == b"PUT|/_api/$default/v1/things/a%2Fb|x=1&x=2|sb_test_key|\x00body"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_the_first_byte_of_a_stream_does_not_wait_for_the_last() -> None:
    async def scenario() -> list[tuple[bytes, float]]:
        async with (
            _serving(_upstream) as upstream,
            _serving(Edge(f"{upstream}/nowhere", upstream)) as edge,
            httpx.AsyncClient() as client,
            client.stream("POST", f"{edge}/llm/v1/chat/completions") as answer,
        ):
            began = time.monotonic()
            return [(part, time.monotonic() - began) async for part in answer.aiter_raw()]

    (first, early), *_rest, (last, late) = asyncio.run(scenario())

    assert (first, last) == (b"first ", b"second")
    assert early < 0.25
    assert late > 0.45


def test_an_upstream_that_is_away_is_a_502_that_says_where_to_look() -> None:
    async def scenario() -> httpx.Response:
        async with _serving(Edge("http://127.0.0.1:9", "http://127.0.0.1:9")) as edge, httpx.AsyncClient() as client:
            return await client.get(f"{edge}/v1/health")

    answer = asyncio.run(scenario())

    assert (answer.status_code, "make logs" in answer.json()["message"]) == (502, True)
