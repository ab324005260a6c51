"""Zips are what their hash says, and made once. That a function starts from them: tests/artefact."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import bundling

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


def test_layers_leave_room_below_lambdas_limit() -> None:
    total = 0
    for archive in (bundling.dependencies("deps", HERE), bundling.dependencies("asgi", HERE), bundling.shared(HERE)):
        with zipfile.ZipFile(archive) as packed:
            total += sum(entry.file_size for entry in packed.infolist())

    assert total < _LARGEST_LAYERS_BYTES / 4
