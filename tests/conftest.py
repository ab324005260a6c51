"""How tests are shared out among processes (`-n`): by room where tests share something, else by file.

xdist's `--dist loadgroup` would say this with marks, but xdist 3.8 writes the group into an attribute that
pytest 9.2 no longer reads, so its groups are silently ignored.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_TOGETHER = (
    "tests/e2e",  # one stack, and peers on the ports that the local stage lets through
    "tests/infra",  # one synth
    "tests/artefact",  # import times, one at a time
)


class ByRoom(LoadScopeScheduling):  # type: ignore[misc]
    """One process per room of `_TOGETHER` and per file of the others."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return next((room for room in _TOGETHER if path.startswith(f"{room}/")), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRoom:
    """Asked once, by the process that shares out."""
    return ByRoom(config, log)
