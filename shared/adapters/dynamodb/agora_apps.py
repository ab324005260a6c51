"""Agora apps in the ``platform`` table, remembered for 60 seconds: minting reads nothing when warm."""

from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.agora.apps import PURPOSE, AgoraApp, AgoraAppRecord
from shared.core.clock import MINUTE, Clock, parse_rfc3339
from shared.core.scope import OrgScope
from shared.core.secrets import TenantCipher

REMEMBERED = MINUTE
_MAX_REMEMBERED = 1_024
"""Organizations in memory; forgetting one costs a query."""
Cache = dict[str, tuple[list[dict[str, Any]], int]]
"""By organization: its items and until when they are good."""


class DynamoAgoraApps:
    """The :class:`shared.agora.apps.AgoraApps` of one organization."""

    def __init__(
        self, table: DynamoTable, cipher: TenantCipher, org: OrgScope, region: str, clock: Clock, cache: Cache
    ) -> None:
        """``cache`` is the process's; pass a fresh dict to read anew each time."""
        self._table = table
        self._cipher = cipher
        self._org = org
        self._region = region
        self._clock = clock
        self._cache = cache

    def default(self) -> AgoraApp | None:
        """By creation time."""
        items = sorted(self._items(), key=lambda i: str(i["created_at"]))
        return self._open(items[0]) if items else None

    def get(self, app_id: str) -> AgoraApp | None:
        """By id. One that is not remembered is looked for once more: it may have been registered a moment ago."""
        for items in (self._items, self._anew):
            found = next((item for item in items() if item["sk"] == app_id), None)
            if found is not None:
                return self._open(found)
        return None

    def page(self) -> list[AgoraAppRecord]:
        """Without certificates."""
        return [_record(i) for i in self._query()]

    def put(self, app_id: str, name: str, certificate: str, now: int) -> AgoraAppRecord:
        """The creation time of an app that is replaced stays."""
        pk, sk = keys.agora_app(self._org, app_id)
        old = self._table.get(pk, sk, consistent=True)
        item = {
            "pk": pk,
            "sk": sk,
            **stamped("agora_app", 1, self._org.org, self._region, now),
            "name": name,
            "certificate": self._cipher.seal(self._org, PURPOSE, certificate.encode(), f"{pk}|{sk}"),
        }
        if old:
            item["created_at"] = old["created_at"]
        self._table.put(item, condition=None)
        self._cache.pop(self._org.org, None)
        return _record(item)

    def delete(self, app_id: str) -> bool:
        """Gone at once here; other processes may mint for 60 seconds more."""
        try:
            self._table.delete(*keys.agora_app(self._org, app_id), condition="attribute_exists(pk)")
        except ConditionFailed:
            return False
        self._cache.pop(self._org.org, None)
        return True

    def _items(self) -> list[dict[str, Any]]:
        items, until = self._cache.get(self._org.org, ([], 0))
        return items if until > self._clock() else self._anew()

    def _anew(self) -> list[dict[str, Any]]:
        items = self._query()
        if items:
            if len(self._cache) >= _MAX_REMEMBERED and self._org.org not in self._cache:
                self._cache.clear()
            self._cache[self._org.org] = (items, self._clock() + REMEMBERED)
        return items

    def _query(self) -> list[dict[str, Any]]:
        return self._table.query(keys.org_partition(self._org, "AGORA_APPS"), consistent=True)

    def _open(self, item: dict[str, Any]) -> AgoraApp:
        certificate = self._cipher.open(self._org, PURPOSE, item["certificate"], f"{item['pk']}|{item['sk']}")
        return AgoraApp(item["sk"], certificate.decode())


def _record(item: dict[str, Any]) -> AgoraAppRecord:
    return AgoraAppRecord(item["sk"], item["name"], parse_rfc3339(item["created_at"]))
