"""A MiniStack of the campaign's own: a port nobody uses, a state folder that goes with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

REGION = "us-east-1"
_START_S, _STOP_S = 60.0, 60.0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Emulator:
    """Started, stopped by SIGTERM (which writes its state), started again on the same port and state."""

    def __init__(self, python: Path, folder: Path) -> None:
        """``python`` of MiniStack's environment; ``folder`` for state and log."""
        self._python = python
        self.folder = folder
        self.log = folder / "ministack.log"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError when it does not."""
        scratch = self.folder / "tmp"
        for made in (scratch, self.folder / "state"):
            made.mkdir(parents=True, exist_ok=True)
        environ = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": self.url.rpartition(":")[2],
            "MINISTACK_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "PYTHONPATH": "",
            "STATE_DIR": str(self.folder / "state"),
            "TMPDIR": str(scratch),
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._python), "-m", "ministack"],
                env=environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.05)
        raise RuntimeError(f"MiniStack did not answer: see {self.log}")

    def stop(self) -> None:
        """SIGTERM, so that it writes its state. Raises when it does not end by itself."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def client(self, service: str) -> Any:
        """The campaign's own client: few retries, since being down is part of the plan."""
        config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2}, max_pool_connections=30)
        return botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2) as answer:
                return "services" in json.load(answer)
        except (OSError, ValueError):
            return False


def python_of_ministack(root: Path) -> Path:
    """Of the environment that `make up` and `make prove` build."""
    python = root / ".local" / "ministack" / "bin" / "python"
    if not python.exists():
        sys.exit("MiniStack is not installed: run `make up` once, or `python -m infra.local.environment --ministack`")
    return python
