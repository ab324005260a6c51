"""A stand-in for the API that Lambda offers inside a sandbox, as far as a streaming function uses it.

Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; streamed responses and their prelude:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming; Extensions API:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html. Event in, bytes out, each with its time.
"""

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SEPARATOR = b"\0" * 8
"""Between the prelude (status and headers as JSON) and the body."""


@dataclass
class Invocation:
    """One event, and what the function answered."""

    id: str
    event: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    """Of the runtime's POST …/response."""
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    """When (monotonic seconds) and what, as it came in."""
    error: bytes | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def raw(self) -> bytes:
        """Prelude, separator and body."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def prelude(self) -> dict[str, Any]:
        """Status and headers."""
        found: dict[str, Any] = json.loads(self.raw.partition(SEPARATOR)[0])
        return found

    @property
    def body(self) -> bytes:
        """What API Gateway passes on."""
        return self.raw.partition(SEPARATOR)[2]

    def arrival(self, part: bytes) -> float:
        """When ``part`` of the body was complete here, in monotonic seconds."""
        so_far = b""
        for moment, piece in self.pieces:
            so_far += piece
            if part in so_far.partition(SEPARATOR)[2]:
                return moment
        raise AssertionError(f"{part!r} never came")


class RuntimeApi:
    """The sandbox's side of the contract."""

    def __init__(self) -> None:
        self.freeze: Callable[[], None] = lambda: None
        """Called as soon as a response has ended."""
        self.extensions: list[str] = []
        self.asked = threading.Event()
        """The runtime has asked for its first event: initialisation is over."""
        self.failed: list[bytes] = []
        self._events: queue.Queue[Invocation] = queue.Queue()
        self.running: dict[str, Invocation] = {}

    def invoke(self, event: dict[str, Any]) -> Invocation:
        """Hand out an event; its answer fills the returned value as it arrives."""
        invocation = Invocation(f"inv-{len(self.running)}", event)
        self.running[invocation.id] = invocation
        self._events.put(invocation)
        return invocation

    def next(self) -> Invocation:
        """The next event, whenever it comes."""
        self.asked.set()
        return self._events.get()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def setup(self) -> None:
        """Head and body are two writes: without this the second waits 40 ms for the first's acknowledgement."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Next event, for the runtime or an extension."""
        api = self.server.api
        if self.path == "/2018-06-01/runtime/invocation/next":
            invocation = api.next()
            deadline = str(int(time.time() * 1000) + 300_000)
            self.answer(
                200,
                json.dumps(invocation.event).encode(),
                Content_Type="application/json",
                Lambda_Runtime_Aws_Request_Id=invocation.id,
                Lambda_Runtime_Deadline_Ms=deadline,
                Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:eu-west-1:123456789012:function:llm-chat:live",
                Lambda_Runtime_Trace_Id="Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
            )
        elif self.path == "/2020-01-01/extension/event/next":
            self.server.stopped.wait()
            self.close_connection = True
        else:
            self.answer(404)

    def do_POST(self) -> None:
        """Register, respond, or fail."""
        api = self.server.api
        if self.path == "/2020-01-01/extension/register":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            api.extensions.append(self.headers["Lambda-Extension-Name"])
            self.answer(200, b"{}", Lambda_Extension_Identifier="extension-1")
            return
        *_, name, action = self.path.split("/")
        invocation = api.running.get(name)
        if action == "response" and invocation is not None:
            invocation.headers = {k.lower(): v for k, v in self.headers.items()}
            for piece in self._pieces():
                invocation.pieces.append((time.monotonic(), piece))
            api.freeze()
            invocation.ended.set()
        else:
            api.failed.append(b"".join(self._pieces()))
            if invocation is not None:
                invocation.error = api.failed[-1]
                invocation.ended.set()
        self.answer(202)

    def _pieces(self) -> Iterator[bytes]:
        """The body as it comes: chunked where the function streams, in one where it does not."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Trailers: Lambda-Runtime-Function-Error-Type and -Body."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        self.stopped = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """A sandbox that was killed is no news."""


@contextmanager
def serving(api: RuntimeApi) -> Iterator[str]:
    """The value of AWS_LAMBDA_RUNTIME_API."""
    server = _Server(api)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
