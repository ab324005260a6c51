"""An organization's LLM upstream in the ``platform`` table: one item, its key sealed."""

from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.clock import parse_rfc3339, rfc3339
from shared.core.errors import PreconditionFailed
from shared.core.ids import derived
from shared.core.scope import OrgScope
from shared.core.secrets import TenantCipher
from shared.llm.upstream import PURPOSE, Upstream, UpstreamSettings

_ENTITY, _VERSION = "llm_upstream", 1


class DynamoUpstreams:
    """The :class:`shared.llm.upstream.Upstreams` of one organization."""

    def __init__(self, table: DynamoTable, cipher: TenantCipher, org: OrgScope, region: str) -> None:
        """Of the ``platform`` table."""
        self._table = table
        self._cipher = cipher
        self._org = org
        self._region = region

    def put(self, upstream: Upstream, now: int, expected: UpstreamSettings | None = None) -> UpstreamSettings:
        """One read, one write: the creation time of an upstream that is replaced stays."""
        pk, sk = keys.llm_upstream(self._org)
        old = self._table.get(pk, sk, consistent=True)
        item = {
            "pk": pk,
            "sk": sk,
            **stamped(_ENTITY, _VERSION, self._org.org, self._region, now),
            "base_url": upstream.base_url,
            "models": list(upstream.models),
            "ask_usage": upstream.ask_usage,
            "api_key": self._cipher.seal(self._org, PURPOSE, upstream.api_key.encode(), f"{pk}|{sk}"),
        }
        if old:
            item["created_at"] = old["created_at"]
        try:
            if expected is None:
                self._table.put(item, condition=None)
            else:
                seen = {":seen": rfc3339(expected.updated_at)}
                self._table.put(item, condition="updated_at = :seen", values=seen)
        except ConditionFailed as error:
            raise PreconditionFailed from error
        return _settings(item)

    def settings(self) -> UpstreamSettings | None:
        """One read; the cipher is not asked."""
        item = self._table.get(*keys.llm_upstream(self._org))
        return _settings(item) if item else None

    def open(self) -> Upstream | None:
        """One read, and KMS once an hour and process."""
        pk, sk = keys.llm_upstream(self._org)
        item = self._table.get(pk, sk)
        if item is None:
            return None
        key = self._cipher.open(self._org, PURPOSE, item["api_key"], f"{pk}|{sk}").decode()
        name = derived("up", self._org.org, item["base_url"])
        return Upstream(item["base_url"], key, tuple(item["models"]), item["ask_usage"], name)


def _settings(item: dict[str, Any]) -> UpstreamSettings:
    updated_at = parse_rfc3339(item["updated_at"])
    return UpstreamSettings(item["base_url"], tuple(item["models"]), item["ask_usage"], updated_at)
