"""A pull: all contacts of a connection, page by page, with a checkpoint that outlives any worker.

A pull is one work item. Its checkpoint moves in the same conditional write that ends a worker's claim, after the
page's contacts are stored; a worker killed in between costs one page fetched twice, and ids derived from the
provider's make the second storing collapse into the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Protocol, Self

from shared.core.clock import HOUR, MINUTE, SECOND
from shared.core.work.item import Status
from shared.crm.source import PullProblem, SourceBusy, SourceError, SourcePaused, SourceRefused


class ConnectionStatus(StrEnum):
    """How a connection is, as its owner sees it."""

    NEW = "new"
    """Nothing was pulled and no pull is accepted."""
    SYNCING = "syncing"
    """A pull is under way; ``problem`` says why it may stand still."""
    ACTIVE = "active"
    """The last pull reached its end."""
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a pull stands. Counts are of this pull; times are milliseconds."""

    cursor: str | None
    pages: int
    records: int
    changed: int
    """Contacts that were new or different."""
    failures: int
    """Requests without a page since the last page."""
    problem: str | None
    started_at: int
    ended_at: int | None
    completed_at: int | None
    """When a pull of this connection last reached its end."""

    @classmethod
    def start(cls, now: int, completed_at: int | None = None) -> Self:
        """Before the first page."""
        return cls(None, 0, 0, 0, 0, None, now, None, completed_at)

    @classmethod
    def read(cls, attributes: Mapping[str, Any]) -> Self:
        """From :meth:`attributes`."""
        return cls(**attributes)

    def attributes(self) -> dict[str, Any]:
        """To store."""
        return asdict(self)

    def advanced(self, records: int, changed: int, cursor: str | None, now: int) -> Self:
        """After a page was stored; without a next cursor the pull is complete."""
        moved = replace(
            self,
            cursor=cursor,
            pages=self.pages + 1,
            records=self.records + records,
            changed=self.changed + changed,
            failures=0,
            problem=None,
        )
        return moved if cursor is not None else replace(moved, ended_at=now, completed_at=now)

    def held_up(self, problem: PullProblem, *, asked: bool = True) -> Self:
        """No page this time; another try is due. Not having asked was none."""
        return replace(self, failures=self.failures + asked, problem=problem.value)

    def ended(self, problem: PullProblem, now: int) -> Self:
        """No page, and no further try."""
        return replace(self, failures=self.failures + 1, problem=problem.value, ended_at=now)


@dataclass(frozen=True, slots=True)
class Pull:
    """A checkpoint with the state of its work item."""

    status: Status
    checkpoint: Checkpoint
    next_at: int
    """When the next page may be asked for, while a pull is under way."""


_REST: dict[Status, ConnectionStatus] = {
    Status.PENDING: ConnectionStatus.SYNCING,
    Status.CLAIMED: ConnectionStatus.SYNCING,
    Status.DONE: ConnectionStatus.ACTIVE,
    Status.PARKED: ConnectionStatus.FAILED,
}
_REFUSED: dict[str | None, ConnectionStatus] = {
    PullProblem.UNAUTHORIZED.value: ConnectionStatus.UNAUTHORIZED,
    PullProblem.FORBIDDEN.value: ConnectionStatus.FORBIDDEN,
}


def connection_status(pull: Pull | None) -> ConnectionStatus:
    """Derived, never stored: there is one truth, and it moves with the checkpoint."""
    if pull is None:
        return ConnectionStatus.NEW
    if pull.status is Status.FAILED:
        return _REFUSED.get(pull.checkpoint.problem, ConnectionStatus.FAILED)
    return _REST[pull.status]


def pull_problem(pull: Pull) -> str | None:
    """Why it stands still or ended; an item that our own errors parked has no word in its checkpoint."""
    return PullProblem.INTERNAL.value if pull.status is Status.PARKED else pull.checkpoint.problem


MAX_FAILURES = 12
"""Requests in a row without an answer before a pull ends: about an hour and a half with the waits below."""
_BACKOFF = 5 * SECOND
_BACKOFF_CAP = 15 * MINUTE
_ASKED_CAP = HOUR
"""A provider's daily limit ends at a midnight we do not know: ask once an hour."""


def wait_after(error: SourceError, failures: int, chance: float) -> int | None:
    """Milliseconds until the next try, None for never. ``failures``: tries without a page before this one.

    At least what the provider asked for; else exponential with equal jitter (half fixed, half ``chance`` of [0, 1)),
    so that the pulls of many organizations do not return in step. A rate limit is waited for without end, and so is an
    open circuit, for as long as it says and a little more.
    """
    if isinstance(error, SourceRefused):
        return None
    if isinstance(error, SourcePaused):
        return min(error.wait or 0, _ASKED_CAP) + round(chance * _BACKOFF)
    if not isinstance(error, SourceBusy) and failures + 1 >= MAX_FAILURES:
        return None
    span = min(_BACKOFF_CAP, _BACKOFF * 2**failures) if failures < 16 else _BACKOFF_CAP  # noqa: PLR2004 - overflow
    return max(min(error.wait or 0, _ASKED_CAP), round(span / 2 + chance * span / 2))


@dataclass(frozen=True, slots=True)
class Order:
    """Who asked for a pull, in which request, and when."""

    actor: str
    request_id: str
    at: int


class Pulls(Protocol):
    """The pulls of an organization's connections: one per connection, again and again."""

    def start(self, connection_id: str, order: Order) -> None:
        """Accept the first pull, durably. Once: a repeated call changes nothing."""

    def restart(self, connection_id: str, order: Order) -> bool:
        """Pull again from the beginning. False when one is under way."""

    def get(self, connection_id: str) -> Pull | None:
        """How it stands."""

    def of(self, connection_ids: Sequence[str]) -> dict[str, Pull]:
        """Those of at most 100 connections."""

    def delete(self, connection_id: str) -> None:
        """Forget it; a worker at it cannot finish."""
