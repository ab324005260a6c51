"""Streams from a real server on loopback, as the LLM gateway reads them."""

import asyncio
import contextlib
import gzip
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from shared.adapters.http.stream import StreamClient
from shared.core.errors import Problem
from shared.core.outbound.errors import (
    ConnectFailed,
    ConnectionLost,
    ResponseTooLarge,
    ResponseUnreadable,
    TimedOut,
)
from shared.core.outbound.message import Request
from shared.core.outbound.policy import KIB, Policy
from tests.fakes.certificates import Authority
from tests.fakes.http_peer import Peer, Step, always, answer, spaced

PATIENT = Policy(read_s=5, total_s=10)
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def get(url: str) -> Request:
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


async def drain(client: StreamClient, peer: Peer, policy: Policy, seen: list[bytes]) -> None:
    """Reads a stream into ``seen``, which keeps what came before an error."""
    async with client.open(get(peer.url()), policy) as streamed:
        async for piece in streamed.chunks():
            seen.append(piece)  # noqa: PERF401 - a comprehension would lose what came before an error


def test_the_first_piece_is_passed_on_while_the_server_is_silent() -> None:
    with Peer(always(STREAM + chunk(b"data: a\n\n"), 1.0, chunk(b"data: b\n\n") + END)) as peer:

        async def test(client: StreamClient) -> None:
            started = time.monotonic()
            async with client.open(get(peer.url()), PATIENT) as streamed:
                pieces = streamed.chunks()
                assert await anext(pieces) == b"data: a\n\n"
                assert time.monotonic() - started < 0.5
                assert [piece async for piece in pieces] == [b"data: b\n\n"]
                assert time.monotonic() - started > 0.9

        run(test, peer)
    assert peer.requests[0].headers["accept-encoding"] == "identity"


def test_lines_are_whole_however_the_network_cuts_them() -> None:
    cuts = [b"data: \xe2\x82", b"\xac\r", b"\n\r\nda", b"ta: b\n\n\nrest"]
    with Peer(always(STREAM, *spaced(map(chunk, cuts), every=0.02), END)) as peer:

        async def test(client: StreamClient) -> None:
            async with client.open(get(peer.url()), PATIENT) as streamed:
                lines = [line async for line in streamed.lines()]

            assert lines == ["data: €".encode(), b"", b"data: b", b"", b"", b"rest"]

        run(test, peer)


@pytest.mark.parametrize(
    ("steps", "policy", "phase", "pieces"),
    [
        ([1.5], Policy(first_byte_s=0.3, read_s=9), "first byte", []),
        ([STREAM, 1.5], Policy(first_byte_s=0.3, read_s=9), "first byte", []),
        ([b"HTTP/1.1 100 Go\r\n\r\n", 0.1] * 9, Policy(first_byte_s=0.3), "first byte", []),
        ([STREAM + chunk(b"a"), 1.5], Policy(first_byte_s=9, read_s=0.3), "read", [b"a"]),
        (
            [STREAM, *[chunk(b"a"), 0.2] * 9],
            Policy(read_s=0.3, connect_s=0.3, total_s=0.3),
            "total",
            [b"a"] * 2,
        ),
    ],
)
def test_every_silence_has_its_limit(steps: list[Step], policy: Policy, phase: str, pieces: list[bytes]) -> None:
    with Peer(always(*steps)) as peer:

        async def test(client: StreamClient) -> None:
            seen: list[bytes] = []
            started = time.monotonic()
            with pytest.raises(TimedOut) as timeout:
                await drain(client, peer, policy, seen)

            assert (timeout.value.phase, seen) == (phase, pieces)
            assert 0.25 < time.monotonic() - started < 0.8

        run(test, peer)


@pytest.mark.parametrize("silence", ["name server", "handshake"])
def test_connecting_has_its_limit(authority: Authority, silence: str) -> None:
    def tarpit(_host: str, _port: int) -> list[str]:
        time.sleep(0.8 if silence == "name server" else 0)
        return ["127.0.0.1"]

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]

        async def test(client: StreamClient) -> None:
            started = time.monotonic()
            with pytest.raises(TimedOut) as timeout:
                await client.send(get(f"https://peer.test:{port}/"), Policy(connect_s=0.2))

            assert timeout.value.phase == "connect"
            assert time.monotonic() - started < 0.5

        allow = frozenset({f"peer.test:{port}"})
        run(test, allow=allow, resolve=tarpit, tls=authority.trusting)


