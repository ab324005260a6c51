"""LLM usage records in the ``llm`` table: one put each, in the order they were asked for."""

from typing import Final

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import DynamoTable, stamped
from shared.core import ids
from shared.core.clock import DAY, SECOND
from shared.core.ids import NewId
from shared.core.scope import OrgScope
from shared.llm.upstream import UsageRecord

_ENTITY, _VERSION = "llm_usage", 1

KEPT: Final = 400 * DAY
"""Milliseconds until a record may go: a year and a month, so that any month can be compared with the last year's."""


class DynamoUsageLog:
    """The :class:`shared.llm.upstream.UsageLog` of one organization."""

    def __init__(self, table: DynamoTable, org: OrgScope, region: str, new_id: NewId = ids.new) -> None:
        """Of the ``llm`` table."""
        self._table = table
        self._org = org
        self._region = region
        self._new_id = new_id

    def append(self, record: UsageRecord) -> None:
        """One unconditional put under a fresh id: nothing to race with."""
        item = {
            "pk": keys.usage_records(self._org),
            "sk": self._new_id("use", record.at),
            **stamped(_ENTITY, _VERSION, self._org.org, self._region, record.at),
            "request_id": record.request_id,
            "key_id": record.key_id,
            "model": record.model,
            "usage_source": record.usage.source,
            "prompt_tokens": record.usage.prompt_tokens,
            "completion_tokens": record.usage.completion_tokens,
            "streamed": record.streamed,
            "outcome": record.outcome,
            "ttft_ms": record.ttft_ms,
            "provider_request_id": record.provider_request_id,
            "at": record.at,
            "expires_at": (record.at + KEPT) // SECOND,
        }
        self._table.put(item, condition=None)
