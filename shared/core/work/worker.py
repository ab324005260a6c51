"""One message of a queue, from claim to end: the loop every worker shares."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.core.clock import Clock
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.work.envelope import read_ref
from shared.core.work.item import Claim
from shared.core.work.store import LeaseLost, WorkStore


@dataclass(frozen=True)
class Worker:
    """Claims and hands over to ``handle``, which ends the claim (finish, reschedule or exhaust) itself."""

    stores: dict[str, WorkStore]
    """By table name."""
    handle: Callable[[Claim], None]
    clock: Clock
    logger: Logger
    metrics: Metrics

    def process(self, body: str) -> None:
        """Raises when OUR code failed: the queue then redelivers, and after its maximum the message is in the DLQ."""
        ref = read_ref(body)
        store = self.stores[ref.kind.table]
        claim = store.claim(ref, self.clock())
        if claim is None:
            self.logger.emit(Log.WORK_NOT_CLAIMABLE, work_id=ref.sk, kind=ref.kind.name)
            return
        self.logger.emit(
            Log.WORK_CLAIMED,
            work_id=claim.id,
            kind=ref.kind.name,
            org=claim.org.org,
            attempt=claim.attempt,
            request_id=claim.request_id,
        )
        try:
            self.handle(claim)
        except LeaseLost:
            self.logger.emit(Log.WORK_LEASE_LOST, work_id=claim.id, kind=ref.kind.name, org=claim.org.org)
            return
        except Exception as error:
            self.logger.crash(Log.WORK_CRASHED, error, work_id=claim.id, kind=ref.kind.name, org=claim.org.org)
            self._give_back(store, claim)
            raise
        self.metrics.put({Metric.WORK_DONE: 1}, route=ref.kind.name)

    def unreadable(self, error: Exception) -> None:
        """A message this system did not write: nothing to claim, the DLQ keeps it."""
        self.logger.crash(Log.WORK_CRASHED, error)

    def _give_back(self, store: WorkStore, claim: Claim) -> None:
        """Best effort: the lease ends anyway, and the error of the work is the one to tell."""
        try:
            store.crash(claim, self.clock())
        except Exception as error:  # noqa: BLE001 - see above
            self.logger.crash(Log.WORK_LEASE_LOST, error, work_id=claim.id, kind=claim.ref.kind.name)
