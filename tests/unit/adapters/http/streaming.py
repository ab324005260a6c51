"""What the tests of the streaming client share."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from shared.adapters.http.stream import StreamClient
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Policy
from tests.fakes.http_peer import Peer

PATIENT = Policy(read_s=5, total_s=10)
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def get(url: str) -> Request:
    """A plain request."""
    return Request("GET", url)


def run(
    test: Callable[[StreamClient], Coroutine[Any, Any, None]],
    peer: Peer | None = None,
    **options: object,
) -> None:
    """``test`` on a loop of its own, with a client of its own."""

    async def main() -> None:
        allow = peer.allow if peer else frozenset[str]()
        client = StreamClient(**{"allow": allow, **options})  # type: ignore[arg-type]
        try:
            await test(client)
        finally:
            await client.aclose()

    asyncio.run(main())
