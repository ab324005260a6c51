"""The circuit breaker, over a store in memory and a clock that is set by hand."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.breaker import Breaker, BreakerPolicy, Circuit, Permit, State
from shared.core.outbound.errors import CircuitOpen
from tests.fakes.memory_circuits import MemoryCircuits

POLICY = BreakerPolicy(threshold=3, open_ms=10_000, open_cap_ms=40_000, lease_ms=60_000, fresh_ms=1_000)


class Fleet:
    """Processes that share a store and a clock."""

    def __init__(self) -> None:
        self.store = MemoryCircuits()
        self.now = 1_000_000
        self.moves: list[tuple[State, State]] = []
        self.blind = 0
        self._probes = count(1)

    def process(self) -> Breaker:
        """One more, with a memory of its own."""
        return Breaker(
            self.store,
            POLICY,
            clock=lambda: self.now,
            new_probe=lambda: f"probe-{next(self._probes)}",
            watch=lambda before, after: self.moves.append((before.state, after.state)),
            blind=self._count_blind,
        )

    def _count_blind(self) -> None:
        self.blind += 1

    def state(self) -> State:
        """As stored."""
        return self.store.load("p").state


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def fail(*breakers: Breaker) -> None:
    """Each lets a call through, and it fails."""
    for breaker in breakers:
        breaker.failure(breaker.enter("p"))


def opened(fleet: Fleet) -> Breaker:
    breaker = fleet.process()
    fail(breaker, breaker, breaker)
    return breaker


def test_a_healthy_party_costs_no_write_and_one_read_a_second(fleet: Fleet) -> None:
    breaker = fleet.process()
    for _ in range(40):
        breaker.success(breaker.enter("p"))
        fleet.now += 100

    assert (fleet.store.reads, fleet.store.writes) == (4, 0)


def test_failures_of_different_processes_add_up(fleet: Fleet) -> None:
    a, b, c = fleet.process(), fleet.process(), fleet.process()
    fail(a, b)
    assert fleet.state() is State.CLOSED

    fail(c)
    assert (fleet.state(), fleet.moves) == (State.OPEN, [(State.CLOSED, State.OPEN)])
    fleet.now += 1_000
    for breaker in (a, b, c):
        with pytest.raises(CircuitOpen) as refusal:
            breaker.enter("p")
        assert refusal.value.headers == {"Retry-After": "9"}


def test_a_success_between_failures_starts_the_count_anew(fleet: Fleet) -> None:
    breaker = fleet.process()
    fail(breaker, breaker)
    breaker.success(breaker.enter("p"))
    fail(breaker, breaker)

    assert fleet.state() is State.CLOSED


def test_failures_that_race_are_all_counted(fleet: Fleet) -> None:
    a, b = fleet.process(), fleet.process()
    permits = a.enter("p"), b.enter("p")
    a.failure(permits[0])
    fleet.store.before_swap = lambda: fail(a)
    b.failure(permits[1])

    assert fleet.state() is State.OPEN


def test_one_process_probes_and_the_others_wait(fleet: Fleet) -> None:
    opened(fleet)
    a, b = fleet.process(), fleet.process()
    fleet.now += 10_000
    permit = a.enter("p")
    assert permit.probe
    with pytest.raises(CircuitOpen):
        b.enter("p")

    a.success(permit)
    assert fleet.store.load("p") == Circuit("p", version=5, changed_at=fleet.now)
    fleet.now += 1_000
    assert not b.enter("p").probe


def test_two_that_probe_at_once_are_told_apart_by_the_store(fleet: Fleet) -> None:
    opened(fleet)
    a, b = fleet.process(), fleet.process()
    fleet.now += 10_000
    won: list[Permit] = []
    fleet.store.before_swap = lambda: won.append(b.enter("p"))
    with pytest.raises(CircuitOpen):
        a.enter("p")

    assert [bool(permit.probe) for permit in won] == [True]


def test_a_probe_that_fails_doubles_the_pause_up_to_the_cap(fleet: Fleet) -> None:
    breaker = opened(fleet)
    pauses = []
    for _ in range(4):
        fleet.now = fleet.store.load("p").retry_at
        breaker.failure(breaker.enter("p"))
        pauses.append(fleet.store.load("p").retry_at - fleet.now)

    assert pauses == [20_000, 40_000, 40_000, 40_000]


def test_a_circuit_that_closed_begins_with_the_short_pause_again(fleet: Fleet) -> None:
    breaker = opened(fleet)
    fleet.now += 10_000
    breaker.failure(breaker.enter("p"))
    fleet.now += 20_000
    breaker.success(breaker.enter("p"))
    fail(breaker, breaker, breaker)

    assert fleet.store.load("p").retry_at - fleet.now == 10_000


def test_a_probe_that_dies_is_replaced_when_its_lease_ends(fleet: Fleet) -> None:
    opened(fleet)
    a, b = fleet.process(), fleet.process()
    fleet.now += 10_000
    dead = a.enter("p")
    fleet.now += 59_999
    with pytest.raises(CircuitOpen):
        b.enter("p")
    fleet.now += 1
    alive = b.enter("p")
    assert alive.probe not in {"", dead.probe}

    a.success(dead)
    assert fleet.state() is State.HALF_OPEN, "the dead one's word counts no more"
    b.success(alive)
    assert fleet.state() is State.CLOSED


def test_a_probe_that_told_nothing_lets_the_next_one_go(fleet: Fleet) -> None:
    breaker = opened(fleet)
    fleet.now += 10_000
    breaker.abandon(breaker.enter("p"))

    assert fleet.state() is State.OPEN
    assert fleet.process().enter("p").probe


def test_a_straggler_neither_prolongs_the_pause_nor_ends_it(fleet: Fleet) -> None:
    straggler = fleet.process()
    permits = [straggler.enter("p") for _ in range(3)]
    opened(fleet)
    before = fleet.store.load("p")
    fleet.now += 5_000
    straggler.failure(permits[0])
    straggler.success(permits[1])
    straggler.abandon(permits[2])

    assert fleet.store.load("p") == before


def test_a_straggler_does_not_speak_for_the_probe(fleet: Fleet) -> None:
    straggler = fleet.process()
    permits = [straggler.enter("p") for _ in range(3)]
    opened(fleet)
    fleet.now += 10_000
    fleet.process().enter("p")
    probing = fleet.store.load("p")
    straggler.failure(permits[0])
    straggler.success(permits[1])
    straggler.abandon(permits[2])

    assert (probing.state, fleet.store.load("p")) == (State.HALF_OPEN, probing)


def test_a_read_that_is_older_than_our_own_write_is_not_believed(fleet: Fleet) -> None:
    breaker = opened(fleet)
    fleet.store.circuits["p"] = Circuit("p", failures=1, version=1)
    fleet.now += 5_000
    with pytest.raises(CircuitOpen):
        breaker.enter("p")


def test_a_store_that_is_down_lets_calls_through_and_is_asked_once_a_second(fleet: Fleet) -> None:
    breaker = fleet.process()
    fleet.store.down = True
    for _ in range(40):
        breaker.success(breaker.enter("p"))
        fleet.now += 100

    assert fleet.blind == 4
    fail(breaker, breaker, breaker, breaker)
    assert fleet.moves == []


def test_what_is_known_to_be_open_stays_so_while_the_store_is_down(fleet: Fleet) -> None:
    breaker = opened(fleet)
    fleet.store.down = True
    fleet.now += 9_000
    with pytest.raises(CircuitOpen):
        breaker.enter("p")
    fleet.now += 1_000

    assert breaker.enter("p").probe == ""


def test_a_stored_circuit_that_expired_is_a_closed_one(fleet: Fleet) -> None:
    breaker = opened(fleet)
    fleet.store.circuits.clear()
    fleet.now += 10_000
    assert breaker.enter("p").probe == ""
    fail(breaker, breaker)

    assert fleet.store.load("p").failures == 2


def test_memory_of_many_parties_is_bounded(fleet: Fleet) -> None:
    breaker = fleet.process()
    for n in range(3000):
        breaker.success(breaker.enter(f"p{n}"))

    assert len(breaker._known) <= 1024


def test_the_state_can_be_shown(fleet: Fleet) -> None:
    breaker = opened(fleet)

    assert breaker.inspect("p") == Circuit("p", State.OPEN, 3, 1, fleet.now + 10_000, version=3, changed_at=fleet.now)


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("efsaw"), st.integers(0, 70_000)), max_size=60)


@given(STEPS)
def test_there_is_never_more_than_one_live_probe_and_never_a_dead_end(steps: list[tuple[int, str, int]]) -> None:
    """Three processes enter, fail, succeed, abandon and wait in any order."""
    fleet = Fleet()
    processes = [fleet.process() for _ in range(3)]
    held: list[list[Permit]] = [[], [], []]
    for who, what, wait in steps:
        breaker = processes[who]
        if what == "w":
            fleet.now += wait
        elif what == "e":
            before = fleet.store.load("p")
            try:
                permit = breaker.enter("p")
            except CircuitOpen:
                assert before.state is not State.CLOSED or fleet.now - before.changed_at < POLICY.fresh_ms
                continue
            if permit.probe:
                assert before.state is State.OPEN or fleet.now >= before.retry_at
            held[who].append(permit)
        elif held[who]:
            {"f": breaker.failure, "s": breaker.success, "a": breaker.abandon}[what](held[who].pop())

    fleet.now += POLICY.open_cap_ms + POLICY.lease_ms
    processes[0].success(processes[0].enter("p"))
    assert fleet.state() is State.CLOSED


@pytest.mark.parametrize(
    "knobs",
    [{"threshold": 0}, {"open_ms": 0}, {"lease_ms": 0}, {"fresh_ms": -1}, {"open_ms": 9, "open_cap_ms": 8}],
)
def test_a_policy_that_cannot_work_is_refused(knobs: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"breaker|open_cap_ms"):
        BreakerPolicy(**knobs)
