"""Reading deliveries, and the two lists they stand in.

An endpoint's list is pointers in a partition of their own, written once when a delivery is accepted: on an index
over the delivery itself each claim and finish would be written, and paid, twice. Dead letters are few and change
rarely, so they are on the sparse index ``listing``.
"""

import contextlib
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.batch import get_many
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core.clock import rfc3339
from shared.core.scope import OrgScope
from shared.core.work.item import WorkRef
from shared.core.work.kinds import DELIVERY, INBOUND
from shared.webhooks.entities import Delivery
from shared.webhooks.records import delivery_of, expiry


def inbound_ref(org: OrgScope, event_id: str) -> WorkRef:
    """The work item of an inbound event."""
    return WorkRef(INBOUND, *keys.inbound_event(org, event_id))


class DynamoDeliveries:
    """The :class:`shared.webhooks.ports.Deliveries` of one organization."""

    def __init__(self, table: DynamoTable, org: OrgScope, region: str) -> None:
        """Of the ``events`` table."""
        self._table = table
        self._org = org
        self._region = region

    def ref(self, delivery_id: str) -> WorkRef:
        """Names its work item."""
        return WorkRef(DELIVERY, *keys.delivery(self._org, delivery_id))

    def listing(self, delivery_id: str, at: int) -> dict[str, str]:
        """By the moment it ran out of attempts."""
        return {"list_pk": keys.dead_letters(self._org), "list_sk": f"{rfc3339(at)}#{delivery_id}"}

    def note(self, endpoint_id: str, message_id: str, delivery_id: str, at: int) -> None:
        """One put, the same each time."""
        item = {
            "pk": keys.endpoint_deliveries(self._org, endpoint_id),
            "sk": f"{rfc3339(at)}#{delivery_id}",
            **stamped("delivery_pointer", 1, self._org.org, self._region, at),
            "delivery_id": delivery_id,
            "message_id": message_id,
            "expires_at": expiry(at),
        }
        self._table.put(item, condition=None)

    def keep(self, endpoint_id: str, delivery_id: str, at: int, now: int) -> None:
        """One conditional update: an entry that has expired stays away."""
        update = Update(sets={"expires_at": expiry(now)}, condition="attribute_exists(pk)")
        with contextlib.suppress(ConditionFailed):
            partition = keys.endpoint_deliveries(self._org, endpoint_id)
            self._table.update(partition, f"{rfc3339(at)}#{delivery_id}", update)

    def get(self, delivery_id: str) -> Delivery | None:
        """By its id."""
        item = self._table.get(*keys.delivery(self._org, delivery_id), consistent=True)
        return delivery_of(item) if item else None

    def of_endpoint(self, endpoint_id: str, limit: int, after: str | None) -> tuple[list[Delivery], str | None]:
        """Two calls: the pointers, and what they point at (which may be accepted only a moment later)."""
        partition = keys.endpoint_deliveries(self._org, endpoint_id)
        pointers = self._table.query(partition, limit=limit, after=after, newest_first=True)
        found = get_many(self._table, [keys.delivery(self._org, p["delivery_id"]) for p in pointers])
        by_id: dict[str, dict[str, Any]] = {item["id"]: item for item in found}
        items = [by_id[p["delivery_id"]] for p in pointers if p["delivery_id"] in by_id]
        return [delivery_of(i) for i in items], pointers[-1]["sk"] if len(pointers) == limit else None

    def dead_letters(self, limit: int, after: str | None) -> tuple[list[Delivery], str | None]:
        """One query."""
        partition = keys.dead_letters(self._org)
        items = self._table.query(partition, limit=limit, after=after, newest_first=True, index="listing")
        return [delivery_of(i) for i in items], items[-1]["list_sk"] if len(items) == limit else None
