"""The deployed local stack: brought up if it is not, brought to this work tree's code if it is."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from infra.local.paths import LOCAL, ROOT, STACK_FILE
from tests.e2e.stack import Organization, Stack, read

HERE = os.path.dirname(__file__)  # noqa: PTH120 - compared with paths that pytest gives as text
_UP_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They need the stack."""
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session", autouse=True)
def stack() -> Stack:
    """``make up``, which changes nothing where nothing has changed; another worker's is waited for.

    A stack that is up stays on its ports and in its regions.
    """
    LOCAL.mkdir(exist_ok=True)
    told = json.loads(STACK_FILE.read_text()) if STACK_FILE.exists() else {}
    same = {"REGIONS": ",".join(told["regions"]), "PORT": told["base_url"].rpartition(":")[2]} if told else {}
    with (LOCAL / "up.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "--no-print-directory", "up", f"PYTHON={sys.executable}"],
            cwd=ROOT,
            env=same | os.environ,
            capture_output=True,
            text=True,
            timeout=_UP_S,
            check=False,
        )
    assert made.returncode == 0, f"make up failed:\n{made.stdout[-2000:]}\n{made.stderr[-2000:]}"
    return read()


@pytest.fixture(scope="module")
def found(stack: Stack) -> Iterator[Callable[[str], Organization]]:
    """Makes organizations of a test's own: no other test touches their limits, upstreams or objects."""
    made: list[Organization] = []

    def make(name: str) -> Organization:
        made.append(stack.found(name))
        return made[-1]

    yield make
    for organization in made:
        organization.api.close()


@pytest.fixture(scope="module")
def acme(found: Callable[[str], Organization]) -> Organization:
    """An organization with its owner key."""
    return found("Acme")


@pytest.fixture(scope="module")
def other(found: Callable[[str], Organization]) -> Organization:
    """Another one, which must never see anything of the first."""
    return found("Other")
