"""The sweep behind the queues: each minute it hands on whatever a queue or a worker lost."""

from dataclasses import dataclass

from shared.core.clock import MINUTE, SECOND, Clock
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.work.envelope import WorkEnvelope
from shared.core.work.item import Overdue
from shared.core.work.kinds import KINDS, SHARDS, WorkKind
from shared.core.work.store import WorkQueue, WorkStore

PAGE = 100
"""Items of one query."""
BUDGET = 45 * SECOND
"""A sweep stops here and the next minute's goes on: below its function's timeout."""


@dataclass(frozen=True)
class Sweep:
    """Looks through the due-time index and hands every overdue item to its queue again."""

    stores: dict[str, WorkStore]
    """By table name."""
    queue: WorkQueue
    region: str
    clock: Clock
    logger: Logger
    metrics: Metrics

    def run(self, now: int) -> dict[str, int]:
        """Swept items per kind.

        One shard's trouble is not another's: it is logged, the rest is swept, and it is raised at the end, so that the
        function's own alarm tells. The shards are begun elsewhere each minute: a backlog that uses up the time of one
        sweep does not keep the same kinds waiting in the next.
        """
        swept = dict.fromkeys(KINDS, 0)
        trouble: Exception | None = None
        for kind, shard in _rotated(now):
            if self.clock() - now > BUDGET:
                break
            try:
                swept[kind.name] += self._shard(kind, shard, now)
            except Exception as error:  # noqa: BLE001 - see above
                self.logger.crash(Log.WORK_CRASHED, error, kind=kind.name)
                trouble = error
        for name, count in swept.items():
            if count:
                self.metrics.put({Metric.WORK_SWEPT: count}, route=name)
        self.logger.emit(Log.SWEEP_DONE, count=sum(swept.values()))
        if trouble is not None:
            raise trouble
        return swept

    def _shard(self, kind: WorkKind, shard: int, now: int) -> int:
        """Page by page: a recovered item is due later, so the next query finds the next ones. A page of which nothing
        could be recovered ends it: the index lags behind the table, and others sweep too.
        """
        store, swept = self.stores[kind.table], 0
        while self.clock() - now <= BUDGET:
            found = store.overdue(kind, shard, now, PAGE)
            recovered = sum(self._again(store, item, now) for item in found)
            swept += recovered
            if len(found) < PAGE or not recovered:
                break
        return swept

    def _again(self, store: WorkStore, found: Overdue, now: int) -> bool:
        item = store.recover(found, now)
        if item is None:
            return False
        envelope = WorkEnvelope(
            ref=found.ref,
            id=item.id,
            org=item.org,
            actor=item.actor,
            request_id=item.request_id,
            occurred_at=now,
            origin_region=self.region,
            attempt=item.attempt,
        )
        if item.deadly:
            return self._bury(store, found, envelope, now)
        if not self.queue.send(found.ref, envelope.dumps(), item.org, 0):
            self._not_sent(envelope)
        return True

    def _bury(self, store: WorkStore, found: Overdue, envelope: WorkEnvelope, now: int) -> bool:
        """The dead-letter queue first: parked without a message there, nobody would know of it. Twice is harmless."""
        if not self.queue.bury(found.ref, envelope.dumps()):
            self._not_sent(envelope)
            return False
        store.park(found, now)
        self.logger.emit(Log.WORK_PARKED, work_id=envelope.id, kind=found.ref.kind.name, org=envelope.org)
        return True

    def _not_sent(self, envelope: WorkEnvelope) -> None:
        """Due again in two minutes; what is to be buried, at once."""
        self.logger.emit(Log.WORK_ENQUEUE_FAILED, work_id=envelope.id, kind=envelope.ref.kind.name)
        self.metrics.put({Metric.ENQUEUE_FAILED: 1}, route=envelope.ref.kind.name)


def _rotated(now: int) -> list[tuple[WorkKind, int]]:
    """Every (kind, shard), kinds taking turns, begun at another place each minute."""
    pairs = [(kind, shard) for shard in range(SHARDS) for kind in KINDS.values()]
    start = now // MINUTE * 7 % len(pairs)
    return pairs[start:] + pairs[:start]
