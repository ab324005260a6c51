"""Work items in DynamoDB: each step of the pattern is one conditional write on the base item."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from shared.adapters.dynamodb.attributes import item_from_wire, to_wire
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core.clock import MINUTE, rfc3339
from shared.core.scope import stored_scope
from shared.core.work.item import EARLY, MAX_CRASHES, MAX_LAPSES, Claim, NewWork, Overdue, Recovered, Status, WorkRef
from shared.core.work.kinds import FIRST_SWEEP, WorkKind, beyond_queue
from shared.core.work.store import LeaseLost

_CRASH_RETRY = 10 * MINUTE
"""The queue redelivers after its visibility timeout; only when it does not is the sweep to step in."""
_MINE = "#st = :claimed AND version = :seen"
_CLAIMABLE = (
    "attribute_exists(pk) AND origin_region = :region AND ("
    "(#st = :pending AND not_before <= :soon) OR #st = :parked OR (#st = :claimed AND due_at <= :now))"
)


class DynamoWork:
    """The :class:`shared.core.work.store.WorkStore` of one table in one region."""

    def __init__(self, table: DynamoTable, region: str) -> None:
        """Work stays with the region that accepted it: conditions do not exclude across regions."""
        self.table = table
        self._region = region

    def accept(self, work: NewWork, now: int) -> bool:
        """One put, conditional on the id being new."""
        not_before = work.not_before if work.not_before is not None else now
        item: dict[str, Any] = {
            "pk": work.ref.pk,
            "sk": work.ref.sk,
            **stamped(work.entity, work.version, work.org.org, self._region, now),
            **work.attributes,
            "id": work.id,
            "kind": work.ref.kind.name,
            "status": Status.PENDING.value,
            "version": 1,
            "attempt": 0,
            "crashes": 0,
            "request_id": work.request_id,
            "actor": work.actor,
            "accepted_at": now,
            "not_before": not_before,
            "due_at": not_before + FIRST_SWEEP,
            "work_pk": work.ref.index_partition(self._region),
        }
        if work.expires_at is not None:
            item["expires_at"] = work.expires_at
        try:
            self.table.put(item)
        except ConditionFailed:
            return False
        return True

    def claim(self, ref: WorkRef, now: int) -> Claim | None:
        """One update: no read first, the answer is the item."""
        lease_until = now + ref.kind.lease
        update = Update(
            sets={
                "status": Status.CLAIMED.value,
                "due_at": lease_until,
                "work_pk": ref.index_partition(self._region),
                "updated_at": rfc3339(now),
            },
            extra=["version = version + :one"],
            condition=_CLAIMABLE,
            names={"#st": "status"},
            values={
                ":one": 1,
                ":now": now,
                ":soon": now + EARLY,
                ":region": self._region,
                ":pending": Status.PENDING.value,
                ":parked": Status.PARKED.value,
                ":claimed": Status.CLAIMED.value,
            },
        )
        try:
            item = self.table.update(ref.pk, ref.sk, update)
        except ConditionFailed:
            return None
        return Claim(
            ref=ref,
            id=item["id"],
            org=stored_scope(item["org"]),
            version=item["version"],
            lease_until=lease_until,
            crashes=item["crashes"],
            attempt=item["attempt"],
            request_id=item["request_id"],
            actor=item["actor"],
            created_at=item["accepted_at"],
            attributes=item,
        )

    def finish(self, claim: Claim, now: int, changes: Mapping[str, Any]) -> None:
        """Off the index, done."""
        sets = {**changes, "status": Status.DONE.value, "updated_at": rfc3339(now)}
        self._end(claim, Update(sets=sets, removes=["work_pk", "due_at"]))

    def reschedule(self, claim: Claim, now: int, not_before: int, changes: Mapping[str, Any]) -> None:
        """Pending again. A wait that a queue carries leaves it the usual time before the sweep steps in."""
        grace = 0 if beyond_queue(not_before, now) else FIRST_SWEEP
        sets = {
            **changes,
            "status": Status.PENDING.value,
            "attempt": claim.attempt + 1,
            "crashes": 0,
            "lapses": 0,
            "not_before": not_before,
            "due_at": not_before + grace,
            "updated_at": rfc3339(now),
        }
        self._end(claim, Update(sets=sets))

    def exhaust(self, claim: Claim, now: int, changes: Mapping[str, Any]) -> None:
        """Off the index, failed; ``changes`` carry the listing keys that show it."""
        sets = {
            **changes,
            "status": Status.FAILED.value,
            "attempt": claim.attempt + 1,
            "updated_at": rfc3339(now),
        }
        self._end(claim, Update(sets=sets, removes=["work_pk", "due_at"]))

    def crash(self, claim: Claim, now: int) -> None:
        """Pending again for the queue's redelivery, or parked."""
        crashes = claim.crashes + 1
        sets: dict[str, Any] = {"crashes": crashes, "updated_at": rfc3339(now), "not_before": now}
        if crashes >= MAX_CRASHES:
            self._end(claim, Update(sets={**sets, "status": Status.PARKED.value}, removes=["work_pk", "due_at"]))
        else:
            self._end(claim, Update(sets={**sets, "status": Status.PENDING.value, "due_at": now + _CRASH_RETRY}))

    def overdue(self, kind: WorkKind, shard: int, now: int, limit: int) -> Sequence[Overdue]:
        """One query of one shard of the index."""
        answer = self.table.client.query(
            TableName=self.table.name,
            IndexName="work",
            KeyConditionExpression="work_pk = :p AND due_at <= :now",
            ExpressionAttributeValues={":p": to_wire(f"{self._region}#{kind.name}#{shard}"), ":now": to_wire(now)},
            Limit=limit,
        )
        found = [item_from_wire(i) for i in answer.get("Items", [])]
        return [Overdue(WorkRef(kind, i["pk"], i["sk"]), i["due_at"]) for i in found]

    def recover(self, found: Overdue, now: int) -> Recovered | None:
        """A claim whose lease has ended becomes pending, under a new version: its old holder can no longer finish.

        One write for what a queue lost; one more for what a worker left behind, since only then there is a lapse to
        count, and the index does not tell the two apart.
        """
        sets: dict[str, Any] = {"status": Status.PENDING.value, "not_before": now, "due_at": now + FIRST_SWEEP}
        try:
            return _recovered(self._overdue(found, Status.PENDING, sets))
        except ConditionFailed as missed:
            old = missed.item or {}
        if old.get("status") != Status.CLAIMED.value or old.get("due_at") != found.due_at:
            return None
        lapses = old.get("lapses", 0) + 1
        if lapses >= MAX_LAPSES:
            return _recovered(old, deadly=True)
        try:
            return _recovered(self._overdue(found, Status.CLAIMED, {**sets, "lapses": lapses}))
        except ConditionFailed:
            return None

    def park(self, found: Overdue, now: int) -> None:
        """Off the index; a message that names it may still claim it."""
        sets = {"status": Status.PARKED.value, "not_before": now}
        with suppress(ConditionFailed):
            self._overdue(found, Status.CLAIMED, sets, removes=["work_pk", "due_at"])

    def _overdue(
        self, found: Overdue, was: Status, sets: Mapping[str, Any], removes: Sequence[str] = ()
    ) -> dict[str, Any]:
        """One write, if the item is as it was found."""
        update = Update(
            sets=sets,
            removes=removes,
            extra=["version = version + :one"],
            condition="due_at = :seen AND #st = :was",
            names={"#st": "status"},
            values={":seen": found.due_at, ":one": 1, ":was": was.value},
        )
        return self.table.update(found.ref.pk, found.ref.sk, update)

    def revive(self, ref: WorkRef, now: int, changes: Mapping[str, Any]) -> bool:
        """Replay: a fresh series of attempts, in the region that was asked for it."""
        update = Update(
            sets={
                **changes,
                "origin_region": self._region,
                "status": Status.PENDING.value,
                "attempt": 0,
                "crashes": 0,
                "lapses": 0,
                "not_before": now,
                "due_at": now + FIRST_SWEEP,
                "work_pk": ref.index_partition(self._region),
                "updated_at": rfc3339(now),
            },
            removes=["list_pk", "list_sk"],
            extra=["version = version + :one"],
            condition="attribute_exists(pk) AND #st IN (:done, :failed, :parked)",
            names={"#st": "status"},
            values={
                ":one": 1,
                ":done": Status.DONE.value,
                ":failed": Status.FAILED.value,
                ":parked": Status.PARKED.value,
            },
        )
        try:
            self.table.update(ref.pk, ref.sk, update)
        except ConditionFailed:
            return False
        return True

    def _end(self, claim: Claim, update: Update) -> None:
        """Conditional on the claim still being this worker's."""
        guarded = Update(
            sets=update.sets,
            removes=update.removes,
            extra=update.extra,
            condition=_MINE,
            names={"#st": "status"},
            values={":claimed": Status.CLAIMED.value, ":seen": claim.version},
        )
        try:
            self.table.update(claim.ref.pk, claim.ref.sk, guarded)
        except ConditionFailed as lost:
            raise LeaseLost from lost


def _recovered(item: Mapping[str, Any], *, deadly: bool = False) -> Recovered:
    return Recovered(item["id"], item["org"], item["actor"], item["request_id"], item["attempt"], deadly)
