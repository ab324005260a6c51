"""Every function as Lambda lays it out: its zip as /var/task, its layers as /opt, and nothing else importable."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra import bundling, names
from infra.functions import FUNCTIONS, Function
from infra.queues import QUEUES
from infra.tables import TABLES

REGION = "eu-west-1"
LAYERS = ("layer deps", "layer asgi", "layer shared")


@dataclass(frozen=True)
class Built:
    """The unpacked artefacts of this work tree, for this machine's Python."""

    root: Path

    def task(self, path: str) -> Path:
        """A function's own folder."""
        return self.root / "task" / path.replace("/", "-")

    def layers(self, spec: Function) -> Path:
        """Where its layers are."""
        return self.root / ("opt-streaming" if spec.streaming else "opt")

    @property
    def shared(self) -> Path:
        """The shared library alone."""
        return self.root / "shared" / "python"

    def environment(self, spec: Function) -> dict[str, str]:
        """What a deployed function is given, with credentials nobody accepts, and its import path."""
        return {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": REGION,
            "FUNCTION": spec.path,
            "KMS_KEY_ARN": f"arn:aws:kms:{REGION}:111122223333:key/mrk-1",
            "PUBLIC_BASE_URL": "https://api.example.com",
            "PYTHONPATH": f"{self.task(spec.path)}:{self.layers(spec) / 'python'}",
            "STAGE": "test",
            **{names.table_key(table.name): table.name for table in TABLES},
            **{names.queue_key(q.name): f"https://sqs.{REGION}.amazonaws.com/111122223333/{q.name}" for q in QUEUES},
        }

    def run(self, spec: Function, code: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """A fresh process of one function. ``more`` is added to its environment."""
        environment = {**self.environment(spec), **more}
        return subprocess.run(
            [*ISOLATED, "-c", code], env=environment, cwd="/", capture_output=True, text=True, check=False
        )


ISOLATED = [sys.executable, "-s", "-S"]
"""This Python without its site-packages: what is not in the artefact cannot be imported."""


def module(spec: Function) -> str:
    """A function's handler module."""
    return f"functions.{spec.path.replace('/', '.')}.handler"


def spec_of(path: str) -> Function:
    """By folder."""
    return next(f for f in FUNCTIONS if f.path == path)


@cache
def archives() -> dict[str, Path]:
    """Every zip by name: functions by their folder, layers as ``layer <name>``."""
    target = bundling.this_machine()
    return {
        **dict(zip(LAYERS, _layers(target), strict=True)),
        **{spec.path: bundling.function(spec.path, target) for spec in FUNCTIONS},
    }


def _layers(target: bundling.Target) -> list[Path]:
    return [bundling.dependencies("deps", target), bundling.dependencies("asgi", target), bundling.shared(target)]


@contextmanager
def built() -> Iterator[Built]:
    """Everything unpacked below one folder that goes away again."""
    with tempfile.TemporaryDirectory() as folder:
        made = Built(Path(folder))
        zips = archives()
        for name in ("layer deps", "layer shared"):
            _unpack(zips[name], made.root / "opt")
        # A streaming function sees one layer more: the same files, and the server's beside them.
        for name in ("layer deps", "layer shared", "layer asgi"):
            _unpack(zips[name], made.root / "opt-streaming")
        _unpack(zips["layer shared"], made.root / "shared")
        for spec in FUNCTIONS:
            _unpack(zips[spec.path], made.task(spec.path))
        yield made


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
