"""Reading many items, over a client that leaves some out."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from shared.adapters.dynamodb.batch import get_many
from shared.adapters.dynamodb.keys import Key
from shared.adapters.dynamodb.table import DynamoTable
from shared.core.errors import Unavailable

KEYS = [Key("p", str(n)) for n in range(5)]


@dataclass
class Stingy:
    """Answers ``gives`` items a call and names the rest as unprocessed."""

    gives: int
    error: Exception | None = None
    asked: list[Any] = field(default_factory=list)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """As DynamoDB at its capacity."""
        self.asked.append(RequestItems["table"])
        if self.error:
            raise self.error
        keys = RequestItems["table"]["Keys"]
        left = keys[self.gives :]
        unprocessed = {"table": {"Keys": left, "ConsistentRead": True}} if left else {}
        return {"Responses": {"table": keys[: self.gives]}, "UnprocessedKeys": unprocessed}


def found(client: Stingy) -> list[str]:
    """The sort keys read."""
    return [item["sk"] for item in get_many(DynamoTable(client, "table"), KEYS, consistent=True)]


def test_what_was_left_out_is_asked_for_again() -> None:
    """Given two items a call, when five are asked for, then all come, in three calls, each consistent."""
    client = Stingy(gives=2)

    assert found(client) == ["0", "1", "2", "3", "4"]
    assert [len(a["Keys"]) for a in client.asked] == [5, 3, 1]
    assert all(a["ConsistentRead"] for a in client.asked)


def test_a_table_at_its_capacity_is_unavailable() -> None:
    """Given a table that gives nothing, when asked, then 503 after a few rounds, not half an answer."""
    with pytest.raises(Unavailable):
        found(Stingy(gives=0))


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://dynamodb.test"),
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "BatchGetItem"),
    ],
)
def test_a_store_that_is_down_is_unavailable(error: Exception) -> None:
    """Given a timeout or a throttle, when asked, then 503."""
    with pytest.raises(Unavailable):
        found(Stingy(gives=1, error=error))


def test_no_keys_need_no_call() -> None:
    """Given nothing to read, when asked, then there is no call."""
    client = Stingy(gives=1)

    assert get_many(DynamoTable(client, "table"), []) == []
    assert not client.asked
