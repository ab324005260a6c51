"""`make check` and `make test`: every gate in order, each with its time; the first failure ends it.

`check` is what one runs before each commit. `all` is what CI runs: from a fresh clone it
brings the stack up, runs every test, the default fault campaign and the demo, and takes
down what it brought up.
"""

import os
import subprocess
import sys
import time

from infra.local import ministack, processes
from infra.local.paths import ROOT
from infra.local.steps import run, step

_PYTHON = str(ROOT / ".venv" / "bin" / "python")
_BIN = ROOT / ".venv" / "bin"
_WORKERS = str(min(os.cpu_count() or 2, 8))

_CODE = ("functions", "infra", "shared", "tests")
_GATES = (
    ("lint (ruff, every rule)", [str(_BIN / "ruff"), "check", *_CODE]),
    ("format", [str(_BIN / "ruff"), "format", "--check", *_CODE]),
    ("types (mypy, strict)", [str(_BIN / "mypy"), *_CODE]),
    ("rooms (import-linter)", [str(_BIN / "lint-imports"), "--no-cache"]),
    ("documents (as the routes say)", [_PYTHON, "-m", "infra.local.openapi", "--check"]),
)


def _gates() -> None:
    for title, command in _GATES:
        with step(title):
            run(command, log=f"check-{title.split()[0]}.log")


def _shown(command: list[str]) -> str:
    """Run a command in view of the user; the last line it printed. Leaves with its code on failure."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    shown = b""
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        while process.stdout and (part := os.read(process.stdout.fileno(), 4096)):
            os.write(sys.stdout.fileno(), part)
            shown = (shown + part)[-4096:]
    if process.returncode:
        raise SystemExit(process.returncode)
    return shown.decode(errors="replace").strip().rpartition("\n")[2]


def check() -> None:
    """Lint, types, rooms, unit tests."""
    began = time.monotonic()
    _gates()
    _shown([_PYTHON, "-m", "pytest", "-q", "-n", _WORKERS, "tests/unit", "-m", "not slow"])
    print(f"checked in {time.monotonic() - began:.0f} s", flush=True)


def everything() -> None:
    """All gates and tests; the last line is pytest's."""
    _gates()
    ours = processes.running(ministack.NAME) is None
    try:
        os.environ["REGIONS"] = "us-east-1,eu-west-1"  # what is replicated is tested, too
        _shown(["make", "--no-print-directory", "up"])
        _shown([_PYTHON, "-m", "tests.infra.grants", "record"])
        # Workers of xdist are measured too: `patch = ["subprocess"]` in pyproject.toml.
        tests = ["-m", "pytest", "-q", "-n", _WORKERS, "--durations=10"]
        closing = _shown([_PYTHON, "-m", "coverage", "run", *tests])
        _coverage()
        # Before the campaign: it restarts the emulator, which forgets what it recorded.
        with step("every grant was used, every call granted"):
            run([_PYTHON, "-m", "tests.infra.grants", "compare"], log="grants.log")
        for target in ("demo", "prove"):
            _shown(["make", "--no-print-directory", target])
    finally:
        if ours:
            _shown(["make", "--no-print-directory", "down"])
    print(closing)


def _coverage() -> None:
    """Combine the workers' measurements and hold them to the floor in pyproject.toml."""
    coverage = [_PYTHON, "-m", "coverage"]
    with step("coverage"):
        run([*coverage, "combine", "--quiet"], log="coverage-combine.log")
        run([*coverage, "report"], log="coverage.log")


if __name__ == "__main__":
    (everything if sys.argv[1:] == ["all"] else check)()
