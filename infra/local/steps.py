"""Steps a user watches: one line each with its time; a failure names step, cause and log."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.paths import LOGS, ROOT

_TAIL = 15  # lines of a log that are shown with a failure


class StepFailed(RuntimeError):
    """A step did not do what it says. `log` is where the rest stands, if anywhere."""

    def __init__(self, cause: str, log: Path | None = None) -> None:
        super().__init__(cause)
        self.log = log


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print `title` when it begins and how long it took; on failure, why, and leave."""
    began = time.monotonic()
    shown = sys.stdout.isatty()
    if shown:
        print(f"  … {title}", end="\r", flush=True)
    try:
        yield
    except (StepFailed, OSError, subprocess.SubprocessError) as error:
        print(f"  ✗ {title}  {time.monotonic() - began:.1f} s", flush=True)
        print(f"    cause: {error}", file=sys.stderr)
        log = getattr(error, "log", None)
        if log:
            for line in log.read_text(errors="replace").splitlines()[-_TAIL:]:
                print(f"    | {line}", file=sys.stderr)
            print(f"    log:   {log.relative_to(ROOT)}", file=sys.stderr)
        raise SystemExit(1) from error
    print(f"  ✓ {title}  {time.monotonic() - began:.1f} s", flush=True)


def run(command: list[str], *, log: str, env: dict[str, str] | None = None) -> None:
    """Run a command in the repository with its output in `.local/logs/<log>`.

    Raises StepFailed with the command and its exit code.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / log
    with path.open("w") as out:
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        shown = " ".join(Path(command[0]).name if i == 0 else c for i, c in enumerate(command))
        raise StepFailed(f"`{shown[:160]}` ended with {done.returncode}", path)
