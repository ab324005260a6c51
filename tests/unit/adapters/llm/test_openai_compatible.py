"""The provider's adapter against a provider that misbehaves: every fault is told, none is taken for an end."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import httpcore
import pytest

from shared.adapters.http.stream import StreamClient
from shared.adapters.llm.openai_compatible import STREAM, WHOLE, OpenAICompatible
from shared.core.breaker import Breaker, BreakerPolicy, Circuit, State
from shared.core.errors import Problem
from shared.core.outbound.circuit_async import AsyncCircuits
from shared.core.outbound.errors import CircuitOpen, ConnectFailed, ConnectionLost, TimedOut
from shared.llm import refusals
from shared.llm.upstream import Completion, Upstream
from tests.fakes import fault_upstream
from tests.fakes.fault_upstream import COMPLETION, ROLE, WORDS, FaultUpstream
from tests.fakes.fault_upstream import WHOLE as GOOD
from tests.fakes.memory_circuits import MemoryCircuits

QUICK_STREAM = replace(STREAM, first_byte_s=0.3, read_s=0.3)
QUICK_WHOLE = replace(WHOLE, first_byte_s=0.3, read_s=0.3)


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultUpstream]:
    with fault_upstream.running(silence_s=0.8) as upstream:
        yield upstream


Use = Callable[[OpenAICompatible, Upstream], Awaitable[Any]]


def breaker(threshold: int = 5, store: MemoryCircuits | None = None) -> Breaker:
    """In memory."""
    policy = BreakerPolicy(threshold=threshold)
    return Breaker(store or MemoryCircuits(), policy, clock=lambda: 1_000, new_probe=lambda: "probe")


def run(faulty: FaultUpstream, use: Use, circuits: AsyncCircuits | None = None) -> Any:
    """What ``use`` makes of an adapter of its own, whose guard trusts the fake's address."""

    async def once() -> Any:
        client = StreamClient(allow=frozenset({f"127.0.0.1:{faulty.port}"}))
        provider = OpenAICompatible(client, circuits or AsyncCircuits(breaker()), QUICK_STREAM, QUICK_WHOLE)
        try:
            return await use(provider, Upstream(faulty.base_url, "sk-planted"))
        finally:
            await client.aclose()

    return asyncio.run(once())


def body(model: str, *, stream: bool) -> bytes:
    return json.dumps({"model": model, "stream": stream}).encode()


def streaming(model: str, got: list[bytes]) -> Use:
    """Reads a stream to its end; what was read stays although a later piece raises."""

    async def use(provider: OpenAICompatible, upstream: Upstream) -> None:
        async with provider.stream(upstream, body(model, stream=True), "req_1") as incoming:
            async for piece in incoming.pieces:
                got.append(piece)  # noqa: PERF401 - a comprehension would lose what came before an error

    return use


def whole(model: str) -> Use:
    async def use(provider: OpenAICompatible, upstream: Upstream) -> Completion:
        return await provider.complete(upstream, body(model, stream=False), "req_1")

    return use


@pytest.mark.parametrize("model", ["good", "bytes", "gzip"])
def test_a_stream_arrives_whole(faulty: FaultUpstream, model: str) -> None:
    got: list[bytes] = []
    run(faulty, streaming(model, got))

    assert b"".join(got) == GOOD


def test_the_provider_sees_its_key_our_request_id_and_no_more(faulty: FaultUpstream) -> None:
    answer = run(faulty, whole("good"))

    assert (json.loads(answer.body), answer.request_id) == (COMPLETION, "upstream-7")
    seen = faulty.seen[-1]
    assert seen.path == "/v1/chat/completions"
    assert {k: seen.headers[k] for k in ("authorization", "x-request-id", "content-type")} == {
        "authorization": "Bearer sk-planted",
        "x-request-id": "req_1",
        "content-type": "application/json",
    }
    assert set(seen.headers) <= {
        *("host", "authorization", "x-request-id", "content-type", "content-length"),
        *("accept", "accept-encoding", "user-agent", "connection"),
    }


