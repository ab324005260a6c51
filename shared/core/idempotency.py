"""``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header-06): one answer per key, told again for 24 hours."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from shared.core.clock import DAY, MINUTE
from shared.core.errors import IdempotencyInFlight, IdempotencyMismatch
from shared.core.http.request import Request
from shared.core.scope import OrgScope

KEPT = DAY
"""How long an answer is replayed, milliseconds."""
IN_FLIGHT = MINUTE
"""After this a first request that never finished (a killed function) may be tried again, milliseconds."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer to replay."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Slot:
    """The record of one key in one organization on one operation."""

    id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Began:
    """The slot is ours. Ids of what is created come from ``at`` and ``seed``: a try that takes over a killed one's
    slot gets the same, so that what the first left behind is overwritten and not doubled.
    """

    at: int
    seed: str


@dataclass(frozen=True, slots=True)
class Existing:
    """What the store holds for a slot already taken."""

    fingerprint: str
    started_at: int
    answer: StoredAnswer | None


class IdempotencyStore(Protocol):
    """Two conditional writes around the work: begin and complete (or release)."""

    def begin(self, org: OrgScope, slot: Slot, now: int) -> Began | Existing:
        """Take the slot; the record there when it is taken and its in-flight time is not over."""

    def complete(self, org: OrgScope, slot: Slot, answer: StoredAnswer, now: int) -> None:
        """Keep the answer, encrypted."""

    def release(self, org: OrgScope, slot: Slot) -> None:
        """Free the slot: the request was refused and nothing was done, so its key may come with another one."""

    def abandon(self, org: OrgScope, slot: Slot) -> None:
        """Let the same request try again at once, under the same ids: nobody knows how far this try came."""


def slot_for(org: OrgScope, operation: str, key: str, request: Request) -> Slot:
    """Keys are the organization's and the operation's own; the fingerprint covers method, path and body."""
    digest = hashlib.sha256(f"{org.org}\0{operation}\0{key}".encode()).hexdigest()
    asked = f"{request.method}\0{request.path}\0".encode() + request.body
    return Slot(digest, hashlib.sha256(asked).hexdigest())


def replayable(existing: Existing, slot: Slot) -> StoredAnswer:
    """The answer to tell again. Raises 422 for a mismatch, 409 while the first request runs."""
    if existing.fingerprint != slot.fingerprint:
        raise IdempotencyMismatch
    if existing.answer is None:
        raise IdempotencyInFlight
    return existing.answer
