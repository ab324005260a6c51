"""Accepting work and handing it to its queue; the sweep that stands behind the queue."""

from dataclasses import dataclass

from shared.core.clock import SECOND
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.work.envelope import WorkEnvelope
from shared.core.work.item import Claim, NewWork, Overdue, Replay
from shared.core.work.kinds import KINDS, SHARDS, WorkKind, beyond_queue
from shared.core.work.store import WorkQueue, WorkStore

SWEEP_PAGE = 100


@dataclass(frozen=True)
class Dispatcher:
    """Accept (durable), then enqueue (best effort)."""

    store: WorkStore
    queue: WorkQueue
    region: str
    logger: Logger

    def accept(self, work: NewWork, now: int, traceparent: str | None = None) -> bool:
        """True once the item is durable; False if it was accepted before. Then, and only then, the queue is told."""
        if not self.store.accept(work, now):
            return False
        wait = max(0, (work.not_before or now) - now)
        self.enqueue(self._envelope(work, now, traceparent=traceparent), wait)
        return True

    def again(self, claim: Claim, now: int, not_before: int) -> None:
        """Tell the queue of a rescheduled item, if the wait is one a queue can carry."""
        self.enqueue(self._envelope(claim, now, attempt=claim.attempt + 1), max(0, not_before - now))

    def replay(self, work: Replay, now: int) -> bool:
        """A fresh series of attempts for work that has ended. False: it has not, or there is none."""
        who = {"actor": work.actor, "request_id": work.request_id}
        if not self.store.revive(work.ref, now, {**work.changes, **who}):
            return False
        self.enqueue(self._envelope(work, now), 0)
        return True

    def _envelope(
        self, work: NewWork | Claim | Replay, now: int, *, attempt: int = 0, traceparent: str | None = None
    ) -> WorkEnvelope:
        return WorkEnvelope(
            ref=work.ref,
            id=work.id,
            org=work.org.org,
            actor=work.actor,
            request_id=work.request_id,
            occurred_at=now,
            origin_region=self.region,
            attempt=attempt,
            traceparent=traceparent,
        )

    def enqueue(self, envelope: WorkEnvelope, wait_ms: int) -> bool:
        """Best effort. A wait that no queue carries is left to the sweep."""
        if beyond_queue(wait_ms, 0):
            return False
        sent = self.queue.send(envelope.ref, envelope.dumps(), envelope.org, -(-wait_ms // SECOND))
        if not sent:
            self.logger.emit(
                Log.WORK_ENQUEUE_FAILED,
                work_id=envelope.id,
                kind=envelope.ref.kind.name,
                request_id=envelope.request_id,
            )
        return sent


@dataclass(frozen=True)
class Sweep:
    """Looks through the due-time index and hands every overdue item to its queue again."""

    stores: dict[str, WorkStore]
    """By table name."""
    queue: WorkQueue
    region: str
    logger: Logger
    metrics: Metrics

    def run(self, now: int) -> dict[str, int]:
        """Swept items per kind. A minute late is the worst case of a healthy sweep."""
        swept = {kind.name: sum(self._shard(kind, shard, now) for shard in range(SHARDS)) for kind in KINDS.values()}
        for name, count in swept.items():
            if count:
                self.metrics.put({Metric.WORK_SWEPT: count}, route=name)
        self.logger.emit(Log.SWEEP_DONE, count=sum(swept.values()))
        return swept

    def _shard(self, kind: WorkKind, shard: int, now: int) -> int:
        """Page by page: a recovered item is due later, so the next query finds the next ones. A page of which nothing
        could be recovered ends it: the index lags behind the table, and others sweep too.
        """
        store, swept = self.stores[kind.table], 0
        while True:
            found = store.overdue(kind, shard, now, SWEEP_PAGE)
            recovered = sum(self._again(store, item, now) for item in found)
            swept += recovered
            if len(found) < SWEEP_PAGE or not recovered:
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
        self.queue.send(found.ref, envelope.dumps(), item.org, 0)
        return True
