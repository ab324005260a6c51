"""The HTTP contract of every function, shown on the API-key routes."""

import gzip
import json
from base64 import b64decode
from typing import Any

import pytest
import time_machine

from shared.core import pagination
from shared.core.clock import DAY, rfc3339, system
from shared.identity.keys import Mode
from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import Cloud, Reply, http_event

PATH = "/v1/api-keys"
WANTED = {"name": "deploy-pipeline", "scopes": ["agora:tokens"]}


def call(aws: Cloud, method: str = "GET", path: str = PATH, **event: Any) -> Reply:
    """A call to the key routes."""
    return aws.call("identity/keys", method, path, **event)


def test_the_envelope_has_its_five_members_and_the_security_headers(aws: Cloud, acme: Founded) -> None:
    """Given a key, when it lists keys, then envelope, meta and headers are as the contract says."""
    reply = call(aws, key=acme.api_key, headers={"X-Request-Id": "my-request-1"})

    assert reply.status == 200
    assert list(reply.json) == ["success", "data", "message", "meta", "errors"]
    assert reply.json["meta"] == {
        "request_id": "my-request-1",
        "version": "1",
        "limit": 20,
        "skip": None,
        "total": None,
        "next_cursor": None,
    }
    assert reply.headers["X-Request-Id"] == "my-request-1"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in reply.headers["Strict-Transport-Security"]
    assert reply.headers["RateLimit-Policy"] == '"default";q=1000;w=3600'


def test_a_request_id_that_could_break_a_log_line_is_replaced(aws: Cloud, acme: Founded) -> None:
    """Given an unsafe X-Request-Id, when called, then the answer has one of ours."""
    reply = call(aws, key=acme.api_key, headers={"X-Request-Id": 'x"\n{'})

    assert reply.headers["X-Request-Id"].startswith("req_")


