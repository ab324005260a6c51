"""What a breaker learns from a call."""

import asyncio
from dataclasses import dataclass, field

import pytest

from shared.core.breaker import Breaker, BreakerPolicy, State
from shared.core.egress import EgressRefused
from shared.core.outbound.circuit import CircuitSender
from shared.core.outbound.circuit_async import SILENCE, AsyncCircuits
from shared.core.outbound.errors import (
    CircuitOpen,
    ConnectFailed,
    ConnectionLost,
    ResponseTooLarge,
    TimedOut,
)
from shared.core.outbound.message import Headers, Request, Response
from shared.core.outbound.policy import Policy
from tests.fakes.memory_circuits import MemoryCircuits

CALL = Request("POST", "https://hooks.example/")


@dataclass
class Scripted:
    """A sender that does as told."""

    outcome: int | BaseException = 200
    calls: int = 0
    now: int = 0
    store: MemoryCircuits = field(default_factory=MemoryCircuits)

    def send(self, request: Request, policy: Policy) -> Response:  # noqa: ARG002 - the port's signature
        """The outcome."""
        self.calls += 1
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return Response(self.outcome, Headers())

    def behind_a_breaker(self) -> CircuitSender:
        """It opens at the first failure."""
        breaker = Breaker(self.store, BreakerPolicy(threshold=1), clock=lambda: self.now, new_probe=lambda: "probe")
        return CircuitSender(self, breaker, "p")

    def state(self) -> State:
        """As stored."""
        return self.store.load("p").state


ERRORS = [ConnectFailed(), TimedOut("read"), ConnectionLost()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_party_that_fails_to_answer_opens_its_circuit_and_is_left_alone(error: Exception) -> None:
    peer = Scripted(error)
    sender = peer.behind_a_breaker()
    with pytest.raises(type(error)) as told:
        sender.send(CALL, Policy())
    assert told.value is error

    with pytest.raises(CircuitOpen):
        sender.send(CALL, Policy())
    assert (peer.calls, peer.state()) == (1, State.OPEN)


@pytest.mark.parametrize("status", [500, 503])
def test_a_party_that_says_it_is_broken_opens_its_circuit(status: int) -> None:
    peer = Scripted(status)
    sender = peer.behind_a_breaker()
    assert sender.send(CALL, Policy()).status == status

    with pytest.raises(CircuitOpen):
        sender.send(CALL, Policy())


@pytest.mark.parametrize("status", [200, 302, 404, 410, 429])
def test_a_party_that_answers_is_healthy_even_if_it_refuses(status: int) -> None:
    peer = Scripted(status)

    assert peer.behind_a_breaker().send(CALL, Policy()).status == status
    assert peer.store.writes == 0


def test_a_party_whose_answer_is_longer_than_we_read_is_healthy() -> None:
    peer = Scripted(ResponseTooLarge())

    with pytest.raises(ResponseTooLarge):
        peer.behind_a_breaker().send(CALL, Policy())
    assert peer.state() is State.CLOSED


@pytest.mark.parametrize(("waited", "state"), [(SILENCE + 1, State.OPEN), (SILENCE, State.CLOSED)])
def test_a_silence_that_callers_give_up_on_counts_when_it_was_long(waited: int, state: State) -> None:
    store, now = MemoryCircuits(), [0]
    breaker = Breaker(store, BreakerPolicy(threshold=1), clock=lambda: now[0], new_probe=lambda: "probe")

    async def hang_up() -> None:
        async with AsyncCircuits(breaker, lambda: now[0]).call("p"):
            now[0] = waited
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(hang_up())
    assert store.load("p").state is state


@pytest.mark.parametrize(
    "outcome", [EgressRefused(), ValueError("ours"), KeyboardInterrupt()], ids=["refused", "bug", "interrupt"]
)
def test_what_fails_on_our_side_says_nothing_about_the_party(outcome: BaseException) -> None:
    peer = Scripted(500)
    sender = peer.behind_a_breaker()
    sender.send(CALL, Policy())
    peer.now, peer.outcome = 60_000, outcome
    with pytest.raises(type(outcome)):
        sender.send(CALL, Policy())
    assert peer.state() is State.OPEN

    peer.outcome = 200
    assert sender.send(CALL, Policy()).ok
    assert peer.state() is State.CLOSED
