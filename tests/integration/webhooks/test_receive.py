"""What the receive function takes, refuses and survives."""

import hashlib
import hmac
import json
import random
from pathlib import Path
from unittest import mock

import pytest

from shared.core.clock import HOUR, MINUTE, system
from shared.core.limits import Policy
from tests.integration.webhooks.conftest import SECRET, Hooks

SAMPLES = sorted(Path("events/agora").glob("*.json"))


def nothing_written(hooks: Hooks) -> bool:
    """Whether the table of events is empty and no queue was told of anything."""
    return hooks.aws.rows("events") == [] and hooks.aws.messages("inbound") == []


def signed(raw: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers Agora sends."""
    return {"Agora-Signature-V2": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "0" * 64,
        "not hexadecimal",
        hmac.new(b"another secret", b"{}", hashlib.sha256).hexdigest(),
        hmac.new(b"", b"{}", hashlib.sha256).hexdigest(),
        hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()[:32],
        hmac.new(SECRET.encode(), b"{}", hashlib.sha1).hexdigest(),
    ],
)
def test_a_forged_notification_is_401_and_leaves_nothing(hooks: Hooks, signature: str | None) -> None:
    """Given a signature that no secret of the source made, then 401 and nothing is written."""
    headers = {} if signature is None else {"Agora-Signature-V2": signature}

    reply = hooks.receive(b"{}", headers)

    assert (reply.status, reply.code, reply.json["success"]) == (401, "signature_invalid", False)
    assert nothing_written(hooks)


def test_a_changed_body_is_401(hooks: Hooks) -> None:
    """Given a good signature of another body, then 401."""
    raw = hooks.notification()

    reply = hooks.receive(raw.replace(b"support-7f3a", b"support-7f3b"), signed(raw))

    assert (reply.status, nothing_written(hooks)) == (401, True)


@pytest.mark.parametrize(
    ("age", "code"), [(HOUR + MINUTE, "notification_too_old"), (-6 * MINUTE, "notification_too_new")]
)
def test_a_late_or_early_notification_is_422(hooks: Hooks, age: int, code: str) -> None:
    """Given a well-signed notification sent too long ago or in the future, then 422 and nothing is written."""
    reply = hooks.notify(hooks.notification(notifyMs=system() - age))

    assert (reply.status, reply.code, nothing_written(hooks)) == (422, code, True)


def test_a_captured_notification_replayed_later_changes_nothing(hooks: Hooks) -> None:
    """Given an accepted request, when it is replayed, then 200 without effect, after an hour 422."""
    raw = hooks.notification()
    hooks.notify(raw)
    hooks.work()
    rows = hooks.aws.rows("events")

    hooks.later(30 * MINUTE)
    soon = hooks.notify(raw)
    hooks.later(HOUR)
    late = hooks.notify(raw)

    assert (soon.status, soon.data["duplicate"], late.status) == (200, True, 422)
    assert hooks.aws.rows("events") == rows
    assert hooks.aws.messages("inbound") == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"noticeId":"a"}', b"\xff\xfe", b'{"a":' * 500])
def test_signed_nonsense_is_400(hooks: Hooks, raw: bytes) -> None:
    """Given bytes that are well signed but not Agora's envelope, then 400 and nothing is written."""
    with mock.patch("tests.fakes.cloud.http_event", side_effect=_base64_event):
        reply = hooks.receive(raw, signed(raw))

    assert (reply.status, reply.code, nothing_written(hooks)) == (400, "notification_malformed", True)


def _base64_event(method: str, path: str, *, headers: dict[str, str], body: bytes) -> dict[str, object]:
    """API Gateway encodes a body that is not text."""
    import base64

    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {k.lower(): v for k, v in headers.items()},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "203.0.113.7"}, "stage": "$default"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def test_an_unknown_url_is_404(hooks: Hooks) -> None:
    """Given a token nobody has, one of a wrong shape and another provider's path, then each is 404."""
    raw = hooks.notification()
    tokens = ["A" * 43, "short", "A" * 44, "%2e%2e", hooks.hook.rpartition("/")[2][:-1] + "!"]

    replies = [hooks.notify(raw, hook=f"/v1/hooks/agora/{token}") for token in tokens]
    other = hooks.notify(raw, hook=hooks.hook.replace("/agora/", "/stripe/"))

    assert [r.status for r in replies] == [404] * 5
    assert other.status == 404
    assert nothing_written(hooks)


def test_an_oversized_body_is_413(hooks: Hooks) -> None:
    """Given one byte over 256 KiB, well signed, then 413; exactly 256 KiB of noise is stored and read back whole."""
    endpoint = hooks.endpoint()
    noise = random.Random(7).randbytes(400_000).hex()
    empty = hooks.notification(payload={"pad": ""})
    fits = empty.replace(b'"pad": ""', b'"pad": "%s"' % noise[: 256 * 1024 - len(empty)].encode())

    over = hooks.notify(fits + b" ")
    accepted = hooks.notify(fits)
    hooks.work()

    (request,) = hooks.received()
    assert (over.status, over.code, len(fits)) == (413, "payload_too_large", 256 * 1024)
    assert accepted.status == 200
    assert json.loads(request.body)["data"] == json.loads(fits)["payload"]
    assert len(hooks.deliveries(endpoint)) == 1


