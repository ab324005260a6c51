"""Figures with names: printed, recorded for each run, and summed up as medians of the runs."""

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.uv import ROOT

RECORDS = ROOT / ".local" / "bench" / "foundation"
Value = float | int | str


@dataclass(frozen=True)
class Table:
    """One subject. ``rows`` map a name to as many values as there are ``columns``."""

    title: str
    says: str
    columns: tuple[str, ...]
    rows: Mapping[str, Sequence[Value]]

    def lines(self) -> list[str]:
        """As Markdown, aligned, so that a terminal shows it well and the README takes it as it is."""
        cells = [["", *self.columns], *([name, *map(_text, values)] for name, values in self.rows.items())]
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        wordy = [True, *(all(isinstance(v[i], str) for v in self.rows.values()) for i in range(len(self.columns)))]
        rule = ["-" * (w - 1) + ("-" if words else ":") for w, words in zip(widths, wordy, strict=True)]
        aligned = [
            [cell.ljust(w) if words else cell.rjust(w) for cell, w, words in zip(row, widths, wordy, strict=True)]
            for row in (cells[0], rule, *cells[1:])
        ]
        return [f"### {self.title}", self.says, "", *(f"| {' | '.join(row)} |" for row in aligned), ""]


def _text(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
    return str(value)


def record(tables: Sequence[Table]) -> None:
    """Keep a run's figures."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    run = [{"title": t.title, "says": t.says, "columns": t.columns, "rows": dict(t.rows)} for t in tables]
    (RECORDS / f"{time.time_ns()}.json").write_text(json.dumps(run))


def medians() -> list[Table]:
    """Of every run recorded: each number is the median over the runs that have it; ``says`` is the last run's."""
    found: dict[str, list[Table]] = {}
    for path in sorted(RECORDS.glob("*.json")):
        for told in json.loads(path.read_text()):
            table = Table(told["title"], told["says"], tuple(told["columns"]), told["rows"])
            found.setdefault(table.title, []).append(table)
    return [_median(runs) for runs in found.values()]


def _median(runs: list[Table]) -> Table:
    last = runs[-1]
    rows = {
        name: [_middle([run.rows[name][i] for run in runs if name in run.rows]) for i in range(len(last.columns))]
        for name in last.rows
    }
    return Table(
        last.title, f"{last.says} Median of {len(runs)} {'run' if len(runs) == 1 else 'runs'}.", last.columns, rows
    )


def _middle(values: list[Value]) -> Value:
    if any(isinstance(value, str) for value in values):
        return values[-1]
    middle = statistics.median([float(value) for value in values])
    return int(middle) if all(isinstance(value, int) for value in values) else middle
