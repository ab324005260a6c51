"""The kinds of work, as data: where an item of the kind lives and which queue speeds it up."""

from dataclasses import dataclass

from shared.core.clock import MINUTE, SECOND
from shared.core.config import Queue, Table


@dataclass(frozen=True, slots=True)
class WorkKind:
    """``lease``: how long a claim excludes others, milliseconds; longer than the worker's own timeout."""

    name: str
    table: Table
    queue: Queue
    lease: int


INBOUND = WorkKind("inbound", "events", "inbound", lease=45 * SECOND)
"""A verified inbound notification, to be turned into messages and deliveries."""
DELIVERY = WorkKind("delivery", "events", "delivery", lease=75 * SECOND)
"""One message for one endpoint."""
CRM_PAGE = WorkKind("crm_page", "crm", "crm_sync", lease=90 * SECOND)
"""The next page of a connection's pull."""

KINDS = {kind.name: kind for kind in (INBOUND, DELIVERY, CRM_PAGE)}

FIRST_SWEEP = 2 * MINUTE
"""Accepted work may be taken by the sweep after this: the healthy path is done long before."""
SHARDS = 16
"""Partitions of the due-time index per region and kind: an index back-pressures its table, so it is spread."""
MAX_QUEUE_DELAY_S = 900
"""Amazon SQS DelaySeconds; beyond it the due-time index alone carries the wait. An emulator accepts more."""


def beyond_queue(not_before: int, now: int) -> bool:
    """Whether a wait is too long for a queue."""
    return not_before - now > MAX_QUEUE_DELAY_S * SECOND
