"""Job 3 on the deployed local stack: OpenAI's client, our edge, the built artefact under its own role, a provider."""

import time

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.e2e.llm.conftest import UPSTREAM_KEY, Local
from tests.fakes.fault_upstream import TEXT, FaultUpstream

pytestmark = pytest.mark.e2e

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
GREETING = "Grüezi! 你好, Agora 😀"


def test_a_completion_whole_and_streamed(with_aimock: openai.OpenAI) -> None:
    answer = with_aimock.chat.completions.create(model="gpt-4o", messages=HI)
    with with_aimock.chat.completions.create(model="gpt-4o", messages=HI, stream=True) as stream:
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert answer.choices[0].message.content == streamed == GREETING


def test_one_token_then_three_seconds_of_silence(with_faults: openai.OpenAI) -> None:
    with with_faults.chat.completions.create(model="good", messages=HI, stream=True) as warm:
        assert "".join(c.choices[0].delta.content or "" for c in warm if c.choices) == TEXT
    started = time.monotonic()
    with with_faults.chat.completions.create(model="pause", messages=HI, stream=True) as stream:
        arrivals = [(time.monotonic() - started, c.choices[0].delta.content) for c in stream if c.choices]

    assert arrivals[1][1] == "Héllo "
    assert arrivals[1][0] < 0.5
    assert arrivals[-1][0] > 3


def test_a_cut_stream_raises_in_the_client(with_faults: openai.OpenAI) -> None:
    with (
        with_faults.chat.completions.create(model="cut", messages=HI, stream=True) as stream,
        pytest.raises(openai.APIError) as cut,
    ):
        for _ in stream:
            pass

    assert cut.value.code == "upstream_connection_lost"


def test_the_provider_sees_the_organizations_own_key(with_faults: openai.OpenAI, faulty: FaultUpstream) -> None:
    with_faults.chat.completions.create(model="good", messages=HI)

    assert faulty.seen[-1].headers["authorization"] == f"Bearer {UPSTREAM_KEY}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/2018-06-01", "https://169.254.169.254/v1"])
def test_a_provider_inside_our_network_cannot_be_set(local: Local, url: str) -> None:
    reply = local.set_upstream(local.found("LLM egress"), url)

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/base_url")


def test_a_refusal_keeps_openais_body(local: Local) -> None:
    reply = httpx.post(f"{local.llm_base_url}/chat/completions", json={}, timeout=30)

    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "unauthorized")
