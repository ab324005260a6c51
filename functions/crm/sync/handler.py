"""SQS crm-sync — pulls the next page of a connection's contacts."""

import random

from functions.crm.sync import service
from shared.core.work.worker import Worker
from shared.runtime import crm
from shared.runtime.container import Container
from shared.runtime.lambda_sqs import lambda_worker

container = Container()
ports = service.Ports(
    connections=lambda org: crm.connections(container, org),
    contacts=lambda org: crm.contacts(container, org),
    sources=crm.sources(container),
    store=container.crm_work,
    dispatcher=container.dispatcher(container.crm_work),
    clock=container.clock,
    logger=container.logger,
    metrics=container.metrics,
    chance=random.random,
)
worker = Worker(
    stores={"crm": container.crm_work},
    handle=lambda claim: service.pull_page(claim, ports),
    clock=container.clock,
    logger=container.logger,
    metrics=container.metrics,
)

handler = lambda_worker(worker)
