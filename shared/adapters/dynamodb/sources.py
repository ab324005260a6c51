"""Sources in the ``platform`` table: one item under the token's hash, one back-pointer in the organization.

The secrets lie sealed on the first only: the receiver needs one read, and a list holds nothing to leak.
"""

from collections.abc import Sequence
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.attributes import item_to_wire, to_wire
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.clock import MINUTE, parse_rfc3339
from shared.core.errors import Conflict
from shared.core.scope import OrgScope, stored_scope
from shared.core.secrets import TenantCipher
from shared.webhooks.entities import PURPOSE, OpenSource, Source

REMEMBERED = MINUTE
_MAX_REMEMBERED = 1024


def _read(item: dict[str, Any]) -> Source:
    return Source(
        id=item["id"],
        org=stored_scope(item["org"]),
        provider=item["provider"],
        name=item["name"],
        digest=item["digest"],
        created_at=parse_rfc3339(item["created_at"]),
    )


def _context(key: keys.Key, number: int) -> str:
    return f"{key.pk}|{key.sk}|{number}"


class DynamoSourceDirectory:
    """The :class:`shared.webhooks.ports.SourceDirectory`. One per process, for its memory."""

    def __init__(self, table: DynamoTable, cipher: TenantCipher) -> None:
        """Of the ``platform`` table."""
        self._table = table
        self._cipher = cipher
        self._known: dict[str, tuple[OpenSource, int]] = {}

    def by_digest(self, digest: str, now: int) -> OpenSource | None:
        """One read per minute and source. An unknown token is asked for each time: it may be made any moment."""
        known = self._known.get(digest)
        if known and known[1] > now:
            return known[0]
        key = keys.source_by_token(digest)
        item = self._table.get(*key)
        if item is None:
            self._known.pop(digest, None)
            return None
        source = _read(item)
        secrets = tuple(
            self._cipher.open(source.org, PURPOSE, sealed, _context(key, i)).decode()
            for i, sealed in enumerate(item["secrets"])
        )
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[digest] = (OpenSource(source, secrets), now + REMEMBERED)
        return self._known[digest][0]


class DynamoSources:
    """The :class:`shared.webhooks.ports.Sources` of one organization."""

    def __init__(self, table: DynamoTable, cipher: TenantCipher, org: OrgScope, region: str) -> None:
        """Of the ``platform`` table."""
        self._table = table
        self._cipher = cipher
        self._org = org
        self._region = region

    def create(self, source: Source, secrets: Sequence[str]) -> None:
        """One transaction. A retried creation (same id) also removes the URL its first try left behind."""
        by_token, pointer = keys.source_by_token(source.digest), keys.source(self._org, source.id)
        attributes = {
            **stamped("source", 1, self._org.org, self._region, source.created_at),
            "id": source.id,
            "provider": source.provider,
            "name": source.name,
            "digest": source.digest,
        }
        sealed = [
            self._cipher.seal(self._org, PURPOSE, secret.encode(), _context(by_token, i))
            for i, secret in enumerate(secrets)
        ]
        previous = self._table.get(*pointer, consistent=True)
        condition = "digest = :old" if previous else "attribute_not_exists(pk)"
        values = {"ExpressionAttributeValues": {":old": to_wire(previous["digest"])}} if previous else {}
        actions = [
            _put(by_token, {**attributes, "secrets": sealed}, "attribute_not_exists(pk)"),
            _put(pointer, attributes, condition, values),
            *([_delete(keys.source_by_token(previous["digest"]))] if previous else []),
        ]
        try:
            self._table.transact(actions)
        except ConditionFailed as error:
            raise Conflict("the source is being created by another request") from error

    def page(self, limit: int, after: str | None) -> list[Source]:
        """In order of id."""
        found = self._table.query(keys.org_partition(self._org, "SOURCES"), limit=limit, after=after)
        return [_read(item) for item in found]

    def get(self, source_id: str) -> Source | None:
        """By its id."""
        item = self._table.get(*keys.source(self._org, source_id))
        return _read(item) if item else None

    def delete(self, source: Source) -> None:
        """Both items, in one transaction."""
        self._table.transact([_delete(keys.source_by_token(source.digest)), _delete(keys.source(self._org, source.id))])


def _put(
    key: keys.Key, attributes: dict[str, Any], condition: str, values: dict[str, Any] | None = None
) -> dict[str, Any]:
    item = item_to_wire({"pk": key.pk, "sk": key.sk, **attributes})
    return {"Put": {"Item": item, "ConditionExpression": condition, **(values or {})}}


def _delete(key: keys.Key) -> dict[str, Any]:
    return {"Delete": {"Key": {"pk": to_wire(key.pk), "sk": to_wire(key.sk)}}}