@pytest.mark.parametrize("use", [lambda model: streaming(model, []), whole], ids=["stream", "whole"])
@pytest.mark.parametrize(
    ("model", "error", "headers"),
    [
        ("r400", refusals.UpstreamRejected, {}),
        ("r401", refusals.UpstreamCredentials, {}),
        ("r404", refusals.UpstreamUnknown, {}),
        ("r429", refusals.UpstreamThrottled, {"retry-after": "7"}),
        ("quota", refusals.UpstreamQuota, {"x-should-retry": "false"}),
        ("r500", refusals.UpstreamBroken, {}),
        ("r302", refusals.UpstreamBroken, {}),
        ("mute", TimedOut, {}),
    ],
)
def test_a_refusal_is_raised_before_anything_is_passed_on(
    faulty: FaultUpstream, use: Callable[[str], Use], model: str, error: type[Problem], headers: dict[str, str]
) -> None:
    with pytest.raises(error) as raised:
        run(faulty, use(model))

    assert (type(raised.value), raised.value.headers) == (error, headers)
    assert "sk-planted" not in raised.value.detail


def test_a_stream_answered_with_one_json_body_is_refused_with_its_error(faulty: FaultUpstream) -> None:
    with pytest.raises(refusals.UpstreamBroken) as raised:
        run(faulty, streaming("ok-error", []))

    assert refusals.described(raised.value).code == "oops"


@pytest.mark.parametrize(
    ("model", "error", "before"),
    [("cut", ConnectionLost, ROLE + WORDS[0]), ("pause", TimedOut, ROLE + WORDS[0]), ("stall", TimedOut, b"")],
)
def test_what_breaks_in_the_middle_is_raised_after_what_came_before(
    faulty: FaultUpstream, model: str, error: type[Problem], before: bytes
) -> None:
    got: list[bytes] = []

    with pytest.raises(error):
        run(faulty, streaming(model, got))

    assert b"".join(got) == before


def test_a_whole_answer_that_is_cut_is_an_error(faulty: FaultUpstream) -> None:
    with pytest.raises(ConnectionLost):
        run(faulty, whole("cut"))


def test_a_provider_that_is_not_there_is_an_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = FaultUpstream(unused.getsockname()[1])

        with pytest.raises(ConnectFailed):
            run(gone, streaming("good", []))


@pytest.mark.parametrize("use", [streaming("good", []), whole("good")], ids=["stream", "whole"])
def test_a_base_url_that_now_leads_inside_is_not_called_and_not_the_callers_fault(
    faulty: FaultUpstream, use: Use
) -> None:
    before = len(faulty.seen)
    provider = OpenAICompatible(StreamClient(), AsyncCircuits(breaker()))

    with pytest.raises(refusals.UpstreamBroken, match="may not be called"):
        asyncio.run(use(provider, Upstream(faulty.base_url, "sk-planted")))  # type: ignore[arg-type]

    assert len(faulty.seen) == before


def test_the_first_token_is_not_held_back(faulty: FaultUpstream) -> None:
    async def first(provider: OpenAICompatible, upstream: Upstream) -> float:
        async with provider.stream(upstream, body("endless", stream=True), "req_1") as incoming:
            started = time.monotonic()
            assert await anext(aiter(incoming.pieces)) == WORDS[0]
            raise _Waited(time.monotonic() - started)

    with pytest.raises(_Waited) as waited:
        run(faulty, first)

    assert waited.value.args[0] < 0.1  # seconds; its next word comes after 0.05


class _Waited(Exception):
    """Leaves a stream in the middle, with a figure."""


