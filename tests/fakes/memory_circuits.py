"""A circuit store in memory, which may be down or late."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shared.core.breaker import Circuit
from shared.core.errors import Unavailable


@dataclass
class MemoryCircuits:
    """A :class:`shared.core.breaker.CircuitStore` that counts its calls."""

    circuits: dict[str, Circuit] = field(default_factory=dict)
    down: bool = False
    reads: int = 0
    writes: int = 0
    before_swap: Callable[[], None] = lambda: None
    """Runs just before a swap is judged: another process that is faster."""

    def load(self, name: str) -> Circuit:
        """The circuit."""
        self._answer()
        self.reads += 1
        return self.circuits.get(name, Circuit(name))

    def swap(self, new: Circuit) -> Circuit | None:
        """Compare and set."""
        self._answer()
        racing, self.before_swap = self.before_swap, lambda: None
        racing()
        self.writes += 1
        actual = self.circuits.get(new.name, Circuit(new.name))
        if actual.version != new.version:
            return actual
        self.circuits[new.name] = replace(new, version=new.version + 1)
        return None

    def _answer(self) -> None:
        if self.down:
            raise Unavailable
