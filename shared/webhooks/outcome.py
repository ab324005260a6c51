"""What an endpoint's answer means for the delivery (Standard Webhooks 1.0.0, "Deliverability and reliability")."""

from enum import Enum, auto

_GONE = 410
_OVERLOADED = frozenset({429, 502, 504})


class Outcome(Enum):
    """Four meanings, whatever the status."""

    DELIVERED = auto()
    """200 to 299, and nothing else: a redirect is not followed and is a failure."""
    GONE = auto()
    """410: the receiver wants no more; the endpoint is disabled."""
    SLOW_DOWN = auto()
    """429, 502, 504: tried again, but not soon."""
    FAILED = auto()
    """Tried again on schedule."""


def outcome_of(status: int) -> Outcome:
    """The meaning of an HTTP status."""
    if 200 <= status <= 299:  # noqa: PLR2004 - RFC 9110 §15.3
        return Outcome.DELIVERED
    if status == _GONE:
        return Outcome.GONE
    return Outcome.SLOW_DOWN if status in _OVERLOADED else Outcome.FAILED
