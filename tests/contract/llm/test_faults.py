"""OpenAI's client over a provider that fails in every way we know: the truth, and never a silent end."""

import json
import time
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from shared.core.scope import stored_scope
from shared.llm.upstream import Upstream
from shared.runtime import llm
from tests.contract.llm.conftest import Gateway
from tests.fakes.chat_app import UPSTREAM_KEY, wait_for
from tests.fakes.fault_upstream import TEXT

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> str:
    """Of an organization whose provider fails on demand."""
    account = gateway.backing.account
    founded = account.found("Faulty")
    upstream = Upstream(gateway.faulty.base_url, UPSTREAM_KEY)
    llm.upstreams(account.container(), stored_scope(founded.org_id)).put(upstream, 1_000)
    return founded.api_key


def text_of(gateway: Gateway, key: str, model: str, **more: Any) -> str:
    """What the client has read when the stream ends."""
    with gateway.client(key).chat.completions.create(model=model, messages=HI, stream=True, **more) as stream:
        return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


@pytest.mark.parametrize(
    "model", ["good", "bytes", "crlf", "pings", "bad-line", "no-done", "two-dones", "no-usage", "gzip"]
)
def test_what_can_be_read_is_read(gateway: Gateway, key: str, model: str) -> None:
    assert text_of(gateway, key, model) == TEXT


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("cut", "upstream_connection_lost"),
        ("short", "upstream_cut"),
        ("error-mid", "oops"),
    ],
)
def test_a_broken_stream_raises_after_what_came_before(gateway: Gateway, key: str, model: str, code: str) -> None:
    got: list[str] = []
    with (
        gateway.client(key).chat.completions.create(model=model, messages=HI, stream=True) as stream,
        pytest.raises(openai.APIError) as raised,
    ):
        got.extend(chunk.choices[0].delta.content or "" for chunk in stream)

    assert raised.value.code == code


@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("error-first", openai.InternalServerError, "oops"),
        ("empty", openai.InternalServerError, "upstream_cut"),
        ("ok-error", openai.InternalServerError, "oops"),
        ("r400", openai.BadRequestError, "context_length_exceeded"),
        ("r401", openai.InternalServerError, "upstream_credentials"),
        ("r404", openai.NotFoundError, "model_not_found"),
        ("r429", openai.RateLimitError, "rate_limit_exceeded"),
        ("quota", openai.RateLimitError, "insufficient_quota"),
        ("r500", openai.InternalServerError, "upstream_broken"),
    ],
)
def test_what_fails_before_the_first_chunk_has_its_status(
    gateway: Gateway, key: str, model: str, error: type[openai.APIStatusError], code: str
) -> None:
    with pytest.raises(error) as refused:
        text_of(gateway, key, model)

    assert refused.value.code == code
    assert "sk-planted" not in refused.value.message


@pytest.mark.parametrize(("model", "code"), [("cut", "upstream_connection_lost"), ("html", "upstream_broken")])
def test_a_whole_answer_that_is_none_is_an_error(gateway: Gateway, key: str, model: str, code: str) -> None:
    with pytest.raises(openai.InternalServerError) as refused:
        gateway.client(key).chat.completions.create(model=model, messages=HI)

    assert refused.value.code == code


def test_the_bytes_on_the_wire_are_exact(gateway: Gateway, key: str) -> None:
    answer = httpx.post(
        f"{gateway.base}/llm/v1/chat/completions",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": "short", "messages": HI, "stream": True},
    )

    frames = answer.text.split("\n\n")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert json.loads(frames[-3].removeprefix("data: ")) == {
        "error": {
            "message": "The model provider's stream stopped before it was complete.",
            "type": "server_error",
            "code": "upstream_cut",
            "param": None,
        }
    }
    assert frames[-2:] == ["data: [DONE]", ""]
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["ratelimit"].startswith('"llm";')


def test_one_token_then_three_seconds_of_silence(gateway: Gateway, key: str) -> None:
    started = time.monotonic()
    with gateway.client(key).chat.completions.create(model="pause", messages=HI, stream=True) as stream:
        arrivals = [(time.monotonic() - started, c.choices[0].delta.content) for c in stream if c.choices]

    assert arrivals[1][1] == "Héllo "
    assert arrivals[1][0] < 0.5
    assert arrivals[-1][0] > 3


def test_a_client_that_leaves_stops_the_provider_and_is_recorded(gateway: Gateway, key: str) -> None:
    gateway.faulty.left.clear()
    before = len(gateway.backing.records())
    with gateway.client(key).chat.completions.create(model="endless", messages=HI, stream=True) as stream:
        next(iter(stream))

    assert gateway.faulty.left.wait(2)
    wait_for(lambda: len(gateway.backing.records()) > before, seconds=2, what="the usage record")
    assert "abandoned" in {r["outcome"]["S"] for r in gateway.backing.records()}


@pytest.mark.parametrize(
    ("model", "source", "outcome"),
    [
        ("good", "provider", "complete"),
        ("no-usage", "estimated", "complete"),
        ("cut", "estimated", "upstream_connection_lost"),
        ("error-first", "none", "upstream_broken"),
    ],
)
def test_each_completion_leaves_a_record_that_says_who_counted(
    gateway: Gateway, key: str, model: str, source: str, outcome: str
) -> None:
    request_id = f"record-{model}"
    try:
        text_of(gateway, key, model, extra_headers={"X-Request-Id": request_id})
    except openai.APIError:
        assert outcome != "complete"

    def mine() -> list[dict[str, Any]]:
        return [r for r in gateway.backing.records() if r["request_id"]["S"] == request_id]

    wait_for(lambda: len(mine()) == 1, seconds=2, what="the usage record")
    record = mine()[0]
    assert (record["usage_source"]["S"], record["outcome"]["S"]) == (source, outcome)
    assert ("N" in record["ttft_ms"]) == (source != "none")


def test_a_warm_request_is_the_limiter_its_record_and_a_look_at_the_circuit_each_second(
    gateway: Gateway, key: str
) -> None:
    text_of(gateway, key, "good")
    wait_for(lambda: gateway.backing.calls[-1] == "PutItem", seconds=2, what="the record")
    before = len(gateway.backing.calls)
    time.sleep(1.1)  # how long a circuit is believed
    text_of(gateway, key, "good")

    wait_for(lambda: len(gateway.backing.calls) > before + 2, seconds=2, what="the record")
    assert gateway.backing.calls[before:] == ["UpdateItem", "GetItem", "PutItem"]
