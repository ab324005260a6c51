"""A completion passes through as it comes, fails with its meaning, and is recorded however it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.llm.chat import service
from shared.core.errors import Problem, UpstreamTimeout
from shared.core.scope import OrgScope, Principal, authenticated_scope
from shared.llm.chat_request import parse
from shared.llm.refusals import UpstreamBroken, UpstreamThrottled
from shared.llm.relay import DONE
from shared.llm.upstream import Completion, Incoming, Upstream, UsageRecord
from shared.llm.usage import Usage
from tests.fakes.fault_upstream import COMPLETION, ERROR, ROLE, STOP, USAGE, WORDS

CALLER = Principal("key_1", authenticated_scope("org_1"), frozenset({"llm:chat"}), "api_key")
UPSTREAM = Upstream("https://llm.example/v1", "sk-planted")

Step = bytes | Problem | float
"""What the provider does next: send, break, or take so many milliseconds."""


@dataclass
class World:
    """Everything outside the service, in memory; time moves only when the provider takes some."""

    steps: tuple[Step, ...] = ()
    configured: Upstream | None = UPSTREAM
    now: int = 1_000
    sent: list[dict[str, Any]] = field(default_factory=list)
    records: list[tuple[str, UsageRecord]] = field(default_factory=list)
    closed: int = 0

    @property
    def provider(self) -> "World":
        """It plays the provider too."""
        return self

    @property
    def clock(self) -> Callable[[], int]:
        """Moves only when the provider takes time."""
        return lambda: self.now

    async def upstream(self, org: OrgScope) -> Upstream | None:
        """Only ``org_1`` has one."""
        return self.configured if org.org == "org_1" else None

    async def settle(self, org: OrgScope, record: UsageRecord) -> None:
        """Keep it to be looked at."""
        self.records.append((org.org, record))

    async def complete(self, upstream: Upstream, body: bytes, request_id: str) -> Completion:
        """All steps as one answer."""
        assert (upstream, request_id) == (self.configured, "req_1")
        self.sent.append(json.loads(body))
        pieces = [piece async for piece in self._play()]
        return Completion(b"".join(pieces), "theirs-8")

    @asynccontextmanager
    async def stream(self, upstream: Upstream, body: bytes, request_id: str) -> AsyncIterator[Incoming]:
        """The steps, one by one."""
        assert (upstream, request_id) == (self.configured, "req_1")
        self.sent.append(json.loads(body))
        try:
            yield Incoming(self._play(), "theirs-7")
        finally:
            self.closed += 1

    async def _play(self) -> AsyncIterator[bytes]:
        for step in self.steps:
            match step:
                case bytes():
                    yield step
                case Problem():
                    raise step
                case _:
                    self.now += int(step)
                    await asyncio.sleep(0)


def asked(**changes: Any) -> service.Asked:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}], **changes}
    return service.Asked(CALLER, "req_1", parse(json.dumps(body).encode()), 1_000)


async def pieces(world: World, **changes: Any) -> list[bytes]:
    upstream = await service.target(world, asked(**changes))
    return [piece async for piece in service.stream(world, asked(**changes), upstream)]


def recorded(world: World) -> UsageRecord:
    """The one record, which belongs to the caller's organization."""
    ((org, record),) = world.records
    assert org == "org_1"
    return record


def test_each_piece_passes_as_it_comes_and_the_record_follows_done() -> None:
    world = World((ROLE, 40.0, WORDS[0], 5.0, WORDS[1] + STOP, USAGE, DONE))

    async def read() -> list[tuple[bytes, int]]:
        """Each piece with the number of records kept when it was given out."""
        return [(piece, len(world.records)) async for piece in service.stream(world, asked(), UPSTREAM)]

    assert asyncio.run(read()) == [(ROLE, 0), (WORDS[0], 0), (WORDS[1] + STOP, 0), (DONE, 0)]
    assert recorded(world) == UsageRecord(
        request_id="req_1",
        key_id="key_1",
        model="faulty-1",
        usage=Usage("provider", 9, 3),
        streamed=True,
        outcome="complete",
        ttft_ms=40,
        provider_request_id="theirs-7",
        at=1_000,
    )
    assert (world.sent[0]["stream_options"], world.closed) == ({"include_usage": True}, 1)


def test_an_upstream_that_knows_no_stream_options_is_not_sent_them() -> None:
    world = World((WORDS[0], STOP))
    world.configured = Upstream(UPSTREAM.base_url, UPSTREAM.api_key, ask_usage=False)

    asyncio.run(pieces(world))

    assert "stream_options" not in world.sent[0]
    assert recorded(world).usage.source == "estimated"


