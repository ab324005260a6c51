"""The LLM gateway through the local stack, beside the provider asked directly."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.bench.foundation.stats import percentile
from tests.bench.foundation.table import Table
from tests.e2e.stack import Stack
from tests.fakes import fault_upstream

_PEER_PORTS = range(9190, 9200)
"""Among those that the local stage's egress rule lets through (infra/settings.py)."""
_WARMING, _EACH = 5, 40
_BODY = {"model": "good", "messages": [{"role": "user", "content": "hi"}]}


def measure(stack: Stack) -> Table:
    """Milliseconds until the first token of a stream, and until the end of a whole answer."""
    acme = stack.found("Bench")
    rows = {}
    with fault_upstream.running(_free_port()) as upstream, httpx.Client(timeout=40, trust_env=False) as client:
        wanted = {"base_url": upstream.base_url, "api_key": "sk-made-up", "models": []}
        acme.api.call("PUT", "/v1/llm/upstream", json=wanted)
        places = {"gateway": stack.llm_base_url, "provider, asked directly": upstream.base_url}
        for name, base in places.items():
            for what, stream in (("first token", True), ("whole answer", False)):
                key = acme.scoped("llm:chat")  # of its own: a key's burst is 60
                took = [_ask(client, base, key, stream=stream) for _ in range(_WARMING + _EACH)][_WARMING:]
                rows[f"{what}: {name}"] = (percentile(took, 50), percentile(took, 95))
    acme.api.close()
    return Table(
        "LLM gateway",
        "The chat app as run.sh starts it, over a provider on this machine that answers at once.",
        ("p50 ms", "p95 ms"),
        rows,
    )


def _ask(client: httpx.Client, base: str, key: str, *, stream: bool) -> float:
    began = time.perf_counter()
    with client.stream(
        "POST", f"{base}/chat/completions", json={**_BODY, "stream": stream}, headers={"Authorization": f"Bearer {key}"}
    ) as answer:
        if not answer.is_success:
            sys.exit(f"{base}: {answer.status_code} {answer.read().decode()[:200]}")
        first = 0.0
        for _ in answer.iter_raw():
            first = first or time.perf_counter() - began
    return (first if stream else time.perf_counter() - began) * 1000


def _free_port() -> int:
    for port in _PEER_PORTS:
        with _probe() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    sys.exit("no peer port is free")


@contextmanager
def _probe() -> Iterator[socket.socket]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield probe
