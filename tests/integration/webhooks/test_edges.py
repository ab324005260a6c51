"""Where things go wrong between the steps: unreachable peers, lost leases, interrupted requests."""

import socket
from dataclasses import replace
from unittest import mock

import boto3
import pytest

from infra import names
from shared.core.clock import MINUTE
from shared.core.scope import stored_scope
from shared.webhooks.entities import Endpoint, EndpointStatus
from shared.webhooks.signing import secret_of
from tests.fakes.cloud import REGION, STAGE
from tests.fakes.http_peer import Peer, answer
from tests.integration.webhooks.conftest import SECRET, Hooks, Plan, verified

SOURCE = {"provider": "agora", "name": "project", "secrets": [SECRET]}


def first_attempt(hooks: Hooks, endpoint: dict[str, object]) -> dict[str, object]:
    """Notify, let the worker try once; the attempt as listed."""
    hooks.notify()
    assert hooks.work() == []
    (delivery,) = hooks.deliveries(endpoint)
    assert delivery["status"] == "pending"
    (attempt,) = delivery["attempts"]
    return dict(attempt)


def test_an_endpoint_that_refuses_connections_is_tried_again(hooks: Hooks) -> None:
    """Given nobody listens, then the attempt is listed with the class of the error, and another is to come."""
    endpoint = hooks.endpoint()
    hooks.sink.__exit__()

    attempt = first_attempt(hooks, endpoint)

    assert (attempt["ok"], attempt["code"], attempt["error"]) == (False, None, "upstream_unreachable")


def test_an_endpoint_that_never_answers_is_given_up_on(hooks: Hooks, plan: Plan) -> None:
    """Given an endpoint that takes the request and says nothing, then the attempt ends by its time limit."""
    plan.always = [1.5]
    endpoint = hooks.endpoint()
    hooks.aws.function("webhooks/deliver")
    from functions.webhooks.deliver import service

    with mock.patch.object(service, "POLICY", replace(service.POLICY, read_s=0.2, total_s=5.0)):
        attempt = first_attempt(hooks, endpoint)

    assert (attempt["code"], attempt["error"]) == (None, "upstream_timeout")


def test_a_name_that_has_moved_inside_since_is_not_dialled(hooks: Hooks) -> None:
    """Given a name that was public when registered and leads to loopback now, then no connection is made."""
    hooks.aws.function("webhooks/manage").container.url_guard._resolve = lambda _h, _p: ["93.184.215.14"]
    made = hooks.call("POST", "/v1/webhooks/endpoints", json_body={"url": "https://rebound.example.com/in"})
    dialled = mock.Mock(wraps=socket.create_connection)
    client = hooks.aws.function("webhooks/deliver").container.http

    with (
        mock.patch.object(client, "_resolve", return_value=["127.0.0.1"]),
        mock.patch("socket.create_connection", dialled),
    ):
        attempt = first_attempt(hooks, made.data)

    assert (made.status, attempt["error"], dialled.call_count) == (201, "egress_refused", 0)


def test_a_delivery_whose_message_has_expired_is_cancelled(hooks: Hooks, plan: Plan) -> None:
    """Given the store has let go of a message, when its delivery is tried, then it ends saying so."""
    plan.always = answer(b"", "500 No")
    endpoint = hooks.endpoint()
    first_attempt(hooks, endpoint)
    (row,) = [r for r in hooks.aws.rows("events") if r["et"]["S"] == "message"]
    table = names.resource(STAGE, "events")
    boto3.client("dynamodb", region_name=REGION).delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})

    hooks.pass_time(3 * MINUTE)
    hooks.pass_time(3 * MINUTE)

    (delivery,) = hooks.deliveries(endpoint)
    assert (delivery["status"], delivery["reason"], len(hooks.received())) == ("cancelled", "message_expired", 1)


def test_a_worker_that_lost_its_lease_cannot_end_the_delivery(hooks: Hooks) -> None:
    """Given a POST that outlasts its lease, when another worker takes over, then the first one's result is void."""
    taken_over: list[object] = []

    def slow(_received: object) -> list[bytes | float | None]:
        if taken_over:
            return list(answer(b"", "200 OK"))
        taken_over.append(None)
        hooks.later(2 * MINUTE)
        hooks.sweep()
        taken_over.append(hooks.work("webhooks/deliver"))
        return list(answer(b"", "500 Too late"))

    hooks.sink.script = slow
    endpoint = hooks.endpoint()
    hooks.notify()
    failed = hooks.work()

    (delivery,) = hooks.deliveries(endpoint)
    ids = {r.headers["webhook-id"] for r in hooks.received()}
    assert (failed, taken_over) == ([], [None, []])
    assert (delivery["status"], [a["code"] for a in delivery["attempts"]]) == ("delivered", [200])
    assert (len(hooks.received()), len(ids)) == (2, 1)


@pytest.mark.parametrize("path", ["/v1/sources", "/v1/webhooks/endpoints"])
def test_a_creation_that_was_killed_can_be_retried(hooks: Hooks, path: str) -> None:
    """Given a request that died before its answer was kept, when it is retried, then one object whose secret works."""
    body = SOURCE if path == "/v1/sources" else {"url": hooks.sink.url("/in")}
    before = len(hooks.call("GET", path).data)
    headers = {"Idempotency-Key": "once"}
    idempotency = hooks.aws.function("webhooks/manage").container.idempotency

    with mock.patch.object(idempotency, "complete", side_effect=KeyError("killed")):
        first = hooks.call("POST", path, json_body=body, headers=headers)
    hooks.later(2 * MINUTE)
    second = hooks.call("POST", path, json_body=body, headers=headers)
    base = hooks.aws.environ["PUBLIC_BASE_URL"]

    assert (first.status, second.status, first.data["id"]) == (201, 201, second.data["id"])
    assert len(hooks.call("GET", path).data) == before + 1
    if path == "/v1/sources":
        urls = [r.data["url"].removeprefix(base) for r in (first, second)]
        assert [hooks.notify(hook=url).status for url in urls] == [404, 200]
    else:
        hooks.notify()
        hooks.work()
        verified(second.data, hooks.received()[0])


def test_more_endpoints_than_a_page_are_all_read(hooks: Hooks) -> None:
    """Given 101 endpoints in the store, one of them disabled, then every enabled one is found."""
    store = hooks.aws.container().endpoints(stored_scope(hooks.org.org_id))
    ids = [f"end_{number:026d}" for number in range(101)]
    for endpoint_id in ids:
        made = Endpoint(endpoint_id, "https://example.com/", (), "", EndpointStatus.ENABLED, None, 1)
        store.create(made, secret_of(bytes(32)))
    for reason in ("first", "second"):
        store.disable(ids[50], reason, 2)
    store.disable("end_nobody", "no such", 2)

    disabled = store.get(ids[50])
    assert [e.id for e in store.enabled()] == ids[:50] + ids[51:]
    assert disabled is not None
    assert disabled.disabled_reason == "first"


def test_a_second_sink_does_not_share_the_first_ones_secret(hooks: Hooks, plan: Plan) -> None:
    """Given two endpoints, then what is signed for one is not verified by the other's secret."""
    from standardwebhooks import WebhookVerificationError

    one, other = hooks.endpoint(path="/one"), hooks.endpoint(path="/other")
    hooks.notify()
    hooks.work()
    (request,) = [r for r in hooks.received() if "/one" in r.line]

    assert verified(one, request)["type"] == "agora.rtc.host_joined"
    with pytest.raises(WebhookVerificationError):
        verified(other, request)
    assert isinstance(hooks.sink, Peer)
    assert plan.steps == []
