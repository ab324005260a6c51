"""What DynamoDB does that a small table never shows."""

import pytest
from botocore.exceptions import ClientError

from shared.adapters.dynamodb.table import DynamoTable, stamped
from shared.core.errors import Unavailable
from tests.fakes.cloud import REGION, Cloud


@pytest.fixture
def table(aws: Cloud) -> DynamoTable:
    """Of the events."""
    return aws.container().table("events")


def fill(table: DynamoTable, count: int) -> list[str]:
    """Items of 30 KB, so that one call reads fewer than a page of them."""
    names = [f"item-{n:03d}" for n in range(count)]
    for name in names:
        table.put({"pk": "P", "sk": name, **stamped("test", 1, "org_1", REGION, 0), "body": "x" * 30_000})
    return names


def test_a_page_is_full_even_where_one_call_reads_less(table: DynamoTable) -> None:
    """Given items that exceed a call's megabyte, when queried, then a page has what was asked, in both directions."""
    names = fill(table, 50)

    assert [i["sk"] for i in table.query("P", limit=45)] == names[:45]
    assert [i["sk"] for i in table.query("P", limit=45, newest_first=True)] == names[:4:-1]
    assert [i["sk"] for i in table.query("P", limit=45, after=names[9])] == names[10:50]


def test_a_place_outside_the_list_is_an_empty_page(table: DynamoTable) -> None:
    """Given a sort key beyond a prefix, when continued after it, then there is nothing, and no error."""
    fill(table, 2)

    assert table.query("P", begins="item", after="zzz") == []
    assert table.query("P", begins="item", after="aaa", newest_first=True) == []


def test_a_passing_conflict_of_transactions_is_worth_a_retry(table: DynamoTable) -> None:
    """Given a transaction that meets another, when cancelled for that, then 503 with Retry-After, not a 500."""

    class Conflicted:
        def transact_write_items(self, **_: object) -> None:
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")

    with pytest.raises(Unavailable) as told:
        DynamoTable(Conflicted(), table.name).transact([])

    assert told.value.headers == {"Retry-After": "1"}
