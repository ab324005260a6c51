"""Faults planted in our own code. Each breaks one promise, and the campaign must notice."""

import threading
import time
from collections.abc import Callable
from typing import Any

LATE_S = 0.1
"""How much after its 200 the mutant `ack-before-write` writes."""


def _no_sweep(function: str) -> None:
    """What a queue or a worker lost stays lost."""
    if function != "platform/sweep":
        return
    from shared.core.work.sweep import Sweep

    Sweep.run = lambda _self, _now: {}  # type: ignore[assignment, method-assign]


def _ack_before_write(function: str) -> None:
    """The notification is answered 200 before it is durable."""
    if function != "webhooks/receive":
        return
    from shared.core.work.dispatch import Dispatcher

    accept = Dispatcher.accept

    def late(self: Dispatcher, *arguments: Any) -> bool:
        def write() -> None:
            time.sleep(LATE_S)
            accept(self, *arguments)

        threading.Thread(target=write, daemon=True).start()
        return True

    Dispatcher.accept = late  # type: ignore[assignment, method-assign]


def _no_dedupe(_function: str) -> None:
    """Accepting again replaces what was accepted before."""
    from shared.adapters.dynamodb.table import DynamoTable

    put = DynamoTable.put
    DynamoTable.put = lambda self, item, **_: put(self, item, condition=None)  # type: ignore[method-assign]


def _claim_without_condition(_function: str) -> None:
    """Whoever is told of an item takes it, done or not. The condition still names every value, as DynamoDB wants."""
    from shared.adapters.dynamodb import work

    held = "#st = :claimed OR #st = :pending OR #st = :parked OR due_at <= :now OR not_before <= :soon"
    work._CLAIMABLE = f"attribute_exists(pk) AND (origin_region = :region OR {held})"


MUTANTS: dict[str, Callable[[str], None]] = {
    "no-sweep": _no_sweep,
    "ack-before-write": _ack_before_write,
    "no-dedupe": _no_dedupe,
    "claim-without-condition": _claim_without_condition,
}


def plant(name: str, function: str) -> None:
    """In this process, before its handler is imported."""
    MUTANTS[name](function)
