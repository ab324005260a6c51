"""What can go wrong with a call to another party, as one tree.

    Problem
    ├── EgressRefused 422             the URL may not be called (shared/core/egress.py)
    ├── UpstreamFailed 502
    │   ├── ConnectFailed             no connection, or no trusted certificate: nothing was sent
    │   ├── ConnectionLost            it broke after sending began: the call may have had its effect
    │   ├── ResponseTooLarge          more bytes than the policy reads
    │   └── ResponseUnreadable        not HTTP, or an encoding that cannot be undone
    ├── Unavailable 503
    │   └── CircuitOpen               not tried: the circuit to this party is open
    └── UpstreamTimeout 504
        └── TimedOut                  a limit of the policy ran out; ``phase`` says which

None of them carries a URL, a header or a byte of a body: they end up in logs and answers.
"""

from typing import Literal

from shared.core.errors import Unavailable, UpstreamFailed, UpstreamTimeout

Phase = Literal["connect", "write", "first byte", "read", "total"]


class ConnectFailed(UpstreamFailed):
    """No connection could be made, or its certificate does not vouch for the name."""

    code = "upstream_unreachable"
    title = "Another service could not be reached"


class ConnectionLost(UpstreamFailed):
    """The connection broke while a request was on it."""

    code = "upstream_connection_lost"
    title = "Another service broke the connection"


class ResponseTooLarge(UpstreamFailed):
    """The response, as sent or once decompressed, is over the policy's limit."""

    code = "upstream_response_too_large"
    title = "Another service answered with more than is read"
    retryable = False


class ResponseUnreadable(UpstreamFailed):
    """The response is not valid HTTP, or its encoding is unknown or broken."""

    code = "upstream_response_unreadable"
    title = "Another service answered with something that cannot be read"
    retryable = False


class TimedOut(UpstreamTimeout):
    """A limit ran out. In phase ``connect`` nothing was sent."""

    def __init__(self, phase: Phase) -> None:
        """``phase``: what was being waited for."""
        super().__init__(f"Another service did not answer in time ({phase})")
        self.phase: Phase = phase


class CircuitOpen(Unavailable):
    """The last calls to this party failed; it is left alone for a while."""

    code = "circuit_open"
    title = "Calls to another service are paused after repeated failures"

    def __init__(self, retry_after_s: int) -> None:
        """``retry_after_s``: seconds until a call may be tried again."""
        super().__init__(headers={"Retry-After": str(retry_after_s)})
        self.retry_after_s = retry_after_s
