"""What a completion needs from outside: the upstream is remembered for a minute, its record is never lost quietly."""

import asyncio
import json
from typing import Any

import pytest

from shared.core.logs import Logger
from shared.core.scope import stored_scope
from shared.llm.upstream import Upstream, UsageRecord
from shared.llm.usage import Usage
from shared.runtime import llm
from shared.runtime.bootstrap import Founded
from shared.runtime.llm import REMEMBERED, ChatPorts
from tests.fakes.cloud import Cloud

FIRST, SECOND = (
    Upstream("https://one.example/v1", "sk-1"),
    Upstream("https://two.example/v1", "sk-2", ("m",), ask_usage=False),
)


class World:
    """A container whose time and log are the test's."""

    def __init__(self, aws: Cloud, acme: Founded) -> None:
        self.now = 1_795_161_600_000
        self.lines: list[dict[str, Any]] = []
        self.container = aws.container()
        self.container.clock = lambda: self.now
        self.container.logger = Logger(write=lambda line: self.lines.append(json.loads(line)))
        self.org = stored_scope(acme.org_id)
        self.ports = ChatPorts(self.container)

    def upstream(self) -> Upstream | None:
        """As a completion asks for it."""
        return asyncio.run(self.ports.upstream(self.org))

    def put(self, upstream: Upstream) -> None:
        """As the manage function does."""
        llm.upstreams(self.container, self.org).put(upstream, self.now)


@pytest.fixture
def world(aws: Cloud, acme: Founded) -> World:
    return World(aws, acme)


def record(at: int, **changes: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "request_id": "the-callers-choice",
        "key_id": "key_1",
        "model": "gpt-4o",
        "usage": Usage("provider", 11, 7),
        "streamed": True,
        "outcome": "complete",
        "ttft_ms": 42,
        "provider_request_id": "theirs-7",
        "at": at,
    }
    return UsageRecord(**{**values, **changes})


def test_an_upstream_is_remembered_for_a_minute_and_its_absence_is_not(world: World) -> None:
    assert world.upstream() is None
    world.put(FIRST)
    assert world.upstream() == FIRST
    world.put(SECOND)
    assert world.upstream() == FIRST
    world.now += REMEMBERED
    assert world.upstream() == SECOND


def test_a_record_holds_what_billing_needs_and_no_content(world: World, aws: Cloud) -> None:
    asyncio.run(world.ports.settle(world.org, record(world.now)))

    (row,) = aws.rows("llm")
    assert row["pk"] == {"S": f"ORG#{world.org.org}#LLM_USAGE"}
    assert row["sk"]["S"].startswith("use_")
    assert {name: next(iter(value.values())) for name, value in row.items() if name not in {"pk", "sk"}} == {
        "et": "llm_usage",
        "v": "1",
        "org": world.org.org,
        "origin_region": "us-east-1",
        "created_at": "2026-11-20T08:00:00.000Z",
        "updated_at": "2026-11-20T08:00:00.000Z",
        "request_id": "the-callers-choice",
        "key_id": "key_1",
        "model": "gpt-4o",
        "usage_source": "provider",
        "prompt_tokens": "11",
        "completion_tokens": "7",
        "streamed": True,
        "outcome": "complete",
        "ttft_ms": "42",
        "provider_request_id": "theirs-7",
        "at": "1795161600000",
        "expires_at": str(1_795_161_600 + 400 * 86_400),
    }


def test_choosing_a_request_id_twice_hides_no_use(world: World, aws: Cloud) -> None:
    for _ in range(2):
        asyncio.run(world.ports.settle(world.org, record(world.now)))

    assert len(aws.rows("llm")) == 2


def test_a_record_that_cannot_be_kept_is_told_and_raises_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError("planted-secret")

    monkeypatch.setattr(llm, "usage_log", broken)
    asyncio.run(world.ports.settle(world.org, record(world.now, outcome="upstream_cut", ttft_ms=None)))

    assert [(line["log"], line.get("code")) for line in world.lines] == [("SB4002", "upstream_cut"), ("SB4003", None)]
    assert "planted-secret" not in json.dumps(world.lines)


def test_a_caller_who_leaves_while_it_is_kept_does_not_undo_it(
    world: World, aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage_log = llm.usage_log

    async def leave() -> None:
        started = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(*args: Any) -> Any:
            loop.call_soon_threadsafe(started.set)
            return usage_log(*args)

        monkeypatch.setattr(llm, "usage_log", slow)
        settling = asyncio.create_task(world.ports.settle(world.org, record(world.now)))
        await asyncio.sleep(0)  # it has begun, the thread may not have
        settling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await settling
        assert started.is_set()

    asyncio.run(leave())

    assert len(aws.rows("llm")) == 1
