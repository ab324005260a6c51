"""The head of a request as it goes on the wire, and the head of a response as we keep it."""

import re
from collections.abc import Sequence
from typing import Final

from shared.core.egress import Target
from shared.core.outbound.message import Headers, Request

AGENT: Final = "Switchboard/1.0"

Raw = list[tuple[bytes, bytes]]

_OURS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "te",
        "upgrade",
        "expect",
        "proxy-authorization",
    }
)
"""Set by who owns the connection: a caller's value could smuggle a request (RFC 9112 §11.2)."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?|")


def request_head(request: Request, target: Target, *, encodings: str) -> Raw:
    """Headers in order: ``Host`` first, then ours where the caller has none, then the caller's.

    Raises ``ValueError`` for what HTTP/1.1 cannot carry, naming the header and never its value.
    """
    if not _TOKEN.fullmatch(request.method):
        raise ValueError("the method is not a token")
    given = {name.lower() for name in request.headers}
    head = [("Host", target.authority)]
    if "user-agent" not in given:
        head.append(("User-Agent", AGENT))
    if "accept-encoding" not in given:
        head.append(("Accept-Encoding", encodings))
    for name, value in request.headers.items():
        if name.lower() in _OURS:
            raise ValueError(f"{name.lower()} is not the caller's to set")
        if not _TOKEN.fullmatch(name):
            raise ValueError("a header's name is not a token")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the value of {name} cannot be sent as a header")
        head.append((name, value))
    if request.body is not None:
        head.append(("Content-Length", str(len(request.body))))
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in head]


def response_head(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Bytes beyond ASCII are kept as Latin-1 (RFC 9110 §5.5)."""
    return Headers((name.decode("ascii", "replace"), value.decode("latin-1")) for name, value in raw)
