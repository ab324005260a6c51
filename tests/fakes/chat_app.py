"""The chat app as a process of its own over an account in this one, called through its socket."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.core.scope import stored_scope
from shared.llm.upstream import Upstream
from shared.runtime import llm
from shared.runtime.bootstrap import Founded
from tests.fakes import aws_endpoint
from tests.fakes.cloud import Cloud, cloud

ROOT = Path(__file__).parents[2]
UPSTREAM_KEY = "sk-planted-upstream-key"


@dataclass(frozen=True)
class Backing:
    """An account with one organization, whose upstream is set."""

    account: Cloud
    acme: Founded
    environ: dict[str, str]
    """For the process: of a deployed function, and where to find this account."""
    calls: list[str]
    """Operations that the process has called."""

    def set_upstream(self, base_url: str, *models: str, ask_usage: bool = True) -> None:
        """As ``PUT /v1/llm/upstream`` would."""
        org = stored_scope(self.acme.org_id)
        upstream = Upstream(base_url, UPSTREAM_KEY, models, ask_usage)
        llm.upstreams(self.account.container(), org).put(upstream, 1_000)

    def records(self) -> list[dict[str, Any]]:
        """Usage records so far, by the id of their request."""
        return sorted(self.account.rows("llm"), key=lambda item: str(item["sk"]))


@contextmanager
def backing(*allow: str) -> Iterator[Backing]:
    """``allow``: host:port pairs of upstreams on this machine."""
    with cloud(EGRESS_ALLOW=",".join(allow)) as account, aws_endpoint.running() as (url, calls):
        environ = {
            **account.environ,
            "FUNCTION": "llm/chat",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
        yield Backing(account, account.found("Acme"), environ, calls)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Until ``ready``; fails the test saying ``what`` was awaited."""
    ends = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < ends, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Whether a GET is answered at all."""
    try:
        return bool(httpx.get(url, timeout=1).status_code)
    except httpx.TransportError:
        return False


@contextmanager
def serving(backing: Backing) -> Iterator[str]:
    """The app from the sources, under uvicorn as ``run.sh`` starts it; gives the base URL up to the routes."""
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        **backing.environ,
    }
    command = [sys.executable, "-m", "uvicorn", "functions.llm.chat.handler:app", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:  # a pipe that nobody reads would stop the process once it is full
        process = subprocess.Popen(
            [*command, "--lifespan", "off", "--no-access-log", "--log-level", "warning"],
            env=environ,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(lambda: answers(f"{base}/ready"), seconds=20, what="the chat app")
            yield base
        finally:
            process.terminate()
            process.wait(timeout=10)
