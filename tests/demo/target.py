"""What the demo is pointed at: the stack on this machine, or a deployment."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.demo.api import Api

STACK_FILE = Path(__file__).parents[2] / ".local" / "stack.json"

SINK_PORT, UPSTREAM_PORT, HUBSPOT_PORT = 9180, 9181, 9183
"""Of the third parties on this machine; the local stage lets customers' URLs lead to 9180-9199 and to no other
private address, and has its HubSpot at 9183 (infra/settings.py)."""


class Unusable(Exception):
    """The demo cannot begin; the message says what to give."""


@dataclass(frozen=True)
class Target:
    """A deployment, a key of an organization in it, and which third parties it can reach."""

    base_url: str
    llm_base_url: str
    key: str
    local: bool
    """Whether it runs on this machine and can reach what the demo starts here."""
    sink_url: str | None = None
    """Public address that leads to ``SINK_PORT`` of this machine (a tunnel)."""
    hubspot_token: str | None = None
    """Of a private app with ``crm.objects.contacts.read``."""
    model: str | None = None
    """For the organization's own provider."""
    patience_s: float | None = None
    """How long a row waits for what workers do; None: as long as it says itself."""

    def api(self) -> Api:
        """A client with the key."""
        return Api(self.base_url, self.key, trust_env=not self.local)


def read(environ: Mapping[str, str]) -> Target:
    """From ``BASE_URL``, ``KEY`` and the flags of ``make demo``; without them, the local stack. Raises Unusable."""
    base_url = environ.get("BASE_URL", "").rstrip("/")
    patience_s = _seconds(environ.get("PATIENCE_S", ""))
    if not base_url:
        return replace(_local(), patience_s=patience_s)
    if not environ.get("KEY"):
        raise Unusable("BASE_URL needs KEY: an API key with every scope, of an organization made for this")
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise Unusable(f"BASE_URL is a URL, not {base_url!r}")
    return Target(
        base_url=base_url,
        llm_base_url=(environ.get("LLM_BASE_URL") or f"{base_url}/llm/v1").rstrip("/"),
        key=environ["KEY"],
        local=_is_ours(base_url),
        sink_url=environ.get("SINK_URL") or None,
        hubspot_token=environ.get("HUBSPOT_TOKEN") or None,
        model=environ.get("MODEL") or None,
        patience_s=patience_s,
    )


def _seconds(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise Unusable(f"PATIENCE_S is a number of seconds, not {text!r}") from None


def _local() -> Target:
    try:
        stack = json.loads(STACK_FILE.read_text())
    except FileNotFoundError:
        raise Unusable("nothing runs here yet: `make up`, or give BASE_URL= and KEY=") from None
    return Target(stack["base_url"], stack["llm_base_url"], stack["api_key"], local=True)


def _is_ours(base_url: str) -> bool:
    """Whether ``base_url`` is the stack of this work tree, given by hand."""
    if not STACK_FILE.exists():
        return False
    regions = json.loads(STACK_FILE.read_text())["regions"].values()
    return base_url in {region["base_url"] for region in regions}


def need_free(port: int) -> None:
    """Raises ``OSError`` naming the port when something on this machine listens there."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise OSError(f"port {port} of this machine is taken by another program")


def environment() -> Mapping[str, str]:
    """This process's; make exports the variables of its command line."""
    return os.environ
