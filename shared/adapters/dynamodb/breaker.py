"""Circuits in the regional ``limits`` table: one item per party."""

from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update
from shared.core.breaker import Circuit, State
from shared.core.clock import DAY, SECOND, rfc3339

_ENTITY, _VERSION = "circuit", 1
_KEPT = DAY
"""Milliseconds after the last change until the item may go. A circuit that is gone is a closed one."""


class DynamoCircuits:
    """The :class:`shared.core.breaker.CircuitStore` of one region."""

    def __init__(self, table: DynamoTable) -> None:
        """Of the ``limits`` table, over a client that gives up quickly: no call waits for bookkeeping."""
        self._table = table

    def load(self, name: str) -> Circuit:
        """One eventually consistent read. Raises Unavailable."""
        return _read(name, self._table.get(*keys.circuit(name)))

    def swap(self, new: Circuit) -> Circuit | None:
        """One conditional write; a lost race comes back with what won it. Raises Unavailable."""
        update = Update(
            sets=_attributes(new),
            condition="rev = :rev" if new.version else "attribute_not_exists(pk)",
            values={":rev": new.version} if new.version else None,
        )
        try:
            self._table.update(*keys.circuit(new.name), update)
        except ConditionFailed as lost:
            return _read(new.name, lost.item)
        return None


def _attributes(circuit: Circuit) -> dict[str, Any]:
    return {
        "et": _ENTITY,
        "v": _VERSION,
        "updated_at": rfc3339(circuit.changed_at),
        "state": str(circuit.state),
        "failures": circuit.failures,
        "trips": circuit.trips,
        "retry_at": circuit.retry_at,
        "probe": circuit.probe,
        "rev": circuit.version + 1,
        "changed_at": circuit.changed_at,
        "expires_at": (max(circuit.changed_at, circuit.retry_at) + _KEPT) // SECOND,
    }


def _read(name: str, item: dict[str, Any] | None) -> Circuit:
    if item is None:
        return Circuit(name)
    return Circuit(
        name=name,
        state=State(item["state"]),
        failures=item["failures"],
        trips=item["trips"],
        retry_at=item["retry_at"],
        probe=item["probe"],
        version=item["rev"],
        changed_at=item["changed_at"],
    )
