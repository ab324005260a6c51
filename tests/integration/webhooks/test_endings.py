"""How deliveries end other than well: exhausted, cancelled, stuck; and how they begin anew."""

import json
from typing import Any
from unittest import mock

import pytest

from shared.core.clock import DAY, HOUR, MINUTE, SECOND, system
from shared.webhooks.records import RETENTION
from shared.webhooks.schedule import ATTEMPTS, WAITS
from tests.fakes.http_peer import answer
from tests.integration.webhooks.conftest import Hooks, Plan, verified


def exhaust(hooks: Hooks, endpoint: dict[str, Any]) -> dict[str, Any]:
    """Notify, and let a failing endpoint fail until nothing is left to try; the delivery."""
    hooks.notify()
    hooks.work()
    for wait in WAITS[1:]:
        hooks.pass_time(round(wait * 1.2) + 3 * MINUTE)
    (delivery,) = hooks.deliveries(endpoint)
    return delivery


def test_an_endpoint_that_keeps_failing_exhausts_the_schedule(hooks: Hooks, plan: Plan) -> None:
    """Given an endpoint that always fails, then ten attempts on schedule, a notice, a dead letter, and no more."""
    plan.always = answer(b"", "500 No")
    endpoint = hooks.endpoint()

    delivery = exhaust(hooks, endpoint)
    hooks.pass_time(2 * DAY)

    attempts = delivery["attempts"]
    notices = [json.loads(m["body"]) for m in hooks.aws.messages("webhook-exhausted")]
    assert (delivery["status"], delivery["attempt_count"], len(hooks.received())) == ("exhausted", ATTEMPTS, ATTEMPTS)
    assert {a["code"] for a in attempts} == {500}
    assert notices == [{"delivery_id": delivery["id"]}]
    assert hooks.dead_letters() == [delivery["id"]]
    assert (delivery["next_attempt_at"], delivery["exhausted_at"] is not None) == (None, True)


def test_a_dead_letter_can_be_replayed(hooks: Hooks, plan: Plan) -> None:
    """Given a dead letter whose endpoint has recovered, when it is replayed, then it is delivered under the same id."""
    plan.always = answer(b"", "500 No")
    endpoint = hooks.endpoint()
    dead = exhaust(hooks, endpoint)
    plan.always = None

    reply = hooks.call("POST", f"/v1/webhooks/deliveries/{dead['id']}/replay")
    hooks.work()

    again = hooks.delivery(dead["id"])
    assert (reply.status, reply.data["status"], reply.data["attempt_count"]) == (202, "pending", 0)
    assert verified(endpoint, hooks.received()[-1])["type"] == "agora.rtc.host_joined"
    assert len({r.headers["webhook-id"] for r in hooks.received()}) == 1
    assert (again["status"], again["attempt_count"], len(again["attempts"])) == ("delivered", 1, ATTEMPTS + 1)
    assert hooks.dead_letters() == []


def test_a_replay_is_kept_as_long_as_a_new_delivery(hooks: Hooks, plan: Plan) -> None:
    """Given a dead letter an hour before its retention ends, when replayed, then nothing of it expires meanwhile."""
    plan.always = answer(b"", "500 No")
    dead = exhaust(hooks, hooks.endpoint())
    hooks.later(RETENTION - 4 * DAY - HOUR)

    hooks.call("POST", f"/v1/webhooks/deliveries/{dead['id']}/replay")

    until = {
        item["et"]["S"]: int(item["expires_at"]["N"]) * SECOND - system()
        for item in hooks.aws.rows("events")
        if item["et"]["S"] in ("message", "delivery", "delivery_pointer")
    }
    assert sorted(until) == ["delivery", "delivery_pointer", "message"]
    assert all(RETENTION - MINUTE < left <= RETENTION for left in until.values()), until


