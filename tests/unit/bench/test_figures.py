"""What the bench makes of its numbers."""

import json
from pathlib import Path

import pytest

from tests.bench.foundation import table
from tests.bench.foundation.stats import percentile
from tests.bench.foundation.table import Table, medians, record


@pytest.mark.parametrize(("rank", "expected"), [(1, 1.0), (50, 3.0), (60, 3.0), (61, 4.0), (95, 5.0), (100, 5.0)])
def test_a_percentile_is_a_value_that_was_measured(rank: int, expected: float) -> None:
    """Given five values, when a percentile is asked for, then the nearest rank's, never one in between."""
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], rank) == expected


def test_a_table_reads_as_markdown() -> None:
    """Given figures, when shown, then three digits each, numbers to the right, words to the left."""
    made = Table(
        "Title", "Says.", ("ratio", "calls", "which"), {"mint": (1.2345, 1, "put"), "receive": (123.4, 12, "")}
    )

    assert made.lines() == [
        "### Title",
        "Says.",
        "",
        "|         | ratio | calls | which |",
        "| ------- | ----: | ----: | ----- |",
        "| mint    |  1.23 |     1 | put   |",
        "| receive |   123 |    12 |       |",
        "",
    ]


def test_medians_are_taken_over_the_runs_that_have_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given three runs, one of which measured more, when summed up, then each figure is its own runs' median."""
    monkeypatch.setattr(table, "RECORDS", tmp_path)
    for value in (1.0, 9.0, 2.0):
        record([Table("Warm", "Says.", ("p50", "calls", "which"), {"mint": (value, 1, "put")})])
    record([Table("Commands", "Says.", ("s",), {"up": (40.0,)})])

    assert [json.loads(path.read_text())[0]["title"] for path in sorted(tmp_path.iterdir())] == [
        *["Warm"] * 3,
        "Commands",
    ]
    assert medians() == [
        Table("Warm", "Says. Median of 3 runs.", ("p50", "calls", "which"), {"mint": [2.0, 1, "put"]}),
        Table("Commands", "Says. Median of 1 run.", ("s",), {"up": [40.0]}),
    ]
