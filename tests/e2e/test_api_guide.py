"""docs/api.md runs as pasted: every shell block, in order, against the local stack."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.paths import ROOT
from tests.e2e.stack import Organization, Stack, pages

GUIDE = (ROOT / "docs" / "api.md").read_text()
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = {part.split("\n", 1)[0].strip("# "): _BLOCK.findall(part) for part in GUIDE.split("\n## ")}
(SETTINGS,), *_CALLS = [blocks for blocks in SECTIONS.values() if blocks]
"""The first block sets BASE and KEY."""
CALLS = {title: "\n".join(blocks) for title, blocks in SECTIONS.items() if blocks in _CALLS}

_PRELUDE = r"""set -eu
curl() { command curl --max-time 30 --write-out '\n%{http_code} %{method} %{url_effective}\n' "$@"; }
"""
_ENDED = re.compile(r"^(\d{3}) ([A-Z]+) (\S+)$", re.MULTILINE)
_LEFT = ("/v1/connections", "/v1/sources", "/v1/webhooks/endpoints")
"""What would go on working after the test."""


@pytest.fixture(scope="module")
def settings(stack: Stack, acme: Organization) -> Iterator[dict[str, str]]:
    """BASE and KEY; the key is another organization's than the guide's, which a laptop's owner may be using."""
    yield {"BASE": stack.base_url, "KEY": acme.key}
    for path in _LEFT:
        for made in pages(acme.api, path, limit=100):
            acme.api.call("DELETE", f"{path}/{made['id']}")


def _shell(script: str, environ: dict[str, str]) -> str:
    if shutil.which("curl") is None:
        pytest.skip("the guide is written for curl, which this machine has not")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "NO_PROXY": "*", **environ}
    done = subprocess.run(
        ["bash", "-c", _PRELUDE + script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_settings_are_those_of_the_running_stack(stack: Stack) -> None:
    """Given the first block, when run, then BASE is the edge and KEY the first organization's."""
    told = _shell(f'{SETTINGS}\nprintf "%s\\n" "$BASE" "$KEY"', {}).split()

    assert told == [stack.base_url, stack.seeded[0]["api_key"]]


@pytest.mark.parametrize("section", CALLS)
def test_a_section_runs_as_pasted(section: str, settings: dict[str, str]) -> None:
    """Given a section's calls, when pasted, then each of them succeeds, in our envelope where it is ours."""
    block = CALLS[section]
    out = _shell(block, settings)

    ended = list(_ENDED.finditer(out))
    bodies = [
        out[a:b].strip() for a, b in zip([0, *(e.end() for e in ended)], (e.start() for e in ended), strict=False)
    ]
    answers: list[Any] = [json.loads(body) for body in bodies]
    failed = [(e.group(0), body) for e, body in zip(ended, bodies, strict=True) if not e.group(1).startswith("2")]
    assert len(ended) == block.count("curl "), out
    assert failed == []
    assert all(answer.get("success", True) for answer in answers)
