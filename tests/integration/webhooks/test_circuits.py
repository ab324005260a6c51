"""An endpoint that keeps failing is left alone for a while; its deliveries wait without using up attempts."""

from typing import Any

from shared.adapters.dynamodb.breaker import DynamoCircuits
from shared.core.breaker import BreakerPolicy, Circuit, State
from shared.core.clock import MINUTE, system
from shared.webhooks.schedule import MAX_HELD
from tests.fakes.http_peer import answer
from tests.integration.webhooks.conftest import Hooks, Plan

THRESHOLD = BreakerPolicy().threshold


def circuits(hooks: Hooks) -> DynamoCircuits:
    """As stored."""
    return DynamoCircuits(hooks.aws.container().table("limits"))


def name_of(hooks: Hooks, endpoint: dict[str, Any]) -> str:
    """Of the endpoint's circuit."""
    return f"endpoint:{hooks.org.org_id}:{endpoint['id']}"


def open_circuit(hooks: Hooks, endpoint: dict[str, Any]) -> None:
    """For a minute from now, and this process has not read it yet."""
    hooks.later(2_000)
    seen = circuits(hooks).load(name_of(hooks, endpoint))
    opened = Circuit(seen.name, State.OPEN, 5, 1, system() + MINUTE, version=seen.version, changed_at=system())
    assert circuits(hooks).swap(opened) is None


def test_an_endpoint_that_keeps_failing_is_left_alone_and_tried_again(hooks: Hooks, plan: Plan) -> None:
    """Given more events than failures that open a circuit, then the others wait unattempted, and arrive in the end."""
    failing, healthy = hooks.endpoint(path="/failing"), hooks.endpoint(path="/healthy")
    plan.by_path = {"/failing": answer(b"", "500 No")}
    for _ in range(THRESHOLD + 2):
        hooks.notify()
        hooks.work()
    sent = [r.line.split()[1] for r in hooks.received()]
    waiting = [(d["status"], d["attempt_count"]) for d in hooks.deliveries(failing)]
    plan.by_path = {}
    for _ in range(8):
        hooks.pass_time(2 * MINUTE)

    assert (sent.count("/failing"), sent.count("/healthy")) == (THRESHOLD, THRESHOLD + 2)
    assert sorted(waiting) == [("pending", 0)] * 2 + [("pending", 1)] * THRESHOLD
    assert {(d["status"], d["attempts"][-1]["ok"]) for d in hooks.deliveries(failing)} == {("delivered", True)}
    assert sorted(d["attempt_count"] for d in hooks.deliveries(failing)) == [1, 1] + [2] * THRESHOLD
    assert {d["status"] for d in hooks.deliveries(healthy)} == {"delivered"}
    assert circuits(hooks).load(name_of(hooks, failing)).state is State.CLOSED


def test_a_circuit_holds_a_delivery_back_so_often_and_no_more(hooks: Hooks) -> None:
    """Given a circuit that is open whenever a delivery comes, then after its last hold it is attempted all the same."""
    endpoint = hooks.endpoint()
    hooks.notify()
    sent = []
    for _ in range(MAX_HELD + 1):
        open_circuit(hooks, endpoint)
        hooks.work()
        sent.append(len(hooks.received()))
        hooks.later(3 * MINUTE)

    (delivery,) = hooks.deliveries(endpoint)
    assert sent == [0] * MAX_HELD + [1]
    assert (delivery["status"], delivery["attempt_count"]) == ("delivered", 1)


def test_a_healthy_endpoint_costs_no_write_in_the_breaker(hooks: Hooks) -> None:
    """Given deliveries that succeed, then there is no circuit item: only failures are written."""
    hooks.endpoint()
    for _ in range(2):
        hooks.notify()
        hooks.work()

    assert len(hooks.received()) == 2
    assert [row for row in hooks.aws.rows("limits") if row.get("et") == {"S": "circuit"}] == []
