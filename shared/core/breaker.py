"""The circuit breaker: a party whose calls keep failing is left alone for a while, by all of us.

State is one item per party, shared by every function in the region, and every change is a
compare-and-set on its version: so failures add up across the fleet, one prober is elected, and what a
straggler or a stale cache believes can never be written. The transitions are plain functions over
:class:`Circuit`; :class:`Breaker` adds the store, a short memory and the rule that a breaker is
never itself the outage: while the store is down, only what is already known to be open stays so.

A call to a healthy party costs no write, and one eventually consistent read per ``fresh_ms``.

    CLOSED ──threshold failures in a row──► OPEN ──retry_at──► HALF_OPEN (one probe, under a lease)
       ▲                                     ▲                        │
       └───────────── probe succeeds ────────┼────────────────────────┤
                                             └── probe fails: longer ─┘
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from shared.core.clock import MINUTE, SECOND, Clock
from shared.core.errors import Unavailable
from shared.core.outbound.errors import CircuitOpen


class State(StrEnum):
    """Of one circuit."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """When to open and for how long. Milliseconds."""

    threshold: int = 5
    """Failures in a row, counted over the fleet, that open a circuit."""
    open_ms: int = 30 * SECOND
    """Pause after the first opening; doubled by each probe that fails."""
    open_cap_ms: int = 10 * MINUTE
    lease_ms: int = 60 * SECOND
    """How long a probe may take before somebody else may probe: above any caller's total deadline."""
    fresh_ms: int = SECOND
    """How long a state that was read is believed. 0 reads before every call."""

    def __post_init__(self) -> None:
        """Refuses a policy that cannot work."""
        if min(self.threshold, self.open_ms, self.lease_ms) < 1 or self.fresh_ms < 0:
            raise ValueError("a breaker needs a positive threshold, pause and lease")
        if self.open_cap_ms < self.open_ms:
            raise ValueError("open_cap_ms must not be below open_ms")


@dataclass(frozen=True, slots=True)
class Circuit:
    """One party's state. The default is a party never heard of: closed."""

    name: str
    state: State = State.CLOSED
    failures: int = 0
    """In a row, while closed."""
    trips: int = 0
    """Times opened since it was last closed."""
    retry_at: int = 0
    """Open: when a probe may go. Half open: when its lease ends."""
    probe: str = ""
    """Half open: who probes."""
    version: int = 0
    """Of the stored item; 0 is none."""
    changed_at: int = 0


def admits(circuit: Circuit, now: int) -> bool | None:
    """Whether a call may go: True, False, or None: only as the probe."""
    if circuit.state is State.CLOSED:
        return True
    return None if now >= circuit.retry_at else False


def probing(circuit: Circuit, policy: BreakerPolicy, now: int, probe: str) -> Circuit:
    """Elected: ``probe`` may call."""
    return replace(circuit, state=State.HALF_OPEN, probe=probe, retry_at=now + policy.lease_ms, changed_at=now)


def failed(circuit: Circuit, policy: BreakerPolicy, now: int, probe: str) -> Circuit:
    """After a failed call; ``probe`` is empty for an ordinary one. Unchanged if it no longer matters."""
    if circuit.state is State.CLOSED:
        failures = circuit.failures + 1
        if failures < policy.threshold:
            return replace(circuit, failures=failures, changed_at=now)
        return _opened(replace(circuit, failures=failures), policy, now)
    if circuit.state is State.HALF_OPEN and circuit.probe == probe:
        return _opened(circuit, policy, now)
    return circuit


def succeeded(circuit: Circuit, now: int, probe: str) -> Circuit:
    """After a good call. Unchanged, so that nothing is written, when there was nothing to forget."""
    if circuit.state is State.HALF_OPEN and circuit.probe == probe:
        return Circuit(circuit.name, version=circuit.version, changed_at=now)
    if circuit.state is State.CLOSED and circuit.failures:
        return replace(circuit, failures=0, changed_at=now)
    return circuit


def abandoned(circuit: Circuit, now: int, probe: str) -> Circuit:
    """After a probe that told nothing (it was cancelled, or failed on our side): the next may probe."""
    if circuit.state is State.HALF_OPEN and circuit.probe == probe:
        return replace(circuit, state=State.OPEN, probe="", retry_at=now, changed_at=now)
    return circuit


def _opened(circuit: Circuit, policy: BreakerPolicy, now: int) -> Circuit:
    doublings = min(circuit.trips, _DOUBLINGS)
    pause = min(policy.open_cap_ms, policy.open_ms << doublings)
    return replace(circuit, state=State.OPEN, trips=circuit.trips + 1, retry_at=now + pause, probe="", changed_at=now)


