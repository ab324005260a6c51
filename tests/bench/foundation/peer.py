"""The peer's environment: installed from its own lock, beside ours, for the bench only."""

from pathlib import Path

from infra.functions import Function
from infra.local import environment
from infra.uv import ROOT
from tests.artefact.built import Built
from tests.artefact.cold import Case

NAME = "FastAPI + Mangum + boto3"
LOCK = ROOT / "tests" / "bench" / "peers" / "requirements.lock"
MODULE = "fastapi_mint"
_VENV = ROOT / ".local" / "bench-peers"


def install() -> None:
    """Exactly the lock's packages, once. Raises CalledProcessError."""
    environment._once(f"peer: {NAME}", _VENV, [LOCK], lambda: environment._sync(_VENV, LOCK))


def variables(spec: Function, built: Built) -> dict[str, str]:
    """As our function is given, but its own packages in place of our layer; the shared library comes along."""
    (packages,) = _VENV.glob("lib/python3.*/site-packages")
    paths: list[Path] = [LOCK.parent, packages, built.shared]
    return {**built.environment(spec), "PYTHONPATH": ":".join(map(str, paths))}


def cold(spec: Function, built: Built) -> Case:
    """Its cold import."""
    return Case(NAME, f"import {MODULE}", variables(spec, built))
