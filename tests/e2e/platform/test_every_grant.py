"""A tour past every grant of infra/functions.py, so that taking one away turns this red.

`python -m tests.infra.grants compare` tells which grant no test reached. IAM is enforced by
the emulator: a missing grant is an answer of 500 or work that does not get done.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from infra import names
from infra.local import aws
from infra.local.deploy import STAGE
from tests.demo import notifications, sink
from tests.demo.api import Api, until
from tests.e2e.stack import read
from tests.fakes import hubspot

pytestmark = pytest.mark.e2e

SINK_PORT = 9186
WAITS_S = 30.0
EVENT_TYPE = "agora.rtc.user_joined"


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """The owner of an organization of its own: its limits and endpoints are nobody else's."""
    organization = read().found("Tour")
    app = {"app_id": secrets.token_hex(16), "certificate": secrets.token_hex(16), "name": "first"}
    with organization.api as client:
        client.call("POST", "/v1/agora/apps", json=app)
        yield client


@pytest.fixture(scope="module")
def region() -> str:
    """The home region."""
    return read().region


def _once(api: Api, path: str, body: dict[str, Any]) -> Any:
    """Create under an Idempotency-Key, again under the same one, and be told the same id."""
    key = {"Idempotency-Key": secrets.token_hex(8)}
    first = api.call("POST", path, json=body, headers=key)
    again = api.ask("POST", path, json=body, headers=key)

    assert again.headers["idempotency-replayed"] == "true"
    assert again.data["id"] == first["id"]
    return first


def _fails_once(api: Api, path: str, wrong: dict[str, Any], right: dict[str, Any], status: int) -> str:
    """A refused request lets go of its Idempotency-Key: the next one under it is a first one. The id it made."""
    key = {"Idempotency-Key": secrets.token_hex(8)}

    assert api.ask("POST", path, json=wrong, headers=key).status == status
    made = api.ask("POST", path, json=right, headers=key)
    assert made.status in (201, 202), made.text
    assert "idempotency-replayed" not in made.headers
    return str(made.data["id"])


READS = (
    "/v1/api-keys",
    "/v1/audit",
    "/v1/agora/apps",
    "/v1/sources",
    "/v1/webhooks/endpoints",
    "/v1/webhooks/dead-letters",
    "/v1/connections",
    "/v1/crm/contacts",
    "/v1/crm/contacts?email=nobody@example.com",
)


@pytest.mark.parametrize("path", READS)
def test_a_key_reads_in_every_function(api: Api, path: str) -> None:
    assert api.ask("GET", path).status == 200


@pytest.mark.parametrize("path", READS)
def test_a_token_of_ours_reads_in_every_function(api: Api, path: str) -> None:
    token = api.call("POST", "/v1/auth/token", json={})["access_token"]

    with Api(api.base_url, token) as bearer:
        answer = bearer.ask("GET", path)

    assert answer.status == 200, answer.text


def test_a_token_of_ours_mints_and_asks_for_a_completion(api: Api) -> None:
    token = api.call("POST", "/v1/auth/token", json={})["access_token"]
    wanted = {"kind": "rtc", "channel": "tour", "uid": 1, "role": "publisher", "ttl_seconds": 60}

    with Api(api.base_url, token) as bearer:
        minted = bearer.ask("POST", "/v1/agora/tokens", json=wanted)
        upstream = bearer.ask("GET", "/v1/llm/upstream")
        chat = bearer.ask("POST", "/llm/v1/chat/completions", json={"model": "none", "messages": []})

    assert (minted.status, minted.body["success"]) == (201, True)
    assert upstream.status in (200, 404)
    assert chat.status in (400, 404)


def test_a_key_is_created_once_shown_and_revoked(api: Api) -> None:
    wanted = {"name": "tour", "scopes": ["audit:read"]}
    made = _once(api, "/v1/api-keys", wanted)

    assert api.call("GET", f"/v1/api-keys/{made['id']}")["name"] == "tour"
    assert api.call("DELETE", f"/v1/api-keys/{made['id']}")["deleted"] is True


def test_a_refused_creation_leaves_its_idempotency_key_free(api: Api) -> None:
    past = {"name": "tour", "scopes": ["audit:read"], "expires_at": "2020-01-01T00:00:00Z"}
    made = _fails_once(api, "/v1/api-keys", past, {"name": "tour", "scopes": ["audit:read"]}, 422)

    assert api.call("DELETE", f"/v1/api-keys/{made}")["deleted"] is True


def test_an_agora_app_is_registered_and_removed(api: Api) -> None:
    app = {"app_id": secrets.token_hex(16), "certificate": secrets.token_hex(16), "name": "tour"}

    assert api.call("POST", "/v1/agora/apps", json=app)["app_id"] == app["app_id"]
    assert api.call("DELETE", f"/v1/agora/apps/{app['app_id']}")["deleted"] is True


