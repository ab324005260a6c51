"""Sources, endpoints and deliveries over the API."""

import base64
import json
from typing import Any

import pytest

from shared.webhooks.entities import MAX_ENDPOINTS
from tests.integration.webhooks.conftest import SECRET, Hooks

SOURCE = {"provider": "agora", "name": "project", "secrets": [SECRET]}


def test_a_source_tells_its_url_once_and_its_secret_never(hooks: Hooks) -> None:
    """Given a new source, then its URL is in the creating answer only, and its secret nowhere."""
    made = hooks.call("POST", "/v1/sources", json_body=SOURCE)

    shown = hooks.call("GET", f"/v1/sources/{made.data['id']}")
    listed = hooks.call("GET", "/v1/sources")
    token = made.data["url"].rpartition("/")[2]
    assert made.status == 201
    assert made.data["url"].startswith("https://api.switchboard.test/v1/hooks/agora/")
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert shown.data == {k: v for k, v in made.data.items() if k != "url"}
    assert shown.data in listed.data
    assert all(text not in reply.text for reply in (shown, listed) for text in (token, SECRET))
    assert SECRET not in made.text


def test_secrets_are_nowhere_in_tables_queues_and_logs(hooks: Hooks, capfd: pytest.CaptureFixture[str]) -> None:
    """Given a source, an endpoint and a delivered event, then neither secret nor token is in what we keep or write."""
    endpoint = hooks.endpoint()
    hooks.notify()
    queued = json.dumps(hooks.aws.messages("inbound"))
    hooks.sweep()
    hooks.work()
    tables = ("platform", "events", "limits", "audit")
    dump = repr([hooks.aws.rows(t) for t in tables]) + queued + capfd.readouterr().out
    key = base64.b64decode(endpoint["secret"].removeprefix("whsec_"))

    planted = [
        SECRET,
        endpoint["secret"].removeprefix("whsec_"),
        key.hex(),
        repr(key)[2:-1],
        hooks.hook.rpartition("/")[2],
    ]
    assert [text for text in planted if text in dump] == []
    assert endpoint["url"] in dump  # the dump is one


def test_a_retried_creation_is_told_without_the_secret(hooks: Hooks) -> None:
    """Given an Idempotency-Key used twice, then one source and one endpoint are made, and secrets are told once."""
    for path, body, told in (
        ("/v1/sources", SOURCE, "url"),
        ("/v1/webhooks/endpoints", {"url": hooks.sink.url("/in")}, "secret"),
    ):
        before = len(hooks.call("GET", path).data)
        first, second = (
            hooks.call("POST", path, json_body=body, headers={"Idempotency-Key": "once"}) for _ in range(2)
        )
        other = hooks.call("POST", path, json_body={**body, "name": "x"}, headers={"Idempotency-Key": "once"})

        assert (first.status, second.status, second.headers["Idempotency-Replayed"]) == (201, 201, "true")
        assert second.data == {**first.data, told: None}
        assert len(hooks.call("GET", path).data) == before + 1
        assert other.status == 422


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**SOURCE, "surprise": 1}, "/surprise"),
        ({**SOURCE, "provider": "stripe"}, "/provider"),
        ({**SOURCE, "secrets": []}, "/secrets"),
        ({**SOURCE, "secrets": ["has a blank"]}, "/secrets/0"),
        ({**SOURCE, "secrets": [5]}, "/secrets/0"),
        ({**SOURCE, "name": ""}, "/name"),
        ({"provider": "agora", "name": "x"}, "/secrets"),
    ],
)
def test_a_bad_source_is_422_with_a_pointer(hooks: Hooks, body: dict[str, Any], pointer: str) -> None:
    """Given a body that breaks a rule, then 422 points at it and repeats no value."""
    reply = hooks.call("POST", "/v1/sources", json_body=body)

    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, pointer)
    assert "has a blank" not in reply.text


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.8/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://localhost/",
        "https://user:pass@example.com/",
        "http://example.com/",
        "https://example.com:22/",
        "ftp://example.com/",
        "not a url",
    ],
)
def test_an_endpoint_that_leads_inside_is_422(hooks: Hooks, url: str) -> None:
    """Given a URL that is not public https, then 422 at /url, and nothing is stored."""
    reply = hooks.call("POST", "/v1/webhooks/endpoints", json_body={"url": url})

    assert (reply.status, reply.code, reply.json["errors"][0]["pointer"]) == (422, "egress_refused", "/url")
    assert hooks.call("GET", "/v1/webhooks/endpoints").data == []


@pytest.mark.parametrize(
    ("addresses", "status"),
    [(["93.184.215.14"], 201), (["10.1.2.3"], 422), (["93.184.215.14", "127.0.0.1"], 422), ([], 422)],
)
def test_an_endpoints_name_is_resolved_before_it_is_stored(hooks: Hooks, addresses: list[str], status: int) -> None:
    """Given a name, then every address it has must be public; a name without any is refused."""

    def resolve(_host: str, _port: int) -> list[str]:
        if not addresses:
            raise OSError("no such name")
        return addresses

    hooks.aws.function("webhooks/manage").container.url_guard._resolve = resolve

    reply = hooks.call("POST", "/v1/webhooks/endpoints", json_body={"url": "https://hooks.example.com/in"})

    assert reply.status == status


