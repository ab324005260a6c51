"""The demo's table: what it prints, and the exit code it ends with."""

import pytest

from tests.demo.api import Refused
from tests.demo.table import Outcome, Row, Skipped, State, run, show, verdict
from tests.demo.target import Target, Unusable, read

HERE = Target("http://localhost:8080", "http://localhost:8080/llm/v1", "sb_live_x", local=True)


def raising(error: Exception) -> Row:
    """A row that cannot be proven."""

    def prove(_: Target) -> str:
        raise error

    return Row("broken", prove)


@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (AssertionError("a repeat was taken for new\nand more"), State.FAILED, "a repeat was taken for new"),
        (Refused("POST /v1/sources → 500 internal_error: …"), State.FAILED, "POST /v1/sources → 500 internal_error: …"),
        (TimeoutError("the delivery did not happen"), State.FAILED, "TimeoutError: the delivery did not happen"),
        (Skipped("needs SINK_URL="), State.SKIPPED, "skipped: needs SINK_URL="),
    ],
)
def test_a_row_tells_why_it_is_not_proven(error: Exception, state: State, told: str) -> None:
    """Given a row that raises, when run, then its reason is one line and nothing is raised further."""
    outcome = run(raising(error), HERE)

    assert (outcome.state, outcome.told) == (state, told)


def test_rows_after_a_failed_one_still_run() -> None:
    """Given a failing first row, when shown, then the second is run and each has its line as it ends."""
    lines: list[str] = []
    outcomes = show([raising(KeyError("x")), Row("whole", lambda _: "seven tables answer")], HERE, lines.append)

    assert [o.state for o in outcomes] == [State.FAILED, State.PROVEN]
    assert lines[1].split()[:2] == ["✗", "broken"]
    assert lines[2].endswith("seven tables answer")


@pytest.mark.parametrize(
    ("states", "told", "code"),
    [
        ((State.PROVEN, State.PROVEN), "all 2 rows hold, 2.0 s", 0),
        ((State.FAILED, State.SKIPPED), "failed: row 0", 1),
        ((State.PROVEN, State.SKIPPED), "not proven: row 1", 3),
    ],
)
def test_only_a_table_of_proofs_ends_well(states: tuple[State, ...], told: str, code: int) -> None:
    """Given proven, failed and skipped rows, when judged, then only all of them proven is 0, and the rest are named."""
    sentence, exit_code = verdict([Outcome(f"row {n}", state, "", 1.0) for n, state in enumerate(states)])

    assert sentence.startswith(told)
    assert exit_code == code


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"BASE_URL": "https://api.example.com"}, "BASE_URL needs KEY"),
        ({"BASE_URL": "api.example.com", "KEY": "k"}, "BASE_URL is a URL"),
        ({"BASE_URL": "https://api.example.com", "KEY": "k", "PATIENCE_S": "long"}, "PATIENCE_S is a number"),
    ],
)
def test_what_it_cannot_begin_with_it_names(environ: dict[str, str], told: str) -> None:
    """Given flags that make no sense, when read, then the sentence begins with the one that is wrong."""
    with pytest.raises(Unusable, match=told):
        read(environ)


def test_a_deployments_flags_are_read() -> None:
    """Given a deployment's address, when read, then it is not taken for this machine and its paths are the design's."""
    target = read({"BASE_URL": "https://api.example.com/", "KEY": "k", "SINK_URL": "https://tunnel.example.com"})

    assert target == Target(
        "https://api.example.com",
        "https://api.example.com/llm/v1",
        "k",
        local=False,
        sink_url="https://tunnel.example.com",
    )
