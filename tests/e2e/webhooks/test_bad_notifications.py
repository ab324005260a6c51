"""Notifications that are forged, late, unreadable or repeated, on the deployed local stack."""

import pytest

from tests.demo import notifications
from tests.demo.api import Api
from tests.e2e.operations import operations
from tests.e2e.stack import Organization, Stack, is_refusal, patiently

SECRET = "agora-notification-secret"


@pytest.fixture(scope="module")
def hook(other: Organization) -> str:
    """The URL of a source; of another organization, since a good notification does write."""
    made = other.api.call("POST", "/v1/sources", json={"provider": "agora", "name": "hooks", "secrets": [SECRET]})
    return str(made["url"])


def _wrong(name: str) -> tuple[bytes, dict[str, str]]:
    """A notification that is wrong in one way."""
    fresh = notifications.fresh()
    body, headers = notifications.signed(fresh, SECRET)
    return {
        "forged": lambda: notifications.signed(fresh, "not-the-secret"),
        "unsigned": lambda: (body, {"Content-Type": "application/json"}),
        "changed after signing": lambda: (body.replace(b"support", b"premium"), headers),
        "a signature that is none": lambda: (body, headers | {"Agora-Signature-V2": "zz" * 32}),
        "two hours late": lambda: notifications.signed(notifications.fresh(age_s=7200), SECRET),
        "ten minutes early": lambda: notifications.signed(notifications.fresh(age_s=-600), SECRET),
        "no envelope of Agora's": lambda: notifications.signed({"hello": "world"}, SECRET),
        "a payload that is a list": lambda: notifications.signed(fresh | {"payload": []}, SECRET),
        "over 256 KiB": lambda: notifications.signed(fresh | {"payload": {"x": "y" * 300_000}}, SECRET),
    }[name]()


@pytest.mark.parametrize("face", ["edge", "gateway"])
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("forged", 401),
        ("unsigned", 401),
        ("changed after signing", 401),
        ("a signature that is none", 401),
        ("two hours late", 422),
        ("ten minutes early", 422),
        ("no envelope of Agora's", 400),
        ("a payload that is a list", 400),
        ("over 256 KiB", 413),
    ],
)
def test_a_bad_notification_is_refused_and_leaves_no_event(
    stack: Stack, other: Organization, hook: str, face: str, name: str, status: int
) -> None:
    """Given a notification that is forged, late or unreadable, when it comes, then its status, and no event is kept."""
    body, headers = _wrong(name)
    before = stack.written(other.id)
    with Api(stack.face(face)) as api:
        url = hook.replace(stack.base_url, stack.face(face))
        reply = patiently(lambda: api.ask("POST", url, content=body, headers=headers))

    assert reply.status == status, reply.text
    assert is_refusal(reply)
    assert stack.written(other.id) == before
    assert status in next(o.statuses for o in operations() if o.name == "receiveAgoraNotification")


def test_a_replayed_notification_is_one_event(stack: Stack, other: Organization, hook: str) -> None:
    """Given a notification taken from the wire, when sent again and again, then one event, and each answer says so."""
    body, headers = notifications.signed(notifications.fresh(), SECRET)
    replies = [other.api.ask("POST", hook, content=body, headers=headers) for _ in range(4)]

    assert [r.data["duplicate"] for r in replies] == [False, True, True, True]
    assert len({r.data["event_id"] for r in replies}) == 1
    assert str(stack.rows("events", other.id)).count("'inbound'") <= 1


def test_a_token_of_no_source_says_no_more_than_404(stack: Stack) -> None:
    """Given made-up and misshapen source tokens, when called, then the same 404."""
    body, headers = notifications.signed(notifications.fresh(), SECRET)
    headers["X-Request-Id"] = "same-request"
    with Api(stack.base_url) as api:
        replies = [
            api.ask("POST", f"{stack.base_url}/v1/hooks/agora/{token}", content=body, headers=headers)
            for token in ("A" * 43, "x", "%00")
        ]

    assert {r.status for r in replies} == {404}
    assert len({r.text for r in replies}) == 1
