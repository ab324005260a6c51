"""Job 1 on the deployed local stack, judged by Agora's own npm package."""

import secrets

import pytest

from tests.contract.agora import oracle
from tests.demo.api import Api
from tests.e2e.stack import Organization, Stack

MINT = {"kind": "rtc", "channel": "room-1", "role": "subscriber", "ttl_seconds": 900}


@pytest.fixture(scope="module")
def app(acme: Organization) -> dict[str, str]:
    """An Agora project of the organization's."""
    made = {"app_id": secrets.token_hex(16), "certificate": secrets.token_hex(16)}
    acme.api.call("POST", "/v1/agora/apps", json=made)
    return made


@pytest.mark.parametrize("face", ["edge", "gateway"])
def test_agoras_package_reads_and_verifies_what_we_mint(
    stack: Stack, acme: Organization, app: dict[str, str], face: str
) -> None:
    """Given a registered app, when a token is minted for an account, then npm agora-token reads just that grant."""
    oracle.install()
    with Api(stack.face(face), acme.key) as api:
        minted = api.call("POST", "/v1/agora/tokens", json=MINT | {"account": "alice"})
    read = oracle.ask("read", [{"text": minted["token"], "certificate": app["certificate"]}])[0]

    assert (read["app_id"], read["ttl"], read["verified"]) == (app["app_id"], 900, True)
    assert [(s["type"], s["channel"], s["uid"], s["privileges"]) for s in read["services"]] == [
        (1, "room-1", "alice", {"1": 900})
    ]
    assert minted["warnings"], "a subscriber may publish unless the project says otherwise"


def test_inspecting_tells_whose_app_signed(acme: Organization, other: Organization, app: dict[str, str]) -> None:
    """Given a token, when both organizations inspect it, then only its own knows the signer, and no one the secret."""
    token = acme.api.call("POST", "/v1/agora/tokens", json=MINT | {"uid": 7})["token"]
    ours, theirs = (o.api.ask("POST", "/v1/agora/tokens/inspect", json={"token": token}) for o in (acme, other))

    assert (ours.data["signature"], theirs.data["signature"]) == ("valid", "unknown_app")
    assert app["certificate"] not in ours.text + theirs.text


def test_what_is_stored_does_not_hold_the_certificate(stack: Stack, acme: Organization, app: dict[str, str]) -> None:
    """Given a registered app, when the organization's rows are dumped, then its certificate is in none of them."""
    dump = str([stack.rows(table, acme.id) for table in ("platform", "audit", "limits")])

    assert app["app_id"] in dump
    assert app["certificate"] not in dump


def test_a_key_without_the_scope_mints_nothing(stack: Stack, acme: Organization) -> None:
    """Given a key that may read webhooks, when it mints, then 403 names the scope it lacks."""
    with Api(stack.base_url, acme.scoped("webhooks:read")) as api:
        reply = api.ask("POST", "/v1/agora/tokens", json=MINT | {"uid": 7})

    assert (reply.status, reply.error["code"]) == (403, "forbidden")
    assert "agora:tokens" in reply.error["detail"]
