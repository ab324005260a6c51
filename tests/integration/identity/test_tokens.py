"""Exchanging a key for a token, and using it."""

import jwt

from shared.core.clock import system
from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import BASE_URL, Cloud


def exchange(aws: Cloud, key: str, **body: object) -> dict[str, str]:
    """A token's answer."""
    reply = aws.call("identity/token", "POST", "/v1/auth/token", key=key, json_body=body)
    assert reply.status == 201, reply.text
    data: dict[str, str] = reply.data
    return data


def test_a_token_opens_what_its_key_opens_and_verifies_by_the_published_keys(aws: Cloud, acme: Founded) -> None:
    """Given a key, when exchanged, then the token opens its organization, and a JWT library verifies it by JWKS."""
    token = exchange(aws, acme.api_key)["access_token"]
    listed = aws.call("identity/keys", "GET", "/v1/api-keys", key=token)
    jwks = aws.call("identity/token", "GET", "/.well-known/jwks.json")

    key = jwt.PyJWKSet.from_dict(jwks.json)[jwt.get_unverified_header(token)["kid"]].key
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="switchboard", issuer=BASE_URL)
    assert listed.status == 200
    assert claims["org"] == acme.org_id
    assert "d" not in jwks.json["keys"][0], "the private half stays here"


def test_a_narrowed_token_cannot_do_what_was_left_out(aws: Cloud, acme: Founded) -> None:
    """Given a token for one scope, when used for another, then 403; and a token is no key to more tokens."""
    token = exchange(aws, acme.api_key, scopes=["audit:read"])["access_token"]

    other = aws.call("identity/keys", "GET", "/v1/api-keys", key=token)
    again = aws.call("identity/token", "POST", "/v1/auth/token", key=token, json_body={})

    assert (other.status, again.status) == (403, 403)


def test_a_key_cannot_be_exchanged_for_more_than_it_has(aws: Cloud, acme: Founded) -> None:
    """Given a read-only key, when exchanged for an owner's scopes, then 403."""
    reader = aws.key(acme.org_id, "audit:read")

    reply = aws.call("identity/token", "POST", "/v1/auth/token", key=reader, json_body={"scopes": ["*"]})

    assert reply.status == 403


def test_a_forged_token_does_not_keep_the_first_real_one_out(aws: Cloud, acme: Founded) -> None:
    """Given a process that met a forged token before any signing key existed, when a real one comes, then it opens."""
    forged = jwt.encode({"org": acme.org_id}, "x" * 32, algorithm="HS256", headers={"kid": "jwk_forged"})
    refused = aws.call("identity/keys", "GET", "/v1/api-keys", key=forged)

    real = aws.call("identity/keys", "GET", "/v1/api-keys", key=exchange(aws, acme.api_key)["access_token"])

    assert (refused.status, real.status) == (401, 200)


def test_the_document_that_is_served_is_the_one_committed(aws: Cloud) -> None:
    """Given docs/openapi.json, when /v1/openapi.json is asked for, then the function has it beside it."""
    reply = aws.call("platform/status", "GET", "/v1/openapi.json")

    assert reply.json["openapi"] == "3.1.0"
    assert "/v1/auth/token" in reply.json["paths"]


def test_a_scope_with_a_space_is_no_way_to_more(aws: Cloud, acme: Founded) -> None:
    """Given a key for one domain, when it asks for a scope that would split into the star of all, then 422."""
    key = aws.key(acme.org_id, "webhooks:*")

    reply = aws.call("identity/token", "POST", "/v1/auth/token", key=key, json_body={"scopes": ["webhooks: *"]})

    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/scopes/0")


def test_a_token_ends_no_later_than_its_key(aws: Cloud, acme: Founded) -> None:
    """Given a key that ends in two minutes, when exchanged for a quarter hour, then the token ends with the key."""
    ends = system() + 120_000
    key = aws.key(acme.org_id, "audit:read", expires_at=ends)

    token = exchange(aws, key)["access_token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] == ends // 1000