def test_the_consoles_test_is_answered_and_leaves_nothing(hooks: Hooks) -> None:
    """Given the event the console's Check button sends, then 200 and nothing is written."""
    sample = json.loads(Path("events/agora/test_webhook.json").read_text())
    sample["notifyMs"] = system()

    reply = hooks.notify(json.dumps(sample).encode())

    assert (reply.status, reply.data) == (200, {"event_id": None, "duplicate": False})
    assert nothing_written(hooks)


@pytest.mark.parametrize("path", [p for p in SAMPLES if p.stem != "test_webhook"], ids=lambda p: p.stem)
def test_every_sample_is_accepted_byte_for_byte(path: Path, hooks: Hooks) -> None:
    """Given a real-shaped notification, when it is sent as it is, then it is accepted under its own time."""
    raw = path.read_bytes()
    hooks.later(json.loads(raw)["notifyMs"] - system())

    reply = hooks.notify(raw)

    assert (reply.status, reply.data["duplicate"]) == (200, False)


def test_each_secret_of_a_source_verifies(hooks: Hooks) -> None:
    """Given a source with an old and a new secret, then both are accepted and a third is not."""
    hook = hooks.source("old-secret", "new-secret")

    statuses = [hooks.notify(secret=s, hook=hook).status for s in ("old-secret", "new-secret", "other-secret")]

    assert statuses == [200, 200, 401]


def test_the_same_notice_at_two_sources_is_two_events(hooks: Hooks) -> None:
    """Given two sources, when both are told the same noticeId, then neither hides the other's."""
    other = hooks.source()
    raw = hooks.notification()

    replies = [hooks.notify(raw), hooks.notify(raw, hook=other)]

    assert [r.data["duplicate"] for r in replies] == [False, False]


def test_nothing_is_acknowledged_that_is_not_stored(hooks: Hooks) -> None:
    """Given a store that fails, then 503 and not 200; when it is back, then the repeat is accepted as the first."""
    raw = hooks.notification()
    table = hooks.aws.function("webhooks/receive").container.events_work.table
    from shared.core.errors import Unavailable

    with mock.patch.object(type(table), "put", side_effect=Unavailable("down")):
        down = hooks.notify(raw)
    back = hooks.notify(raw)

    assert (down.status, back.status, back.data["duplicate"]) == (503, 200, False)


def test_a_queue_that_is_down_does_not_matter(hooks: Hooks) -> None:
    """Given SQS refuses the send, then the notification is accepted all the same, and the sweep takes it on."""
    hooks.endpoint()
    queue = hooks.aws.function("webhooks/receive").container.work_queue

    with mock.patch.object(queue, "_client") as client:
        from botocore.exceptions import EndpointConnectionError

        client.send_message.side_effect = EndpointConnectionError(endpoint_url="sqs")
        reply = hooks.notify()
    hooks.pass_time(3 * MINUTE)

    assert (reply.status, len(hooks.received())) == (200, 1)


def test_a_source_over_its_limit_is_429(hooks: Hooks) -> None:
    """Given a limit of two, when three come at once, then the third is 429; forged ones do not count."""
    service = hooks.aws.function("webhooks/receive").service
    with mock.patch.object(service, "SOURCE_POLICY", Policy("source", quota=2, burst=2, per_second=1)):
        forged = [hooks.notify(secret="wrong").status for _ in range(5)]
        replies = [hooks.notify() for _ in range(3)]

    assert forged == [401] * 5
    assert [r.status for r in replies] == [200, 200, 429]
    assert int(replies[2].headers["Retry-After"]) >= 1


def test_guessing_is_bounded_per_address(hooks: Hooks) -> None:
    """Given one address that keeps sending forged notifications, then 429 after its burst; good ones pass."""
    with mock.patch("shared.core.http.guards.IP_POLICY", Policy("ip", quota=100, burst=3, per_second=0.001)):
        statuses = [hooks.notify(secret="wrong").status for _ in range(5)]
        good = hooks.notify().status

    assert (statuses, good) == ([401, 401, 401, 429, 429], 200)


def test_a_deleted_source_is_404_within_a_minute(hooks: Hooks) -> None:
    """Given a source that was just used, when it is deleted, then its URL answers 404 a minute later at the latest."""
    (source,) = hooks.call("GET", "/v1/sources").data
    hooks.notify()

    deleted = hooks.call("DELETE", f"/v1/sources/{source['id']}")
    hooks.later(MINUTE + 1)

    assert (deleted.status, hooks.notify().status) == (200, 404)
