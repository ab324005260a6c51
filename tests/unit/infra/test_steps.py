"""What a user sees of a command that works, and of one that does not."""

from pathlib import Path

import pytest

from infra.local import steps


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own."""
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    monkeypatch.setattr(steps, "LOGS", tmp_path / "logs")
    return tmp_path / "logs"


def test_a_step_that_works_tells_its_title_and_time(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a command that works, when its step is over, then one line has a tick, the title and seconds."""
    with steps.step("counting"):
        steps.run(["sh", "-c", "echo one"], log="count.log")

    assert capsys.readouterr().out.startswith("  ✓ counting  0.")
    assert (logs / "count.log").read_text() == "one\n"


def test_a_step_that_fails_names_itself_its_cause_and_its_log(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a command that fails, when its step is over, then step, cause, the log's end and where it lies are told."""
    with pytest.raises(SystemExit) as left, steps.step("counting"):
        steps.run(["sh", "-c", "echo no such number; exit 3"], log="count.log")

    told = capsys.readouterr()
    assert left.value.code == 1
    assert "✗ counting" in told.out
    assert told.err.splitlines() == [
        "    cause: `sh -c echo no such number; exit 3` ended with 3",
        "    | no such number",
        "    log:   logs/count.log",
    ]
    assert logs.exists()
