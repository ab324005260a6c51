"""Makes what every other command stands on: Python packages, Node, the CDK, MiniStack.

Runs under the bare Python of the machine (>= 3.11) with the standard library only. Each
part leaves a stamp of what it was made from, so a second run reads four small files.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra import uv

ROOT = uv.ROOT
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
MINISTACK = LOCAL / "ministack"
OLDEST_PYTHON = (3, 11)


def _stamp(*inputs: Path) -> str:
    """What a part was made from: the locks' bytes and this interpreter's version."""
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _once(title: str, made: Path, inputs: list[Path], make: Callable[[], None]) -> None:
    """Run `make` unless the stamp inside the folder `made` says it has been done."""
    stamp, wanted = made / ".stamp", _stamp(*inputs)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    began = time.monotonic()
    print(f"  … {title}", flush=True)
    make()
    stamp.write_text(wanted)
    print(f"  ✓ {title}  {time.monotonic() - began:.1f} s", flush=True)


def _bootstrap() -> None:
    """Install uv, hash-checked, with the pip that comes with Python."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(uv.BOOTSTRAP)], check=True)
    pip = [str(uv.BOOTSTRAP / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    lock = ROOT / "infra/locks/bootstrap.lock"
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)


def _sync(venv: Path, lock: Path) -> None:
    """Exactly the packages of one lock, each checked against its hash."""
    if not (venv / "bin" / "python").exists():
        uv.run("venv", "--quiet", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    uv.run("pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock))


def node_environment() -> dict[str, str]:
    """An environment in which `node`, `npm` and `npx` are the pinned ones of .venv."""
    return {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def _node_modules() -> None:
    npm = str(VENV / "bin" / "npm")
    subprocess.run(
        [npm, "ci", "--silent", "--no-audit", "--no-fund"],
        cwd=ROOT,
        env=node_environment(),
        check=True,
    )


def build(*, ministack: bool) -> None:
    """Make everything that is missing or out of date. Raises CalledProcessError."""
    LOCAL.mkdir(exist_ok=True)
    locks = ROOT / "infra" / "locks"
    _once("uv", uv.BOOTSTRAP, [locks / "bootstrap.lock"], _bootstrap)
    _once(
        "Python packages and Node (.venv)",
        VENV,
        [locks / "dev.lock"],
        lambda: _sync(VENV, locks / "dev.lock"),
    )
    _once(
        "CDK and other Node tools (node_modules)",
        ROOT / "node_modules",
        [ROOT / "package-lock.json"],
        _node_modules,
    )
    if ministack:
        _once(
            "MiniStack, in an environment of its own",
            MINISTACK,
            [locks / "ministack.lock"],
            lambda: _sync(MINISTACK, locks / "ministack.lock"),
        )


def main() -> int:
    """Build the environment; 0 when it stands, 1 with a sentence when it cannot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ministack", action="store_true", help="also the emulator's environment")
    options = parser.parse_args()
    if sys.version_info[:2] < OLDEST_PYTHON:
        running = sys.version.split()[0]
        print(f"Python >= 3.11 is needed, this is {running}. Use: make PYTHON=python3.12 …")
        return 1
    try:
        build(ministack=options.ministack)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"  ✗ environment: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
