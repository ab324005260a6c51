"""Circuits in a DynamoDB table, in process."""

from dataclasses import replace
from unittest import mock

import pytest
from botocore.exceptions import ConnectTimeoutError

from infra import names
from shared.adapters.dynamodb.breaker import DynamoCircuits
from shared.adapters.dynamodb.client import make_client
from shared.adapters.dynamodb.table import DynamoTable
from shared.core.breaker import Breaker, BreakerPolicy, Circuit, State
from shared.core.errors import Unavailable
from shared.core.outbound.errors import CircuitOpen
from tests.fakes.cloud import REGION, STAGE, Cloud

NOW = 1_795_161_600_000


@pytest.fixture
def table(aws: Cloud) -> DynamoTable:  # noqa: ARG001 - the account that holds it
    return DynamoTable(make_client(REGION), names.resource(STAGE, "limits"))


def breaker(table: DynamoTable, now: list[int], name: str) -> Breaker:
    policy = BreakerPolicy(threshold=3, fresh_ms=0)
    return Breaker(DynamoCircuits(table), policy, clock=lambda: now[0], new_probe=lambda: name)


def test_a_circuit_comes_back_as_it_was_stored(table: DynamoTable) -> None:
    circuits = DynamoCircuits(table)
    assert circuits.load("p") == Circuit("p")

    opened = Circuit("p", State.OPEN, 5, 2, NOW + 60_000, changed_at=NOW)
    assert circuits.swap(opened) is None

    stored = Circuit("p", State.OPEN, 5, 2, NOW + 60_000, version=1, changed_at=NOW)
    assert circuits.load("p") == stored
    assert circuits.swap(opened) == stored
    assert circuits.swap(stored) is None
    assert circuits.load("p").version == 2


def test_the_item_has_the_keys_and_the_expiry_that_the_table_expects(table: DynamoTable) -> None:
    DynamoCircuits(table).swap(Circuit("hubspot", State.OPEN, 5, 1, NOW + 30_000, changed_at=NOW))

    assert table.get("BREAKER#hubspot", "STATE") == {
        "pk": "BREAKER#hubspot",
        "sk": "STATE",
        "et": "circuit",
        "v": 1,
        "updated_at": "2026-11-20T08:00:00.000Z",
        "state": "open",
        "failures": 5,
        "trips": 1,
        "retry_at": NOW + 30_000,
        "probe": "",
        "rev": 1,
        "changed_at": NOW,
        "expires_at": NOW // 1000 + 30 + 86_400,
    }


def test_a_circuit_that_expired_meanwhile_is_a_closed_one(table: DynamoTable) -> None:
    circuits = DynamoCircuits(table)

    assert circuits.swap(Circuit("p", State.HALF_OPEN, version=7)) == Circuit("p")


def test_processes_open_probe_and_close_together(table: DynamoTable) -> None:
    now = [NOW]
    a, b = breaker(table, now, "a"), breaker(table, now, "b")
    for one in (a, b, a):
        one.failure(one.enter("p"))
    with pytest.raises(CircuitOpen):
        b.enter("p")

    now[0] += 30_000
    probe = b.enter("p")
    with pytest.raises(CircuitOpen):
        a.enter("p")
    b.success(probe)
    assert (probe.probe, a.enter("p").probe, a.inspect("p").state) == ("b", "", State.CLOSED)


def test_of_two_that_saw_the_same_circuit_one_is_elected(table: DynamoTable) -> None:
    circuits = DynamoCircuits(table)
    circuits.swap(Circuit("p", State.OPEN, retry_at=NOW))
    seen = circuits.load("p")
    mine = replace(seen, state=State.HALF_OPEN, probe="a")
    theirs = replace(seen, state=State.HALF_OPEN, probe="b")

    assert circuits.swap(mine) is None
    assert circuits.swap(theirs) == replace(mine, version=2)


def test_a_table_that_does_not_answer_is_unavailable_and_lets_calls_through(table: DynamoTable) -> None:
    gone = mock.Mock()
    gone.get_item.side_effect = gone.update_item.side_effect = ConnectTimeoutError(endpoint_url="x")
    dead = DynamoTable(gone, table.name)
    with pytest.raises(Unavailable):
        DynamoCircuits(dead).load("p")

    blind = breaker(dead, [NOW], "a")
    for _ in range(5):
        blind.failure(blind.enter("p"))
