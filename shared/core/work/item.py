"""The one work pattern: accept, claim, finish, reschedule.

    accept ──► pending ──claim──► claimed ──finish──► done
                  ▲                  │ ├──reschedule──► pending (not before …)
                  └── overdue sweep ─┘ ├──exhaust─────► failed   (listed, replayable)
                                       └──crash────────► pending, after five: parked

ONE conditional put accepts work and is the promise; a queue only makes it quick. ``due_at`` means "when another
may take it": accepted, now + 120 s; claimed, the lease's end; so the healthy path never meets the sweep, and the
sweep finds whatever a queue or a worker lost. Every step is conditional on the version the worker claimed: a worker
that lost its lease cannot finish. Items leave the sparse index (``work_pk``, ``due_at`` removed) when they end.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.core.scope import OrgScope
from shared.core.work.kinds import SHARDS, WorkKind


class Status(StrEnum):
    """Where an item stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"


MAX_CRASHES = 5
"""Our own code failed this often on an item: it leaves the sweep and waits for an operator's redrive."""
MAX_LAPSES = 20
"""This many claims in a row ended by nothing but time: what kills its worker is not handed to another for ever.
Far above what deploys and lost machines do to one item."""
EARLY = 1_000
"""A queue's delay is in whole seconds and clocks differ: an item may be claimed this much early, milliseconds."""


@dataclass(frozen=True, slots=True)
class WorkRef:
    """Names an item; travels in queues instead of it."""

    kind: WorkKind
    pk: str
    sk: str

    @property
    def shard(self) -> int:
        """The same for the same item, everywhere."""
        return zlib.crc32(f"{self.pk}\0{self.sk}".encode()) % SHARDS

    def index_partition(self, region: str) -> str:
        """``<region>#<kind>#<shard>``: the partition of the due-time index."""
        return f"{region}#{self.kind.name}#{self.shard}"


@dataclass(frozen=True, slots=True)
class NewWork:
    """What one put accepts. ``attributes`` are the item's own, beside the pattern's."""

    ref: WorkRef
    id: str
    org: OrgScope
    entity: str
    version: int
    """Schema version of the entity (``v``)."""
    attributes: Mapping[str, Any]
    request_id: str
    actor: str
    not_before: int | None = None
    """Milliseconds; None: at once."""
    expires_at: int | None = None
    """Seconds; when the table's TTL may remove it."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Work that has ended and is to begin anew. ``changes`` reset the item's own attributes."""

    ref: WorkRef
    id: str
    org: OrgScope
    changes: Mapping[str, Any]
    request_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's exclusive hold on an item until ``lease_until``."""

    ref: WorkRef
    id: str
    org: OrgScope
    version: int
    lease_until: int
    crashes: int
    attempt: int
    """Attempts before this one."""
    request_id: str
    actor: str
    created_at: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Overdue:
    """An item the sweep found: what a KEYS_ONLY index tells of it."""

    ref: WorkRef
    due_at: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """An overdue item that may be claimed again: what its envelope needs."""

    id: str
    org: str
    actor: str
    request_id: str
    attempt: int
    deadly: bool = False
    """It killed one worker after the other: for an operator, not for the next worker."""
