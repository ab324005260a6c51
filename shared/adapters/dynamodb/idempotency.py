"""Idempotency records in the regional ``limits`` table; answers are sealed, since they may hold personal data."""

from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core import ids
from shared.core.clock import SECOND
from shared.core.idempotency import IN_FLIGHT, KEPT, Began, Existing, Slot, StoredAnswer
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

    def begin(self, org: OrgScope, slot: Slot, now: int) -> Began | Existing:
        """A put, conditional on there being none, or one that has expired, or a first request that never finished."""
        pk, sk = keys.idempotency(slot.id)
        began = Began(now, ids.seed())
        item: dict[str, Any] = {
            "pk": pk,
            "sk": sk,
            **stamped("idempotency", 1, org.org, self._region, now),
            "fingerprint": slot.fingerprint,
            "started_at": now,
            "seed_at": began.at,
            "seed": began.seed,
            "expires_at": (now + KEPT) // SECOND,
        }
        try:
            self._table.put(item)
        except ConditionFailed as taken:
            old = taken.item or {}
            if old.get("seed") == began.seed:
                return began  # the client repeated a put whose answer was lost
            if old.get("expires_at", 0) * SECOND <= now:
                return self._take_over(item, old, began)
            if self._abandoned(old, slot, now):
                same = {"seed_at": old["seed_at"], "seed": old["seed"]}
                return self._take_over(item | same, old, Began(old["seed_at"], old["seed"]))
            return self._existing(org, old)
        return began

    @staticmethod
    def _abandoned(old: dict[str, Any], slot: Slot, now: int) -> bool:
        """The first try was killed before it could answer or give up."""
        started: int = old.get("started_at", 0)
        return "answer" not in old and started + IN_FLIGHT <= now and old.get("fingerprint") == slot.fingerprint

    def _take_over(self, item: dict[str, Any], old: dict[str, Any], began: Began) -> Began | Existing:
        """Only one of several retries may: conditional on the start time that was seen."""
        pk, sk = str(item["pk"]), str(item["sk"])
        seen = old.get("started_at", 0)
        update = Update(
            sets={k: v for k, v in item.items() if k not in {"pk", "sk"}},
            removes=["answer", "status"],
            condition="attribute_not_exists(pk) OR started_at = :seen",
            values={":seen": seen},
        )
        try:
            self._table.update(pk, sk, update)
        except ConditionFailed:
            return Existing(item["fingerprint"], seen, None)
        return began

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

    def abandon(self, org: OrgScope, slot: Slot) -> None:
        """As if it had begun long ago: the next try takes over, with the seed."""
        del org
        self._table.update(*keys.idempotency(slot.id), Update(sets={"started_at": 0}))
