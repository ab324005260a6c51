"""`make demo` tells the truth: it holds over a whole stack, and fails at the right row when a job is broken."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from infra.local.paths import ROOT
from tests.demo.__main__ import ROWS
from tests.e2e.planted import broken
from tests.e2e.stack import Stack

NAMES = [row.name for row in ROWS]
AT_ONCE, WAITS = "internal_error", "did not happen within"
"""How a row learns of it: by the answer, or by waiting for what a worker never does."""

JOBS = [
    ("agora token", "agora/tokens", AT_ONCE),
    ("webhook", "webhooks/receive", AT_ONCE),
    ("llm stream", "llm/chat", AT_ONCE),
    ("crm pull", "crm/contacts", AT_ONCE),
]
WORKERS = [
    ("webhook", "webhooks/process", WAITS),
    ("webhook", "webhooks/deliver", WAITS),
    ("crm pull", "crm/sync", WAITS),
]


@dataclass(frozen=True)
class Run:
    """One run of the demo."""

    code: int
    output: str

    def states(self) -> dict[str, str]:
        """Row -> ✓, ✗ or -."""
        lines = [line[2:].split(" ", 1) for line in self.output.splitlines() if line[2:3] in {"✓", "✗", "-"}]
        return {next(name for name in NAMES if rest.startswith(name)): mark for mark, rest in lines}

    @property
    def verdict(self) -> str:
        """The last line."""
        return self.output.strip().splitlines()[-1].strip()


def demo(**flags: str) -> Run:
    """As `make demo` runs it."""
    clean = {name: value for name, value in os.environ.items() if name not in {"BASE_URL", "KEY", "ROWS"}}
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env=clean | flags,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


def test_every_row_holds_over_the_whole_stack() -> None:
    """Given the stack as deployed, when the demo runs, then each row is proven and the exit code is 0."""
    run = demo()

    assert (run.code, run.states()) == (0, dict.fromkeys(NAMES, "✓")), run.output


@pytest.mark.parametrize(("row", "path", "reason"), JOBS, ids=[path for _, path, _ in JOBS])
def test_a_broken_job_fails_its_row_and_no_other(stack: Stack, row: str, path: str, reason: str) -> None:
    """Given a job's service that raises, when the demo runs, its row fails and says why; the others are proven."""
    with broken(stack, path):
        run = demo()

    assert run.code == 1, run.output
    assert run.states() == {name: "✗" if name == row else "✓" for name in NAMES}, run.output
    assert (run.verdict, reason in run.output, " 500 " in run.output) == (f"failed: {row}", True, True), run.output


@pytest.mark.parametrize(("row", "path", "reason"), WORKERS, ids=[path for _, path, _ in WORKERS])
def test_a_broken_worker_fails_its_row(stack: Stack, row: str, path: str, reason: str) -> None:
    """Given a worker that raises behind a queue, when its row runs, it fails naming what it has waited for."""
    with broken(stack, path):
        run = demo(ROWS=row, PATIENCE_S="5")

    assert (run.code, run.states()) == (1, {row: "✗"}), run.output
    assert (run.verdict, reason in run.output) == (f"failed: {row}", True), run.output


def test_afterwards_the_stack_is_whole_again() -> None:
    """Given all that was broken, when it has been undone, then every row holds as before."""
    run = demo()

    assert (run.code, run.states()) == (0, dict.fromkeys(NAMES, "✓")), run.output


def test_a_deployment_that_cannot_reach_this_machine_proves_less_and_says_so(stack: Stack) -> None:
    """Given a deployment elsewhere and no public sink, when the demo runs, rows are skipped and none of them counts."""
    run = demo(BASE_URL=stack.base_url.replace("localhost", "127.0.0.1"), KEY=stack.seeded[0]["api_key"])

    assert (run.code, run.states()) == (
        3,
        {"health": "✓", "agora token": "✓", "webhook": "-", "llm stream": "-", "crm pull": "-"},
    ), run.output
    assert "needs SINK_URL=" in run.output
