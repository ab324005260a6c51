"""The demo's rows: each is run whatever became of the others, and told in one line."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.demo.api import Refused
from tests.demo.target import Target

_STEP, _TIME, _WRAP = 14, 8, 86


class Skipped(Exception):
    """The row cannot be shown against this target; the message says what it needs. Not a proof."""


class State(StrEnum):
    """What became of a row."""

    PROVEN = "✓"
    FAILED = "✗"
    SKIPPED = "-"


@dataclass(frozen=True)
class Row:
    """A step: ``prove`` returns what it has shown, and raises when it could not."""

    name: str
    prove: Callable[[Target], str]


@dataclass(frozen=True)
class Outcome:
    """A row that was run."""

    name: str
    state: State
    told: str
    took_s: float


def run(row: Row, target: Target) -> Outcome:
    """Never raises: whatever goes wrong is this row's failure and leaves the others alone."""
    began = time.monotonic()
    try:
        told, state = row.prove(target), State.PROVEN
    except Skipped as missing:
        told, state = f"skipped: {missing}", State.SKIPPED
    except (AssertionError, Refused) as broken:
        told, state = f"{broken}".partition("\n")[0], State.FAILED
    except Exception as error:  # noqa: BLE001 - the reason is told, the other rows still run
        told, state = f"{type(error).__name__}: {error}".partition("\n")[0], State.FAILED
    return Outcome(row.name, state, told, time.monotonic() - began)


def show(rows: Iterable[Row], target: Target, write: Callable[[str], None]) -> list[Outcome]:
    """Run the rows in order, each written as soon as it is known."""
    write(f"  {'':2}{'step':<{_STEP}}{'time':>{_TIME}}  what was proven")
    outcomes = []
    for row in rows:
        outcome = run(row, target)
        first, *more = _lines(outcome.told)
        write(f"  {outcome.state.value} {outcome.name:<{_STEP}}{outcome.took_s:>{_TIME - 2}.1f} s  {first}")
        for line in more:
            write(" " * (_STEP + _TIME + 6) + line)
        outcomes.append(outcome)
    return outcomes


def verdict(outcomes: Sequence[Outcome]) -> tuple[str, int]:
    """The last line, and the exit code: 0 only if every row that was asked for is proven."""
    failed = [o.name for o in outcomes if o.state is State.FAILED]
    skipped = [o.name for o in outcomes if o.state is State.SKIPPED]
    took = sum(o.took_s for o in outcomes)
    if failed:
        return f"failed: {', '.join(failed)}", 1
    if skipped:
        return f"not proven: {', '.join(skipped)} (give what they need, or name the others in ROWS=)", 3
    return f"all {len(outcomes)} rows hold, {took:.1f} s", 0


def _lines(text: str) -> list[str]:
    """Broken between words, so that a row stays readable in a terminal."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _WRAP:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines
