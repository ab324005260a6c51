"""A customer's webhook receiver: keeps what it is sent, answers what it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


@dataclass
class Sink:
    """What came, in order; ``answers`` are the next statuses, then 204."""

    port: int
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """On this machine."""
        return f"http://127.0.0.1:{self.port}"

    def at(self, path: str) -> list[Received]:
        """What came to one path."""
        return [r for r in self.received if r.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """Keep it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        sink = self.server.sink
        sink.received.append(Received(self.path, headers, body))
        self.send_response(sink.answers.pop(0) if sink.answers else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        super().__init__(("127.0.0.1", sink.port), _Handler)


@contextmanager
def running(port: int) -> Iterator[Sink]:
    """A sink, serving until the block ends."""
    sink = Sink(port)
    server = _Server(sink)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