def test_a_delivery_whose_message_has_expired_is_not_replayed(hooks: Hooks, plan: Plan) -> None:
    """Given a dead letter whose message is gone, when replayed, then 409 says so and the delivery stays as it was."""
    plan.always = answer(b"", "500 No")
    dead = exhaust(hooks, hooks.endpoint())
    [message] = [item for item in hooks.aws.rows("events") if item["et"]["S"] == "message"]
    hooks.aws.container().table("events").delete(message["pk"]["S"], message["sk"]["S"])

    reply = hooks.call("POST", f"/v1/webhooks/deliveries/{dead['id']}/replay")

    assert (reply.status, reply.json["errors"][0]["detail"]) == (409, "the delivery's message has expired")
    assert hooks.delivery(dead["id"]) == dead


def test_a_replayed_failure_gets_a_whole_series_again(hooks: Hooks, plan: Plan) -> None:
    """Given a replayed dead letter that fails again, then its attempts start over instead of ending at once."""
    plan.always = answer(b"", "500 No")
    dead = exhaust(hooks, hooks.endpoint())

    hooks.call("POST", f"/v1/webhooks/deliveries/{dead['id']}/replay")
    hooks.work()

    again = hooks.delivery(dead["id"])
    assert (again["status"], again["attempt_count"]) == ("pending", 1)
    assert again["next_attempt_at"] is not None


def test_a_pending_delivery_cannot_be_replayed(hooks: Hooks, plan: Plan) -> None:
    """Given a delivery between attempts, when a replay is asked for, then 409; an unknown one is 404."""
    plan.always = answer(b"", "500 No")
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    (delivery,) = hooks.deliveries(endpoint)

    pending = hooks.call("POST", f"/v1/webhooks/deliveries/{delivery['id']}/replay")
    unknown = hooks.call("POST", "/v1/webhooks/deliveries/dlv_00000000000000000000000000/replay")

    assert (pending.status, pending.code, unknown.status) == (409, "conflict", 404)


def test_a_lost_notice_is_sent_by_the_sweep_and_the_post_is_not_repeated(hooks: Hooks, plan: Plan) -> None:
    """Given the dead-letter queue is down at the end, then the row is listed at once and the notice comes later."""
    plan.always = answer(b"", "500 No")
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    for wait in WAITS[1:-1]:
        hooks.pass_time(round(wait * 1.2) + 3 * MINUTE)
    notices = hooks.aws.function("webhooks/deliver").container.exhausted_notices

    with mock.patch.object(notices, "send", return_value=False):
        hooks.pass_time(29 * HOUR + 3 * MINUTE)
        listed = hooks.dead_letters()
    before = (len(hooks.received()), hooks.aws.messages("webhook-exhausted"))
    hooks.pass_time(5 * MINUTE)
    hooks.pass_time(5 * MINUTE)

    (delivery,) = hooks.deliveries(endpoint)
    sent = [json.loads(m["body"]) for m in hooks.aws.messages("webhook-exhausted")]
    assert listed == [delivery["id"]]
    assert before == (ATTEMPTS, [])
    assert (len(hooks.received()), sent) == (ATTEMPTS, [{"delivery_id": delivery["id"]}])
    assert hooks.sweep()["delivery"] == 0


def test_410_disables_the_endpoint(hooks: Hooks, plan: Plan) -> None:
    """Given an endpoint that answers 410, then it is disabled, its delivery cancelled, and later events skip it."""
    plan.always = answer(b"", "410 Gone")
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    hooks.notify()
    hooks.work()

    (delivery,) = hooks.deliveries(endpoint)
    shown = hooks.call("GET", f"/v1/webhooks/endpoints/{endpoint['id']}").data
    replay = hooks.call("POST", f"/v1/webhooks/deliveries/{delivery['id']}/replay")
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "endpoint_gone")
    assert (delivery["status"], delivery["reason"], delivery["attempt_count"]) == ("cancelled", "endpoint_gone", 1)
    assert (len(hooks.received()), replay.status) == (1, 409)


