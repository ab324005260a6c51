"""Programs that stay running after a command ends: each by name, with a log and an id file."""

import os
import signal
import subprocess
import time
from pathlib import Path

from infra.local.paths import LOGS, ROOT, RUN


def _record(name: str) -> Path:
    return RUN / f"{name}.pid"


def _started_at(pid: int) -> str:
    """The kernel's start tick of a process: with it, an id used again is not taken for ours."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[19]
    except (OSError, IndexError):
        return "?"  # no /proc (macOS): the id alone


def running(name: str) -> int | None:
    """The process id of the program, None when it does not run."""
    try:
        pid, started = _record(name).read_text().split()
        os.kill(int(pid), 0)
    except (OSError, ValueError):
        return None
    return int(pid) if _started_at(int(pid)) == started else None


def start(name: str, command: list[str], env: dict[str, str], cwd: Path = ROOT) -> int:
    """Start the program in the background, its output appended to `.local/logs/<name>.log`."""
    LOGS.mkdir(parents=True, exist_ok=True)
    RUN.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("a") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _record(name).write_text(f"{process.pid} {_started_at(process.pid)}")
    # It is to outlive us: without this, forgetting it warns that it still runs.
    process.returncode = 0
    return process.pid


def stop(name: str, *, grace_s: float) -> bool:
    """SIGTERM, and SIGKILL after `grace_s`. True when it ended by itself or did not run."""
    pid = running(name)
    if pid is None:
        _record(name).unlink(missing_ok=True)
        return True
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + grace_s
    while time.monotonic() < until:
        if _gone(pid):
            _record(name).unlink(missing_ok=True)
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    _record(name).unlink(missing_ok=True)
    return False


def _gone(pid: int) -> bool:
    try:
        ended, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return _zombie(pid)
    return ended == pid


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
