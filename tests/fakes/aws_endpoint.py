"""moto's DynamoDB, KMS and SQS behind plain HTTP, for code that runs in another process.

moto patches botocore within one process only, and its own server wants Flask. These services are one POST with
an ``X-Amz-Target``; this hands it to moto's own handler. Meant for the inside of ``tests.fakes.cloud.cloud()``, whose
account it shows.
"""

import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, HTTPHeaders
from moto.core.models import botocore_stubber

_LOCK = threading.Lock()
"""moto's backends are made for one thread."""


_SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms", "AmazonSQS": "sqs"}
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def setup(self) -> None:
        """Head and body are two writes: without this the second waits 40 ms for the first's acknowledgement."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """One call of a service."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # its client was killed in the middle of a call
            self.close_connection = True
            return
        service, _, operation = self.headers["X-Amz-Target"].partition(".")
        signed = _SCOPE.search(self.headers["Authorization"])
        url = f"https://{_SERVICES[service]}.{signed[1] if signed else 'us-east-1'}.amazonaws.com/"
        headers = HTTPHeaders.from_dict({k: v for k, v in self.headers.items() if k.lower() != "host"})
        with _LOCK:
            self.server.calls.append(operation)
            request = AWSPreparedRequest("POST", url, headers, body, stream_output=False)
            answered = botocore_stubber.process_request(request)
        status, headers, answer = answered or (404, {}, "")
        raw = answer.encode() if isinstance(answer, str) else answer
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "status", "server", "date"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.calls: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running() -> Iterator[tuple[str, list[str]]]:
    """The endpoint's URL, and the names of the operations called on it so far."""
    server = _Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.calls
    finally:
        server.shutdown()
        server.server_close()
