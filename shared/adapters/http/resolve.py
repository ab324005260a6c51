"""Names to addresses, within a time limit."""

import socket
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from shared.core.outbound.errors import ConnectFailed, TimedOut

Resolve = Callable[[str, int], list[str]]
"""Host and port to addresses in order of preference. Raises ``OSError``."""


def system_resolver(host: str, port: int) -> list[str]:
    """What the operating system answers for a TCP connection."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in answers]


def resolve_within(resolve: Resolve, host: str, port: int, seconds: float) -> list[str]:
    """``resolve``, or :class:`TimedOut`.

    ``getaddrinfo`` takes no timeout and a hostile name server can hold it for a minute, so it runs
    on a thread that is abandoned when time is up. A thread costs 0.1 ms, once per connection.
    """
    answer: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolve(host, port))
        except OSError as exc:
            answer.put(exc)
        except UnicodeError:  # a label the resolver's own codec refuses
            answer.put(OSError("not a name"))

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        outcome = answer.get(timeout=seconds)
    except Empty:
        raise TimedOut("connect") from None
    if isinstance(outcome, OSError):
        raise ConnectFailed("The host of another service does not resolve") from outcome
    return outcome