def test_an_upstream_is_set(api: Api) -> None:
    wanted = {"base_url": "http://127.0.0.1:9189/v1", "api_key": "sk-tour-key", "models": ["tour"]}

    assert api.call("PUT", "/v1/llm/upstream", json=wanted)["models"] == ["tour"]
    assert api.call("GET", "/v1/llm/upstream")["base_url"] == wanted["base_url"]
    # Nobody listens there, which the circuit is told; after five times in a row it does not ask any more.
    hello = {"model": "tour", "messages": [{"role": "user", "content": "hello"}]}
    assert api.ask("POST", "/llm/v1/chat/completions", json=hello).status in (502, 503)


@contextmanager
def _paused(region: str, queue: str) -> Iterator[None]:
    """Nobody works the queue off inside the block, as when its workers are all dead."""
    lambda_ = aws.client("lambda", region)
    found = lambda_.list_event_source_mappings()["EventSourceMappings"]
    [mapping] = [m for m in found if m["EventSourceArn"].endswith(f":{names.resource(STAGE, queue)}")]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def _item(region: str, table: str, item_id: str) -> dict[str, Any]:
    """The work item of an id, as stored."""
    pages = aws.client("dynamodb", region).get_paginator("scan")
    items = pages.paginate(
        TableName=names.resource(STAGE, table),
        FilterExpression="id = :id AND attribute_exists(due_at)",
        ExpressionAttributeValues={":id": {"S": item_id}},
    ).search("Items[]")
    return next(iter(items), None) or {}


def _overdue(region: str, table: str, item_id: str, **changed: int) -> None:
    """Let an item be due a second ago, then let the sweep of the next minute run now."""
    item = until(lambda: _item(region, table, item_id) or None, seconds=WAITS_S, what=f"{item_id} as open work")
    past = int(time.time() * 1000) - 1000
    sets = {"due_at": past, "not_before": past, **changed}
    aws.client("dynamodb", region).update_item(
        TableName=names.resource(STAGE, table),
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in sets),
        ExpressionAttributeValues={f":{name}": {"N": str(value)} for name, value in sets.items()},
    )
    answer = aws.client("lambda", region).invoke(FunctionName=names.function(STAGE, "platform/sweep"))
    assert "FunctionError" not in answer, answer["Payload"].read()


def _killer(region: str, table: str, item_id: str, queue: str) -> None:
    """Let an item look as if it had killed nineteen workers and now the twentieth: the sweep buries it."""
    from shared.core.work.item import MAX_LAPSES

    item = until(lambda: _item(region, table, item_id) or None, seconds=WAITS_S, what=f"{item_id} as open work")
    aws.client("dynamodb", region).update_item(
        TableName=names.resource(STAGE, table),
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET #status = :claimed",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":claimed": {"S": "claimed"}},
    )
    _overdue(region, table, item_id, lapses=MAX_LAPSES - 1)
    sqs = aws.client("sqs", region)
    url = sqs.get_queue_url(QueueName=names.resource(STAGE, f"{queue}-dlq"))["QueueUrl"]

    def look() -> bool | None:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return True if any(json.loads(m["Body"])["id"] == item_id for m in found) else None

    until(look, seconds=WAITS_S, what=f"{item_id} in the dead-letter queue of {queue}")


def _notified(source: dict[str, Any], secret: str) -> str:
    """One Agora notification; the event's id."""
    body, headers = notifications.signed(notifications.fresh(), secret)
    answer = httpx.post(source["url"], content=body, headers=headers, timeout=WAITS_S)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["event_id"]) if "data" in answer.json() else str(answer.json()["event_id"])


def _delivery(api: Api, endpoint: str, status: str, attempts: int = 0) -> dict[str, Any] | None:
    found = api.call("GET", "/v1/webhooks/deliveries", params={"endpoint_id": endpoint})
    matching = [d for d in found if d["status"] == status and d["attempt_count"] >= attempts]
    return matching[0] if matching else None


