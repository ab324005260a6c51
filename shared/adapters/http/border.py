"""Where our values become the HTTP engine's, and its errors ours. Importing it imports the engine.

httpcore is the engine under httpx and has no redirects, cookies, proxies from the environment or
unbounded decompression to switch off; what httpx adds, this room would have to undo.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest

import httpcore

from shared.adapters.http.budget import Budget
from shared.adapters.http.head import request_head
from shared.core.egress import Target
from shared.core.errors import Problem
from shared.core.outbound.errors import ConnectFailed, ConnectionLost, ResponseUnreadable
from shared.core.outbound.message import Request

CONNECTIONS = 20
"""At once, all peers together: above the threads or streams that one function runs."""

DIALLED = 3
"""Addresses tried of those a name has; all are judged."""

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_CUT = ("Server disconnected", "peer closed connection")
"""How httpcore and h11 begin their message where the error is a closed connection."""


def outgoing(target: Target, request: Request, budget: Budget, *, encodings: str) -> httpcore.Request:
    """The engine's request. Its own timeouts stay unset, but for the wait for a free connection."""
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=request_head(request, target, encodings=encodings),
        content=request.body,
        extensions={"timeout": {"pool": budget.left()}},
    )


def countdown(addresses: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """The addresses to dial in turn, each with the number of those after it.

    Families alternate (RFC 8305 §4): where one of them has no route, the other gets its turn.
    """
    by_family: tuple[list[str], list[str]] = ([], [])
    for address in addresses:
        by_family[(":" in address) != (":" in addresses[0])].append(address)
    mixed = [a for pair in zip_longest(*by_family) for a in pair if a is not None]
    tried = mixed[:DIALLED]
    return zip(range(len(tried) - 1, -1, -1), tried, strict=True)


@contextmanager
def border(budget: Budget) -> Iterator[None]:
    """Within, httpcore may raise what it likes; outside, only our tree is seen."""
    try:
        yield
    except (httpcore.TimeoutException, TimeoutError) as exc:
        raise budget.timed_out() from exc
    except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise _ours(exc) from exc
    except OSError as exc:  # TLS records that do not decrypt reach us as they are
        raise ConnectionLost from exc


def _ours(exc: Exception) -> Problem:
    if isinstance(exc, httpcore.ConnectError):
        cause: BaseException | None = exc
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return ConnectFailed("Another service's certificate could not be verified")
            cause = cause.__cause__ or cause.__context__
        return ConnectFailed()
    if isinstance(exc, httpcore.NetworkError) or str(exc).startswith(_CUT):
        return ConnectionLost()
    return ResponseUnreadable("Another service's answer is not valid HTTP")
