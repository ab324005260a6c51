"""OpenAI's own client, over aimock: what it gets here is what it would get from OpenAI."""

import time

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.contract.llm.conftest import Gateway

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
AGORAS_MESSAGE = {"role": "user", "content": "from agora", "turn_id": 3, "timestamp": 1, "metadata": {"vpids": []}}
TEXT = "Grüezi! 你好, Agora 😀"


def say(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("prefix", ["/llm/v1", "/v1"])
def test_a_whole_completion(gateway: Gateway, prefix: str) -> None:
    answer = gateway.client(prefix=prefix).chat.completions.create(model="gpt-4o", messages=HI)

    assert answer.choices[0].message.content == TEXT
    assert answer.usage
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 7)


def test_a_streamed_completion_without_usage_unless_asked(gateway: Gateway) -> None:
    with gateway.client().chat.completions.create(model="gpt-4o", messages=HI, stream=True) as stream:
        chunks = list(stream)

    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [chunk.usage for chunk in chunks if chunk.usage] == []


def test_usage_comes_last_when_asked(gateway: Gateway) -> None:
    with gateway.client().chat.completions.create(
        model="gpt-4o", messages=HI, stream=True, stream_options={"include_usage": True}
    ) as stream:
        last = list(stream)[-1]

    assert (last.choices, last.usage and last.usage.total_tokens) == ([], 18)


def test_the_clients_own_stream_helper_assembles_tool_calls(gateway: Gateway) -> None:
    with gateway.client().chat.completions.stream(model="gpt-4o", messages=say("weather in Zürich?")) as stream:
        choice = stream.get_final_completion().choices[0]

    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls
    assert choice.message.tool_calls[0].function.arguments == '{"city": "Zürich"}'


def test_agoras_fields_and_nobodys_headers_reach_the_provider(gateway: Gateway) -> None:
    gateway.client().chat.completions.create(
        model="gpt-4o",
        messages=[AGORAS_MESSAGE],  # type: ignore[list-item]
        extra_body={"context": {"presence": {"user": {"planted": 1}}}, "brand_new_parameter": {"a": 1}},
        extra_headers={"X-Request-Id": "turn-0000003", "X-Planted": "1"},
    )
    seen = gateway.aimock.journal()[-1]

    assert {k: v for k, v in seen["body"].items() if not k.startswith("_")} == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "from agora"}],
        "brand_new_parameter": {"a": 1},
    }
    assert seen["headers"]["x-request-id"] == "turn-0000003"
    assert not {name for name in seen["headers"] if name.startswith(("x-planted", "x-stainless"))}


def test_the_first_token_is_not_held_back(gateway: Gateway) -> None:
    started = time.monotonic()
    with gateway.client().chat.completions.create(model="gpt-4o", messages=say("slow"), stream=True) as stream:
        arrivals = [time.monotonic() - started for _ in stream]

    assert 1.4 < arrivals[0] < 2.0  # aimock waits 1.5 s before its first chunk
    assert arrivals[-1] > arrivals[0] + 0.02


def test_the_providers_rate_limit_is_the_clients_rate_limit(gateway: Gateway) -> None:
    with pytest.raises(openai.RateLimitError) as refused:
        gateway.client().chat.completions.create(model="gpt-4o", messages=say("too fast"))

    assert (refused.value.response.headers["retry-after"], refused.value.code) == ("7", "rate_limit_exceeded")


def test_a_stream_that_aimock_cuts_raises_in_the_client(gateway: Gateway) -> None:
    with (
        gateway.client().chat.completions.create(model="gpt-4o", messages=say("cut"), stream=True) as stream,
        pytest.raises(openai.APIError) as cut,
    ):
        for _ in stream:
            pass

    assert cut.value.code == "upstream_connection_lost"


@pytest.mark.parametrize(
    ("key", "error", "code"),
    [
        ("sb_live_nonsense", openai.AuthenticationError, "unauthorized"),
        ("sk-somebody-elses", openai.AuthenticationError, "unauthorized"),
        ("read-only", openai.PermissionDeniedError, "forbidden"),
        ("expired", openai.AuthenticationError, "credential_expired"),
        ("stranger", openai.BadRequestError, "upstream_not_configured"),
    ],
)
def test_keys_are_the_platforms_keys(gateway: Gateway, key: str, error: type[openai.APIStatusError], code: str) -> None:
    account, org = gateway.backing.account, gateway.backing.acme.org_id
    made = {
        "read-only": lambda: account.key(org, "crm:read"),
        "expired": lambda: account.key(org, "llm:chat", expires_at=1),
        "stranger": lambda: account.found("Stranger").api_key,
    }
    with pytest.raises(error) as refused:
        gateway.client(made[key]() if key in made else key).chat.completions.create(model="gpt-4o", messages=HI)

    assert refused.value.code == code


def test_bad_requests_name_their_parameter(gateway: Gateway) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.client().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": 7}])  # type: ignore[misc,list-item]

    assert (refused.value.param, refused.value.type) == ("messages[0].content", "invalid_request_error")
