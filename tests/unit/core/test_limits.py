"""The limiter's rule, against a model that counts plainly."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.clock import HOUR, SECOND
from shared.core.limits import Limiter, Policy, State, StoreDown, StoreThrottled, Verdict, Write, plan

POLICY = Policy("default", quota=5, burst=3, per_second=1)


class MemoryStore:
    """The store's contract, in memory: a write is applied only if its branch is true."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.writes = 0

    def write(self, key: str, write: Write) -> tuple[bool, State]:
        """As DynamoDB does it."""
        self.writes += 1
        state = self.states.get(key, State())
        window_holds = (
            (state.window == write.window and state.used < write.quota)
            if write.same_window
            else (state.window < write.window)
        )
        tat_holds = state.tat <= write.now if write.idle else write.now <= state.tat <= write.tat_bound
        if not (window_holds and tat_holds):
            return False, state
        used = state.used + 1 if write.same_window else 1
        tat = (write.now if write.idle else state.tat) + write.interval
        self.states[key] = State(write.window, used, tat)
        return True, self.states[key]


@given(st.lists(st.integers(0, 4_000), max_size=60))
def test_admissions_are_those_of_plain_gcra_and_a_plain_counter(gaps: list[int]) -> None:
    """Given calls at any times, when counted, then exactly those are admitted that the two plain rules admit."""
    now, tat, window, used = 10 * HOUR - 3 * SECOND, 0, 0, 0
    limiter = Limiter(MemoryStore())
    for gap in gaps:
        now += gap
        if now // HOUR != window:
            window, used = now // HOUR, 0
        admit = used < POLICY.quota and max(tat, now) - now <= (POLICY.burst - 1) * SECOND
        if admit:
            used, tat = used + 1, max(tat, now) + SECOND

        assert limiter.check("k", POLICY, now).allowed is admit


@given(st.integers(1, 12), st.integers(1, 8))
def test_processes_that_remember_nothing_of_each_other_never_over_admit(calls: int, processes: int) -> None:
    """Given several limiters over one store, when each checks at one instant, then the burst is admitted, no more."""
    store = MemoryStore()
    limiters = [Limiter(store) for _ in range(processes)]

    admitted = sum(limiter.check("k", POLICY, 10 * HOUR).allowed for limiter in limiters for _ in range(calls))

    assert admitted == min(POLICY.burst, calls * processes)


def test_a_warm_call_is_one_write() -> None:
    """Given a principal seen before, when it calls again, then that is one write."""
    store = MemoryStore()
    limiter = Limiter(store)
    limiter.check("k", POLICY, 10 * HOUR)
    before = store.writes

    limiter.check("k", POLICY, 10 * HOUR + 500)

    assert store.writes - before == 1


def test_a_denial_is_remembered_without_a_write() -> None:
    """Given a principal over its burst, when it goes on calling, then refusals cost nothing."""
    store = MemoryStore()
    limiter = Limiter(store)
    for _ in range(POLICY.burst):
        limiter.check("k", POLICY, 10 * HOUR)
    before = store.writes

    verdict = limiter.check("k", POLICY, 10 * HOUR)

    assert (verdict.allowed, verdict.retry_after_s, store.writes - before) == (False, 1, 0)


def test_headers_tell_quota_remainder_and_when_to_come_back() -> None:
    """Given a spent quota, when refused, then the three headers say so."""
    verdict = plan(State(window=10, used=5, tat=0), POLICY, 10 * HOUR + 30 * 60 * SECOND)

    assert isinstance(verdict, Verdict)
    assert verdict.headers() == {
        "RateLimit-Policy": '"default";q=5;w=3600',
        "RateLimit": '"default";r=0;t=1800',
        "Retry-After": "1800",
    }


def test_a_throttled_partition_is_a_refusal_and_a_dead_store_is_not_hidden() -> None:
    """Given a store in trouble, when checked, then throttling refuses and an outage is told to the pipeline."""

    class Troubled:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def write(self, _key: str, _write: Write) -> tuple[bool, State]:
            raise self.error

    verdict = Limiter(Troubled(StoreThrottled())).check("k", POLICY, HOUR)
    try:
        Limiter(Troubled(StoreDown())).check("k", POLICY, HOUR)
        told = False
    except StoreDown:
        told = True

    assert (verdict.allowed, told) == (False, True)
