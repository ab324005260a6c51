"""The worker shell: a batch of SQS records in, the ids of the failed ones out (ReportBatchItemFailures)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.core.work.envelope import UnreadableEnvelope
from shared.core.work.worker import Worker

_PARALLEL = 10
"""A batch is at most ten: its items wait for other parties at the same time."""


def lambda_worker(worker: Worker) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """The entry point of a queue worker. A record fails alone; the queue redelivers only that one."""

    def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        del context
        records = event["Records"]

        def failed(record: dict[str, Any]) -> bool:
            try:
                worker.process(record["body"])
            except UnreadableEnvelope as error:
                worker.unreadable(error)
                return True
            except Exception:  # noqa: BLE001 - logged by the worker; the queue's redelivery owns it
                return True
            return False

        with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
            outcomes = list(pool.map(failed, records))
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["messageId"]} for record, bad in zip(records, outcomes, strict=True) if bad
            ]
        }

    return handler
