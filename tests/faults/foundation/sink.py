"""The customer's server: keeps everything it sees, and fails as customers' servers do."""

import contextlib
import random
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.faults.foundation.virtual_clock import VirtualClock

GOOD, DEAD = "/good", "/dead"
_FAILING = 0.35
_MOST_FAILURES = 4
_KINDS = ("500", "429", "503 with Retry-After", "cut", "taken, answer lost")


@dataclass(frozen=True)
class Seen:
    """One POST."""

    path: str
    webhook_id: str
    timestamp: str
    signature: str
    body: bytes
    at: int
    taken: bool
    """Processed by the customer: answered 200, or meant to be."""
    answered: bool


class Sink:
    """How often a message fails, and how, depends on the seed and its id only."""

    def __init__(self, seed: int, clock: VirtualClock) -> None:
        self.seen: list[Seen] = []
        self.recovered = False
        """Whether :data:`DEAD` has come back to life."""
        self._seed = seed
        self._clock = clock
        self._tries: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.sink = self
        self.authority = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()

    def fate(self, path: str, webhook_id: str) -> str:
        """``200`` or a kind of failure, for this try."""
        if path == DEAD:
            return "200" if self.recovered else "500"
        chance = random.Random(f"{self._seed}|{webhook_id}")
        failures = 0
        while failures < _MOST_FAILURES and chance.random() < _FAILING:
            failures += 1
        with self._lock:
            tried = self._tries.get(webhook_id, 0)
            self._tries[webhook_id] = tried + 1
        kinds = [chance.choice(_KINDS) for _ in range(failures)]
        return kinds[tried] if tried < failures else "200"

    def keep(self, handler: "_Handler", body: bytes, fate: str) -> None:
        """Remember a request before it is answered."""
        headers = handler.headers
        seen = Seen(
            path=handler.path,
            webhook_id=headers.get("webhook-id", ""),
            timestamp=headers.get("webhook-timestamp", ""),
            signature=headers.get("webhook-signature", ""),
            body=body,
            at=self._clock(),
            taken=fate in ("200", "taken, answer lost"),
            answered=fate == "200",
        )
        with self._lock:
            self.seen.append(seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    sink: Sink

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed worker's connection breaks: that is the plan."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """One delivery."""
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:  # its sender was killed in mid-sentence
            self.close_connection = True
            return
        fate = self.server.sink.fate(self.path, self.headers.get("webhook-id", ""))
        self.server.sink.keep(self, body, fate)
        if fate in ("cut", "taken, answer lost"):
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(int(fate[:3]))
        if "Retry-After" in fate:
            self.send_header("Retry-After", "90")
        self.send_header("Content-Length", "0")
        self.end_headers()
