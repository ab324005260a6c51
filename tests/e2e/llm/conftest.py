"""The deployed local stack, two fresh organizations in it, and a provider for each on the laptop's own ports."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import openai
import pytest

from tests.e2e.stack import read as read_stack
from tests.fakes import aimock_server, fault_upstream
from tests.fakes.chat_app import ROOT
from tests.fakes.fault_upstream import FaultUpstream

PEER_PORTS = range(9190, 9200)
"""Among those that the local stage's egress rule lets through (infra/settings.py)."""

UPSTREAM_KEY = "sk-planted-e2e-key"


@dataclass(frozen=True)
class Local:
    """Where the stack answers."""

    base_url: str
    llm_base_url: str
    region: str
    opened: list[openai.OpenAI]

    def found(self, name: str) -> str:
        """The owner key of a new organization: no other test sets its upstream."""
        made = read_stack().found(name)
        made.api.close()
        return made.key

    def set_upstream(self, key: str, base_url: str) -> httpx.Response:
        """Through the API."""
        return httpx.put(
            f"{self.base_url}/v1/llm/upstream",
            headers={"Authorization": f"Bearer {key}"},
            json={"base_url": base_url, "api_key": UPSTREAM_KEY},
            timeout=30,
        )

    def client(self, key: str) -> openai.OpenAI:
        """The official client, which repeats nothing by itself."""
        self.opened.append(openai.OpenAI(base_url=self.llm_base_url, api_key=key, max_retries=0))
        return self.opened[-1]


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    file = ROOT / ".local" / "stack.json"
    assert file.exists(), "the local stack is not up: make up"
    told = json.loads(file.read_text())
    stack = Local(told["base_url"], told["llm_base_url"], told["region"], [])
    yield stack
    for client in stack.opened:
        client.close()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def peer_port() -> Callable[[], int]:
    """Gives free peer ports, each once."""
    ports = iter(PEER_PORTS)
    return lambda: next(port for port in ports if _free(port))


@pytest.fixture(scope="module")
def with_aimock(local: Local, peer_port: Callable[[], int]) -> Iterator[openai.OpenAI]:
    """The client of an organization whose provider is aimock."""
    with aimock_server.running(peer_port()) as aimock:
        key = local.found("LLM end to end")
        assert local.set_upstream(key, aimock.base_url).status_code == 200
        yield local.client(key)


@pytest.fixture(scope="module")
def faulty(peer_port: Callable[[], int]) -> Iterator[FaultUpstream]:
    with fault_upstream.running(peer_port(), silence_s=3.0) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def with_faults(local: Local, faulty: FaultUpstream) -> openai.OpenAI:
    """The client of an organization whose provider fails on demand."""
    key = local.found("LLM faults")
    assert local.set_upstream(key, faulty.base_url).status_code == 200
    return local.client(key)
