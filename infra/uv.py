"""Runs uv with the package settings this machine already gives pip.

uv reads none of pip's configuration. A team behind a mirror has told pip where its
packages and certificates are, once; this module tells uv the same, so that nothing about
one network is ever written in the repository. Standard library only: it runs before the
environment exists.
"""

import functools
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOTSTRAP = ROOT / ".local" / "bootstrap"
UV = BOOTSTRAP / "bin" / "uv"

# pip's option -> uv's variable. Lists are blank-separated in both.
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
}


def from_pip_settings(listing: str) -> dict[str, str]:
    """The variables uv needs to act as `pip config list` says pip would.

    Environment variables win over files in pip, and `pip config list` prints them as
    `:env:.name='value'`, so they are read last.
    """
    found: dict[str, str] = {}
    lines = sorted(listing.splitlines(), key=lambda line: line.startswith(":env:"))
    for line in lines:
        key, _, value = line.partition("=")
        variable = _SETTINGS.get(key.rpartition(".")[2].replace("_", "-"))
        text = value.strip().strip("'\"").replace("\\n", " ").strip()
        if variable and text:
            found[variable] = text
    # A folder of wheels that is empty or absent is no source, and uv refuses an absent one.
    folder = found.get("UV_FIND_LINKS", "")
    if folder.startswith("/") and not any(Path(folder).glob("*.whl")):
        del found["UV_FIND_LINKS"]
    return found


@functools.cache
def environment() -> dict[str, str]:
    """This process's environment plus pip's settings; what the user set for uv wins."""
    pip = BOOTSTRAP / "bin" / "pip"
    command = [str(pip)] if pip.exists() else [sys.executable, "-m", "pip"]
    listing = [*command, "config", "list"]
    listed = subprocess.run(listing, capture_output=True, text=True, check=False)
    translated = from_pip_settings(listed.stdout)
    return {**translated, "UV_NO_PROGRESS": "1", "UV_NO_CONFIG": "1", **os.environ}


def run(*arguments: str) -> None:
    """Run uv in the repository's root; its output is shown, or logged by the caller.

    Raises CalledProcessError when uv fails.
    """
    subprocess.run([str(UV), *arguments], cwd=ROOT, env=environment(), check=True)
