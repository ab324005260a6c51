"""The chat app in a process of its own, before a provider nobody here wrote and one that fails."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import openai
import pytest

from tests.fakes import aimock_server, chat_app, fault_upstream
from tests.fakes.aimock_server import Aimock
from tests.fakes.chat_app import Backing
from tests.fakes.fault_upstream import FaultUpstream


@dataclass(frozen=True)
class Gateway:
    """The app, its account, and the providers it may be pointed at."""

    base: str
    backing: Backing
    aimock: Aimock
    faulty: FaultUpstream
    opened: list[openai.OpenAI] = field(default_factory=list)

    def client(self, key: str | None = None, prefix: str = "/llm/v1") -> openai.OpenAI:
        """The official client, which repeats nothing by itself."""
        key = key or self.backing.acme.api_key
        self.opened.append(openai.OpenAI(base_url=self.base + prefix, api_key=key, max_retries=0))
        return self.opened[-1]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """For one module: while it lives this process's one moto account is its own."""
    with (
        aimock_server.running() as aimock,
        fault_upstream.running(silence_s=3.0) as faulty,
        chat_app.backing(f"127.0.0.1:{aimock.port}", f"127.0.0.1:{faulty.port}") as backing,
    ):
        # A second organization has the failing provider: an upstream is remembered for a minute.
        backing.set_upstream(aimock.base_url)
        with chat_app.serving(backing) as base:
            gateway = Gateway(base, backing, aimock, faulty)
            yield gateway
            for client in gateway.opened:
                client.close()
