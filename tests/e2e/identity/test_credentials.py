"""Keys, access tokens, idempotency and the audit chain on the deployed local stack."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import jwt
import pytest

from tests.demo.api import Api
from tests.e2e.stack import Organization, Stack, pages

WANTED = {"name": "pipeline", "scopes": ["audit:read", "webhooks:read"]}


def test_a_keys_life(stack: Stack, acme: Organization) -> None:
    """Given a key just made, when used, then its scopes and no more; told once; deleted, it opens nothing new."""
    made = acme.api.call("POST", "/v1/api-keys", json=WANTED)
    listed = acme.api.ask("GET", "/v1/api-keys")
    shown = acme.api.ask("GET", f"/v1/api-keys/{made['id']}")
    with Api(stack.base_url, made["key"]) as api:
        may, may_not = api.ask("GET", "/v1/sources"), api.ask("POST", "/v1/api-keys", json=WANTED)
        acme.api.call("DELETE", f"/v1/api-keys/{made['id']}")
        # A process that has seen the key may honour it for a minute; the audit function has not.
        after = api.ask("GET", "/v1/audit")

    assert (may.status, may_not.status, after.status) == (200, 403, 401)
    assert made["id"] in [k["id"] for k in listed.data]
    assert shown.data["scopes"] == WANTED["scopes"]
    assert made["key"] not in listed.text + shown.text
    assert made["key"] not in str([stack.rows(t, acme.id) for t in ("platform", "audit", "limits")])


def test_an_access_token_verifies_against_the_published_keys(stack: Stack, acme: Organization) -> None:
    """Given a key exchanged for a token, when PyJWT checks it against our JWKS, issuer, scope and life are ours."""
    reply = acme.api.ask("POST", "/v1/auth/token", json={"scopes": ["audit:read"], "ttl_seconds": 60})
    token = reply.data["access_token"]
    published = acme.api.ask("GET", "/.well-known/jwks.json").body
    key = next(k for k in published["keys"] if k["kid"] == jwt.get_unverified_header(token)["kid"])
    claims = jwt.decode(token, jwt.PyJWK(key).key, ["ES256"], audience="switchboard", issuer=stack.base_url)
    with Api(stack.base_url, token) as api:
        may, may_not = api.ask("GET", "/v1/audit"), api.ask("GET", "/v1/sources")

    assert (claims["org"], claims["scope"], claims["exp"] - claims["iat"]) == (acme.id, "audit:read", 60)
    assert not {"d", "p", "q"} & set(key)
    assert (may.status, may_not.status) == (200, 403)


def test_a_token_gets_no_scope_its_key_lacks(stack: Stack, acme: Organization) -> None:
    """Given a key of one scope, when it asks a token of another, then 403."""
    with Api(stack.base_url, acme.scoped("audit:read")) as api:
        reply = api.ask("POST", "/v1/auth/token", json={"scopes": ["identity:admin"]})

    assert (reply.status, reply.error["code"]) == (403, "forbidden")


def test_the_same_request_at_the_same_time_makes_one_key(acme: Organization) -> None:
    """Given six requests with one Idempotency-Key at once, then one makes it, the others wait or repeat."""
    body, headers = WANTED | {"name": "only one"}, {"Idempotency-Key": "e2e-at-once"}
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: acme.api.ask("POST", "/v1/api-keys", json=body, headers=headers), range(6)))
    again = acme.api.ask("POST", "/v1/api-keys", json=body, headers=headers)
    changed = acme.api.ask("POST", "/v1/api-keys", json=WANTED, headers=headers)

    first = [r for r in replies if r.status == 201 and "idempotency-replayed" not in r.headers]
    assert len(first) == 1
    assert {r.status for r in replies} <= {201, 409}
    assert {r.error["code"] for r in replies if r.status == 409} <= {"idempotency_in_flight"}
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.data == first[0].data | {"key": None}, "the secret is told once"
    assert (changed.status, changed.error["code"]) == (422, "idempotency_mismatch")
    assert [k["name"] for k in pages(acme.api, "/v1/api-keys")].count("only one") == 1


def test_every_deed_is_in_a_chain_that_shows_tampering(stack: Stack, other: Organization) -> None:
    """Given deeds of one organization, when its audit is read, then each hash covers the one before, down to zero."""
    made = other.api.call("POST", "/v1/api-keys", json=WANTED)
    other.api.call("DELETE", f"/v1/api-keys/{made['id']}")
    chain = list(pages(other.api, "/v1/audit", limit=1))[::-1]

    assert [(e["seq"], e["action"], e["target"]) for e in chain] == [
        (1, "createApiKey", made["id"]),
        (2, "deleteApiKey", made["id"]),
    ]
    assert [e["previous"] for e in chain] == ["0" * 64, chain[0]["hash"]]
    for entry in chain:
        fields = {name: value for name, value in entry.items() if name != "hash"}
        at = round(datetime.strptime(entry["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp() * 1000)
        body = fields | {"at": at, "org": other.id, "region": stack.region}
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        assert entry["hash"] == hashlib.sha256(canonical).hexdigest()


@pytest.mark.parametrize("face", ["edge", "gateway"])
def test_each_answer_tells_what_is_left_of_the_limit(stack: Stack, acme: Organization, face: str) -> None:
    """Given two calls, when answered, then the second has one call less left, whichever way it came."""
    with Api(stack.face(face), acme.scoped("audit:read")) as api:
        left = [int(api.ask("GET", "/v1/audit").headers["ratelimit"].split("r=")[1].split(";")[0]) for _ in range(2)]

    assert left[1] == left[0] - 1