def test_what_is_pending_for_a_disabled_endpoint_is_cancelled(hooks: Hooks, plan: Plan) -> None:
    """Given two pending deliveries, when one's retry is answered 410, then the other ends without another POST."""
    plan.steps = [answer(b"", "500 No"), answer(b"", "503 Later", Retry_After="1800"), answer(b"", "410 Gone")]
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    hooks.notify()
    hooks.work()

    hooks.pass_time(3 * MINUTE)
    hooks.pass_time(35 * MINUTE)

    reasons = sorted(d["reason"] for d in hooks.deliveries(endpoint))
    assert (reasons, len(hooks.received())) == (["endpoint_disabled", "endpoint_gone"], 3)


def test_a_deleted_endpoints_deliveries_are_cancelled(hooks: Hooks, plan: Plan) -> None:
    """Given a delivery between attempts, when its endpoint is deleted, then it ends without another POST."""
    plan.always = answer(b"", "500 No")
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()

    deleted = hooks.call("DELETE", f"/v1/webhooks/endpoints/{endpoint['id']}")
    hooks.pass_time(3 * MINUTE)
    hooks.pass_time(3 * MINUTE)

    (delivery,) = hooks.deliveries(endpoint)
    assert (deleted.status, delivery["status"], delivery["reason"]) == (200, "cancelled", "endpoint_deleted")
    assert len(hooks.received()) == 1


def test_retry_after_puts_the_next_attempt_off(hooks: Hooks, plan: Plan) -> None:
    """Given 503 with Retry-After 600, then nothing is sent for ten minutes though the schedule says five seconds."""
    plan.steps = [answer(b"", "503 Later", Retry_After="600")]
    hooks.endpoint()
    hooks.notify()
    hooks.work()

    hooks.pass_time(9 * MINUTE)
    early = len(hooks.received())
    hooks.pass_time(4 * MINUTE)

    assert (early, len(hooks.received())) == (1, 2)


def test_two_workers_given_the_same_delivery_send_it_once(hooks: Hooks) -> None:
    """Given a queue that delivers a message three times, in one batch and again later, then one POST is made."""
    hooks.endpoint()
    hooks.notify()
    hooks.work("webhooks/process")
    (record,) = hooks.aws.messages("delivery")
    copies = [{**record, "messageId": f"copy-{n}"} for n in range(3)]

    failed = hooks.hand("webhooks/deliver", copies) + hooks.hand("webhooks/deliver", [record])

    assert (failed, len(hooks.received())) == ([], 1)


@pytest.mark.parametrize("function", ["webhooks/process", "webhooks/deliver"])
def test_an_error_of_our_own_fails_the_record_and_repairs_by_redrive(hooks: Hooks, function: str) -> None:
    """Given code that raises, then each try fails its record alone, the fifth parks it, and a redrive delivers it."""
    queue = {"webhooks/process": "inbound", "webhooks/deliver": "delivery"}[function]
    endpoint = hooks.endpoint()
    hooks.notify()
    if queue == "delivery":
        hooks.work("webhooks/process")
    (record,) = hooks.aws.messages(queue)
    module = hooks.aws.function(function)
    worker = module.processor if queue == "inbound" else module.deliverer

    object.__setattr__(worker, "messages", mock.Mock(side_effect=KeyError("bug")))
    failed = [hooks.hand(function, [record]) for _ in range(5)]
    hooks.later(HOUR)
    swept = hooks.sweep()[queue]
    object.__setattr__(worker, "messages", module.container.messages)
    hooks.hand(function, [record])  # what an operator's redrive does
    hooks.work()

    assert failed == [[record]] * 5
    assert swept == 0
    assert [verified(endpoint, r)["type"] for r in hooks.received()] == ["agora.rtc.host_joined"]


def test_a_message_we_did_not_write_goes_to_the_dead_letter_queue(hooks: Hooks) -> None:
    """Given garbage in a queue beside a good message, then only the garbage is reported as failed."""
    hooks.endpoint()
    hooks.notify()
    (good,) = hooks.aws.messages("inbound")
    bad = [{"messageId": f"bad-{n}", "body": body} for n, body in enumerate(["{", "{}", '{"v":1,"type":"x","ref":{}}'])]

    failed = hooks.hand("webhooks/process", [*bad, good])
    hooks.work()

    assert (failed, len(hooks.received())) == (bad, 1)
