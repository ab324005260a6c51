"""Refreshes every lock: exact versions, all hashes, no registry (docs/adr/0001)."""

import sys
from pathlib import Path

from infra import uv

_OLDEST_PYTHON = "3.11"  # universal locks hold for this version and every later one
_GROUPS = "pyproject.toml:"


def _compile(lock: str, *sources: str) -> None:
    uv.run(
        *["pip", "compile", "--quiet", "--universal", "--generate-hashes", "--upgrade"],
        *["--python-version", _OLDEST_PYTHON, "--no-emit-index-url", "--no-annotate"],
        *["--custom-compile-command", "make lock", "-o", lock],
        *sources,
    )


def _pins(lock: str) -> Path:
    """The versions of a lock without its hashes, as a constraints file."""
    lines = (uv.ROOT / lock).read_text().splitlines()
    pins = [line.rstrip("\\ ") for line in lines if line[:1].isalnum()]
    path = uv.ROOT / ".local" / "constraints.txt"
    path.write_text("\n".join(pins) + "\n")
    return path


def main() -> int:
    """Compile every lock; the layers' ones and the bench's peer's agree with the developer's."""
    groups = ["runtime", "asgi", "infra", "test", "dev"]
    _compile("infra/locks/dev.lock", *(f"--group={_GROUPS}{group}" for group in groups))
    pins = f"--constraints={_pins('infra/locks/dev.lock')}"
    _compile("layers/deps/requirements.lock", pins, f"--group={_GROUPS}runtime")
    _compile("layers/asgi/requirements.lock", pins, f"--group={_GROUPS}asgi")
    _compile("tests/bench/peers/requirements.lock", pins, "tests/bench/peers/requirements.in")
    _compile("infra/locks/ministack.lock", "infra/locks/ministack.in")
    _compile("infra/locks/bootstrap.lock", "infra/locks/bootstrap.in")
    return 0


if __name__ == "__main__":
    sys.exit(main())
