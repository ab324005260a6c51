"""Rate-limit state in the regional ``limits`` table: one item per principal, one conditional update per call."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.aws import Client
from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.attributes import item_from_wire, to_wire
from shared.adapters.dynamodb.client import is_condition_failure, is_down, is_throttle
from shared.core.clock import HOUR, SECOND
from shared.core.limits import State, StoreDown, StoreThrottled, Write

_KEPT_S = 2 * HOUR // SECOND
"""Seconds after a principal's last call until its item may go."""
CONNECT_S, READ_S = 0.25, 0.5
"""The limiter must never be what a caller waits for: past this the call is let through."""


def _expression(write: Write) -> tuple[str, str, dict[str, Any]]:
    """Update, condition and values of one branch (see :mod:`shared.core.limits`)."""
    values: dict[str, Any] = {
        ":now": write.now,
        ":inc": write.interval,
        ":w": write.window,
        ":ttl": write.now // SECOND + _KEPT_S,
    }
    if write.same_window:
        quota, conditions = "used = used + :one", ["win = :w", "used < :q"]
        values |= {":one": 1, ":q": write.quota}
    else:
        quota, conditions = "win = :w, used = :one", ["(attribute_not_exists(win) OR win < :w)"]
        values |= {":one": 1}
    if write.idle:
        tat = "tat = :next"
        conditions.append("(attribute_not_exists(tat) OR tat <= :now)")
        values[":next"] = write.now + write.interval
        del values[":inc"]
    else:
        tat = "tat = tat + :inc"
        conditions.append("tat BETWEEN :now AND :bound")
        values[":bound"] = write.tat_bound
    return f"SET {quota}, {tat}, expires_at = :ttl", " AND ".join(conditions), values


class DynamoLimits:
    """The :class:`shared.core.limits.LimitStore` of one region."""

    def __init__(self, client: Client, table: str) -> None:
        """``client`` has the short timeouts above and no retries."""
        self._client = client
        self._table = table

    def write(self, key: str, write: Write) -> tuple[bool, State]:
        """One conditional update; the old item comes back with a failed condition, at no further read."""
        update, condition, values = _expression(write)
        pk, sk = keys.limit(key)
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": to_wire(pk), "sk": to_wire(sk)},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues={k: to_wire(v) for k, v in values.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if is_condition_failure(error):
                return False, _state(error.response.get("Item") or {})
            if is_throttle(error):
                raise StoreThrottled from error
            if is_down(error):
                raise StoreDown from error
            raise
        except BotoCoreError as error:
            raise StoreDown from error
        return True, _state(answer["Attributes"])


def _state(wire: dict[str, Any]) -> State:
    item = item_from_wire(wire)
    return State(item.get("win", 0), item.get("used", 0), item.get("tat", 0))
