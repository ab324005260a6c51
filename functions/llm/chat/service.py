"""One chat completion: the organization's upstream is asked, its answer passed on, its usage recorded."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from shared.core.clock import Clock
from shared.core.errors import BadRequest, FieldError, NotFound, Problem
from shared.core.scope import OrgScope, Principal
from shared.core.text import bounded
from shared.llm import openai_error, refusals, usage
from shared.llm.chat_request import MAX_MODEL_NAME, ChatRequest
from shared.llm.relay import Relay
from shared.llm.upstream import ChatUpstream, Upstream, UsageRecord, serves
from shared.llm.usage import Usage

_MAX_CODE = 64
"""Characters kept of an error's code: within a stream it is the provider's own."""


class NotConfigured(BadRequest):
    """The organization has no upstream yet. Not 409: OpenAI's clients would try that again."""

    code = "upstream_not_configured"
    title = "No model provider is configured: set one with PUT /v1/llm/upstream"


class ModelNotOffered(NotFound):
    """The organization limits its callers to a list of models, and this is not on it."""

    code = "model_not_found"
    title = "The organization does not offer this model"


class Ports(Protocol):
    """What a completion needs from outside. Nothing here blocks, and ``settle`` never raises."""

    @property
    def provider(self) -> ChatUpstream:
        """The provider at the other end."""
        ...

    @property
    def clock(self) -> Clock:
        """Now."""
        ...

    async def upstream(self, org: OrgScope) -> Upstream | None:
        """The organization's upstream with its key."""
        ...

    async def settle(self, org: OrgScope, record: UsageRecord) -> None:
        """Keep the record of a completion that has ended, however it ended."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A completion that was asked for: by whom, for what, when (milliseconds)."""

    caller: Principal
    request_id: str
    request: ChatRequest
    at: int


async def target(ports: Ports, asked: Asked) -> Upstream:
    """Where the request goes. Raises ``NotConfigured`` or ``ModelNotOffered``."""
    upstream = await ports.upstream(asked.caller.org)
    if upstream is None:
        raise NotConfigured
    if not serves(upstream, asked.request.model):
        raise ModelNotOffered(fields=[FieldError("/model", "is not offered")])
    return upstream


async def complete(ports: Ports, asked: Asked, upstream: Upstream) -> bytes:
    """The provider's whole answer, as it came. Raises the problems of ``shared.llm.refusals``."""
    used, model, outcome, theirs = Usage("none"), asked.request.model, "internal_error", None
    try:
        body = asked.request.upstream_json(ask_usage=False)
        whole = await ports.provider.complete(upstream, body, asked.request_id)
        answer, theirs = whole.body, whole.request_id
        completion = _completion(answer)
        named = completion.get("model")
        model = named if isinstance(named, str) else model
        used = usage.reported(completion.get("usage")) or usage.estimated(asked.request.prompt_bytes, len(answer))
        outcome = "complete"
    except Problem as problem:
        outcome = problem.code
        raise
    except asyncio.CancelledError:
        outcome = "abandoned"
        raise
    finally:
        await ports.settle(asked.caller.org, _record(asked, model, used, outcome, None, theirs))
    return answer


def _completion(answer: bytes) -> dict[str, object]:
    try:
        completion = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise refusals.UpstreamBroken from error
    if not isinstance(completion, dict):
        raise refusals.UpstreamBroken
    told = completion.get("error") and openai_error.read(completion)
    if told:
        raise refusals.of_stream(told)
    return completion


async def stream(ports: Ports, asked: Asked, upstream: Upstream) -> AsyncGenerator[bytes, None]:
    """The provider's stream, each piece as it comes, ending in ``[DONE]``.

    Raises the problems of ``shared.llm.refusals``, but only before its first piece: later ones are told in
    the stream. The record is kept after ``[DONE]`` has been taken and before this ends (on Lambda the last
    moment there is), and also when the caller leaves in the middle.
    """
    relay = Relay(show_usage=asked.request.wants_usage)
    ttft_ms: int | None = None
    outcome, theirs = "internal_error", None
    try:
        body = asked.request.upstream_json(ask_usage=upstream.ask_usage)
        async with (
            ports.provider.stream(upstream, body, asked.request_id) as incoming,
            aclosing(_relayed(relay, incoming.pieces)) as outs,
        ):
            theirs = incoming.request_id
            async for out in outs:
                if ttft_ms is None and relay.has_content:
                    ttft_ms = ports.clock() - asked.at
                yield out
    except Problem as problem:
        outcome = problem.code
        raise
    except (asyncio.CancelledError, GeneratorExit):
        outcome = "abandoned"
        raise
    finally:
        used = relay.usage or usage.estimated(asked.request.prompt_bytes, relay.completion_bytes)
        model = relay.model or asked.request.model
        if relay.done and relay.started:  # callers leave with [DONE]: what ended before is not abandoned
            outcome = (relay.error.code or "upstream_error") if relay.error else "complete"
        await ports.settle(asked.caller.org, _record(asked, model, used, outcome, ttft_ms, theirs))


async def _relayed(relay: Relay, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The relay's output as soon as there is some. What fails before any of it was given out is raised."""
    try:
        async for piece in pieces:
            if out := relay.feed(piece):
                yield _checked(relay, out)
            if relay.done:
                return
        out = relay.finish()
    except Problem as problem:
        if not relay.started:
            raise
        out = relay.fail(problem)
    if out:
        yield _checked(relay, out)


def _checked(relay: Relay, out: bytes) -> bytes:
    if relay.error and not relay.started:
        raise refusals.of_stream(relay.error)
    return out


def _record(
    asked: Asked, model: str, used: Usage, outcome: str, ttft_ms: int | None, theirs: str | None
) -> UsageRecord:
    return UsageRecord(
        request_id=asked.request_id,
        key_id=asked.caller.id,
        model=bounded(model, MAX_MODEL_NAME),  # as the provider spells it
        usage=used,
        streamed=asked.request.stream,
        outcome=bounded(outcome, _MAX_CODE),
        ttft_ms=ttft_ms,
        provider_request_id=theirs,
        at=asked.at,
    )
