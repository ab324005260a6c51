"""Every function starts from its zip and layers alone, and carries nothing it should not."""

import importlib.util
import json
import zipfile

import pytest

from infra.functions import FUNCTIONS, Function
from tests.artefact.built import LAYERS, Built, archives, module, spec_of

_LARGEST_ZIP_BYTES = 50_000
"""Code of one function, without what the layers carry."""
_UNCHECKED_HASH = 0b01
"""PEP 552: the bytecode is trusted without a look at its source."""
_FORBIDDEN = ("aws_xray_sdk", "boto3", "boto3.resources", "pydantic_settings", "moto", "pytest")

every_function = pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.path)
every_zip = pytest.mark.parametrize("name", [*LAYERS, *(spec.path for spec in FUNCTIONS)])


@every_function
def test_a_function_starts_from_its_zip_and_layers_alone(spec: Function, built: Built) -> None:
    """Given the unpacked zip and layers only, when the handler is imported, then its entry point can be called."""
    entry = "app" if spec.streaming else "handler"

    done = built.run(spec, f"import {module(spec)} as m; print(callable(m.{entry}), m.__file__)")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["True", str(built.task(spec.path) / module(spec).replace(".", "/")) + ".py"]


@every_function
def test_a_function_imports_none_of_what_costs_much_and_serves_nothing(spec: Function, built: Built) -> None:
    """Given a started function, then neither X-Ray's SDK nor boto3's resources nor a tests' package is loaded."""
    code = f"import json, sys, {module(spec)}; print(json.dumps(sorted(sys.modules)))"

    loaded = json.loads(built.run(spec, code).stdout)

    assert set(_FORBIDDEN) & set(loaded) == set()


def test_what_is_not_shipped_cannot_be_imported(built: Built) -> None:
    """Given the isolation of these tests, when a developer's package is imported, then there is none."""
    done = built.run(spec_of("agora/tokens"), "import pytest")

    assert "ModuleNotFoundError: No module named 'pytest'" in done.stderr


@every_zip
def test_every_source_has_its_bytecode_of_this_python_beside_it(name: str) -> None:
    """Given a zip, then each module has bytecode with this Python's magic that asks for no look at the source."""
    with zipfile.ZipFile(archives()[name]) as packed:
        files = packed.namelist()
        sources = {file for file in files if file.endswith(".py")}
        heads = {file: packed.read(file)[:8] for file in files if file.endswith(".pyc")}

    assert {importlib.util.cache_from_source(source) for source in sources} == set(heads)
    assert {head[:4] for head in heads.values()} == {importlib.util.MAGIC_NUMBER}
    assert {int.from_bytes(head[4:], "little") for head in heads.values()} == {_UNCHECKED_HASH}


@every_function
def test_a_started_function_compiles_nothing(spec: Function, built: Built) -> None:
    """Given the artefact, when a function starts, then every module of it and its layers comes from bytecode."""
    code = f"""
import sys, importlib._bootstrap_external as loader
compiled = []
loader.SourceLoader.source_to_code = lambda self, data, path, **_: compiled.append(path) or compile(data, path, "exec")
import {module(spec)}
print([path for path in compiled if str({str(built.root)!r}) in str(path)])
"""

    done = built.run(spec, code)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@every_function
def test_a_function_is_small(spec: Function) -> None:
    """Given a function's zip, then it is at most 50 kB: what functions share travels in the layers."""
    assert archives()[spec.path].stat().st_size <= _LARGEST_ZIP_BYTES