def test_leaving_in_the_middle_tells_the_provider(faulty: FaultUpstream) -> None:
    async def leave(provider: OpenAICompatible, upstream: Upstream) -> None:
        async with provider.stream(upstream, body("endless", stream=True), "req_1") as incoming:
            await anext(aiter(incoming.pieces))
            raise _Waited

    faulty.left.clear()
    with pytest.raises(_Waited):
        run(faulty, leave)

    assert faulty.left.wait(2)


def test_a_finished_stream_leaves_its_connection_for_the_next_turn(faulty: FaultUpstream) -> None:
    async def turns(provider: OpenAICompatible, upstream: Upstream) -> None:
        for _ in range(3):
            async with provider.stream(upstream, body("good", stream=True), "req_1") as incoming:
                assert (await anext(aiter(incoming.pieces))).endswith(b"[DONE]\n\n")

    before = faulty.connections
    run(faulty, turns)

    assert faulty.connections == before + 1


def test_small_writes_leave_at_once(faulty: FaultUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[int] = []
    connect = httpcore.AnyIOBackend.connect_tcp

    async def connected(*args: Any, **kwargs: Any) -> Any:
        stream = await connect(*args, **kwargs)
        options.append(stream.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return stream

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connected)
    run(faulty, whole("good"))

    assert options == [1]


def _state(store: MemoryCircuits) -> State:
    """Of the only circuit."""
    [circuit] = store.circuits.values() or [Circuit("none")]
    return circuit.state


@pytest.mark.parametrize("use", [lambda model: streaming(model, []), whole], ids=["stream", "whole"])
@pytest.mark.parametrize("model", ["r500", "mute"])
def test_a_provider_that_keeps_failing_is_left_alone(
    faulty: FaultUpstream, use: Callable[[str], Use], model: str
) -> None:
    """Given two failures in a row at a threshold of two, when asked again, then the provider is not."""
    store = MemoryCircuits()
    circuits = AsyncCircuits(breaker(2, store))
    for _ in range(2):
        with pytest.raises(Problem):
            run(faulty, use(model), circuits)
    asked = len(faulty.seen)

    with pytest.raises(CircuitOpen) as left_alone:
        run(faulty, use("good"), circuits)

    assert (_state(store), len(faulty.seen) - asked) == (State.OPEN, 0)
    assert left_alone.value.headers == {"Retry-After": "30"}


@pytest.mark.parametrize("model", ["r400", "r401", "r429", "ok-error", "cut"])
def test_a_provider_that_answers_below_500_is_not_left_alone(faulty: FaultUpstream, model: str) -> None:
    """Given refusals, and a stream that broke after its head, when told to the circuit, then it stays closed."""
    store = MemoryCircuits()

    for _ in range(2):
        with pytest.raises(Problem):
            run(faulty, streaming(model, []), AsyncCircuits(breaker(1, store)))

    assert (store.circuits, store.writes) == ({}, 0)


def test_a_caller_who_leaves_before_the_answer_says_nothing_about_the_provider(faulty: FaultUpstream) -> None:
    """Given a probe whose caller leaves, when it is cancelled, then the next call may probe."""
    store = MemoryCircuits({"llm:": Circuit("llm:", State.OPEN, 5, 1, retry_at=0, version=1)})

    async def leave(provider: OpenAICompatible, upstream: Upstream) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await whole("mute")(provider, upstream)

    run(faulty, leave, AsyncCircuits(breaker(1, store)))
    abandoned = _state(store)
    run(faulty, streaming("good", []), AsyncCircuits(breaker(1, store)))

    assert (abandoned, _state(store)) == (State.OPEN, State.CLOSED)


def test_a_healthy_call_writes_nothing_and_reads_once(faulty: FaultUpstream) -> None:
    """Given calls within a second, when all is well, then one read in all."""
    store = MemoryCircuits()
    circuits = AsyncCircuits(breaker(5, store))

    for _ in range(3):
        run(faulty, streaming("good", []), circuits)

    assert (store.reads, store.writes) == (1, 0)
