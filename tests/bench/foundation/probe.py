"""Runs inside a function's own process: calls its handler with events from stdin and tells the time that is ours.

Usage: ``python probe.py MODULE < events.json``; the answer goes to stderr, the function's own lines to stdout. Knows
nothing but the standard library and botocore, so that it runs in any function's artefact, and in a peer's.
"""

import importlib
import json
import sys
import time
from typing import Any

from botocore.client import BaseClient

_WARMING = 20
"""Events before the clock counts: connections, caches, the interpreter's own specializing."""


def main() -> None:
    """``[{"status": …, "total_ms": …, "aws_ms": …, "calls": …}, …]``, one per event after the warming ones."""
    spent: list[float] = []
    make = BaseClient._make_api_call

    def timed(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        began = time.perf_counter()
        try:
            return make(client, operation, arguments)
        finally:
            spent.append(time.perf_counter() - began)

    BaseClient._make_api_call = timed
    handler = importlib.import_module(sys.argv[1]).handler
    found = []
    for event in json.load(sys.stdin):
        spent.clear()
        began = time.perf_counter()
        answer = handler(event, None)
        total = time.perf_counter() - began
        status = answer["statusCode"]
        found.append({"status": status, "total_ms": total * 1e3, "aws_ms": sum(spent) * 1e3, "calls": len(spent)})
    json.dump(found[_WARMING:], sys.stderr)


if __name__ == "__main__":
    main()
