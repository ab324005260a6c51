"""Accepting work and handing it to its queue."""

from dataclasses import dataclass

from shared.core.clock import SECOND
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.work.envelope import WorkEnvelope
from shared.core.work.item import Claim, NewWork, Replay
from shared.core.work.kinds import beyond_queue
from shared.core.work.store import WorkQueue, WorkStore


@dataclass(frozen=True)
class Dispatcher:
    """Accept (durable), then enqueue (best effort)."""

    store: WorkStore
    queue: WorkQueue
    region: str
    logger: Logger
    metrics: Metrics

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
            self.metrics.put({Metric.ENQUEUE_FAILED: 1}, route=envelope.ref.kind.name)
        return sent