@pytest.mark.parametrize(
    ("end", "error"),
    [([None], ConnectionLost), ([b"zz\r\n"], ResponseUnreadable)],
    ids=["cut", "nonsense"],
)
def test_a_broken_stream_is_an_error_after_what_was_whole(end: list[Step], error: type[Problem]) -> None:
    with Peer(always(STREAM + chunk(b"whole"), 0.1, *end)) as peer:

        async def test(client: StreamClient) -> None:
            seen: list[bytes] = []
            with pytest.raises(error):
                await drain(client, peer, Policy(attempts=5), seen)
            assert seen == [b"whole"]

        run(test, peer)
    assert len(peer.requests) == 1


def test_a_stream_is_cut_at_the_read_limit() -> None:
    with Peer(always(STREAM, *[chunk(bytes(KIB))] * 200)) as peer:

        async def test(client: StreamClient) -> None:
            with pytest.raises(ResponseTooLarge):
                await client.send(get(peer.url()), Policy(read_limit=8 * KIB))
            prefix = await client.send(get(peer.url()), Policy(read_limit=8 * KIB, prefix=True))
            assert (prefix.body, prefix.truncated) == (bytes(8 * KIB), True)

        run(test, peer)


def test_gzip_that_nobody_asked_for_is_undone_and_a_bomb_stopped() -> None:
    good, bomb = gzip.compress(b"data"), gzip.compress(bytes(50_000_000))
    bodies = [good, bomb]
    with Peer(lambda _: answer(bodies.pop(0), Content_Encoding="gzip")) as peer:

        async def test(client: StreamClient) -> None:
            assert (await client.send(get(peer.url()), PATIENT)).body == b"data"
            with pytest.raises(ResponseTooLarge):
                await client.send(get(peer.url()), PATIENT)

        run(test, peer)


def test_leaving_the_stream_hangs_up_on_the_server() -> None:
    with Peer(always(STREAM, *spaced([chunk(b"a")] * 500, every=0.02))) as peer:

        async def test(client: StreamClient) -> None:
            async with client.open(get(peer.url()), PATIENT) as streamed:
                async for _ in streamed.chunks():
                    break
            assert await asyncio.to_thread(peer.gone.wait, 1)

        run(test, peer)


def test_a_stream_that_nobody_reads_is_closed_with_its_block() -> None:
    with Peer(always(STREAM, *spaced([chunk(b"a")] * 500, every=0.02))) as peer:

        async def test(client: StreamClient) -> None:
            async with client.open(get(peer.url()), PATIENT) as streamed:
                assert streamed.status == 200
            assert await asyncio.to_thread(peer.gone.wait, 1)

        run(test, peer)


def test_cancelling_the_reader_hangs_up_on_the_server() -> None:
    with Peer(always(STREAM, *spaced([chunk(b"a")] * 500, every=0.02))) as peer:

        async def test(client: StreamClient) -> None:
            async def read() -> None:
                await client.send(get(peer.url()), PATIENT)

            task = asyncio.create_task(read())
            await asyncio.sleep(0.1)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert await asyncio.to_thread(peer.gone.wait, 1)

        run(test, peer)


def test_connections_are_reused_and_never_shared() -> None:
    with Peer(always(0.1, *answer())) as peer:

        async def test(client: StreamClient) -> None:
            for _ in range(2):
                await client.send(get(peer.url()), PATIENT)
            await asyncio.gather(*[client.send(get(peer.url()), PATIENT) for _ in range(3)])

        run(test, peer)
    numbers = [r.connection for r in peer.requests]
    assert (numbers[:2], len(set(numbers[2:]))) == ([1, 1], 3)


def test_an_attempt_is_repeated_only_before_its_head_is_accepted() -> None:
    steps: list[list[Step]] = [
        answer(status="503 Unavailable", Retry_After="2"),
        [None],
        answer(b"third"),
    ]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with Peer(lambda _: steps.pop(0)) as peer:

        async def test(client: StreamClient) -> None:
            policy = Policy(attempts=3, backoff_base_s=1)
            response = await client.send(get(peer.url()), policy)
            assert (response.body, response.attempts, slept) == (b"third", 3, [2.0, 1.0])

        run(test, peer, sleep=sleep, chance=lambda: 0.5)


def test_a_closed_port_is_unreachable() -> None:
    with Peer(always()) as peer:
        pass

    async def test(client: StreamClient) -> None:
        with pytest.raises(ConnectFailed):
            await client.send(get(peer.url()), PATIENT)

    run(test, peer)


def test_a_redirect_is_an_answer() -> None:
    with Peer(always(*answer(b"", "302 Found", Location="http://127.0.0.1:9001/"))) as peer:

        async def test(client: StreamClient) -> None:
            assert (await client.send(get(peer.url()), PATIENT)).status == 302

        run(test, peer)
    assert len(peer.requests) == 1
