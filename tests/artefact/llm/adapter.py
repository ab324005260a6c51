"""AWS's own Lambda Web Adapter, built from its crate: the program that the layer on AWS holds.

The layer's archive cannot be downloaded without an AWS account, but its source is a published crate. The layer's
``bootstrap`` is part of that crate's repository, three lines, and repeated here.
"""

import platform
import shutil
import subprocess
from pathlib import Path

VERSION = "0.9.1"
"""What ``Stage.web_adapter_layer`` (infra/settings.py) names by its layer version; docs/adr/0002."""

BOOTSTRAP = """#!/bin/bash

exec -- "${LAMBDA_TASK_ROOT}/${_HANDLER}"
"""
"""``layer/bootstrap`` of the crate's repository: what AWS_LAMBDA_EXEC_WRAPPER starts."""


class CannotBuildError(RuntimeError):
    """There is no Rust toolchain here."""


def binary(cache: Path) -> Path:
    """The adapter, built once per version and machine; about two minutes on two cores. Raises ``CannotBuildError``."""
    root = cache / f"lambda-web-adapter-{VERSION}-{platform.machine()}"
    found = root / "bin" / "lambda-adapter"
    if found.exists():
        return found
    cargo = shutil.which("cargo") or shutil.which("cargo", path=str(Path.home() / ".cargo" / "bin"))
    if cargo is None:
        raise CannotBuildError("cargo is not installed, so the real Lambda Web Adapter cannot be built here")
    command = [cargo, "install", "lambda_web_adapter", "--version", VERSION, "--locked", "--quiet", "--root", str(root)]
    subprocess.run(command, check=True)
    return found
