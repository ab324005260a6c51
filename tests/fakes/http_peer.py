"""A real HTTP server on loopback that does exactly what its script says, byte by byte."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

Step = bytes | float | None
"""Bytes are sent, a number is slept in seconds, None closes the connection there and then."""


@dataclass
class Received:
    """One request as it came off the wire."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int
    sni: str | None


Script = Callable[[Received], Iterable[Step]]


def answer(body: bytes = b"ok", status: str = "200 OK", **headers: str) -> list[Step]:
    """A whole response; header names are given with underscores."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ["\r\n".join([*lines, "", ""]).encode() + body]


def spaced(pieces: Iterable[bytes], *, every: float) -> list[Step]:
    """Each piece, and a pause after it."""
    return [step for piece in pieces for step in (piece, every)]


def always(*steps: Step) -> Script:
    """The same steps for every request."""
    return lambda _received: steps


@dataclass
class Peer:
    """``with Peer(script) as peer``: serves until the block ends; ``requests`` is what it saw."""

    script: Script
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client closed a connection while a script was still sending."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_closed(self) -> None:
        """Returns when every connection is closed on this side; loopback has delivered that by then."""
        for _ in range(1000):
            if not self._open:
                return
            time.sleep(0.005)
        raise TimeoutError

    @property
    def allow(self) -> frozenset[str]:
        """An egress allow list for this peer, by address and as ``peer.test``."""
        return frozenset({f"127.0.0.1:{self.port}", f"peer.test:{self.port}"})

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Where to call it."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        named: list[str | None] = [None]
        self._open.add(plain)
        try:
            connection = plain
            if self.tls:
                self.tls.sni_callback = lambda _s, name, _c: named.__setitem__(0, name)
                connection = self.tls.wrap_socket(plain, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rb") as reader:
                while (line := reader.readline()) != b"":
                    headers: dict[str, str] = {}
                    while (header := reader.readline()) not in {b"\r\n", b""}:
                        name, _, value = header.decode("latin-1").partition(":")
                        headers[name.lower()] = value.strip()
                    body = reader.read(int(headers.get("content-length", "0")))
                    request = Received(line.decode().strip(), headers, body, number, named[0])
                    self.requests.append(request)
                    if not self._play(connection, self.script(request)):
                        return
        except OSError:
            self.gone.set()
        finally:
            self._open.discard(plain)
            plain.close()

    def _play(self, connection: socket.socket, steps: Iterable[Step]) -> bool:
        for step in steps:
            if step is None:
                return False
            if isinstance(step, bytes):
                connection.sendall(step)
            else:
                time.sleep(step)
        return True
