"""Messages in the ``events`` table, their bodies compressed."""

import contextlib
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core.clock import parse_rfc3339
from shared.core.scope import OrgScope
from shared.webhooks.entities import Message
from shared.webhooks.payload import packed, unpacked
from shared.webhooks.records import expiry


class DynamoMessages:
    """The :class:`shared.webhooks.ports.Messages` of one organization."""

    def __init__(self, table: DynamoTable, org: OrgScope, region: str) -> None:
        """Of the ``events`` table."""
        self._table = table
        self._org = org
        self._region = region

    def put(self, message: Message, now: int) -> None:
        """One conditional put."""
        pk, sk = keys.message(self._org, message.id)
        item = {
            "pk": pk,
            "sk": sk,
            **stamped("message", 1, self._org.org, self._region, message.created_at),
            "id": message.id,
            "event_type": message.event_type,
            "event_id": message.event_id,
            "body": packed(message.body),
            "expires_at": expiry(now),
        }
        with contextlib.suppress(ConditionFailed):
            self._table.put(item)

    def get(self, message_id: str) -> Message | None:
        """One consistent read: it was written a moment ago."""
        item = self._table.get(*keys.message(self._org, message_id), consistent=True)
        return _read(item) if item else None

    def keep(self, message_id: str, now: int) -> Message | None:
        """One conditional update."""
        update = Update(sets={"expires_at": expiry(now)}, condition="attribute_exists(pk)")
        try:
            return _read(self._table.update(*keys.message(self._org, message_id), update))
        except ConditionFailed:
            return None


def _read(item: dict[str, Any]) -> Message:
    return Message(
        id=item["id"],
        event_type=item["event_type"],
        body=unpacked(item["body"]),
        created_at=parse_rfc3339(item["created_at"]),
        event_id=item["event_id"],
    )
