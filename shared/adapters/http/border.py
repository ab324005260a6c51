"""Where the HTTP engine's errors become ours. Importing it imports the engine."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore

from shared.adapters.http.budget import Budget
from shared.core.errors import Problem
from shared.core.outbound.errors import ConnectFailed, ConnectionLost, ResponseUnreadable

_CUT = ("Server disconnected", "peer closed connection")
"""How httpcore and h11 begin their message where the error is a closed connection."""


@contextmanager
def border(budget: Budget) -> Iterator[None]:
    """Within, httpcore may raise what it likes; outside, only our tree is seen."""
    try:
        yield
    except (httpcore.TimeoutException, TimeoutError) as exc:
        raise budget.timed_out() from exc
    except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise _ours(exc) from exc


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
