"""When a failed delivery is tried again: the example schedule of Standard Webhooks 1.0.0, 75.6 hours in all."""

from shared.core.clock import HOUR, MINUTE, SECOND

WAITS = (0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Milliseconds before each attempt, from the end of the one before; the first is at once."""
ATTEMPTS = len(WAITS)
JITTER = 0.2
"""Each wait is up to this share shorter or longer, so that what failed together does not return together."""
SLOW_DOWN_FLOOR = MINUTE
"""An endpoint that says 429, 502 or 504 is overloaded: a second try after five seconds would add to it."""
ASKED_CAP = HOUR
"""How far ``Retry-After`` may lengthen a wait that is shorter. A peer cannot put a delivery off for days."""
MAX_HELD = 3
"""Times in a row that an open circuit puts a delivery off; then it is attempted all the same. An endpoint that is down
gets one probe at a time: without this bound, a thousand deliveries would outlive their retention unattempted."""


def next_wait(made: int, chance: float, *, slow_down: bool = False, asked_s: float | None = None) -> int | None:
    """Milliseconds until the next attempt after ``made`` of them have failed; None when there is none left.

    ``chance`` is uniform in [0, 1). ``asked_s``: what ``Retry-After`` asked for; it may lengthen the wait
    (up to :data:`ASKED_CAP`), never shorten it.
    """
    if made >= ATTEMPTS:
        return None
    wait = round(WAITS[made] * (1 + JITTER * (2 * chance - 1)))
    if slow_down:
        wait = max(wait, SLOW_DOWN_FLOOR)
    if asked_s is not None:
        wait = max(wait, round(min(asked_s * SECOND, ASKED_CAP)))
    return wait
