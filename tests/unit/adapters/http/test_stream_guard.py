"""Who a stream is dialled to, and whose certificate is believed."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable

import httpcore
import pytest

from shared.adapters.http.border import SocketOption
from shared.adapters.http.stream import StreamClient
from shared.core.egress import EgressRefused
from shared.core.outbound.errors import ConnectFailed
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Policy
from tests.fakes.certificates import Authority
from tests.fakes.http_peer import Peer, always, answer

PATIENT = Policy(read_s=5, total_s=10)


class Internet(httpcore.AsyncNetworkBackend):
    """Stands in for the network below the guard."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.dialled: list[str] = []
        self.sockets: list[socket.socket] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002 - always the stand-in's
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Notes who was dialled, and connects to the stand-in."""
        self.dialled.append(host)
        if host == "93.184.215.99":
            raise httpcore.ConnectError
        stream = await httpcore.AnyIOBackend().connect_tcp(
            "127.0.0.1", self.peer.port, timeout, local_address, socket_options
        )
        self.sockets.append(stream.get_extra_info("socket"))
        return stream


@contextlib.asynccontextmanager
async def plugged(
    peer: Peer, authority: Authority, answers: list[list[str]]
) -> AsyncIterator[tuple[StreamClient, Internet]]:
    client = StreamClient(resolve=lambda _h, _p: answers.pop(0), tls=authority.trusting)
    internet = Internet(peer)
    client._wire()._backend._tcp = internet
    yield client, internet
    await client.aclose()


HOOK = Request("GET", "https://llm.example/v1/chat")


def test_the_judged_address_is_dialled_with_the_names_sni_host_and_certificate(
    authority: Authority,
) -> None:
    with Peer(always(*answer(), None), tls=authority.serving("llm.example")) as peer:

        async def test() -> None:
            answers = [["93.184.215.99", "93.184.215.14"], ["127.0.0.1"]]
            async with plugged(peer, authority, answers) as (client, internet):
                async with client.open(HOOK, PATIENT) as streamed:
                    [nodelay] = [s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for s in internet.sockets]
                    assert nodelay == 1
                    await streamed.read()
                await asyncio.to_thread(peer.wait_closed)  # so the next call asks again
                with pytest.raises(EgressRefused):
                    await client.send(HOOK, PATIENT)
                assert internet.dialled == ["93.184.215.99", "93.184.215.14"]

        asyncio.run(test())
    assert [(r.sni, r.headers["host"]) for r in peer.requests] == [("llm.example", "llm.example")]


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    with Peer(always(*answer()), tls=authority.serving("other.example")) as peer:

        async def test() -> None:
            async with plugged(peer, authority, [["93.184.215.14"]]) as (client, _):
                with pytest.raises(ConnectFailed, match="certificate could not be verified"):
                    await client.send(HOOK, PATIENT)

        asyncio.run(test())
    assert peer.requests == []
