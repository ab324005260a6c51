"""Zips are what their hash says, made once, and all a function needs to start."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import bundling, names, prune
from infra.functions import FUNCTIONS
from infra.queues import QUEUES
from infra.tables import TABLES

pytestmark = pytest.mark.xdist_group("infra")

_LARGEST_FUNCTION_BYTES = 50_000
_LARGEST_LAYERS_BYTES = 250 * 1024 * 1024  # Lambda, function and layers unzipped

HERE = bundling.this_machine()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one function, with a cache of its own."""
    function = tmp_path / "functions" / "demo" / "hello"
    function.mkdir(parents=True)
    (function / "handler.py").write_text("def handler(event, context):\n    return event\n")
    (function / "run.sh").write_text("#!/bin/sh\n")
    (function / "__pycache__").mkdir()
    (function / "__pycache__" / "handler.cpython-39.pyc").write_bytes(b"another version's")
    monkeypatch.setattr(bundling, "ROOT", tmp_path)
    monkeypatch.setattr(bundling, "CACHE", tmp_path / "cache")
    return tmp_path


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as packed:
        return packed.namelist()


@pytest.mark.usefixtures("tree")
def test_a_function_lies_under_its_own_path_with_run_sh_on_top() -> None:
    found = [n for n in _names(bundling.function("demo/hello", HERE)) if not n.endswith(".pyc")]

    assert found == ["functions/demo/hello/handler.py", "functions/demo/hello/run.sh", "run.sh"]


@pytest.mark.usefixtures("tree")
def test_bytecode_is_this_python_and_asks_for_no_source() -> None:
    with zipfile.ZipFile(bundling.function("demo/hello", HERE)) as packed:
        [name] = [n for n in packed.namelist() if n.endswith(".pyc")]
        flags = int.from_bytes(packed.read(name)[4:8], "little")

    assert sys.implementation.cache_tag in name
    assert flags == 0b01  # PEP 552: checked by hash, and the hash is not checked


def test_the_same_sources_are_the_same_bytes(tree: Path) -> None:
    first = bundling.function("demo/hello", HERE)
    once = first.read_bytes()
    first.unlink()
    (tree / "functions/demo/hello/handler.py").touch()

    assert bundling.function("demo/hello", HERE).read_bytes() == once


@pytest.mark.usefixtures("tree")
def test_nothing_is_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    made = bundling.function("demo/hello", HERE)
    before = made.stat().st_mtime_ns
    monkeypatch.setattr(bundling, "_zip", lambda *_: pytest.fail("a second synth bundled"))

    assert bundling.function("demo/hello", HERE).stat().st_mtime_ns == before


def _edit(tree: Path) -> bundling.Target:
    (tree / "functions/demo/hello/handler.py").write_text("handler = None\n")
    return HERE


def _rename(tree: Path) -> bundling.Target:
    folder = tree / "functions/demo/hello"
    (folder / "handler.py").rename(folder / "main.py")
    return HERE


def _other_platform(_tree: Path) -> bundling.Target:
    return bundling.Target("aarch64-manylinux2014", HERE.python, HERE.compiler)


def _other_python(_tree: Path) -> bundling.Target:
    return bundling.Target(HERE.platform, "3.14", HERE.compiler)


def _no_bytecode(_tree: Path) -> bundling.Target:
    return bundling.Target(HERE.platform, HERE.python, None)


@pytest.mark.parametrize("change", [_edit, _rename, _other_platform, _other_python, _no_bytecode])
def test_whatever_decides_the_bytes_decides_the_hash(tree: Path, change: Callable[[Path], bundling.Target]) -> None:
    before = bundling.function("demo/hello", HERE).name

    assert bundling.function("demo/hello", change(tree)).name != before


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both layers of every function and the streaming one, unpacked as Lambda does below /opt."""
    folder = tmp_path_factory.mktemp("opt")
    target = bundling.this_machine()
    for archive in (
        bundling.dependencies("deps", target),
        bundling.dependencies("asgi", target),
        bundling.shared(target),
    ):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    return folder


def _run(code: str, *paths: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Python with the standard library and `paths` only: no site-packages, nothing of the repository."""
    program = f"import sys; sys.path[:0] = {[str(p) for p in paths]!r}\n{code}"
    command = [sys.executable, "-I", "-S", "-c", program]
    return subprocess.run(command, env=env or {}, cwd="/", capture_output=True, text=True, check=False)


def test_the_layer_makes_a_client_of_every_service_used(layers: Path) -> None:
    code = f"""
import botocore.session
for service in {prune.SERVICES!r}:
    botocore.session.get_session().create_client(service, region_name="eu-west-1")
"""

    done = _run(code, layers / "python")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_service_that_was_pruned_is_missing(layers: Path) -> None:
    done = _run(
        "import botocore.session as s; s.get_session().create_client('ec2', region_name='eu-west-1')", layers / "python"
    )

    assert "UnknownServiceError" in done.stderr


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda f: f.path)
def test_a_function_starts_from_its_zip_and_layers_alone(spec: object, layers: Path, tmp_path: Path) -> None:
    path = spec.path  # type: ignore[attr-defined]
    archive = bundling.function(path, HERE)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    environment = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "FUNCTION": path,
        "KMS_KEY_ARN": "arn:aws:kms:eu-west-1:111122223333:key/mrk-1",
        "PUBLIC_BASE_URL": "https://api.example.com",
        "STAGE": "test",
        **{names.table_key(t.name): t.name for t in TABLES},
        **{names.queue_key(q.name): f"https://sqs.eu-west-1.amazonaws.com/1/{q.name}" for q in QUEUES},
    }

    code = f"""
import importlib
importlib.import_module("functions.{path.replace("/", ".")}.handler")
outside = [m for m in sys.modules if m.split(".")[0] in ("aws_xray_sdk", "pydantic_settings", "boto3")]
assert not outside, outside
"""
    done = _run(code, tmp_path, layers / "python", env=environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert archive.stat().st_size <= _LARGEST_FUNCTION_BYTES


def test_layers_leave_room_below_lambdas_limit() -> None:
    total = 0
    for archive in (bundling.dependencies("deps", HERE), bundling.dependencies("asgi", HERE), bundling.shared(HERE)):
        with zipfile.ZipFile(archive) as packed:
            total += sum(entry.file_size for entry in packed.infolist())

    assert total < _LARGEST_LAYERS_BYTES / 4
