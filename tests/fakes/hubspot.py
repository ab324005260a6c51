"""A small HubSpot: contacts in pages, a journal of what was asked, and errors on demand.

Written from HubSpot's public documentation and qualified by HubSpot's own client (tests/contract/hubspot). As a
program: ``python -m tests.fakes.hubspot --port 9183 --contacts 1000``.
"""

import argparse
import contextlib
import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "pat-na1-00000000-fake-fake-fake-000000000000"
"""The private app token that a new fake knows."""

_PATHS = re.compile(r"/crm/(?:objects/20\d\d-\d\d|v3/objects)/contacts(?:/(?P<id>[^/]+))?")
"""The date-based path, and the numbered one that HubSpot's own client 12 still calls."""
_DEFAULT_PROPERTIES = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
_MAX_PAGE = 100
_CREATED = "2026-01-15T09:30:00.000Z"
_CITIES = ("Oslo", "Lyon", "Kyoto", "Quito", None)


def contact(number: int, **properties: str | None) -> dict[str, Any]:
    """A made-up contact as HubSpot holds it; ``number`` decides everything not given."""
    return {
        "id": str(1000 + number),
        "properties": {
            "createdate": _CREATED,
            "email": f"person{number}@example.com",
            "firstname": f"First{number}",
            "hs_object_id": str(1000 + number),
            "lastmodifieddate": _CREATED,
            "lastname": f"Last{number}",
            "phone": f"+1 555 {number:07d}",
            "mobilephone": "",
            "company": "Example Ltd",
            "jobtitle": None,
            "city": _CITIES[number % len(_CITIES)],
            "lifecyclestage": "lead",
            **properties,
        },
        "createdAt": _CREATED,
        "updatedAt": _CREATED,
        "archived": False,
    }


@dataclass(frozen=True)
class Asked:
    """One request and the status it was answered with."""

    path: str
    after: str | None
    query: dict[str, list[str]]
    token: str
    status: int


@dataclass(frozen=True)
class Fault:
    """An answer instead of the real one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass
class HubSpot:
    """The account: change its attributes while it serves."""

    contacts: list[dict[str, Any]]
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    journal: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """Answered first, one per request, in order."""
    page_size: int = _MAX_PAGE
    """Never more than this, whatever was asked for: small pages make quick tests."""
    before_answer: Callable[[int], None] = lambda _number: None
    """Told the number of each request, from 1, before it is answered."""
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def change(self, contact_id: str, updated_at: str, **properties: str | None) -> None:
        """Somebody edits a contact in HubSpot."""
        for found in self.contacts:
            if found["id"] == contact_id:
                found["properties"] |= {**properties, "lastmodifieddate": updated_at}
                found["updatedAt"] = updated_at

    def answer(self, target: str, token: str) -> Fault:
        """One request, written into the journal."""
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        with self._lock:
            self.before_answer(len(self.journal) + 1)
            said = self.faults.pop(0) if self.faults else self._real(parts.path, query, token)
            after = query.get("after", [None])[0]
            self.journal.append(Asked(parts.path, after, query, token, said.status))
        return said if said.body is not None else Fault(said.status, said.headers, _problem(said.status))

    def _real(self, path: str, query: dict[str, list[str]], token: str) -> Fault:
        matched = _PATHS.fullmatch(path)
        if token not in self.tokens:
            return Fault(401)
        if matched is None:
            return Fault(404)
        wanted = ",".join(query.get("properties", [])).split(",") if "properties" in query else []
        if matched["id"]:
            found = next((c for c in self.contacts if c["id"] == matched["id"]), None)
            return Fault(404) if found is None else Fault(200, body=json.dumps(_shown(found, wanted)).encode())
        return self._page(query, wanted)

    def _page(self, query: dict[str, list[str]], wanted: list[str]) -> Fault:
        size, after = query.get("limit", ["10"])[0], query.get("after", ["0"])[0]
        if not (size.isdigit() and 1 <= int(size) <= _MAX_PAGE and after.isdigit()):
            return Fault(400)
        archived = query.get("archived", ["false"])[0] == "true"
        held = sorted((c for c in self.contacts if c["archived"] == archived), key=lambda c: int(c["id"]))
        left = [c for c in held if int(c["id"]) > int(after)]
        results = left[: min(int(size), self.page_size)]
        page: dict[str, Any] = {"results": [_shown(c, wanted) for c in results]}
        if len(left) > len(results):
            last = results[-1]["id"]
            page["paging"] = {"next": {"after": last, "link": f"{self.url}/crm/objects/2026-09/contacts?after={last}"}}
        return Fault(200, body=json.dumps(page).encode())


def _shown(held: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    names = (*_DEFAULT_PROPERTIES[:1], "hs_object_id", "lastmodifieddate", *wanted) if wanted else _DEFAULT_PROPERTIES
    return {**held, "properties": {n: held["properties"][n] for n in names if n in held["properties"]}}


def _problem(status: int) -> bytes:
    category = {401: "INVALID_AUTHENTICATION", 403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND"}
    document: dict[str, str] = {
        "status": "error",
        "message": "A made-up refusal.",
        "correlationId": "00000000-0000-0000-0000-000000000000",
        "category": category.get(status, "VALIDATION_ERROR"),
    }
    if status == 429:
        document |= {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "category": "RATE_LIMITS"}
    return json.dumps(document).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_: object) -> None:
        """Quiet: the journal tells it."""

    def do_GET(self) -> None:
        """One read."""
        said = self.server.account.answer(self.path, self.headers.get("Authorization", "").removeprefix("Bearer "))
        body = said.body or b""
        self.send_response(said.status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, account: HubSpot, port: int) -> None:
        self.account = account
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        account.url = f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection: clients keep theirs, and would talk on to a fake that has ended."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection has ended."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """No more answers, also not on open connections."""
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running(contacts: int = 0, port: int = 0) -> Iterator[HubSpot]:
    """A fake with that many contacts, serving until the block ends. Port 0: any."""
    account = HubSpot([contact(n) for n in range(1, contacts + 1)])
    server = _Server(account, port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield account
    finally:
        server.end()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9183)
    parser.add_argument("--contacts", type=int, default=1000)
    chosen = parser.parse_args()
    account = HubSpot([contact(n) for n in range(1, chosen.contacts + 1)])
    server = _Server(account, chosen.port)
    print(f"{account.url} knows the token {TOKEN}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
