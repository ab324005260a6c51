"""One address for one region: what a custom domain and two APIs are on AWS.

`/llm/*` goes to the chat app's own server, everything else to the emulated HTTP API under
its path-style address. Bodies pass both ways as they come, so a stream stays a stream.

    python -m infra.local.edge PORT HTTP_API_URL LLM_URL
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Headers of one connection, not of the message (RFC 9110 section 7.6.1).
_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
# A stream may be silent for as long as API Gateway allows one (5 minutes), and no longer.
_TIMEOUT = httpx.Timeout(300.0, connect=5.0, pool=60.0)
_LIMITS = httpx.Limits(max_connections=500, max_keepalive_connections=100)


class Edge:
    """The proxy as an ASGI app."""

    def __init__(self, http_api: str, llm: str) -> None:
        self._http_api = http_api.rstrip("/")
        self._llm = llm.rstrip("/")
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, trust_env=False)

    def upstream(self, raw_path: bytes, query: bytes) -> str:
        """The address that serves a path."""
        path = raw_path.decode("latin-1")
        base = self._llm if path == "/llm" or path.startswith("/llm/") else self._http_api
        return f"{base}{path}" + (f"?{query.decode('latin-1')}" if query else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and its answer back."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._client.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(k, v) for k, v in scope["headers"] if k not in _HOP and k != b"content-length"]
        length = next((v for k, v in scope["headers"] if k == b"content-length"), None)
        content: AsyncIterator[bytes] | bytes = b""
        if length is None and any(k == b"transfer-encoding" for k, _ in scope["headers"]):
            content = _body(receive)
        elif length not in (None, b"0"):
            content = b"".join([part async for part in _body(receive)])
        request = self._client.build_request(
            scope["method"],
            self.upstream(scope["raw_path"], scope["query_string"]),
            headers=headers,
            content=content,
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            await _refuse(send, error)
            return
        try:
            kept = [(k.lower(), v) for k, v in answer.headers.raw if k.lower() not in _HOP]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _refuse(send: Send, error: httpx.HTTPError) -> None:
    """What stands behind the edge cannot be reached: a 502 that says which and why."""
    sentence = f'{{"message":"local edge: upstream {type(error).__name__}; see `make logs`"}}'
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def main() -> None:
    """Serve until SIGTERM."""
    port, http_api, llm = sys.argv[1:4]
    uvicorn.run(
        Edge(http_api, llm),
        host="127.0.0.1",
        port=int(port),
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
