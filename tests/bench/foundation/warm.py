"""Warm handlers: how long they take beside their AWS calls, measured in the built artefact."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.functions import Function
from tests.artefact.built import ISOLATED, Built, module, spec_of
from tests.bench.foundation import peer
from tests.bench.foundation.stats import percentile
from tests.bench.foundation.world import World
from tests.fakes import aws_endpoint

_EVENTS = 420
"""Of which the first 20 warm the process up."""
_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True)
class Warm:
    """One handler, milliseconds per request without its AWS calls."""

    name: str
    p50: float
    p95: float
    calls: int


def measure(world: World, built: Built) -> list[Warm]:
    """Our hot functions and the peer, each in a process of its own over the world's account."""
    mint = [world.mint_event() for _ in range(_EVENTS)]
    tokens = spec_of("agora/tokens")
    with aws_endpoint.running() as (url, _calls):
        account = {**world.aws.environ, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}

        def ours(path: str, name: str, events: list[dict[str, Any]]) -> Warm:
            spec = spec_of(path)
            return _run(name, module(spec), _environment(spec, built, account), events)

        return [
            ours("agora/tokens", "mint a token", mint),
            _run(f"mint a token: {peer.NAME}", peer.MODULE, {**peer.variables(tokens, built), **account}, mint),
            ours("webhooks/receive", "receive a notification", [world.notify_event() for _ in range(_EVENTS)]),
            ours("crm/contacts", "list contacts", [world.get_event("/v1/crm/contacts") for _ in range(_EVENTS)]),
        ]


def _environment(spec: Function, built: Built, account: Mapping[str, str]) -> dict[str, str]:
    return {**built.environment(spec), **account, "FUNCTION": spec.path}


def _run(name: str, handler: str, environment: Mapping[str, str], events: list[dict[str, Any]]) -> Warm:
    done = subprocess.run(
        [*ISOLATED, str(_PROBE), handler],
        input=json.dumps(events),
        env=dict(environment),
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    found = json.loads(done.stderr)
    if {answer["status"] // 100 for answer in found} != {2}:
        sys.exit(f"{name}: answered {found[0]}")
    own = [answer["total_ms"] - answer["aws_ms"] for answer in found]
    return Warm(name, percentile(own, 50), percentile(own, 95), max(answer["calls"] for answer in found))
