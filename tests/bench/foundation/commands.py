"""What a newcomer and a deployer wait for: the commands, in a fresh clone with ports of its own (SCALE=full)."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.uv import ROOT
from tests.bench.foundation.table import Table

_CHANGED = Path("functions/agora/tokens/service.py")


def measure() -> Table:
    """Seconds of wall time. What the machine keeps for all clones (uv's cache, npm's) stays."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "switchboard"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        try:
            rows = {
                "make up, bare clone": (_make(clone, "up"),),
                "make up, again": (_make(clone, "up"),),
                "make up, after make down": (_restarted(clone),),
                "make redeploy, one service changed": (_changed(clone),),
                "make synth STAGE=dev, first": (_make(clone, "synth", "STAGE=dev"),),
                "make synth STAGE=dev, again": (_make(clone, "synth", "STAGE=dev"),),
            }
        finally:
            _make(clone, "reset")
    return Table("Commands", "Wall time in a fresh clone; packages are in uv's and npm's caches.", ("seconds",), rows)


def _changed(clone: Path) -> float:
    path = clone / _CHANGED
    path.write_text(path.read_text() + "\n")
    return _make(clone, "redeploy")


def _restarted(clone: Path) -> float:
    _make(clone, "down")
    return _make(clone, "up")


def _make(clone: Path, *arguments: str) -> float:
    print(f"  … make {' '.join(arguments)}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in {"STAGE", "REGION", "REGIONS"}}
    command = ["make", "--no-print-directory", *arguments, f"PYTHON={sys.executable}", f"PORT={_PORT}"]
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=clone,
        env={**environment, "MINISTACK_PORT": str(_MINISTACK_PORT)},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"make {' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return took


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# The edge's port needs a second one free beside it, a thousand above (infra/local/servers.py).
_PORT, _MINISTACK_PORT = 18_380, _free()
