"""When a stream's connection is opened, kept, closed, and opened again."""

import asyncio
import contextlib
from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from shared.adapters.http.stream import StreamClient
from shared.core.outbound.errors import ConnectFailed
from shared.core.outbound.policy import Policy
from tests.fakes.http_peer import Peer, Step, always, answer, spaced
from tests.unit.adapters.http.streaming import PATIENT, STREAM, chunk, get, run


def test_leaving_the_stream_hangs_up_on_the_server() -> None:
    with Peer(always(STREAM, *spaced([chunk(b"a")] * 500, every=0.02))) as peer:

        async def test(client: StreamClient) -> None:
            async with client.open(get(peer.url()), PATIENT) as streamed:
                async for _ in streamed.chunks():
                    break
            assert await asyncio.to_thread(peer.gone.wait, 5)

        run(test, peer)


def test_a_stream_that_nobody_reads_is_closed_with_its_block() -> None:
    with Peer(always(STREAM, *spaced([chunk(b"a")] * 500, every=0.02))) as peer:

        async def test(client: StreamClient) -> None:
            async with client.open(get(peer.url()), PATIENT) as streamed:
                assert streamed.status == 200
            assert await asyncio.to_thread(peer.gone.wait, 5)

        run(test, peer)


def test_cancelling_the_reader_hangs_up_on_the_server() -> None:
    asked = Event()

    def script(_: object) -> Iterator[Step]:
        yield STREAM
        asked.set()
        yield from spaced([chunk(b"a")] * 500, every=0.02)

    with Peer(script) as peer:

        async def test(client: StreamClient) -> None:
            task = asyncio.create_task(client.send(get(peer.url()), PATIENT))
            assert await asyncio.to_thread(asked.wait, 5)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert await asyncio.to_thread(peer.gone.wait, 5)

        run(test, peer)


def test_connections_are_reused_and_never_shared() -> None:
    together = Barrier(3)

    def script(_: object) -> list[Step]:
        if len(peer.requests) > 2:
            together.wait(5)
        return answer()

    with Peer(script) as peer:

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