@pytest.mark.parametrize(
    ("steps", "error", "outcome"),
    [
        ((UpstreamThrottled(headers={"retry-after": "7"}),), UpstreamThrottled, "upstream_throttled"),
        ((ERROR,), UpstreamBroken, "upstream_broken"),
        ((), UpstreamBroken, "upstream_broken"),
        ((b": ping\n\n", UpstreamTimeout()), UpstreamTimeout, "upstream_timeout"),
    ],
)
def test_what_fails_before_the_first_piece_is_raised(
    steps: tuple[Step, ...], error: type[Problem], outcome: str
) -> None:
    world = World(steps)

    with pytest.raises(error):
        asyncio.run(pieces(world))

    assert (recorded(world).outcome, recorded(world).usage, recorded(world).ttft_ms) == (outcome, Usage("none"), None)


@pytest.mark.parametrize(
    ("last", "code"),
    [((UpstreamTimeout(),), "upstream_timeout"), ((), "upstream_cut"), ((ERROR, WORDS[1], DONE), "oops")],
)
def test_what_fails_later_is_told_in_the_stream(last: tuple[Step, ...], code: str) -> None:
    world = World((ROLE, WORDS[0], *last))
    out = b"".join(asyncio.run(pieces(world)))

    assert out.startswith(ROLE + WORDS[0])
    assert f'"code":"{code}"'.encode() in out
    assert out.endswith(DONE)
    assert (recorded(world).outcome, recorded(world).usage.source) == (code, "estimated")


@pytest.mark.parametrize("stream", [True, False])
def test_what_a_provider_calls_itself_is_kept_as_far_as_it_can_be_stored(*, stream: bool) -> None:
    """Given a model name, a code and counts beyond any store, when recorded, then bounded, and encodable."""
    name, counts = "m\ud800" * 250_000, {"prompt_tokens": 10**40, "completion_tokens": 1}
    chunk = {"model": name, "choices": [{"index": 0, "delta": {"content": "a"}}], "usage": counts}
    whole = {"model": name, "choices": [], "usage": counts}
    error = {"error": {"message": "m", "code": "c\ud800" * 1_000}}
    lines = [b"data: " + json.dumps(document).encode() + b"\n\n" for document in (chunk, error)]
    world = World(tuple(lines) if stream else (json.dumps(whole).encode(),))

    asyncio.run(pieces(world) if stream else service.complete(world, asked(stream=False), UPSTREAM))

    record = recorded(world)
    assert record.model == "m\ufffd" * 128
    assert record.outcome == ("c\ufffd" * 32 if stream else "complete")
    assert record.usage.source == "estimated"


def test_a_caller_who_leaves_closes_the_upstream_and_is_recorded() -> None:
    world = World((ROLE, WORDS[0], WORDS[1]))

    async def leave() -> None:
        async with aclosing(service.stream(world, asked(), UPSTREAM)) as stream:
            async for _ in stream:
                break

    asyncio.run(leave())

    assert (world.closed, recorded(world).outcome) == (1, "abandoned")


def test_a_caller_who_leaves_with_done_has_not_abandoned_it() -> None:
    world = World((ROLE, WORDS[0] + STOP + USAGE + DONE))

    async def leave_at_done() -> None:
        async with aclosing(service.stream(world, asked(), UPSTREAM)) as stream:
            async for piece in stream:
                if piece.endswith(DONE):
                    break

    asyncio.run(leave_at_done())

    assert (recorded(world).outcome, recorded(world).usage) == ("complete", Usage("provider", 9, 3))


def test_a_whole_answer_passes_as_it_came() -> None:
    answer = json.dumps(COMPLETION).encode()
    world = World((answer,))

    assert asyncio.run(service.complete(world, asked(stream=False), UPSTREAM)) == answer
    assert recorded(world).usage == Usage("provider", 9, 3)
    assert (recorded(world).outcome, recorded(world).model, recorded(world).ttft_ms) == ("complete", "faulty-1", None)
    assert recorded(world).provider_request_id == "theirs-8"


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b'{"error": {"message": "fell over"}}', b'{"error": "fell over"}']
)
def test_a_200_that_is_no_completion_is_an_error(answer: bytes) -> None:
    world = World((answer,))

    with pytest.raises(UpstreamBroken):
        asyncio.run(service.complete(world, asked(stream=False), UPSTREAM))

    assert recorded(world).outcome == "upstream_broken"


def test_a_bug_of_ours_is_recorded_as_one() -> None:
    world = World((b"{}",))
    broken = asked(stream=False)
    object.__setattr__(broken, "request_id", "req_2")

    with pytest.raises(AssertionError):
        asyncio.run(service.complete(world, broken, UPSTREAM))

    assert recorded(world).outcome == "internal_error"


def test_only_a_configured_upstream_and_its_models_are_reached() -> None:
    limited = Upstream(UPSTREAM.base_url, UPSTREAM.api_key, models=("other",))

    with pytest.raises(service.NotConfigured):
        asyncio.run(service.target(World(configured=None), asked()))
    with pytest.raises(service.ModelNotOffered):
        asyncio.run(service.target(World(configured=limited), asked()))
    assert asyncio.run(service.target(World(configured=limited), asked(model="other"))) == limited
