"""What callers get wrong, through the edge and past it: the documented refusal in the envelope, nothing written."""

import json
from collections.abc import Iterator

import pytest

from shared.core.http.routes import matches
from tests.demo.api import Api
from tests.e2e.bad_input import AGORA, BODIES, HEADERS, JSON, OTHERS, PRIVATE, QUERIES, Bad
from tests.e2e.operations import operations
from tests.e2e.stack import Organization, Stack, is_refusal, patiently


@pytest.fixture(scope="module", autouse=True)
def _nothing_written(stack: Stack, acme: Organization) -> Iterator[None]:
    """All these requests together leave the organization's rows as they were."""
    acme.api.call("POST", "/v1/sources", json={"provider": "agora", "name": "kept", "secrets": ["abcdef"]})
    before = stack.written(acme.id)
    yield
    assert stack.written(acme.id) == before, "a refused request has left something behind"


def documented(bad: Bad) -> bool:
    """Whether the document tells the status for the operation."""
    path = bad.path.partition("?")[0]
    told = [o.statuses for o in operations() if o.method == bad.method and matches(o.path, path)]
    return bad.status in told[0]


@pytest.mark.parametrize("face", ["edge", "gateway"])
@pytest.mark.parametrize(
    "bad", [*BODIES, *HEADERS, *QUERIES, *AGORA, *OTHERS, *PRIVATE], ids=lambda b: f"{b.path} {b.name}"[:80]
)
def test_bad_input_gets_its_documented_refusal(stack: Stack, acme: Organization, face: str, bad: Bad) -> None:
    """Given a request that is wrong, when sent, then its status, its code, where it is wrong, in the envelope."""
    with Api(stack.face(face), acme.key) as api:
        reply = patiently(lambda: bad.ask(api))

    assert (reply.status, reply.error.get("code")) == (bad.status, bad.code), reply.text
    assert bad.pointer is None or reply.error["pointer"] == bad.pointer
    assert is_refusal(reply)
    assert documented(bad)


@pytest.mark.parametrize(
    ("name", "raw", "status", "code"),
    [
        ("not JSON", b"{", 400, "malformed_json"),
        ("no messages", json.dumps({"model": "gpt-4o"}).encode(), 400, None),
        ("no model", json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode(), 400, None),
        (
            "no upstream",
            json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode(),
            400,
            "upstream_not_configured",
        ),
        (
            "a role nobody has",
            json.dumps({"model": "m", "messages": [{"role": "king", "content": "hi"}]}).encode(),
            400,
            None,
        ),
        ("nested without end", b"[" * 100_000, 400, None),
    ],
)
def test_a_bad_chat_request_is_refused_as_openai_does(
    stack: Stack, acme: Organization, name: str, raw: bytes, status: int, code: str | None
) -> None:
    """Given a chat request that is wrong, when sent, then OpenAI's error body with a sentence and a code of ours."""
    with Api(stack.llm_base_url, acme.key) as api:
        reply = api.ask("POST", "/chat/completions", content=raw, headers=JSON)

    error = reply.body["error"]
    assert (reply.status, set(error)) == (status, {"message", "type", "param", "code"}), name
    assert code is None or error["code"] == code
    assert "Traceback" not in reply.text
