"""One table, spoken to in Python values: the few calls our repositories are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.aws import Client
from shared.adapters.dynamodb.attributes import item_from_wire, item_to_wire, to_wire
from shared.adapters.dynamodb.client import is_condition_failure, translate
from shared.core.clock import rfc3339
from shared.core.errors import Unavailable

_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons to cancel a transaction that are gone a moment later."""


class ConditionFailed(Exception):
    """A write's condition did not hold. ``item`` is the item as it is, or None if there is none (or it is not told)."""

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        """Keep the item for whoever has to decide."""
        super().__init__()
        self.item = item


@dataclass(frozen=True, slots=True)
class Update:
    """An update by parts. ``sets`` are plain assignments; ``extra`` are further SET clauses that compute."""

    sets: Mapping[str, Any]
    removes: Sequence[str] = ()
    extra: Sequence[str] = ()
    condition: str = "attribute_exists(pk)"
    values: Mapping[str, Any] | None = None
    names: Mapping[str, str] | None = None

    def arguments(self) -> dict[str, Any]:
        """Botocore's arguments. Every name is aliased: DynamoDB reserves 573 words, ``status`` among them."""
        names = {f"#s{i}": name for i, name in enumerate(self.sets)} | {f"#r{i}": n for i, n in enumerate(self.removes)}
        clauses = [f"#s{i} = :s{i}" for i in range(len(self.sets))] + list(self.extra)
        expression = f"SET {', '.join(clauses)}" if clauses else ""
        if self.removes:
            expression += f" REMOVE {', '.join(f'#r{i}' for i in range(len(self.removes)))}"
        values = {f":s{i}": to_wire(v) for i, v in enumerate(self.sets.values())}
        values |= {k: to_wire(v) for k, v in (self.values or {}).items()}
        arguments: dict[str, Any] = {
            "UpdateExpression": expression.strip(),
            "ConditionExpression": self.condition,
            "ExpressionAttributeNames": names | dict(self.names or {}),
        }
        if values:
            arguments["ExpressionAttributeValues"] = values
        if not arguments["ExpressionAttributeNames"]:
            del arguments["ExpressionAttributeNames"]
        return arguments


def stamped(entity: str, version: int, org: str, region: str, now: int) -> dict[str, Any]:
    """The attributes every item carries: ``et, v, org, origin_region, created_at, updated_at``."""
    moment = rfc3339(now)
    return {"et": entity, "v": version, "org": org, "origin_region": region, "created_at": moment, "updated_at": moment}


@dataclass(frozen=True)
class DynamoTable:
    """Calls on one table. Raises :class:`ConditionFailed`, or 503 for a store that is down."""

    client: Client
    name: str

    def get(self, pk: str, sk: str, *, consistent: bool = False) -> dict[str, Any] | None:
        """One item."""
        answer = self._call("get_item", Key=self._key(pk, sk), ConsistentRead=consistent)
        return item_from_wire(answer["Item"]) if "Item" in answer else None

    def put(
        self,
        item: Mapping[str, Any],
        *,
        condition: str | None = "attribute_not_exists(pk)",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """A whole item; by default only if there is none under its key. ``values`` are the condition's."""
        extra: dict[str, Any] = {}
        if condition:
            extra = {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if values:
            extra["ExpressionAttributeValues"] = item_to_wire(values)
        self._call("put_item", Item=item_to_wire(item), **extra)

    def update(self, pk: str, sk: str, update: Update) -> dict[str, Any]:
        """The item after the update."""
        answer = self._call(
            "update_item",
            Key=self._key(pk, sk),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **update.arguments(),
        )
        return item_from_wire(answer["Attributes"])

    def delete(self, pk: str, sk: str, *, condition: str | None = None) -> None:
        """Remove an item."""
        extra = {"ConditionExpression": condition} if condition else {}
        self._call("delete_item", Key=self._key(pk, sk), **extra)

    def query(
        self,
        pk: str,
        *,
        begins: str = "",
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
        index: str | None = None,
        consistent: bool = False,
    ) -> list[dict[str, Any]]:
        """Items of one partition whose sort key begins with ``begins``, in order, after the sort key ``after``.

        On the index ``listing`` the keys are ``list_pk`` and ``list_sk``. One call reads at most 1 MB, so this may take
        several: fewer than ``limit`` means that there are no more.
        """
        pk_name, sk_name = ("list_pk", "list_sk") if index == "listing" else ("pk", "sk")
        condition, values = "#p = :p", {":p": to_wire(pk)}
        if after is not None:
            low, high = (begins or " ", after) if newest_first else (after, begins + "\uffff")
            if low > high:
                return []
            condition += " AND #k BETWEEN :l AND :h"
            values |= {":l": to_wire(low), ":h": to_wire(high)}
        elif begins:
            condition += " AND begins_with(#k, :b)"
            values[":b"] = to_wire(begins)
        arguments: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#p": pk_name} | ({"#k": sk_name} if "#k" in condition else {}),
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
            "Limit": limit + (1 if after is not None else 0),
        } | ({"IndexName": index} if index else {"ConsistentRead": consistent})
        found: list[dict[str, Any]] = []
        while True:
            answer = self._call("query", **arguments)
            items = (item_from_wire(i) for i in answer.get("Items", []))
            found += [i for i in items if i[sk_name] != after]
            if len(found) >= limit or "LastEvaluatedKey" not in answer:
                return found[:limit]
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def transact(self, actions: Sequence[dict[str, Any]]) -> None:
        """All or nothing. Each action is ``{"Put"|"Update"|"Delete"|"ConditionCheck": {…}}`` without its table name."""
        items = [{kind: {"TableName": self.name, **body} for kind, body in action.items()} for action in actions]
        try:
            self.client.transact_write_items(TransactItems=items)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            codes = {r.get("Code") for r in reasons}
            if "ConditionalCheckFailed" in codes:
                raise ConditionFailed from error
            if codes & _PASSING:
                raise Unavailable("another request is changing the same thing") from error
            raise translate(error) from error
        except BotoCoreError as error:
            raise translate(error) from error

    @staticmethod
    def _key(pk: str, sk: str) -> dict[str, Any]:
        return {"pk": to_wire(pk), "sk": to_wire(sk)}

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore's
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(TableName=self.name, **arguments)
        except ClientError as error:
            if is_condition_failure(error):
                old = error.response.get("Item")
                raise ConditionFailed(item_from_wire(old) if old else None) from error
            raise translate(error) from error
        except BotoCoreError as error:
            raise translate(error) from error
        return answer
