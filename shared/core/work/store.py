"""The ports of the work pattern."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.core.work.item import Claim, NewWork, Overdue, Recovered, WorkRef
from shared.core.work.kinds import WorkKind


class LeaseLost(Exception):
    """Another worker took the item over: this one's result is void."""


class WorkStore(Protocol):
    """Durable work items of one table in one region. Each method is one write or one query."""

    def accept(self, work: NewWork, now: int) -> bool:
        """Put the item if it is not there. False: the same work was accepted before."""

    def claim(self, ref: WorkRef, now: int) -> Claim | None:
        """Take the item for its kind's lease. None: done, not yet due, or another's."""

    def finish(self, claim: Claim, now: int, changes: Mapping[str, Any]) -> None:
        """End it well. Raises :class:`LeaseLost`."""

    def reschedule(self, claim: Claim, now: int, not_before: int, changes: Mapping[str, Any]) -> None:
        """Put it off. Raises :class:`LeaseLost`."""

    def exhaust(self, claim: Claim, now: int, changes: Mapping[str, Any]) -> None:
        """End it badly, off the sweep and listed. Raises :class:`LeaseLost`."""

    def crash(self, claim: Claim, now: int) -> None:
        """Give it back after an error of our own; parked after :data:`MAX_CRASHES`. Raises :class:`LeaseLost`."""

    def overdue(self, kind: WorkKind, shard: int, now: int, limit: int) -> Sequence[Overdue]:
        """Items another may take, oldest first."""

    def recover(self, found: Overdue, now: int) -> Recovered | None:
        """Make an overdue item claimable again and due anew in 120 s. None: somebody was quicker.

        After :data:`MAX_LAPSES` it is left as it is and told to be ``deadly``: bury it, then :meth:`park` it.
        """

    def park(self, found: Overdue, now: int) -> None:
        """Take a deadly item off the sweep. A no-op when somebody was quicker."""

    def revive(self, ref: WorkRef, now: int, changes: Mapping[str, Any]) -> bool:
        """Make a failed or done item pending again (replay), here. False: it is neither."""


class WorkQueue(Protocol):
    """The accelerator."""

    def bury(self, ref: WorkRef, envelope: str) -> bool:
        """Send to the kind's dead-letter queue, for an operator to see. Best effort, like every send."""

    def send(self, ref: WorkRef, envelope: str, org: str, delay_s: int) -> bool:
        """Best effort: False when the queue did not take it, never raises. ``delay_s`` is 0 to 900."""
