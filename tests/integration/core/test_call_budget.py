"""Each operation asks AWS for what its budget says, in that order, and for nothing else."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.bench.foundation.operations import OPERATIONS, Operation
from tests.bench.foundation.world import World, world


@pytest.fixture(scope="module")
def acme() -> Iterator[World]:
    """An organization that has done everything once. Half past the hour: no limit's window ends meanwhile."""
    with time_machine.travel("2026-11-20T08:30:00Z", tick=True), world() as made:
        yield made


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_makes_the_calls_of_its_budget(operation: Operation, acme: World) -> None:
    """Given a warm process, when an operation is done, then it makes exactly the calls that were budgeted."""
    assert operation.calls(acme) == operation.budget
