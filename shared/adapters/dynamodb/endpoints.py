"""Endpoints in the ``platform`` table; their signing secrets sealed beside them."""

from collections.abc import Callable
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core.clock import MINUTE, parse_rfc3339, rfc3339
from shared.core.scope import OrgScope
from shared.core.secrets import TenantCipher
from shared.webhooks.entities import PURPOSE, Endpoint, EndpointStatus, OpenEndpoint

REMEMBERED = MINUTE
_MAX_REMEMBERED = 1024
_PAGE = 100
Cache = dict[tuple[str, str], tuple[OpenEndpoint, int]]
"""By organization and endpoint: it, opened, and until when it is good."""


def _read(item: dict[str, Any]) -> Endpoint:
    return Endpoint(
        id=item["id"],
        url=item["url"],
        event_types=tuple(item["event_types"]),
        description=item["description"],
        status=EndpointStatus(item["status"]),
        disabled_reason=item["disabled_reason"],
        created_at=parse_rfc3339(item["created_at"]),
    )


class DynamoEndpoints:
    """The :class:`shared.webhooks.ports.Endpoints` of one organization."""

    def __init__(
        self, table: DynamoTable, cipher: Callable[[], TenantCipher], org: OrgScope, region: str, cache: Cache
    ) -> None:
        """``cipher`` is made on first use: who only lists endpoints needs no key. ``cache`` is the process's."""
        self._table = table
        self._cipher = cipher
        self._org = org
        self._region = region
        self._cache = cache

    def create(self, endpoint: Endpoint, secret: str) -> None:
        """One put."""
        pk, sk = keys.endpoint(self._org, endpoint.id)
        item = {
            "pk": pk,
            "sk": sk,
            **stamped("endpoint", 1, self._org.org, self._region, endpoint.created_at),
            "id": endpoint.id,
            "url": endpoint.url,
            "event_types": list(endpoint.event_types),
            "description": endpoint.description,
            "status": endpoint.status.value,
            "disabled_reason": endpoint.disabled_reason,
            "secrets": [self._cipher().seal(self._org, PURPOSE, secret.encode(), f"{pk}|{sk}|0")],
        }
        self._table.put(item, condition=None)
        self._cache.pop((self._org.org, endpoint.id), None)

    def page(self, limit: int, after: str | None) -> list[Endpoint]:
        """In order of id."""
        return [_read(i) for i in self._table.query(self._partition(), limit=limit, after=after)]

    def enabled(self) -> list[Endpoint]:
        """Page by page: an organization has a handful, and nothing stops it from having more than a page."""
        found: list[Endpoint] = []
        after: str | None = None
        while True:
            items = self._table.query(self._partition(), limit=_PAGE, after=after, consistent=True)
            found += [_read(i) for i in items]
            if len(items) < _PAGE:
                return [e for e in found if e.status is EndpointStatus.ENABLED]
            after = items[-1]["sk"]

    def get(self, endpoint_id: str) -> Endpoint | None:
        """By its id."""
        item = self._table.get(*keys.endpoint(self._org, endpoint_id))
        return _read(item) if item else None

    def opened(self, endpoint_id: str, now: int) -> OpenEndpoint | None:
        """One read per minute and endpoint."""
        known = self._cache.get((self._org.org, endpoint_id))
        if known and known[1] > now:
            return known[0]
        pk, sk = keys.endpoint(self._org, endpoint_id)
        item = self._table.get(pk, sk, consistent=True)
        if item is None:
            return None
        secrets = tuple(
            self._cipher().open(self._org, PURPOSE, sealed, f"{pk}|{sk}|{i}").decode()
            for i, sealed in enumerate(item["secrets"])
        )
        if len(self._cache) >= _MAX_REMEMBERED:
            self._cache.clear()
        opened = OpenEndpoint(_read(item), secrets)
        self._cache[self._org.org, endpoint_id] = (opened, now + REMEMBERED)
        return opened

    def disable(self, endpoint_id: str, reason: str, now: int) -> None:
        """One conditional update: a disabled endpoint keeps its first reason."""
        update = Update(
            sets={
                "status": EndpointStatus.DISABLED.value,
                "disabled_reason": reason,
                "updated_at": rfc3339(now),
            },
            condition="attribute_exists(pk) AND #st = :enabled",
            names={"#st": "status"},
            values={":enabled": EndpointStatus.ENABLED.value},
        )
        self._cache.pop((self._org.org, endpoint_id), None)
        try:
            self._table.update(*keys.endpoint(self._org, endpoint_id), update)
        except ConditionFailed:
            return

    def delete(self, endpoint_id: str) -> bool:
        """Gone at once here; a worker may send to it for 60 seconds more."""
        self._cache.pop((self._org.org, endpoint_id), None)
        try:
            self._table.delete(*keys.endpoint(self._org, endpoint_id), condition="attribute_exists(pk)")
        except ConditionFailed:
            return False
        return True

    def _partition(self) -> str:
        return keys.org_partition(self._org, "ENDPOINTS")