@pytest.mark.parametrize(
    "pattern", ["agora.rtc.host_join", "agora.*.left", "*", "", "stripe.charge", "a" * 200, "agora."]
)
def test_a_filter_that_matches_nothing_is_422(hooks: Hooks, pattern: str) -> None:
    """Given a filter that no event type can match, then 422 points at it."""
    body = {"url": hooks.sink.url("/in"), "event_types": [pattern]}

    reply = hooks.call("POST", "/v1/webhooks/endpoints", json_body=body)

    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/event_types/0")


def test_a_read_only_key_reads_and_does_nothing_else(hooks: Hooks) -> None:
    """Given a key with webhooks:read, then lists answer 200 and every change 403."""
    key = hooks.aws.key(hooks.org.org_id, "webhooks:read")
    endpoint = hooks.endpoint()
    reads = ["/v1/sources", "/v1/webhooks/endpoints", "/v1/webhooks/dead-letters"]
    changes = [
        ("POST", "/v1/sources", SOURCE),
        ("POST", "/v1/webhooks/endpoints", {"url": hooks.sink.url()}),
        ("DELETE", f"/v1/webhooks/endpoints/{endpoint['id']}", None),
        ("POST", "/v1/webhooks/deliveries/dlv_x/replay", None),
    ]

    assert [hooks.call("GET", path, key=key).status for path in reads] == [200, 200, 200]
    assert [hooks.call(m, p, key=key, json_body=b).status for m, p, b in changes] == [403] * 4


def test_another_organizations_objects_are_404(hooks: Hooks) -> None:
    """Given another organization's key, then our source, endpoint and delivery are 404 and stay as they are."""
    other = hooks.aws.found("Other").api_key
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    (source,) = hooks.call("GET", "/v1/sources").data
    (delivery,) = hooks.deliveries(endpoint)
    asked = [
        ("GET", f"/v1/sources/{source['id']}"),
        ("DELETE", f"/v1/sources/{source['id']}"),
        ("GET", f"/v1/webhooks/endpoints/{endpoint['id']}"),
        ("DELETE", f"/v1/webhooks/endpoints/{endpoint['id']}"),
        ("GET", f"/v1/webhooks/deliveries/{delivery['id']}"),
        ("POST", f"/v1/webhooks/deliveries/{delivery['id']}/replay"),
    ]
    query = {"endpoint_id": endpoint["id"]}

    statuses = [hooks.call(method, path, key=other).status for method, path in asked]
    listed = hooks.call("GET", "/v1/webhooks/deliveries", key=other, query=query)

    assert (statuses, listed.data) == ([404] * 6, [])
    assert hooks.call("GET", f"/v1/sources/{source['id']}").data == source
    assert hooks.delivery(delivery["id"]) == delivery


def test_lists_are_paged(hooks: Hooks) -> None:
    """Given five deliveries, when they are read two at a time, then each comes once, newest first."""
    endpoint = hooks.endpoint()
    for _ in range(5):
        hooks.notify()
        hooks.work()
        hooks.later(10)
    whole = hooks.deliveries(endpoint)
    query = {"endpoint_id": endpoint["id"], "limit": "2"}

    pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        reply = hooks.call("GET", "/v1/webhooks/deliveries", query={**query, **cursor})
        pages.append(reply.data)
        if reply.json["meta"]["next_cursor"] is None:
            break
        cursor = {"cursor": reply.json["meta"]["next_cursor"]}
    stolen = hooks.call("GET", "/v1/webhooks/dead-letters", query={"cursor": next(iter(cursor.values()))})

    moments = [d["created_at"] for d in whole]
    assert [len(p) for p in pages] == [2, 2, 1]
    assert [d for page in pages for d in page] == whole
    assert moments == sorted(moments, reverse=True)
    assert stolen.status == 422


def test_deliveries_are_filtered_by_status(hooks: Hooks) -> None:
    """Given a delivered event, then it is listed as delivered and not as pending; a status that is none is 422."""
    endpoint = hooks.endpoint()
    hooks.notify()
    hooks.work()
    query = {"endpoint_id": endpoint["id"]}

    counts = [len(hooks.deliveries(endpoint, status=s)) for s in ("delivered", "pending")]
    bad = hooks.call("GET", "/v1/webhooks/deliveries", query={**query, "status": "fine"})

    assert (counts, bad.status) == ([1, 0], 422)


def test_an_organization_has_so_many_endpoints_and_no_more(hooks: Hooks) -> None:
    """Given as many endpoints as there may be, when one more is wanted, then 409 says why; after a deletion, 201."""
    made = [hooks.endpoint(path=f"/{n}") for n in range(MAX_ENDPOINTS)]
    one_more = {"url": hooks.sink.url("/more")}

    refused = hooks.call("POST", "/v1/webhooks/endpoints", json_body=one_more)
    hooks.call("DELETE", f"/v1/webhooks/endpoints/{made[0]['id']}")
    accepted = hooks.call("POST", "/v1/webhooks/endpoints", json_body=one_more)

    detail = f"the organization has {MAX_ENDPOINTS} endpoints, which is the most: delete one first"
    assert (refused.status, refused.code, refused.json["errors"][0]["detail"]) == (409, "conflict", detail)
    assert accepted.status == 201


def test_every_endpoint_gets_its_delivery(hooks: Hooks) -> None:
    """Given a dozen endpoints, when an event comes, then each is sent it once and lists its delivery."""
    made = [hooks.endpoint(path=f"/{n}") for n in range(12)]

    hooks.notify()
    hooks.work()

    assert sorted(r.line for r in hooks.received()) == sorted(f"POST /{n} HTTP/1.1" for n in range(12))
    assert [len(hooks.deliveries(endpoint)) for endpoint in made] == [1] * 12
