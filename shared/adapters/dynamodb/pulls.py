"""Pulls in the ``crm`` table: the work item of a connection, whose ``checkpoint`` is a map of its own."""

from collections.abc import Sequence
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.batch import get_many
from shared.adapters.dynamodb.table import DynamoTable
from shared.adapters.dynamodb.work import DynamoWork
from shared.core.scope import OrgScope
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import NewWork, Replay, Status, WorkRef
from shared.core.work.kinds import CRM_PAGE
from shared.crm.pull import Checkpoint, Order, Pull


class DynamoPulls:
    """The :class:`shared.crm.pull.Pulls` of one organization."""

    def __init__(self, work: DynamoWork, dispatcher: Dispatcher, org: OrgScope) -> None:
        """``work`` of the ``crm`` table."""
        self._work = work
        self._table: DynamoTable = work.table
        self._dispatcher = dispatcher
        self._org = org

    def start(self, connection_id: str, order: Order) -> None:
        """One put, then the queue is told."""
        new = NewWork(
            ref=self._ref(connection_id),
            id=connection_id,
            org=self._org,
            entity="crm_pull",
            version=1,
            attributes={"connection_id": connection_id, "checkpoint": Checkpoint.start(order.at).attributes()},
            request_id=order.request_id,
            actor=order.actor,
        )
        self._dispatcher.accept(new, order.at)

    def restart(self, connection_id: str, order: Order) -> bool:
        """One read and one conditional update. The region that restarts a pull takes it over: it is at rest."""
        ref = self._ref(connection_id)
        last = self.get(connection_id)
        if last is None:
            self.start(connection_id, order)
            return True
        fresh = Checkpoint.start(order.at, last.checkpoint.completed_at)
        replay = Replay(
            ref=ref,
            id=connection_id,
            org=self._org,
            changes={"checkpoint": fresh.attributes()},
            request_id=order.request_id,
            actor=order.actor,
        )
        return self._dispatcher.replay(replay, order.at)

    def get(self, connection_id: str) -> Pull | None:
        """One consistent read: who has just restarted a pull sees it."""
        item = self._table.get(*keys.crm_pull(self._org, connection_id), consistent=True)
        return _read(item) if item else None

    def of(self, connection_ids: Sequence[str]) -> dict[str, Pull]:
        """One batch read."""
        found = get_many(self._table, [keys.crm_pull(self._org, c) for c in connection_ids])
        return {item["connection_id"]: _read(item) for item in found}

    def delete(self, connection_id: str) -> None:
        """One delete."""
        self._table.delete(*keys.crm_pull(self._org, connection_id))

    def _ref(self, connection_id: str) -> WorkRef:
        return WorkRef(CRM_PAGE, *keys.crm_pull(self._org, connection_id))


def _read(item: dict[str, Any]) -> Pull:
    return Pull(Status(item["status"]), Checkpoint.read(item["checkpoint"]), item["not_before"])
