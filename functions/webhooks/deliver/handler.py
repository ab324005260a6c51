"""Queue ``delivery`` — signs and sends deliveries."""

from functions.webhooks.deliver.service import Deliverer
from shared.core.work.worker import Worker
from shared.runtime.container import Container
from shared.runtime.lambda_sqs import lambda_worker

container = Container()
deliverer = Deliverer(
    endpoints=container.endpoints,
    messages=container.messages,
    deliveries=container.deliveries,
    sender=container.http,
    breaker=container.breaker,
    notices=lambda: container.exhausted_notices,
    dispatcher=container.dispatcher(container.events_work),
    clock=container.clock,
    chance=container.chance,
    logger=container.logger,
    metrics=container.metrics,
)
handler = lambda_worker(
    Worker({"events": container.events_work}, deliverer.handle, container.clock, container.logger, container.metrics)
)
