"""Job 2 on the deployed local stack: in by Agora's signature, out to a sink that fails, judged by standardwebhooks."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from infra import names
from infra.local import aws
from tests.demo import notifications, sink
from tests.demo.api import Reply, until
from tests.demo.sink import Received, Sink
from tests.e2e.stack import STAGE, Organization, Stack

SECRET = "agora-notification-secret"
PORT = 9184
"""Of the ports that the local stage's egress rule lets through; the demo's sink has another."""
SOON_S = 20.0
RETRIED_S = 30.0
"""The second attempt comes four to six seconds after the first."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Sink]:
    with sink.running(PORT) as running:
        yield running


@pytest.fixture(scope="module")
def source(acme: Organization) -> dict[str, Any]:
    """Where Agora would notify the organization."""
    wanted = {"provider": "agora", "name": "e2e", "secrets": ["an-older-secret", SECRET]}
    made: dict[str, Any] = acme.api.call("POST", "/v1/sources", json=wanted)
    return made


@dataclass(frozen=True)
class Endpoint:
    """A customer's URL at the sink."""

    id: str
    secret: str
    path: str
    org: Organization
    receiver: Sink

    def received(self) -> list[Received]:
        """What has come so far."""
        return self.receiver.at(self.path)

    def arrived(self, count: int, seconds: float = SOON_S) -> list[Received]:
        """What has come, once it is ``count`` POSTs."""
        until(
            lambda: True if len(self.received()) >= count else None,
            seconds=seconds,
            what=f"POST number {count} at {self.path}",
        )
        return self.received()

    def delivery(self, status: str, seconds: float = SOON_S) -> dict[str, Any]:
        """Its one delivery, once it stands so."""

        def look() -> dict[str, Any] | None:
            found = self.org.api.call("GET", "/v1/webhooks/deliveries", params={"endpoint_id": self.id})
            assert len(found) <= 1
            return found[0] if found and found[0]["status"] == status else None

        return until(look, seconds=seconds, what=f"the delivery to {self.path} being {status}")


@pytest.fixture
def endpoint(acme: Organization, receiver: Sink) -> Iterator[Callable[..., Endpoint]]:
    """Makes endpoints, each at a path of its own; they are gone after the test, so none gets another test's events."""
    made: list[str] = []

    def make(*event_types: str) -> Endpoint:
        path = f"/{secrets.token_hex(8)}"
        wanted = {"url": f"http://127.0.0.1:{PORT}{path}", "event_types": list(event_types)}
        told = acme.api.call("POST", "/v1/webhooks/endpoints", json=wanted)
        made.append(told["id"])
        return Endpoint(told["id"], told["secret"], path, acme, receiver)

    yield make
    for endpoint_id in made:
        acme.api.call("DELETE", f"/v1/webhooks/endpoints/{endpoint_id}")


def notify(acme: Organization, url: str, document: dict[str, Any]) -> Reply:
    """As Agora does."""
    body, headers = notifications.signed(document, SECRET)
    return acme.api.ask("POST", url, content=body, headers=headers)


def test_an_event_reaches_each_endpoint_that_wants_it_signed_with_its_own_secret(
    acme: Organization, source: dict[str, Any], endpoint: Callable[..., Endpoint]
) -> None:
    """Given three endpoints, when notified, then the two whose filter fits get it once, under one webhook-id."""
    every, branch, others = endpoint(), endpoint("agora.rtc.*"), endpoint("agora.recording.*")
    document = notifications.fresh("rtc.user_joined")
    reply = notify(acme, source["url"], document)
    first, second = every.arrived(1)[0], branch.arrived(1)[0]

    assert (reply.status, reply.data["duplicate"]) == (200, False)
    payloads = [Webhook(e.secret).verify(p.body, p.headers) for e, p in ((every, first), (branch, second))]
    assert payloads[0] == payloads[1]
    assert (payloads[0]["type"], payloads[0]["data"]) == ("agora.rtc.user_joined", document["payload"])
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert every.delivery("delivered")["message_id"] == first.headers["webhook-id"]
    branch.delivery("delivered")
    assert [len(e.received()) for e in (every, branch, others)] == [1, 1, 0]


