"""One domain's functions with their routes, queues and schedules."""

from aws_cdk import Stack
from constructs import Construct

from infra.constructs.context import Place
from infra.constructs.every_minute import every_minute
from infra.constructs.function import Fn, Layers
from infra.constructs.http_routes import http_routes
from infra.constructs.queue_worker import queue_worker
from infra.constructs.signals import rings, written_by
from infra.constructs.streaming_api import StreamingApi
from infra.functions import Function
from infra.queues import Queue

# A queue whose consumer is not there: as long as the longest consumer would take.
_NO_CONSUMER_S = 120


class DomainStack(Stack):
    """Everything of one domain, from the rows of infra/functions.py and infra/queues.py."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        place: Place,
        *,
        functions: list[Function],
        queues: list[Queue],
        api_id: str,
        public_base_url: str,
        key_arn: str,
        **kwargs: object,
    ) -> None:
        super().__init__(scope, name, **kwargs)
        made: dict[str, Fn] = {}
        layers = Layers.of(self, place, streaming=any(f.streaming for f in functions))
        for spec in functions:
            fn = Fn(
                self,
                place,
                spec,
                layers=layers,
                public_base_url=public_base_url,
                key_arn=key_arn,
            )
            made[spec.path] = fn
            http_routes(fn, place, fn, api_id)
            if spec.streaming:
                StreamingApi(fn, place, fn)
            if spec.every_minute:
                every_minute(fn, place, fn)
        for queue in queues:
            worker = made.get(queue.consumer or "")
            timeout = worker.spec.timeout_s if worker else _NO_CONSUMER_S
            queue_worker(self, place, queue, worker.entry if worker else None, timeout)
        written = dict.fromkeys((signal, spec.domain) for spec in functions for signal in written_by(spec))
        for signal, domain in written:
            if not signal.regional:
                rings(self, place, signal, domain)
