"""The audit chain in DynamoDB. The writer's role can put and query, not update and not delete."""

import random
import time
from collections.abc import Callable
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.audit import GENESIS, AuditEntry, AuditRecord, chained
from shared.core.errors import Unavailable
from shared.core.scope import OrgScope

_TRIES = 12
"""Two writers meeting at the head cost one of them a try; twelve in a row is trouble."""
_STEP_S = 0.02
"""How much longer, at most, a writer waits after each lost try."""


class DynamoAudit:
    """The :class:`shared.core.audit.AuditLog` of one region."""

    def __init__(
        self,
        table: DynamoTable,
        region: str,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remembers each chain's head, so that a warm append is one write. ``chance`` in [0, 1) spreads the losers."""
        self._chance = chance
        self._sleep = sleep
        self._table = table
        self._region = region
        self._heads: dict[str, tuple[int, str]] = {}

    def append(self, org: OrgScope, entry: AuditEntry) -> AuditRecord:
        """A put at the next sequence number, conditional on that being free."""
        pk = keys.audit_chain(org, self._region)
        for tried in range(_TRIES):
            seq, previous = self._heads.get(pk) or self._head(pk)
            record = chained(entry, seq=seq + 1, previous=previous, org=org.org, region=self._region)
            try:
                self._table.put(self._item(pk, org, record))
            except ConditionFailed as taken:
                # Unless a retry of the client's met its own first try, whose answer was lost.
                if (taken.item or {}).get("hash") != record.hash:
                    self._heads.pop(pk, None)
                    self._sleep(self._chance() * _STEP_S * (tried + 1))
                    continue
            self._heads[pk] = (record.seq, record.hash)
            return record
        message = "the audit chain is contended"
        raise Unavailable(message)

    def page(self, org: OrgScope, *, limit: int, before: int | None) -> list[AuditRecord]:
        """Newest first."""
        after = None if before is None else _sort(before)
        found = self._table.query(keys.audit_chain(org, self._region), limit=limit, newest_first=True, after=after)
        return [_record(item) for item in found]

    def _head(self, pk: str) -> tuple[int, str]:
        last = self._table.query(pk, limit=1, newest_first=True, consistent=True)
        return (last[0]["seq"], last[0]["hash"]) if last else (0, GENESIS)

    def _item(self, pk: str, org: OrgScope, record: AuditRecord) -> dict[str, Any]:
        entry = record.entry
        return {
            "pk": pk,
            "sk": _sort(record.seq),
            **stamped("audit", 1, org.org, self._region, entry.at),
            "seq": record.seq,
            "action": entry.action,
            "actor": entry.actor,
            "request_id": entry.request_id,
            "at": entry.at,
            "target": entry.target,
            "details": entry.details,
            "previous": record.previous,
            "hash": record.hash,
        }


def _sort(seq: int) -> str:
    return f"{seq:016d}"


def _record(item: dict[str, Any]) -> AuditRecord:
    entry = AuditEntry(item["action"], item["actor"], item["request_id"], item["at"], item["target"], item["details"])
    return AuditRecord(item["seq"], entry, item["previous"], item["hash"])