def test_a_failed_attempt_is_repeated_under_the_same_id_and_signed_anew(
    acme: Organization, source: dict[str, Any], endpoint: Callable[..., Endpoint], receiver: Sink
) -> None:
    """Given a sink that fails once, when notified, then it is tried again in seconds, and both attempts are listed."""
    receiver.answers.append(500)
    failing = endpoint("agora.rtc.host_left")
    notify(acme, source["url"], notifications.fresh("rtc.host_left"))
    first, second = failing.arrived(2, RETRIED_S)
    delivery = failing.delivery("delivered")

    for received in (first, second):
        Webhook(failing.secret).verify(received.body, received.headers)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert [(a["ok"], a["code"]) for a in delivery["attempts"]] == [(False, 500), (True, 204)]


def test_a_delivery_out_of_attempts_is_a_dead_letter_until_it_is_replayed(
    stack: Stack, acme: Organization, source: dict[str, Any], endpoint: Callable[..., Endpoint], receiver: Sink
) -> None:
    """Given nine failed attempts and one more, the tenth too: dead-letter queue and list, until replayed."""
    receiver.answers += [500, 500]
    failing = endpoint("agora.rtc.channel_destroyed")
    notify(acme, source["url"], notifications.fresh("rtc.channel_destroyed"))
    failing.arrived(1)
    delivery = failing.delivery("pending")
    _skip_to_last_attempt(stack, acme, delivery["id"])
    failing.arrived(2, RETRIED_S)
    dead = failing.delivery("exhausted")

    assert [d["id"] for d in acme.api.call("GET", "/v1/webhooks/dead-letters")] == [dead["id"]]
    assert {"delivery_id": dead["id"]} in _notices(stack)
    replayed = acme.api.call("POST", f"/v1/webhooks/deliveries/{dead['id']}/replay")
    assert replayed["status"] == "pending"
    third = failing.arrived(3)[2]
    assert third.headers["webhook-id"] == dead["message_id"]
    failing.delivery("delivered")
    assert acme.api.call("GET", "/v1/webhooks/dead-letters") == []


def test_an_endpoint_that_says_gone_is_sent_nothing_more(
    acme: Organization, source: dict[str, Any], endpoint: Callable[..., Endpoint], receiver: Sink
) -> None:
    """Given a sink that answers 410, when notified, then the endpoint is disabled and its delivery cancelled."""
    receiver.answers.append(410)
    gone = endpoint("agora.recording.uploaded")
    notify(acme, source["url"], notifications.fresh("recording.uploaded"))
    gone.arrived(1)
    delivery = gone.delivery("cancelled")
    shown = acme.api.call("GET", f"/v1/webhooks/endpoints/{gone.id}")

    assert (delivery["reason"], shown["status"], shown["disabled_reason"]) == (
        "endpoint_gone",
        "disabled",
        "endpoint_gone",
    )


def test_neither_secret_nor_token_is_stored_readable(
    stack: Stack, acme: Organization, source: dict[str, Any], endpoint: Callable[..., Endpoint]
) -> None:
    """Given a source and an endpoint, when their rows are dumped, then no secret and no URL token is in them."""
    made = endpoint()
    dump = str([stack.rows(t, acme.id) for t in ("platform", "events", "audit", "limits")])

    assert made.id in dump
    for secret in (SECRET, made.secret, made.secret.removeprefix("whsec_"), source["url"].rpartition("/")[2]):
        assert secret not in dump


def _skip_to_last_attempt(stack: Stack, org: Organization, delivery_id: str) -> None:
    """As if 75 hours and eight attempts had passed: the next one is the tenth."""
    item = next(i for i in stack.rows("events", org.id) if i.get("id", {}).get("S") == delivery_id)
    aws.client("dynamodb", stack.region).update_item(
        TableName=names.resource(STAGE, "events"),
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET made = :m",
        ExpressionAttributeValues={":m": {"N": "9"}},
    )


def _notices(stack: Stack) -> list[dict[str, Any]]:
    """What people find in the dead-letter queue; taken out of it."""
    sqs = aws.client("sqs", stack.region)
    url = sqs.get_queue_url(QueueName=names.resource(STAGE, "webhook-exhausted"))["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
