"""Row llm stream: OpenAI's own client through the gateway to a provider somebody else wrote (npm aimock)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai

from tests.demo.api import Api, Refused, described
from tests.demo.table import Skipped
from tests.demo.target import UPSTREAM_PORT, Target
from tests.fakes import aimock_server

FIXTURES = Path(__file__).parent / "chat.json"
"""Twelve pieces, a tenth of a second apart."""
TEXT = "Every token is passed on at once, not when the answer is whole."
MODEL = "gpt-4o"
_SPREAD = 0.5
"""The first token comes before this share of the time the whole answer takes: a buffer would give all at the end."""


@dataclass(frozen=True)
class Streamed:
    """One streamed answer as the client saw it, in seconds from the request."""

    text: str
    pieces: int
    first_s: float
    end_s: float
    finish: str | None


def prove(target: Target) -> str:
    """Locally over aimock; in a deployment over the provider that the organization has set."""
    with target.api() as api:
        if target.local:
            with aimock_server.running(port=UPSTREAM_PORT, fixtures=FIXTURES) as aimock:
                upstream = {"base_url": aimock.base_url, "api_key": "sk-made-up", "models": []}
                api.call("PUT", "/v1/llm/upstream", json=upstream)
                seen = _ask(target, MODEL)
                asked = len(aimock.journal())
            assert seen.text == TEXT, f"the client read {seen.text!r}"
            assert asked == 1, f"the provider was asked {asked} times for one answer"
            assert seen.first_s < _SPREAD * seen.end_s, (
                f"the first token came after {seen.first_s:.2f} s of {seen.end_s:.2f} s: held back on the way"
            )
        else:
            seen = _ask(target, _model(api, target))
            assert seen.first_s < seen.end_s, "everything came at once: held back on the way"
    assert seen.finish == "stop", f"the stream ended with {seen.finish!r}"
    return (
        f"openai client over {'npm aimock' if target.local else 'your provider'}: {seen.pieces} pieces, "
        f"first after {seen.first_s * 1000:.0f} ms, last after {seen.end_s * 1000:.0f} ms"
    )


def _model(api: Api, target: Target) -> str:
    reply = api.ask("GET", "/v1/llm/upstream")
    if reply.status == 404:
        raise Skipped("needs a provider: PUT /v1/llm/upstream with its base_url and api_key")
    assert reply.status == 200, described("GET", "/v1/llm/upstream", reply)
    model = target.model or next(iter(reply.data["models"]), None)
    if model is None:
        raise Skipped("needs MODEL=, one that the organization's provider serves")
    return model


@contextmanager
def _client(target: Target) -> Iterator[openai.OpenAI]:
    """OpenAI's client, which repeats nothing by itself."""
    with (
        openai.DefaultHttpxClient(timeout=60, trust_env=not target.local) as transport,
        openai.OpenAI(base_url=target.llm_base_url, api_key=target.key, max_retries=0, http_client=transport) as client,
    ):
        yield client


def _ask(target: Target, model: str) -> Streamed:
    try:
        return _streamed(target, model)
    except openai.APIStatusError as refused:
        request_id = refused.response.headers.get("x-request-id", "unknown")
        place, detail = refused.request.url.path, refused.message
        raise Refused(f"POST {place} → {refused.status_code} {refused.code}: {detail} (request {request_id})") from None


def _streamed(target: Target, model: str) -> Streamed:
    pieces: list[str] = []
    first_s, finish = 0.0, None
    with _client(target) as client:
        began = time.monotonic()
        with client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Say one sentence."}], stream=True
        ) as stream:
            for chunk in stream:
                choice = chunk.choices[0] if chunk.choices else None
                if choice and choice.delta.content:
                    first_s = first_s or time.monotonic() - began
                    pieces.append(choice.delta.content)
                finish = (choice and choice.finish_reason) or finish
        end_s = time.monotonic() - began
    assert pieces, "the stream had no token"
    return Streamed("".join(pieces), len(pieces), first_s, end_s, finish)