def test_a_webhook_survives_a_lost_queue_runs_out_and_is_replayed(api: Api, region: str) -> None:
    secret = secrets.token_hex(16)
    producer = {"provider": "agora", "name": "tour", "secrets": [secret]}
    with sink.running(SINK_PORT) as receiver:
        wanted = {"url": f"{receiver.url}/tour", "event_types": [EVENT_TYPE]}
        endpoint = _once(api, "/v1/webhooks/endpoints", wanted)
        source = _once(api, "/v1/sources", producer)
        receiver.answers[:] = [500, 500, 500, 500]

        with _paused(region, "inbound"):
            _overdue(region, "events", _notified(source, secret))
        # Twice: at once, and five seconds later by the queue's delay.
        pending = until(
            lambda: _delivery(api, endpoint["id"], "pending", 2), seconds=WAITS_S, what="two failed attempts"
        )
        _overdue(region, "events", pending["id"], made=9)
        until(lambda: _delivery(api, endpoint["id"], "exhausted"), seconds=WAITS_S, what="running out of attempts")
        assert pending["id"] in [d["id"] for d in api.call("GET", "/v1/webhooks/dead-letters")]
        _dead_letter(region, pending["id"])

        receiver.answers[:] = []
        assert api.ask("POST", f"/v1/webhooks/deliveries/{pending['id']}/replay").status == 202
        until(lambda: _delivery(api, endpoint["id"], "delivered"), seconds=WAITS_S, what="the replayed delivery")
        assert api.call("GET", f"/v1/webhooks/deliveries/{pending['id']}")["status"] == "delivered"

        receiver.answers[:] = [410]
        _notified(source, secret)
        until(lambda: _disabled(api, endpoint["id"]), seconds=WAITS_S, what="an endpoint that is gone")
    api.call("DELETE", f"/v1/sources/{source['id']}")
    api.call("DELETE", f"/v1/webhooks/endpoints/{endpoint['id']}")


def test_what_kills_its_workers_ends_in_their_dead_letter_queue(api: Api, region: str) -> None:
    secret = secrets.token_hex(16)
    endpoint = api.call("POST", "/v1/webhooks/endpoints", json={"url": f"http://127.0.0.1:{SINK_PORT}/tour"})
    source = api.call("POST", "/v1/sources", json={"provider": "agora", "name": "tour", "secrets": [secret]})
    with _paused(region, "inbound"):
        _killer(region, "events", _notified(source, secret), "inbound")
    with _paused(region, "delivery"):
        _notified(source, secret)
        waiting = until(lambda: _delivery(api, endpoint["id"], "pending"), seconds=WAITS_S, what="an open delivery")
        _killer(region, "events", waiting["id"], "delivery")
    with _paused(region, "crm-sync"):
        wanted = {"private_token": hubspot.TOKEN, "name": "tour"}
        connection = api.call("POST", "/v1/connections/hubspot", json=wanted)
        _killer(region, "crm", connection["id"], "crm-sync")
    for path in (f"connections/{connection['id']}", f"sources/{source['id']}", f"webhooks/endpoints/{endpoint['id']}"):
        api.call("DELETE", f"/v1/{path}")


def _disabled(api: Api, endpoint: str) -> bool | None:
    return True if api.call("GET", f"/v1/webhooks/endpoints/{endpoint}")["status"] == "disabled" else None


def _dead_letter(region: str, delivery: str) -> None:
    """Wait for the notice in `webhook-exhausted`; the sweep sees to it when the queue's delay does not."""
    sqs = aws.client("sqs", region)
    url = sqs.get_queue_url(QueueName=names.resource(STAGE, "webhook-exhausted"))["QueueUrl"]

    def look() -> bool | None:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return True if any(json.loads(m["Body"]).get("delivery_id") == delivery for m in found) else None

    until(look, seconds=WAITS_S, what="a notice for people")


def test_an_endpoint_that_is_refused_leaves_its_idempotency_key_free(api: Api) -> None:
    wrong, right = {"url": "https://10.0.0.1/private"}, {"url": f"http://127.0.0.1:{SINK_PORT}/tour"}
    made = _fails_once(api, "/v1/webhooks/endpoints", wrong, right, 422)

    assert api.call("DELETE", f"/v1/webhooks/endpoints/{made}")["deleted"] is True


def test_a_pull_of_nothing_leaves_its_idempotency_key_free(api: Api) -> None:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    path = "/v1/connections/conn_00000000000000000000000000/sync"

    assert [api.ask("POST", path, headers=key).status for _ in range(2)] == [404, 404]


def test_a_pull_survives_a_lost_queue(api: Api, region: str) -> None:
    with hubspot.running(3, 9183) as account:
        with _paused(region, "crm-sync"):
            wanted = {"private_token": hubspot.TOKEN, "name": "tour"}
            connection = _once(api, "/v1/connections/hubspot", wanted)
            _overdue(region, "crm", connection["id"])
        until(lambda: _idle(api, connection["id"]), seconds=WAITS_S, what="the end of the pull")
        account.faults.append(hubspot.Fault(500))  # for the circuit to count
        assert api.ask("POST", f"/v1/connections/{connection['id']}/sync").status == 202
        until(lambda: _idle(api, connection["id"]), seconds=WAITS_S, what="the end of the second pull")
        found = api.call("GET", "/v1/crm/contacts", params={"connection_id": connection["id"]})
        assert api.call("GET", f"/v1/crm/contacts/{found[0]['id']}")["id"] == found[0]["id"]
        assert api.call("DELETE", f"/v1/connections/{connection['id']}")["deleted"] is True


def _idle(api: Api, connection: str) -> bool | None:
    return True if api.call("GET", f"/v1/connections/{connection}")["status"] == "active" else None
