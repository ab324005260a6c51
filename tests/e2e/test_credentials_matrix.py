"""Every operation of the document under every kind of credential: generated, so that a new one cannot be forgotten."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.core.clock import rfc3339
from shared.identity.keys import READ_ONLY, Mode, generate
from tests.demo.api import Api, Reply
from tests.e2e.operations import Operation, operations
from tests.e2e.stack import Organization, Stack, is_refusal, patiently

GUARDED = [o for o in operations() if not o.public and o.path != "/v1/chat/completions"]
"""The second path of the chat completions is that of the REST API's own host."""
NOBODY = {"none", "empty", "basic", "forged key", "alg none", "signed by another", "our key as a secret"}


@pytest.fixture(scope="module")
def credentials(acme: Organization) -> dict[str, str | None]:
    """The header's value by kind; none of them is a good key of enough scope, save the last."""
    good = acme.api.call("POST", "/v1/auth/token", json={})["access_token"]
    header, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    published = acme.api.ask("GET", "/.well-known/jwks.json").body["keys"][0]
    stranger = ec.generate_private_key(ec.SECP256R1())
    expired = acme.api.call(
        "POST",
        "/v1/api-keys",
        json={"name": "short", "scopes": ["*"], "expires_at": rfc3339(round((time.time() + 1) * 1000))},
    )["key"]
    time.sleep(1.1)
    return {
        "none": None,
        "empty": "",
        "basic": "Basic c2I6eA==",
        "forged key": f"Bearer {generate(Mode.LIVE)}",
        "alg none": f"Bearer {_unsigned(header, claims)}",
        "signed by another": "Bearer " + jwt.encode(claims, stranger, "ES256", headers=header),
        "our key as a secret": f"Bearer {_confused(header, claims, published)}",
        "expired": f"Bearer {expired}",
        "read only": f"Bearer {acme.scoped(*READ_ONLY)}",
        "access token": f"Bearer {good}",
    }


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """RFC 8725 section 2.1."""
    return jwt.encode(claims, "", "none", headers={**header, "alg": "none"})


def _confused(header: dict[str, Any], claims: dict[str, Any], public: dict[str, Any]) -> str:
    """The published key taken for an HMAC secret."""
    secret = base64.urlsafe_b64decode(public["x"] + "==")
    return jwt.encode(claims, secret, "HS256", headers={**header, "alg": "HS256"})


@pytest.fixture(scope="module")
def bare(stack: Stack) -> Iterator[Api]:
    """A client that adds no credential."""
    with Api(stack.base_url) as api:
        yield api


def asked(api: Api, operation: Operation, credential: str | None) -> Reply:
    """The operation on things that do not exist, with nothing in its body."""
    headers = {} if credential is None else {"Authorization": credential}
    path = operation.at(**dict.fromkeys(operation.parameters, "missing"))
    body: dict[str, Any] | None = {} if operation.method in {"POST", "PUT", "PATCH"} else None
    return patiently(lambda: api.ask(operation.method, path, json=body, headers=headers))


def code(reply: Reply) -> str:
    """Ours, or OpenAI's where an operation keeps that protocol."""
    told = reply.error or reply.body["error"]
    return str(told["code"])


@pytest.mark.parametrize("kind", sorted(NOBODY))
@pytest.mark.parametrize("operation", GUARDED, ids=lambda o: o.name)
def test_nobody_is_refused(bare: Api, credentials: dict[str, str | None], operation: Operation, kind: str) -> None:
    """Given no credential or a forged one, when an operation is called, then 401 and nothing is told of it."""
    reply = asked(bare, operation, credentials[kind])

    assert (reply.status, code(reply)) == (401, "unauthorized")
    assert operation.streams or is_refusal(reply)
    assert 401 in operation.statuses


@pytest.mark.parametrize("operation", GUARDED, ids=lambda o: o.name)
def test_an_expired_key_is_told_so(bare: Api, credentials: dict[str, str | None], operation: Operation) -> None:
    """Given a key past its expiry, when an operation is called, then 401 with a code of its own."""
    reply = asked(bare, operation, credentials["expired"])

    assert (reply.status, code(reply)) == (401, "credential_expired")


@pytest.mark.parametrize("operation", GUARDED, ids=lambda o: o.name)
def test_a_read_only_key_does_not_write(bare: Api, credentials: dict[str, str | None], operation: Operation) -> None:
    """Given a key with the reading scopes, when an operation needs another, then 403 names it."""
    reply = asked(bare, operation, credentials["read only"])

    if operation.scope is None or operation.scope in READ_ONLY:
        assert reply.status not in {401, 403}
    else:
        assert (reply.status, code(reply)) == (403, "forbidden")
        assert operation.streams or operation.scope in reply.error["detail"]


@pytest.mark.parametrize("operation", GUARDED, ids=lambda o: o.name)
def test_an_access_token_opens_every_operation_that_its_key_opens(
    bare: Api, credentials: dict[str, str | None], operation: Operation
) -> None:
    """Given an owner's access token, when an operation is called, then it is answered or refused for what it says."""
    reply = asked(bare, operation, credentials["access token"])

    assert reply.status not in {401, 405, 415}
    assert reply.status < 500, reply.text
    assert reply.status in operation.statuses
