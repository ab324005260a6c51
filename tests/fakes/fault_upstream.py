"""A model provider that misbehaves on demand: the request's ``model`` names the fault.

aimock (the peer nobody here wrote) is a faithful provider, but it cannot send a bad line, split a character,
answer 200 with an error, ping, or cut a socket at a chosen byte. This one can, and it keeps what it was sent.
Standard library only, so that it also runs beside the artefact test. ``python -m tests.fakes.fault_upstream PORT``.
"""

import gzip
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEXT = "Héllo wörld 😀"


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One SSE frame of a completion."""
    delta: dict[str, Any] = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    value = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "faulty-1",
        "choices": [choice],
    }
    return b"data: " + json.dumps(value | more, ensure_ascii=False).encode() + b"\n\n"


ROLE = chunk("").replace(b'"content": ""', b'"role": "assistant", "content": ""')
WORDS = [chunk(word) for word in ("Héllo ", "wörld ", "😀")]
STOP = chunk(finish="stop")
USAGE = chunk(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12})
DONE = b"data: [DONE]\n\n"
WHOLE = b"".join([ROLE, *WORDS, STOP, USAGE, DONE])
ERROR = b'data: {"error": {"message": "the model fell over", "type": "server_error", "code": "oops"}}\n\n'
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "faulty-1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class FaultUpstream:
    """The running server. ``silence_s``: how long the faults that fall silent stay so."""

    port: int
    silence_s: float = 3.0
    seen: list[Seen] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a caller closed its connection before the stream's end."""
    connections: int = 0

    @property
    def base_url(self) -> str:
        """As an organization would configure it."""
        return f"http://127.0.0.1:{self.port}/v1"


class _Wire:
    """A streamed answer with every byte in hand."""

    def __init__(self, handler: "_Handler") -> None:
        self.handler = handler

    def start(self, kind: str = "text/event-stream", **headers: str) -> None:
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def send(self, data: bytes) -> None:
        self.handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """RST in place of an orderly end."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.connection.close()
        self.handler.close_connection = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.server.upstream.connections += 1
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        """Quiet: the tests say what happened."""

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        upstream = self.server.upstream
        upstream.seen.append(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        try:
            self._fault(str(body.get("model")), stream=body.get("stream") is True)
        except OSError:
            upstream.left.set()
            self.close_connection = True

    def _fault(self, model: str, *, stream: bool) -> None:
        if model in REFUSALS:
            status, refusal, headers = REFUSALS[model]
            self.answer(status, refusal, "text/html" if refusal.startswith(b"<") else "application/json", **headers)
        elif model == "no-options" and "stream_options" in self.server.upstream.seen[-1].body:
            self.answer(400, b'{"error": {"message": "Unknown field stream_options", "type": "invalid_request_error"}}')
        elif model == "mute":
            time.sleep(self.server.upstream.silence_s)
        elif stream:
            STREAMS.get(model, _whole)(_Wire(self), self.server.upstream)
        elif model == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "900")
            self.end_headers()
            self.wfile.write(b'{"id"')
            self.close_connection = True
        elif model == "html":
            self.answer(200, b"<html>", "text/html")
        else:
            self.answer(200, json.dumps(COMPLETION).encode(), x_request_id="upstream-7")


REFUSALS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "r400": (400, b'{"error": {"message": "too long", "code": "context_length_exceeded", "param": "messages"}}', {}),
    "r401": (401, b'{"error": {"message": "Incorrect API key provided: sk-planted", "code": "invalid_api_key"}}', {}),
    "r404": (404, b'{"error": {"message": "no such model", "code": "model_not_found"}}', {}),
    "r429": (429, b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}', {"Retry_After": "7"}),
    "quota": (429, b'{"error": {"message": "spent", "code": "insufficient_quota"}}', {}),
    "r500": (500, b"<html><h1>Internal Server Error</h1></html>", {}),
    "r302": (302, b"", {"Location": "http://127.0.0.1:1/"}),
    "ok-error": (200, b'{"error": {"message": "fell over", "code": "oops"}}', {}),
}


def _whole(wire: _Wire, _: FaultUpstream) -> None:
    wire.start()
    wire.send(WHOLE)
    wire.end()


def _pieces(*pieces: bytes) -> Callable[[_Wire, FaultUpstream], None]:
    """Each piece in a write of its own, far enough apart to be read apart."""

    def run(wire: _Wire, _: FaultUpstream) -> None:
        wire.start()
        for piece in pieces:
            wire.send(piece)
            time.sleep(0.001)
        wire.end()

    return run


def _silent_after(*pieces: bytes) -> Callable[[_Wire, FaultUpstream], None]:
    """The pieces, then silence, then the rest of a good stream."""

    def run(wire: _Wire, upstream: FaultUpstream) -> None:
        wire.start()
        for piece in pieces:
            wire.send(piece)
        time.sleep(upstream.silence_s)
        wire.send(b"".join([*WORDS[1:], STOP, USAGE, DONE]))
        wire.end()

    return run


def _cut(wire: _Wire, _: FaultUpstream) -> None:
    wire.start()
    wire.send(ROLE + WORDS[0])
    time.sleep(0.05)  # an RST at once would overtake the bytes before it
    wire.reset()


def _gzipped(wire: _Wire, _: FaultUpstream) -> None:
    wire.start(Content_Encoding="gzip")
    wire.send(gzip.compress(WHOLE))
    wire.end()


def _endless(wire: _Wire, _: FaultUpstream) -> None:
    """Until the caller leaves (or 20 s, so that a failed test ends)."""
    wire.start()
    for _tick in range(400):
        wire.send(WORDS[0])
        time.sleep(0.05)


STREAMS: dict[str, Callable[[_Wire, FaultUpstream], None]] = {
    "bytes": _pieces(*(bytes([byte]) for byte in WHOLE)),
    "crlf": _pieces(WHOLE.replace(b"\n", b"\r\n")),
    "pings": _pieces(b": PROCESSING\n\n", ROLE, b'event: ping\ndata: {"type": "ping"}\n\n', *WORDS, STOP, USAGE, DONE),
    "bad-line": _pieces(ROLE, WORDS[0], b"data: {not json\n\n", *WORDS[1:], STOP, USAGE, DONE),
    "no-done": _pieces(ROLE, *WORDS, STOP),
    "two-dones": _pieces(ROLE, *WORDS, STOP, DONE, DONE),
    "no-usage": _pieces(ROLE, *WORDS, STOP, DONE),
    "error-mid": _pieces(ROLE, WORDS[0], ERROR, *WORDS[1:], STOP, DONE),
    "error-first": _pieces(ERROR),
    "short": _pieces(ROLE, WORDS[0]),
    "empty": _pieces(),
    "pause": _silent_after(ROLE, WORDS[0]),
    "stall": _silent_after(),
    "cut": _cut,
    "gzip": _gzipped,
    "endless": _endless,
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    upstream: FaultUpstream

    def handle_error(self, *_: object) -> None:
        """A caller that left is no news."""


@contextmanager
def running(port: int = 0, *, silence_s: float = 3.0) -> Iterator[FaultUpstream]:
    """The server, on a free port unless told otherwise."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.upstream = FaultUpstream(server.server_address[1], silence_s)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.upstream
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with running(int(sys.argv[1])):
        threading.Event().wait()