_DOUBLINGS: Final = 16
"""Enough to reach any cap; keeps the shift small for a party that is down for weeks."""


class CircuitStore(Protocol):
    """Where circuits live. Both raise :class:`Unavailable` when the store is."""

    def load(self, name: str) -> Circuit:
        """The circuit, perhaps a moment old; a closed one of version 0 if it was never stored."""

    def swap(self, new: Circuit) -> Circuit | None:
        """Store ``new`` as version ``new.version + 1`` if ``new.version`` is what is stored.

        None: done. Otherwise the circuit as it really is.
        """


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call; exactly one of ``success``, ``failure``, ``abandon`` is owed for it."""

    seen: Circuit
    """As it was believed to be when the call was let through."""
    probe: str = ""


Watch = Callable[[Circuit, Circuit], None]
"""Told of every change of state that this process made: before, after."""


class Breaker:
    """All circuits of one policy. One per process, safe for threads."""

    def __init__(
        self,
        store: CircuitStore,
        policy: BreakerPolicy,
        *,
        clock: Clock,
        new_probe: Callable[[], str],
        watch: Watch = lambda _before, _after: None,
        blind: Callable[[], None] = lambda: None,
    ) -> None:
        """``new_probe`` makes names no other process makes; ``blind`` is told when the store is down."""
        self._store = store
        self._policy = policy
        self._clock = clock
        self._new_probe = new_probe
        self._watch = watch
        self._blind = blind
        self._known: dict[str, tuple[Circuit, int]] = {}

    def enter(self, name: str) -> Permit:
        """Leave to call ``name`` now. Raises :class:`CircuitOpen`, which says when to come back."""
        now = self._clock()
        circuit = self._current(name, now)
        admitted = admits(circuit, now)
        if admitted is None:
            probe = self._new_probe()
            try:
                won, circuit = self._try(circuit, probing(circuit, self._policy, now, probe))
            except Unavailable:
                self._blind()
                return Permit(circuit)
            if won:
                return Permit(circuit, probe)
            admitted = admits(circuit, now)
        if not admitted:
            raise CircuitOpen(max(1, -(-(circuit.retry_at - now) // SECOND)))
        return Permit(circuit)

    def success(self, permit: Permit) -> None:
        """The party answered as a healthy one does."""
        self._record(permit, lambda c, now: succeeded(c, now, permit.probe))

    def failure(self, permit: Permit) -> None:
        """The party did not answer, or answered that it is broken."""
        self._record(permit, lambda c, now: failed(c, self._policy, now, permit.probe))

    def abandon(self, permit: Permit) -> None:
        """The call said nothing about the party."""
        self._record(permit, lambda c, now: abandoned(c, now, permit.probe))

    def inspect(self, name: str) -> Circuit:
        """The state, for an API to show. Raises :class:`Unavailable`."""
        return self._store.load(name)

    def _record(self, permit: Permit, step: Callable[[Circuit, int], Circuit]) -> None:
        """Bookkeeping never hides the call's own outcome: a store that is down only loses a count."""
        now = self._clock()
        circuit, _ = self._known.get(permit.seen.name, (permit.seen, now))
        try:
            for _ in range(_TRIES):
                new = step(circuit, now)
                if new == circuit:
                    return
                done, circuit = self._try(circuit, new)
                if done:
                    return
        except Unavailable:
            self._blind()

    def _try(self, old: Circuit, new: Circuit) -> tuple[bool, Circuit]:
        """Whether ``new`` was stored, and what is stored now."""
        actual = self._store.swap(new)
        stored = replace(new, version=new.version + 1) if actual is None else actual
        self._remember(stored)
        if actual is None and old.state is not stored.state:
            self._watch(old, stored)
        return actual is None, stored

    def _current(self, name: str, now: int) -> Circuit:
        known, believed_until = self._known.get(name, (Circuit(name), now))
        if now < believed_until:
            return known
        try:
            read = self._store.load(name)
        except Unavailable:
            self._blind()
            read = known
        # A read may be older than our own write, or find nothing because the item has expired: the
        # newer version stands, and if it is gone the next swap will say so.
        circuit = max(read, known, key=lambda c: c.version)
        self._remember(circuit)
        return circuit

    def _remember(self, circuit: Circuit) -> None:
        if len(self._known) >= _REMEMBERED and circuit.name not in self._known:
            self._known.clear()
        self._known[circuit.name] = (circuit, self._clock() + self._policy.fresh_ms)


_TRIES: Final = 4
"""Each lost race means somebody else counted a failure: the circuit opens without us."""

_REMEMBERED: Final = 1024
"""Circuits kept in memory. Names may be customers' endpoints, of which there is no end."""