CREDENTIALS = {
    "none": {},
    "empty": {"Authorization": ""},
    "another scheme": {"Authorization": "Basic c2I6eA=="},
    "forged": {"Authorization": "Bearer sb_live_" + "0" * 49},
    "garbage": {"Authorization": "Bearer x"},
    "two that differ": {"Authorization": "Bearer sb_live_a", "X-Api-Key": "sb_live_b"},
    "alg none": {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJvcmciOiJvcmdfMSJ9."},
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_without_a_valid_credential_it_is_401_with_a_challenge(aws: Cloud, case: str) -> None:
    """Given a missing or forged credential, when called, then 401 in the envelope and a challenge."""
    reply = call(aws, headers=CREDENTIALS[case])

    assert (reply.status, reply.code, reply.json["success"]) == (401, "unauthorized", False)
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_key_is_told_so(aws: Cloud, acme: Founded) -> None:
    """Given a key past its expiry, when used, then 401 with a code of its own."""
    expired = aws.key(acme.org_id, "*", expires_at=system() - DAY)

    reply = call(aws, key=expired)

    assert (reply.status, reply.code) == (401, "credential_expired")


def test_a_read_only_key_cannot_make_keys(aws: Cloud, acme: Founded) -> None:
    """Given a key without the scope, when it creates, then 403 names the scope and nothing is written."""
    reader = aws.key(acme.org_id, "audit:read")
    before = len(aws.rows("platform"))

    reply = call(aws, "POST", key=reader, json_body=WANTED)

    assert (reply.status, reply.code) == (403, "forbidden")
    assert "identity:admin" in reply.json["errors"][0]["detail"]
    assert len(aws.rows("platform")) == before


BODIES = {
    "not JSON": ("{", {}, 400, "malformed_json", None),
    "nothing": ("", {}, 400, "malformed_json", None),
    "another type": ("a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", None),
    "too large": (json.dumps({"name": "x" * 300_000}), {}, 413, "payload_too_large", None),
    "a list": ("[]", {}, 422, "invalid", ""),
    "a wrong type": (json.dumps(WANTED | {"name": 1}), {}, 422, "invalid", "/name"),
    "an unknown field": (json.dumps(WANTED | {"org": "org_2"}), {}, 422, "invalid", "/org"),
    "an unknown scope": (json.dumps(WANTED | {"scopes": ["root"]}), {}, 422, "invalid", "/scopes/0"),
    "a past expiry": (json.dumps(WANTED | {"expires_at": "2020-01-01T00:00:00Z"}), {}, 422, "invalid", "/expires_at"),
    "a moment without offset": (
        json.dumps(WANTED | {"expires_at": "2030-01-01T00:00:00"}),
        {},
        422,
        "invalid",
        "/expires_at",
    ),
    "a moment past the last year": (
        json.dumps(WANTED | {"expires_at": "9999-12-31T23:59:59-12:00"}),
        {},
        422,
        "invalid",
        "/expires_at",
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_bad_body_gets_its_documented_refusal(aws: Cloud, acme: Founded, case: str) -> None:
    """Given a bad body, when created, then its status, code and pointer, and nothing is written."""
    body, headers, status, code, pointer = BODIES[case]
    before = len(aws.rows("platform"))

    reply = call(aws, "POST", key=acme.api_key, body=body, headers=headers)

    assert (reply.status, reply.code, reply.json["errors"][0]["pointer"]) == (status, code, pointer)
    assert len(aws.rows("platform")) == before


def test_a_body_that_lies_about_base64_is_400(aws: Cloud, acme: Founded) -> None:
    """Given an event whose body is not the base64 it claims, when called, then 400."""
    event = http_event("POST", PATH, headers={"Authorization": f"Bearer {acme.api_key}"}, body="%%%")
    answer = aws.function("identity/keys").handler(event | {"isBase64Encoded": True}, None)

    assert answer["statusCode"] == 400


def test_an_unknown_path_is_404_and_an_unknown_method_405(aws: Cloud, acme: Founded) -> None:
    """Given a path or method no route offers, when called, then 404, or 405 with Allow."""
    missing = call(aws, "GET", PATH + "/a/b/c", key=acme.api_key)
    method = call(aws, "PATCH", PATH, key=acme.api_key)
    fallback = aws.call("platform/fallback", "GET", "/v2/anything")

    assert (missing.status, missing.code) == (404, "not_found")
    assert (method.status, method.code, method.headers["Allow"]) == (405, "method_not_allowed", "GET, POST")
    assert (fallback.status, fallback.code) == (404, "not_found")


def test_the_fallback_answers_without_tables(aws: Cloud) -> None:
    """Given a function that is given no table, as the fallback is, when called, then it refuses in the envelope."""
    for name in [name for name in aws.environ if name.startswith("TABLE_")]:
        del aws.environ[name]

    reply = aws.call("platform/fallback", "POST", "/v1/nothing-here")

    assert (reply.status, reply.code) == (404, "not_found")


def test_preflight_is_answered_for_origins_on_the_list_only(aws: Cloud) -> None:
    """Given OPTIONS, when the origin is on the list, then it is allowed; any other learns nothing."""
    ours = call(aws, "OPTIONS", headers={"Origin": "https://console.switchboard.test"})
    other = call(aws, "OPTIONS", headers={"Origin": "https://evil.test"})

    assert (ours.status, ours.headers["Access-Control-Allow-Origin"]) == (204, "https://console.switchboard.test")
    assert ours.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_key_is_shown_once_opens_and_stops_opening_when_deleted(aws: Cloud, acme: Founded) -> None:
    """Given a created key, when used, shown, listed and deleted, then its text appears only at creation."""
    made = call(aws, "POST", key=acme.api_key, json_body=WANTED | {"scopes": ["identity:admin"]})
    text, key_id = made.data["key"], made.data["id"]
    shown = call(aws, "GET", f"{PATH}/{key_id}", key=text)
    listed = call(aws, "GET", key=text)
    deleted = call(aws, "DELETE", f"{PATH}/{key_id}", key=acme.api_key)
    aws.restart("identity/keys")
    after = call(aws, key=text)

    assert (made.status, shown.status, deleted.data) == (201, 200, {"id": key_id, "deleted": True})
    assert len(listed.data) == 2
    assert text not in shown.text + listed.text
    assert after.status == 401


def test_another_organizations_key_is_as_missing_as_a_missing_one(aws: Cloud, acme: Founded) -> None:
    """Given another organization's key id, when read or deleted, then the answer is that of an id never seen."""
    other = aws.found("Other")
    theirs = call(aws, "POST", key=other.api_key, json_body=WANTED).data["id"]

    for method in ("GET", "DELETE"):
        foreign = call(aws, method, f"{PATH}/{theirs}", key=acme.api_key, headers={"X-Request-Id": "same-request"})
        missing = call(aws, method, f"{PATH}/key_none", key=acme.api_key, headers={"X-Request-Id": "same-request"})
        assert (foreign.status, foreign.text) == (404, missing.text)


def test_a_sandboxs_keys_say_that_they_are(aws: Cloud) -> None:
    """Given a sandbox, when it makes a key, then the key begins with sb_test_, as its owner's does."""
    sandbox = aws.found("Sandbox", Mode.TEST)

    made = call(aws, "POST", key=sandbox.api_key, json_body=WANTED)

    assert sandbox.api_key.startswith("sb_test_")
    assert made.data["key"].startswith("sb_test_")


def test_no_key_is_given_more_than_its_creator_has(aws: Cloud, acme: Founded) -> None:
    """Given a creator without a scope, when it creates a key with it, then 403."""
    admin = aws.key(acme.org_id, "identity:admin")

    reply = call(aws, "POST", key=admin, json_body=WANTED)

    assert (reply.status, reply.code) == (403, "forbidden")


def _cursor(sort_key: str) -> str:
    """Well formed, whatever it points to."""
    return pagination.encode(sort_key)


BAD_CURSORS = ["bm90IG91cnM", "", "%%%", _cursor("\U0001f600"), _cursor("\x01"), _cursor("x" * 2_000), "A" * 5_000]


def test_an_id_longer_than_any_is_missing_like_any_other(aws: Cloud, acme: Founded) -> None:
    """Given an id that the store would refuse as a key, when asked for, then 404, and not the store's own error."""
    reply = call(aws, "GET", f"{PATH}/{'k' * 2_000}", key=acme.api_key)

    assert (reply.status, reply.code) == (404, "not_found")


def test_a_key_ends_no_later_than_what_makes_it(aws: Cloud, acme: Founded) -> None:
    """Given a creator that ends, when it makes keys, then they end with it by default, and never later."""
    ends = system() + DAY
    admin = aws.key(acme.org_id, "*", expires_at=ends)

    same = call(aws, "POST", key=admin, json_body=WANTED)
    later = call(aws, "POST", key=admin, json_body=WANTED | {"expires_at": "2099-01-01T00:00:00Z"})

    assert (same.status, same.data["expires_at"]) == (201, rfc3339(ends))
    assert (later.status, later.code) == (403, "forbidden")


def test_pages_follow_one_another_without_gap_or_repeat(aws: Cloud, acme: Founded) -> None:
    """Given seven keys, when read three at a time, then each comes once, and a foreign cursor is refused."""
    for n in range(6):
        call(aws, "POST", key=acme.api_key, json_body=WANTED | {"name": f"k{n}"})
    names: list[str] = []
    query = {"limit": "3"}
    while True:
        page = call(aws, key=acme.api_key, query=query)
        names += [k["name"] for k in page.data]
        if not (cursor := page.json["meta"]["next_cursor"]):
            break
        query = {"limit": "3", "cursor": cursor}
    refused = [call(aws, key=acme.api_key, query={"cursor": c}) for c in BAD_CURSORS]
    over = call(aws, key=acme.api_key, query={"limit": "101"})

    assert names == ["owner", "k0", "k1", "k2", "k3", "k4", "k5"]
    assert {(r.status, r.json["errors"][0]["pointer"]) for r in refused} == {(422, "?cursor")}
    assert (over.status, over.json["errors"][0]["pointer"]) == (422, "?limit")


def test_the_same_idempotency_key_gets_the_same_answer_without_its_secret(aws: Cloud, acme: Founded) -> None:
    """Given a creation with a key, when repeated, then the stored answer comes back, replayed, and one key exists."""
    headers = {"Idempotency-Key": "abc"}
    first = call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers)
    again = call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers)
    other = call(aws, "POST", key=acme.api_key, json_body=WANTED | {"name": "x"}, headers=headers)

    assert (first.status, again.status) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data | {"key": None}
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    assert len(call(aws, key=acme.api_key).data) == 2
    assert first.data["name"] not in str([r for r in aws.rows("limits") if "answer" in r])


def test_a_day_later_the_same_idempotency_key_is_a_new_request(aws: Cloud, acme: Founded) -> None:
    """Given a key made a day ago, when its Idempotency-Key is used again, then another key is made, the first opens."""
    headers = {"Idempotency-Key": "abc"}
    with time_machine.travel(1_795_161_600, tick=False) as clock:
        first = call(aws, "POST", key=acme.api_key, json_body=WANTED | {"scopes": ["identity:admin"]}, headers=headers)
        clock.shift(25 * 3600)
        second = call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers)
        opened = call(aws, key=first.data["key"])

    assert (second.status, opened.status) == (201, 200)
    assert first.data["id"] < second.data["id"], "ids stay in order of creation"


def test_while_the_first_is_running_the_second_is_told_to_wait(aws: Cloud, acme: Founded) -> None:
    """Given a first request killed in flight, when repeated, then 409; a minute later it runs, under the same id."""
    headers = {"Idempotency-Key": "abc"}
    with time_machine.travel(1_795_161_600, tick=False) as clock:
        made = call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers)
        _forget_answer(aws)
        waiting = call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers)
        clock.shift(61)
        again = call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers)
        old = call(aws, key=made.data["key"])

    assert (waiting.status, waiting.code) == (409, "idempotency_in_flight")
    assert (again.status, again.data["id"]) == (201, made.data["id"])
    assert len(call(aws, key=acme.api_key).data) == 2
    assert old.status == 401, "the key of the try that nobody heard of is gone"


