"""A provider's refusal reaches the caller with its meaning, its code and when to come back."""

import json
from typing import Any

import pytest

from shared.core.errors import Problem, UpstreamTimeout
from shared.llm import openai_error, refusals
from shared.llm.chat_request import parse
from shared.llm.openai_error import OpenAIError
from shared.llm.usage import Usage, estimated, reported

SAYS = {"error": {"message": "why", "type": "t", "code": "c", "param": "model"}}


@pytest.mark.parametrize(
    ("theirs", "ours", "code"),
    [
        (400, 400, "c"),
        (404, 404, "c"),
        (413, 413, "c"),
        (418, 502, "c"),
        (422, 422, "c"),
        (429, 429, "c"),
        (500, 502, "c"),
        (503, 503, "c"),
        (529, 503, "c"),
        (401, 502, "upstream_credentials"),
        (403, 502, "upstream_credentials"),
        (408, 504, "upstream_timeout"),
        (504, 504, "upstream_timeout"),
        (200, 502, "c"),
    ],
)
def test_each_status_has_one_meaning(theirs: int, ours: int, code: str) -> None:
    problem = refusals.of_answer(theirs, {}, json.dumps(SAYS).encode())

    assert (problem.status, refusals.described(problem).code) == (ours, code)


def test_the_providers_sentence_passes_but_never_one_about_its_key() -> None:
    body = json.dumps({"error": {"message": "Incorrect API key provided: sk-abc"}}).encode()

    assert "sk-abc" in refusals.of_answer(400, {}, body).detail
    assert "sk-abc" not in refusals.of_answer(401, {}, body).detail


def test_a_throttled_key_says_when_to_come_back() -> None:
    headers = {"retry-after": "7", "retry-after-ms": "6500", "set-cookie": "a"}

    assert refusals.of_answer(429, headers, b"<html>").headers == {"retry-after": "7", "retry-after-ms": "6500"}


def test_spent_quota_is_not_worth_a_retry() -> None:
    problem = refusals.of_answer(429, {}, b'{"error": {"code": "insufficient_quota", "message": "spent"}}')

    assert (problem.status, problem.headers, problem.retryable) == (429, {"x-should-retry": "false"}, False)


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"\xff", b"[" * 200_000, b"{}", b"7"])
def test_an_unreadable_refusal_still_has_a_sentence(body: bytes) -> None:
    problem = refusals.of_answer(500, {}, body)

    assert refusals.described(problem) == OpenAIError(refusals.UpstreamBroken.title, "server_error", "upstream_broken")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "text"}, "text"),
        ({"detail": "text"}, "text"),
        ({"message": "text"}, "text"),
        ({"detail": [{"loc": ["body"]}]}, '[{"loc": ["body"]}]'),
        ({"error": {"reason": "r"}}, '{"reason": "r"}'),
        ({"error": {"message": "x" * 5_000}}, "x" * 1_000),
    ],
)
def test_every_dialect_of_error_is_read(body: dict[str, Any], message: str) -> None:
    assert refusals.of_answer(400, {}, json.dumps(body).encode()).detail == message


def test_our_own_problems_take_openais_form() -> None:
    with pytest.raises(Problem) as refused:
        parse(b'{"model": "m", "messages": [{"role": 7}]}')

    assert json.loads(openai_error.of(refused.value).body()) == {
        "error": {
            "message": "messages/0/role must be a text.",
            "type": "invalid_request_error",
            "code": "invalid_request",
            "param": "messages[0].role",
        }
    }
    assert openai_error.of(UpstreamTimeout()).type == "server_error"


def test_usage_says_who_counted() -> None:
    assert reported({"prompt_tokens": 5, "completion_tokens": 0}) == Usage("provider", 5, 0)
    assert reported({"prompt_tokens": True, "completion_tokens": 1}) is None
    assert reported(None) is None
    assert estimated(10, 5) == Usage("estimated", 3, 2)
    assert estimated(10, 0) == Usage("none")
