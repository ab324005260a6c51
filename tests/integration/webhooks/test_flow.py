"""The main job: a notification in, a signed delivery out."""

import pytest

from shared.core.clock import HOUR, MINUTE
from tests.fakes.http_peer import answer
from tests.integration.webhooks.conftest import SAMPLE, Hooks, Plan, verified


def test_a_notification_reaches_the_endpoint_signed(hooks: Hooks) -> None:
    """Given an endpoint, when Agora notifies, then the event is there once and the reference library verifies it."""
    endpoint = hooks.endpoint()

    reply = hooks.notify()
    failed = hooks.work()

    (request,) = hooks.received()
    event = verified(endpoint, request)
    (delivery,) = hooks.deliveries(endpoint)
    assert (reply.status, reply.json["success"], reply.data["duplicate"], failed) == (200, True, False, [])
    assert event == {"type": "agora.rtc.host_joined", "timestamp": event["timestamp"], "data": SAMPLE}
    assert request.line == "POST /in HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-request-id"] == reply.headers["X-Request-Id"]
    assert request.headers["webhook-id"] == delivery["message_id"]
    assert (delivery["status"], delivery["attempt_count"], delivery["attempts"][0]["code"]) == ("delivered", 1, 200)


def test_only_endpoints_that_want_the_event_get_it(hooks: Hooks) -> None:
    """Given filters by type, by branch and none, when an event comes, then only those that name it get it."""
    hooks.endpoint("agora.rtc.host_left", path="/other-type")
    hooks.endpoint("agora.convoai.*", path="/other-branch")
    hooks.endpoint("agora.rtc.host_joined", path="/type")
    hooks.endpoint("agora.rtc.*", path="/branch")
    hooks.endpoint(path="/all")

    hooks.notify()
    hooks.work()

    lines = sorted(r.line for r in hooks.received())
    ids = {r.headers["webhook-id"] for r in hooks.received()}
    assert lines == ["POST /all HTTP/1.1", "POST /branch HTTP/1.1", "POST /type HTTP/1.1"]
    assert len(ids) == 1


def test_an_endpoint_of_another_organization_gets_nothing(hooks: Hooks) -> None:
    """Given another organization's endpoint, when our source is notified, then nothing is sent to it."""
    other = hooks.aws.found("Other")
    body = {"url": hooks.sink.url("/other")}
    made = hooks.call("POST", "/v1/webhooks/endpoints", key=other.api_key, json_body=body)

    hooks.notify()
    hooks.work()

    assert (made.status, hooks.received()) == (201, [])


def test_a_repeated_notification_is_delivered_once(hooks: Hooks) -> None:
    """Given Agora repeats a notification with a newer notifyMs, then each is answered 200 and one is delivered."""
    endpoint = hooks.endpoint()

    replies = [hooks.notify(hooks.notification(noticeId="same", notifyMs=1795161600000 + i)) for i in range(3)]
    hooks.work()
    hooks.work()

    assert [(r.status, r.data["duplicate"]) for r in replies] == [(200, False), (200, True), (200, True)]
    assert len(hooks.received()) == len(hooks.deliveries(endpoint)) == 1


def test_what_a_queue_loses_the_sweep_delivers(hooks: Hooks) -> None:
    """Given every queue message is lost twice over, when minutes pass, then the event is delivered once."""
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.aws.messages("inbound")  # taken and thrown away

    hooks.later(3 * MINUTE)
    swept = hooks.sweep()
    hooks.work("webhooks/process")
    hooks.aws.messages("delivery")
    hooks.pass_time(3 * MINUTE)

    assert swept["inbound"] == 1
    assert [verified(endpoint, r)["type"] for r in hooks.received()] == ["agora.rtc.host_joined"]


def test_nothing_is_swept_on_the_healthy_path(hooks: Hooks) -> None:
    """Given a delivered event, when an hour passes, then the sweep has nothing to do."""
    hooks.endpoint()
    hooks.notify()
    hooks.work()

    hooks.later(HOUR)

    assert hooks.sweep() == {"inbound": 0, "delivery": 0, "crm_page": 0}


@pytest.mark.parametrize("status", ["500 No", "404 No", "301 Moved", "429 Slow"])
def test_anything_but_2xx_is_tried_again(hooks: Hooks, plan: Plan, status: str) -> None:
    """Given an endpoint that answers otherwise once, when time passes, then a second attempt succeeds."""
    plan.steps = [answer(b"", status, Location="http://127.0.0.1:9/elsewhere")]
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    first = hooks.deliveries(endpoint)[0]

    hooks.pass_time(2 * MINUTE)
    hooks.pass_time(2 * MINUTE)

    delivery = hooks.delivery(first["id"])
    ids = {r.headers["webhook-id"] for r in hooks.received()}
    stamps = {r.headers["webhook-timestamp"] for r in hooks.received()}
    assert (first["status"], first["attempt_count"]) == ("pending", 1)
    assert (delivery["status"], [a["ok"] for a in delivery["attempts"]]) == ("delivered", [False, True])
    assert (len(ids), len(stamps)) == (1, 2)