def _forget_answer(aws: Cloud) -> None:
    """As if the function had been killed between its work and its answer."""
    from shared.adapters.dynamodb.table import Update

    table = aws.container().table("limits")
    row = next(r for r in aws.rows("limits") if "answer" in r)
    table.update(row["pk"]["S"], row["sk"]["S"], Update(sets={}, removes=["answer", "status"]))


def test_over_the_limit_it_is_429_and_says_when_to_come_back(aws: Cloud, acme: Founded) -> None:
    """Given a quota of 20 an hour, when a principal calls on, then exactly 20 are answered and the rest told when."""
    with time_machine.travel(1_795_161_600, tick=False):
        aws.environ["HOURLY_LIMIT"] = "20"
        replies = [call(aws, key=acme.api_key) for _ in range(25)]

    assert [r.status for r in replies] == [200] * 20 + [429] * 5
    assert (replies[-1].code, replies[-1].headers["Retry-After"]) == ("too_many_requests", "3600")


def test_long_answers_are_compressed_for_who_takes_it(aws: Cloud, acme: Founded) -> None:
    """Given a long list, when the caller takes gzip, then the body is gzip and the same."""
    for n in range(8):
        call(aws, "POST", key=acme.api_key, json_body=WANTED | {"name": f"k{n}"})
    plain = call(aws, key=acme.api_key, headers={"X-Request-Id": "same-request"})
    event = http_event(
        "GET",
        PATH,
        headers={"Authorization": f"Bearer {acme.api_key}", "Accept-Encoding": "gzip", "X-Request-Id": "same-request"},
    )
    answer = aws.function("identity/keys").handler(event, None)

    assert (answer["headers"]["Content-Encoding"], answer["isBase64Encoded"]) == ("gzip", True)
    assert gzip.decompress(b64decode(answer["body"])).decode() == plain.text


