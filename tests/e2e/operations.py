"""The API's operations, as docs/openapi.json tells them: what generated tests walk over."""

import json
import re
from dataclasses import dataclass
from typing import Any

from infra.local.paths import ROOT

_PARAMETER = re.compile(r"{([a-z_]+)}")


def document() -> dict[str, Any]:
    """Committed, and served as it is (tests/e2e/platform/test_surface.py)."""
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return found


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    scope: str | None
    public: bool
    statuses: frozenset[int]
    """That it documents."""

    @property
    def parameters(self) -> list[str]:
        """Names in the path."""
        return _PARAMETER.findall(self.path)

    def at(self, **values: str) -> str:
        """The path with its parameters filled in."""
        return self.path.format(**values)

    @property
    def streams(self) -> bool:
        """Whether it stands behind the REST API, which the emulated HTTP API knows nothing of."""
        return self.path.endswith("/chat/completions")


def operations() -> list[Operation]:
    """All of them, in the document's order."""
    return [
        Operation(
            name=told["operationId"],
            method=method.upper(),
            path=path,
            scope=told.get("x-scope"),
            public=not told["security"],
            statuses=frozenset(map(int, told["responses"])),
        )
        for path, methods in document()["paths"].items()
        for method, told in methods.items()
    ]
