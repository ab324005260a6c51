"""API keys in the ``platform`` table: one item under the key's hash, one back-pointer in the organization."""

from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.attributes import item_to_wire, to_wire
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.clock import parse_rfc3339
from shared.core.errors import Conflict
from shared.core.scope import OrgScope, stored_scope
from shared.identity.keys import ApiKey

_ENTITY, _VERSION = "api_key", 1


def _attributes(key: ApiKey, region: str) -> dict[str, Any]:
    return {
        **stamped(_ENTITY, _VERSION, key.org.org, region, key.created_at),
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "hint": key.hint,
        "digest": key.digest,
        "expires_ms": key.expires_at,
    }


def _read(item: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=item["id"],
        org=stored_scope(item["org"]),
        name=item["name"],
        scopes=tuple(item["scopes"]),
        hint=item["hint"],
        digest=item["digest"],
        created_at=parse_rfc3339(item["created_at"]),
        expires_at=item["expires_ms"],
    )


class DynamoKeyDirectory:
    """The :class:`shared.identity.keys.KeyDirectory`."""

    def __init__(self, table: DynamoTable) -> None:
        """Of the ``platform`` table."""
        self._table = table

    def by_digest(self, digest: str) -> ApiKey | None:
        """One read."""
        item = self._table.get(*keys.api_key_by_hash(digest))
        return _read(item) if item else None


class DynamoApiKeys:
    """The :class:`shared.identity.keys.ApiKeys` of one organization."""

    def __init__(self, table: DynamoTable, org: OrgScope, region: str) -> None:
        """Of the ``platform`` table."""
        self._table = table
        self._org = org
        self._region = region

    def create(self, key: ApiKey) -> None:
        """One transaction. A retried creation (same id) also removes the hash its first try left behind."""
        attributes = _attributes(key, self._region)
        pointer = keys.api_key(self._org, key.id)
        previous = self._table.get(*pointer, consistent=True)
        actions: list[dict[str, Any]] = [
            _put(keys.api_key_by_hash(key.digest), attributes, "attribute_not_exists(pk)"),
            _put(
                pointer,
                attributes,
                "digest = :old" if previous else "attribute_not_exists(pk)",
                {":old": to_wire(previous["digest"])} if previous else None,
            ),
        ]
        if previous:
            pk, sk = keys.api_key_by_hash(previous["digest"])
            actions.append({"Delete": {"Key": {"pk": to_wire(pk), "sk": to_wire(sk)}}})
        try:
            self._table.transact(actions)
        except ConditionFailed as error:
            message = "the key is being created by another request"
            raise Conflict(message) from error

    def page(self, limit: int, after: str | None) -> list[ApiKey]:
        """In order of creation: key ids are ULIDs."""
        found = self._table.query(keys.org_partition(self._org, "KEYS"), limit=limit, after=after)
        return [_read(item) for item in found]

    def get(self, key_id: str) -> ApiKey | None:
        """By its id."""
        item = self._table.get(*keys.api_key(self._org, key_id), consistent=True)
        return _read(item) if item else None

    def delete(self, key: ApiKey) -> None:
        """Both items, in one transaction."""
        targets = (keys.api_key_by_hash(key.digest), keys.api_key(self._org, key.id))
        self._table.transact([{"Delete": {"Key": {"pk": to_wire(pk), "sk": to_wire(sk)}}} for pk, sk in targets])


def _put(
    key: keys.Key, attributes: dict[str, Any], condition: str, values: dict[str, Any] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Item": item_to_wire({"pk": key.pk, "sk": key.sk, **attributes}),
        "ConditionExpression": condition,
    }
    if values:
        body["ExpressionAttributeValues"] = values
    return {"Put": body}