def test_an_error_nobody_expected_is_a_500_that_tells_nothing(
    aws: Cloud, acme: Founded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a bug, when it strikes, then 500 in the envelope, and neither answer nor log quotes the error's text."""
    module = aws.function("identity/keys")

    def broken(*_: object) -> None:
        raise RuntimeError("password hunter2")

    monkeypatch.setattr(module.service, "page", broken)
    reply = call(aws, key=acme.api_key)

    logged = capsys.readouterr().out
    assert (reply.status, reply.code) == (500, "internal_error")
    assert '"log":"SB1002"' in logged
    assert "hunter2" not in reply.text + logged


def test_when_the_limiters_store_is_gone_calls_go_through(aws: Cloud, acme: Founded) -> None:
    """Given a limiter that cannot reach its store, when called, then the call is answered without limit headers."""
    module = aws.function("identity/keys")

    class Gone:
        def check(self, *_: object) -> None:
            from shared.core.limits import StoreDown

            raise StoreDown

    object.__setattr__(module.container.guards, "limiter", Gone())
    reply = call(aws, key=acme.api_key)

    assert reply.status == 200
    assert "RateLimit" not in reply.headers


def test_a_deed_whose_audit_entry_is_lost_is_still_done_and_told(
    aws: Cloud, acme: Founded, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given an audit chain that cannot be written, when a key is made, then it is told, and the log has the entry."""
    module = aws.function("identity/keys")

    class Gone:
        def append(self, *_: object) -> None:
            raise RuntimeError

    module.container.audit = Gone()
    reply = call(aws, "POST", key=acme.api_key, json_body=WANTED)

    logged = capsys.readouterr().out
    assert reply.status == 201
    assert '"log":"SB1301"' in logged
    assert reply.data["id"] in logged


def test_guessing_credentials_is_bounded_per_address(aws: Cloud) -> None:
    """Given an address that offers one wrong key after another, when it goes on, then it is told to wait."""
    wrong = {"Authorization": "Bearer x"}
    with time_machine.travel(1_795_161_600, tick=False):
        statuses = [call(aws, headers=wrong, source_ip="2001:db8::1").status for _ in range(60)]
        neighbour = call(aws, headers=wrong, source_ip="2001:db8::2")
        elsewhere = call(aws, headers=wrong, source_ip="2001:db8:0:1::1")

    assert statuses == [401] * 60
    assert (neighbour.status, elsewhere.status) == (429, 401), "an IPv6 caller has a /64"


def test_after_an_error_of_ours_the_same_request_may_try_again_at_once(
    aws: Cloud, acme: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a creation that died half way, when repeated with its key, then it runs at once, under the same id."""
    module = aws.function("identity/keys")
    made: list[str] = []
    real = module.service.create

    def dying(*args: object, key_id: str, **more: object) -> object:
        made.append(key_id)
        if len(made) == 1:
            raise RuntimeError
        return real(*args, key_id=key_id, **more)

    monkeypatch.setattr(module.service, "create", dying)
    headers = {"Idempotency-Key": "abc"}
    replies = [call(aws, "POST", key=acme.api_key, json_body=WANTED, headers=headers) for _ in range(2)]

    assert [r.status for r in replies] == [500, 201]
    assert made[0] == made[1]
