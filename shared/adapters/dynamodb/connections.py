"""Connections in the ``platform`` table, each with its sealed token."""

from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.clock import parse_rfc3339
from shared.core.scope import OrgScope
from shared.core.secrets import TenantCipher
from shared.crm.connection import PURPOSE, Connection, Credential


class DynamoConnections:
    """The :class:`shared.crm.connection.Connections` of one organization."""

    def __init__(self, table: DynamoTable, cipher: TenantCipher, org: OrgScope, region: str) -> None:
        """Of the ``platform`` table."""
        self._table = table
        self._cipher = cipher
        self._org = org
        self._region = region

    def put(self, connection: Connection, token: str) -> Connection:
        """One put; a second read and put for an id that is there already."""
        pk, sk = keys.connection(self._org, connection.id)
        item = {
            "pk": pk,
            "sk": sk,
            **stamped("connection", 1, self._org.org, self._region, connection.created_at),
            "provider": connection.provider,
            "name": connection.name,
            "token": self._cipher.seal(self._org, PURPOSE, token.encode(), f"{pk}|{sk}"),
        }
        try:
            self._table.put(item)
        except ConditionFailed as taken:
            item["created_at"] = (taken.item or item)["created_at"]
            self._table.put(item, condition=None)
        return _read(item)

    def get(self, connection_id: str) -> Connection | None:
        """One read."""
        item = self._table.get(*keys.connection(self._org, connection_id))
        return _read(item) if item else None

    def credential(self, connection_id: str) -> Credential | None:
        """One consistent read: a worker may come before the replicas of the put."""
        item = self._table.get(*keys.connection(self._org, connection_id), consistent=True)
        if item is None:
            return None
        token = self._cipher.open(self._org, PURPOSE, item["token"], f"{item['pk']}|{item['sk']}")
        return Credential(item["provider"], token.decode())

    def page(self, limit: int, after: str | None) -> list[Connection]:
        """One query."""
        found = self._table.query(keys.org_partition(self._org, "CONNECTIONS"), limit=limit, after=after)
        return [_read(item) for item in found]

    def delete(self, connection_id: str) -> bool:
        """One conditional delete."""
        try:
            self._table.delete(*keys.connection(self._org, connection_id), condition="attribute_exists(pk)")
        except ConditionFailed:
            return False
        return True


def _read(item: dict[str, Any]) -> Connection:
    return Connection(item["sk"], item["provider"], item["name"], parse_rfc3339(item["created_at"]))
