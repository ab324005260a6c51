"""A sender behind a circuit breaker."""

from typing import Final

from shared.core.breaker import Breaker
from shared.core.errors import UpstreamFailed, UpstreamTimeout
from shared.core.outbound.errors import ResponseTooLarge
from shared.core.outbound.message import Request, Response, Sender
from shared.core.outbound.policy import Policy

BROKEN: Final = 500
"""From here on a status says that the party is broken; below, that it understood us, even to refuse."""


class CircuitSender:
    """Sends to one party while its circuit allows. A :class:`Sender`."""

    def __init__(self, sender: Sender, breaker: Breaker, name: str) -> None:
        """``name`` of the circuit: whatever fails together, ``hubspot`` or one customer's endpoint."""
        self._sender = sender
        self._breaker = breaker
        self._name = name

    def send(self, request: Request, policy: Policy) -> Response:
        """As the sender; a call that the policy repeats counts once. Raises :class:`CircuitOpen` too."""
        permit = self._breaker.enter(self._name)
        try:
            response = self._sender.send(request, policy)
        except ResponseTooLarge:  # it answered; that we do not want the answer is our matter
            self._breaker.success(permit)
            raise
        except (UpstreamFailed, UpstreamTimeout):
            self._breaker.failure(permit)
            raise
        except BaseException:
            self._breaker.abandon(permit)
            raise
        if response.status >= BROKEN:
            self._breaker.failure(permit)
        else:
            self._breaker.success(permit)
        return response
