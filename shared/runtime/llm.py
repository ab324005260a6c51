"""The LLM domain's parts of the composition root."""

import asyncio

from shared.adapters.dynamodb.llm_upstreams import DynamoUpstreams
from shared.adapters.dynamodb.llm_usage import DynamoUsageLog
from shared.core.clock import MINUTE, SECOND, Clock
from shared.core.logs import Log
from shared.core.metrics import Metric
from shared.core.scope import OrgScope
from shared.llm.upstream import ChatUpstream, Upstream, Upstreams, UsageLog, UsageRecord
from shared.runtime.container import Container

REMEMBERED = MINUTE
"""How long an organization's upstream is used without being read again, milliseconds."""

_MOST = 1_024
"""Upstreams in memory; forgetting one costs a read."""


def upstreams(container: Container, org: OrgScope) -> Upstreams:
    """Of one organization."""
    return DynamoUpstreams(container.table("platform"), container.cipher, org, container.config.region)


def usage_log(container: Container, org: OrgScope) -> UsageLog:
    """Of one organization."""
    return DynamoUsageLog(container.table("llm"), org, container.config.region)


PROBE_LEASE = 280 * SECOND
"""Above the longest answer of ``shared/adapters/llm/openai_compatible.py``."""


class ChatPorts:
    """What a completion needs from outside; one per process. What blocks runs in a thread."""

    def __init__(self, container: Container) -> None:
        """Everything is built here, in the init phase: a caller waits for the first token and for nothing else."""
        from shared.adapters.http.stream import StreamClient
        from shared.adapters.llm.openai_compatible import OpenAICompatible
        from shared.core.breaker import BreakerPolicy
        from shared.core.outbound.circuit_async import AsyncCircuits

        self._container = container
        self._kept: dict[str, tuple[Upstream, int]] = {}
        client = StreamClient(allow=container.config.egress_allow)
        client.load()
        # A probe may take as long as an answer: a shorter lease would give it to the next before it could succeed.
        breaker = container.make_breaker(BreakerPolicy(lease_ms=PROBE_LEASE))
        self._provider = OpenAICompatible(client, AsyncCircuits(breaker, container.clock))
        _ = container.cipher, container.dynamodb

    @property
    def provider(self) -> ChatUpstream:
        """Over the outbound client."""
        return self._provider

    @property
    def clock(self) -> Clock:
        """The container's."""
        return self._container.clock

    async def upstream(self, org: OrgScope) -> Upstream | None:
        """Remembered for a minute. That there is none is not: it is about to be set."""
        now = self.clock()
        kept = self._kept.get(org.org)
        if kept is not None and kept[1] > now:
            return kept[0]
        upstream = await asyncio.to_thread(lambda: upstreams(self._container, org).open())
        if len(self._kept) >= _MOST:
            self._kept.clear()
        if upstream is not None:
            self._kept[org.org] = (upstream, now + REMEMBERED)
        return upstream

    async def settle(self, org: OrgScope, record: UsageRecord) -> None:
        """Log line, metric and record. The caller has its answer: what fails here is our loss alone, and loud."""
        self._tell(org, record)
        keeping = asyncio.ensure_future(self._keep(org, record))
        try:
            await asyncio.shield(keeping)
        except asyncio.CancelledError:
            # Callers leave with the last byte they wanted, which is just now; what they used stays.
            await asyncio.wait({keeping})
            raise

    async def _keep(self, org: OrgScope, record: UsageRecord) -> None:
        try:
            await asyncio.to_thread(lambda: usage_log(self._container, org).append(record))
        except Exception as error:  # noqa: BLE001 - whatever it is, the completion has succeeded
            self._container.logger.crash(Log.LLM_USAGE_LOST, error, request_id=record.request_id, org=org.org)

    def _tell(self, org: OrgScope, record: UsageRecord) -> None:
        self._container.logger.emit(
            Log.LLM_ANSWERED if record.outcome == "complete" else Log.LLM_FAILED,
            request_id=record.request_id,
            org=org.org,
            principal=record.key_id,
            code=record.outcome,
            ttft_ms=record.ttft_ms,
            duration_ms=self.clock() - record.at,
        )
        if record.ttft_ms is not None:
            self._container.metrics.put({Metric.FIRST_TOKEN: record.ttft_ms}, route="/llm/v1/chat/completions")
