"""The worker shell: a batch of SQS records in, the ids of the failed ones out (ReportBatchItemFailures)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from shared.core.work.envelope import UnreadableEnvelope
from shared.core.work.worker import Worker

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_BATCH = 10
"""Records a queue hands over at most; see infra/queues.py."""
Batch = Callable[[dict[str, Any], "LambdaContext"], Any]


def lambda_worker(worker: Worker) -> Batch:
    """The entry point of a queue worker. A record fails alone; the queue redelivers only that one.

    The records of a batch wait for other parties at the same time, each in a thread.
    """
    threads = ThreadPoolExecutor(max_workers=_BATCH)
    processor = AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    async def handle(record: SQSRecord) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(threads, worker.process, record.body)
        except UnreadableEnvelope as error:
            worker.unreadable(error)
            raise

    def handler(event: dict[str, Any], context: "LambdaContext") -> Any:  # noqa: ANN401 - Powertools' own type
        return async_process_partial_response(event, handle, processor, context)

    return handler
