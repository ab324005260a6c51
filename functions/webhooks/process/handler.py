"""Queue ``inbound`` — turns verified notifications into messages and deliveries."""

from functions.webhooks.process.service import Processor
from shared.core.work.worker import Worker
from shared.runtime.container import Container
from shared.runtime.lambda_sqs import lambda_worker

container = Container()
processor = Processor(
    endpoints=container.endpoints,
    messages=container.messages,
    deliveries=container.deliveries,
    dispatcher=container.dispatcher(container.events_work),
    clock=container.clock,
    logger=container.logger,
)
handler = lambda_worker(
    Worker({"events": container.events_work}, processor.handle, container.clock, container.logger, container.metrics)
)
