"""Streams from a real server on loopback, as the LLM gateway reads them."""

import gzip
import socket
import time
from collections.abc import Iterator
from threading import Event

import pytest

from shared.adapters.http.stream import StreamClient
from shared.core.errors import Problem
from shared.core.outbound.errors import (
    ConnectionLost,
    ResponseTooLarge,
    ResponseUnreadable,
    TimedOut,
)
from shared.core.outbound.policy import KIB, Policy
from tests.fakes.certificates import Authority
from tests.fakes.http_peer import Peer, Step, always, answer, spaced
from tests.unit.adapters.http.streaming import END, PATIENT, STREAM, chunk, get, run


async def drain(client: StreamClient, peer: Peer, policy: Policy, seen: list[bytes]) -> None:
    """Reads a stream into ``seen``, which keeps what came before an error."""
    async with client.open(get(peer.url()), policy) as streamed:
        async for piece in streamed.chunks():
            seen.append(piece)  # noqa: PERF401 - a comprehension would lose what came before an error


def test_the_first_piece_is_passed_on_while_the_server_is_silent() -> None:
    seen = Event()

    def script(_: object) -> Iterator[Step]:
        yield STREAM + chunk(b"data: a\n\n")
        yield chunk(b"data: b\n\n" if seen.wait(5) else b"nobody had seen the first") + END

    with Peer(script) as peer:

        async def test(client: StreamClient) -> None:
            async with client.open(get(peer.url()), PATIENT) as streamed:
                pieces = streamed.chunks()
                assert await anext(pieces) == b"data: a\n\n"
                seen.set()
                assert [piece async for piece in pieces] == [b"data: b\n\n"]

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
        ([6.0], Policy(first_byte_s=0.3, read_s=9), "first byte", set()),
        ([STREAM, 6.0], Policy(first_byte_s=0.3, read_s=9), "first byte", set()),
        ([b"HTTP/1.1 100 Go\r\n\r\n", 0.1] * 9, Policy(first_byte_s=0.3), "first byte", set()),
        ([STREAM + chunk(b"a"), 6.0], Policy(first_byte_s=9, read_s=0.3), "read", {b"a"}),
        (
            [STREAM, *spaced([chunk(b"a")] * 99, every=0.1)],
            Policy(read_s=9, connect_s=0.3, total_s=0.3),
            "total",
            {b"a"},
        ),
    ],
)
def test_every_silence_has_its_limit(steps: list[Step], policy: Policy, phase: str, pieces: set[bytes]) -> None:
    with Peer(always(*steps)) as peer:

        async def test(client: StreamClient) -> None:
            seen: list[bytes] = []
            started = time.monotonic()
            with pytest.raises(TimedOut) as timeout:
                await drain(client, peer, policy, seen)

            assert (timeout.value.phase, set(seen)) == (phase, pieces)
            assert 0.25 < time.monotonic() - started < 3

        run(test, peer)


@pytest.mark.parametrize("silence", ["name server", "handshake"])
def test_connecting_has_its_limit(authority: Authority, silence: str) -> None:
    def tarpit(_host: str, _port: int) -> list[str]:
        time.sleep(5 if silence == "name server" else 0)
        return ["127.0.0.1"]

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]

        async def test(client: StreamClient) -> None:
            started = time.monotonic()
            with pytest.raises(TimedOut) as timeout:
                await client.send(get(f"https://peer.test:{port}/"), Policy(connect_s=0.2))

            assert timeout.value.phase == "connect"
            assert time.monotonic() - started < 2

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


def test_an_encoding_that_cannot_be_undone_is_an_error_unless_only_the_status_matters() -> None:
    with Peer(always(*answer(b"x", Content_Encoding="br"))) as peer:

        async def test(client: StreamClient) -> None:
            with pytest.raises(ResponseUnreadable):
                await client.send(get(peer.url()), PATIENT)
            prefix = await client.send(get(peer.url()), Policy(prefix=True))
            assert (prefix.status, prefix.body, prefix.truncated) == (200, b"", True)

        run(test, peer)


def test_a_redirect_is_an_answer() -> None:
    with Peer(always(*answer(b"", "302 Found", Location="http://127.0.0.1:9001/"))) as peer:

        async def test(client: StreamClient) -> None:
            assert (await client.send(get(peer.url()), PATIENT)).status == 302

        run(test, peer)
    assert len(peer.requests) == 1
