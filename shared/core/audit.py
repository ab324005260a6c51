"""The audit port: who did what, append-only, one chain per organization and region."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Protocol

from shared.core.scope import OrgScope


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. ``details`` are names and ids, never values that are secret or personal."""

    action: str
    """The operation's name: ``createApiKey``."""
    actor: str
    request_id: str
    at: int
    target: str | None = None
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry in its chain."""

    seq: int
    entry: AuditEntry
    previous: str
    hash: str


GENESIS = "0" * 64


def chained(entry: AuditEntry, *, seq: int, previous: str, org: str, region: str) -> AuditRecord:
    """The record whose hash covers its predecessor's: SHA-256 over canonical JSON."""
    body = {
        "action": entry.action,
        "actor": entry.actor,
        "at": entry.at,
        "details": entry.details,
        "org": org,
        "previous": previous,
        "region": region,
        "request_id": entry.request_id,
        "seq": seq,
        "target": entry.target,
    }
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return AuditRecord(seq, entry, previous, hashlib.sha256(canonical).hexdigest())


class AuditLog(Protocol):
    """Appends and lists; there is no update and no delete, also not in the writer's grants."""

    def append(self, org: OrgScope, entry: AuditEntry) -> AuditRecord:
        """Durably append after the chain's head."""

    def page(self, org: OrgScope, *, limit: int, before: int | None) -> list[AuditRecord]:
        """Newest first, below sequence number ``before``."""
