"""Idempotency records in the regional ``limits`` table; answers are sealed, since they may hold personal data."""

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core.clock import SECOND
from shared.core.idempotency import IN_FLIGHT, KEPT, Existing, Slot, StoredAnswer
from shared.core.scope import OrgScope
from shared.core.secrets import TenantCipher

_PURPOSE = "idempotency"


class DynamoIdempotency:
    """The :class:`shared.core.idempotency.IdempotencyStore` of one region."""

    def __init__(self, table: DynamoTable, cipher: TenantCipher, region: str) -> None:
        """Regional on purpose: conditions do not exclude across regions."""
        self._table = table
        self._cipher = cipher
        self._region = region

    def begin(self, org: OrgScope, slot: Slot, now: int) -> Existing | None:
        """A put, conditional on there being none, or one that has expired, or a first request that never finished."""
        pk, sk = keys.idempotency(slot.id)
        item = {
            "pk": pk,
            "sk": sk,
            **stamped("idempotency", 1, org.org, self._region, now),
            "fingerprint": slot.fingerprint,
            "started_at": now,
            "expires_at": (now + KEPT) // SECOND,
        }
        try:
            self._table.put(item)
        except ConditionFailed as taken:
            old = taken.item or {}
            expired = old.get("expires_at", 0) * SECOND <= now
            abandoned = "answer" not in old and old.get("started_at", 0) + IN_FLIGHT <= now
            if expired or (abandoned and old.get("fingerprint") == slot.fingerprint):
                return self._take_over(item, old.get("started_at", 0))
            return self._existing(org, old)
        return None

    def _take_over(self, item: dict[str, object], seen: int) -> Existing | None:
        """Only one of several retries may: conditional on the start time that was seen."""
        pk, sk = str(item["pk"]), str(item["sk"])
        sets = {k: v for k, v in item.items() if k not in {"pk", "sk"}}
        update = Update(
            sets=sets,
            removes=["answer", "status"],
            condition="attribute_not_exists(pk) OR started_at = :seen",
            values={":seen": seen},
        )
        try:
            self._table.update(pk, sk, update)
        except ConditionFailed:
            return Existing(str(item["fingerprint"]), seen, None)
        return None

    def _existing(self, org: OrgScope, old: dict[str, object]) -> Existing:
        sealed = old.get("answer")
        answer = None
        if isinstance(sealed, bytes):
            body = self._cipher.open(org, _PURPOSE, sealed, str(old["pk"]))
            status = old["status"]
            answer = StoredAnswer(status if isinstance(status, int) else 200, body)
        started = old["started_at"]
        return Existing(str(old["fingerprint"]), started if isinstance(started, int) else 0, answer)

    def complete(self, org: OrgScope, slot: Slot, answer: StoredAnswer, now: int) -> None:
        """One update."""
        pk, sk = keys.idempotency(slot.id)
        sealed = self._cipher.seal(org, _PURPOSE, answer.body, pk)
        self._table.update(pk, sk, Update(sets={"answer": sealed, "status": answer.status, "completed_at": now}))

    def release(self, org: OrgScope, slot: Slot) -> None:
        """Nothing was done under this key."""
        del org
        self._table.delete(*keys.idempotency(slot.id))
