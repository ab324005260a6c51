"""Reading many items in one call."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.dynamodb.attributes import item_from_wire, to_wire
from shared.adapters.dynamodb.client import translate
from shared.adapters.dynamodb.keys import Key
from shared.adapters.dynamodb.table import DynamoTable
from shared.core.errors import Unavailable

MAX_KEYS = 100
"""BatchGetItem's limit."""
_ROUNDS = 5
"""A call gives at most 16 MB, and less when the table is at its capacity: it names what it left out."""


def get_many(table: DynamoTable, keys: Sequence[Key], *, consistent: bool = False) -> list[dict[str, Any]]:
    """Those of at most 100 different keys that exist, in any order.

    Raises 503 for a store that is down or at its capacity.
    """
    left: list[dict[str, Any]] = [{"pk": to_wire(k.pk), "sk": to_wire(k.sk)} for k in keys]
    found: list[dict[str, Any]] = []
    for _ in range(_ROUNDS):
        if not left:
            return found
        try:
            answer = table.client.batch_get_item(
                RequestItems={table.name: {"Keys": left, "ConsistentRead": consistent}}
            )
        except (BotoCoreError, ClientError) as error:
            raise translate(error) from error
        found += [item_from_wire(item) for item in answer["Responses"].get(table.name, [])]
        left = answer.get("UnprocessedKeys", {}).get(table.name, {}).get("Keys", [])
    if left:
        raise Unavailable("the store is over its capacity")
    return found
