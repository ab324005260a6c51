"""A queue worker in a process of its own, so that a test can end it with SIGKILL, wherever it is.

As a program it reads a line per batch: ``{"at": seconds, "event": …}``; it lives at that moment while it works, and
answers with a line. The parent's side is :class:`WorkerProcess`.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class WorkerProcess:
    """``function`` is a folder below ``functions``; ``environ`` all that its process is given."""

    function: str
    environ: dict[str, str]

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.worker_process", self.function],
            cwd=ROOT,
            env={**self.environ, "FUNCTION": self.function},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, event: dict[str, Any], at: float) -> None:
        """Hand over a batch without waiting for it."""
        stdin = _pipe(self._process.stdin)
        stdin.write(json.dumps({"at": at, "event": event}) + "\n")
        stdin.flush()

    def end(self) -> dict[str, Any] | None:
        """The answer to the batch; None if the process died on it."""
        for line in _pipe(self._process.stdout):
            if line.startswith('{"batchItemFailures"'):
                answer: dict[str, Any] = json.loads(line)
                return answer
        return None

    def kill(self) -> None:
        """SIGKILL: no handler runs, no buffer is flushed."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it in whatever way it still needs."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def main() -> None:
    """Until the parent closes stdin."""
    import importlib

    import time_machine

    handler = importlib.import_module(f"functions.{sys.argv[1].replace('/', '.')}.handler").handler
    for line in sys.stdin:
        batch = json.loads(line)
        with time_machine.travel(batch["at"], tick=True):
            answer = handler(batch["event"], None)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
