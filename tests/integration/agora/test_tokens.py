"""The token job, from registering an app to reading a minted token."""

import pytest

from shared.adapters.dynamodb import agora_apps
from shared.agora import access_token
from shared.agora.apps import MAX_APPS
from shared.core.scope import stored_scope
from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import Cloud, Reply

APP_ID = "970CA35de60c44645bbae8a215061b33"
CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b"
MINT = {"kind": "rtc", "channel": "room-1", "uid": 42, "role": "publisher", "ttl_seconds": 600}


@pytest.fixture
def app(aws: Cloud, acme: Founded) -> Founded:
    """The organization with its Agora app registered."""
    body = {"app_id": APP_ID, "certificate": CERTIFICATE, "name": "main"}
    reply = aws.call("agora/apps", "POST", "/v1/agora/apps", key=acme.api_key, json_body=body)
    assert reply.status == 201, reply.text
    assert CERTIFICATE not in reply.text
    return acme


def test_a_minted_token_opens_the_channel_asked_for(aws: Cloud, app: Founded) -> None:
    """Given a registered app, when a token is minted, then it parses to the grant and is signed by the certificate."""
    reply = aws.call("agora/tokens", "POST", "/v1/agora/tokens", key=app.api_key, json_body=MINT)

    assert reply.status == 201
    parsed = access_token.parse(reply.data["token"])
    service = parsed.token.services[0]
    assert parsed.is_signed_by(CERTIFICATE)
    assert (service.channel, service.uid, dict(service.privileges)) == (  # type: ignore[union-attr]
        "room-1",
        "42",
        {1: 600, 2: 600, 3: 600, 4: 600},
    )


def test_inspecting_tells_whether_an_app_of_ours_signed_it(aws: Cloud, app: Founded) -> None:
    """Given a minted token and one with another's app id, when inspected, then only the first is valid."""
    token = aws.call("agora/tokens", "POST", "/v1/agora/tokens", key=app.api_key, json_body=MINT).data["token"]
    other = aws.found("Other")

    ours = aws.call("agora/tokens", "POST", "/v1/agora/tokens/inspect", key=app.api_key, json_body={"token": token})
    foreign = aws.call(
        "agora/tokens", "POST", "/v1/agora/tokens/inspect", key=other.api_key, json_body={"token": token}
    )

    assert (ours.data["signature"], ours.data["services"][0]["channel"]) == ("valid", "room-1")
    assert foreign.data["signature"] == "unknown_app"


def test_without_an_app_minting_says_what_to_do(aws: Cloud, acme: Founded) -> None:
    """Given no app, when a token is asked for, then the answer is 409 and names the route that registers one."""
    reply = aws.call("agora/tokens", "POST", "/v1/agora/tokens", key=acme.api_key, json_body=MINT)

    assert (reply.status, reply.code) == (409, "conflict")
    assert "/v1/agora/apps" in reply.json["errors"][0]["detail"]


def test_an_app_registered_a_moment_ago_is_minted_for_by_a_process_that_has_minted_before(
    aws: Cloud, app: Founded
) -> None:
    """Given a warm process that remembers the apps, when another is registered, then it mints for that one at once."""
    aws.call("agora/tokens", "POST", "/v1/agora/tokens", key=app.api_key, json_body=MINT)
    second = {"app_id": APP_ID[::-1], "certificate": CERTIFICATE[::-1], "name": "second"}
    aws.call("agora/apps", "POST", "/v1/agora/apps", key=app.api_key, json_body=second)

    reply = aws.call(
        "agora/tokens", "POST", "/v1/agora/tokens", key=app.api_key, json_body=MINT | {"app_id": APP_ID[::-1]}
    )

    assert reply.status == 201
    assert access_token.parse(reply.data["token"]).is_signed_by(CERTIFICATE[::-1])


def test_the_certificate_is_nowhere_in_the_tables(aws: Cloud, app: Founded) -> None:
    """Given a registered app, when every table is dumped, then neither the certificate nor the key's text is there."""
    dump = "".join(str(aws.rows(t)) for t in ("platform", "limits", "audit"))

    assert CERTIFICATE not in dump
    assert app.api_key not in dump


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ttl_seconds": 86_401}, "/ttl_seconds"),
        ({"ttl_seconds": "600"}, "/ttl_seconds"),
        ({"channel": "x" * 64}, "/channel"),
        ({"channel": None}, "/channel"),
        ({"role": "admin"}, "/role"),
        ({"kind": "rtm"}, "/kind"),
        ({"surprise": 1}, "/surprise"),
        ({"account": "also"}, ""),
    ],
)
def test_a_broken_rule_is_told_with_its_pointer(
    aws: Cloud, app: Founded, change: dict[str, object], pointer: str
) -> None:
    """Given a request that breaks one rule, when minted, then 422 points at the field."""
    reply = aws.call("agora/tokens", "POST", "/v1/agora/tokens", key=app.api_key, json_body=MINT | change)

    assert (reply.status, reply.code) == (422, "invalid")
    assert [e["pointer"] for e in reply.json["errors"]] == [pointer]


def test_an_organization_has_so_many_apps_and_mints_for_each_of_them(aws: Cloud, app: Founded) -> None:
    """Given as many apps as there may be, when one more comes, then 409; the last one mints, and is replaced."""
    bodies = [{"app_id": f"{n:032x}", "certificate": CERTIFICATE, "name": "more"} for n in range(MAX_APPS)]

    def register(body: dict[str, str]) -> Reply:
        return aws.call("agora/apps", "POST", "/v1/agora/apps", key=app.api_key, json_body=body)

    statuses = [register(body).status for body in bodies]
    refused = register(bodies[-1])
    again = register(bodies[-2])
    wanted = {**MINT, "app_id": bodies[-2]["app_id"]}
    minted = aws.call("agora/tokens", "POST", "/v1/agora/tokens", key=app.api_key, json_body=wanted)

    detail = f"the organization has {MAX_APPS} Agora apps, which is the most: delete one first"
    assert statuses == [201] * (MAX_APPS - 1) + [409]
    assert (refused.status, refused.json["errors"][0]["detail"]) == (409, detail)
    assert (again.status, minted.status) == (201, 201)


def test_apps_of_so_many_organizations_are_remembered_and_no_more(
    aws: Cloud, app: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a memory of one organization, when two mint in turn, then it never holds both, and both are served."""
    monkeypatch.setattr(agora_apps, "_MAX_REMEMBERED", 1)
    container, other = aws.container(), aws.found("Other")
    first, second = stored_scope(app.org_id), stored_scope(other.org_id)
    container.agora_apps(second).put(APP_ID, "other", CERTIFICATE, 1_000)

    for org in (first, second, first):
        assert container.agora_apps(org).get(APP_ID) is not None
        assert list(container._agora_apps) == [org.org]
