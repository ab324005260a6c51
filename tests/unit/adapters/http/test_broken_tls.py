"""A connection whose TLS records stop making sense is a lost one, for both clients."""

import asyncio
import socket
from collections.abc import Iterable

import pytest

from shared.adapters.http.stream import StreamClient
from shared.core.outbound.errors import ConnectionLost
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Policy
from tests.fakes.certificates import Authority
from tests.fakes.http_peer import Peer, Step, always
from tests.unit.adapters.http.conftest import ClientMaker


class Corrupt(Peer):
    """Speaks TLS until the script begins, then writes past it."""

    def _play(self, connection: socket.socket, steps: Iterable[Step]) -> bool:
        for step in steps:
            if isinstance(step, bytes):
                socket.socket.sendall(connection, step)  # the method below TLS's own
        return True


GARBAGE = always(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_blocking(make_client: ClientMaker, authority: Authority) -> None:
    with Corrupt(GARBAGE, tls=authority.serving("127.0.0.1")) as peer, pytest.raises(ConnectionLost):
        make_client(allow=peer.allow).send(Request("GET", peer.url()))


def test_streaming(authority: Authority) -> None:
    async def main(peer: Peer) -> None:
        client = StreamClient(allow=peer.allow, tls=authority.trusting)
        with pytest.raises(ConnectionLost):
            await client.send(Request("GET", peer.url()), Policy())
        await client.aclose()

    with Corrupt(GARBAGE, tls=authority.serving("127.0.0.1")) as peer:
        asyncio.run(main(peer))
