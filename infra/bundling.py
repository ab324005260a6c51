"""Makes the zips Lambda runs, without Docker: layers, the shared library, functions.

Every zip is named by the hash of all that decides its bytes — sources, lock, platform,
Python, this file, bytecode or not — and kept in `.local/bundles`, so a second synth makes
nothing, and two machines with the same inputs deploy the same bytes.
"""

import functools
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra import prune, uv

ROOT = uv.ROOT
CACHE = ROOT / ".local" / "bundles"

RUNTIME_PYTHON = "3.14"
# Every date in a zip: the oldest one the format knows. Bytes then depend on content only.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN, _EXECUTABLE = 0o100644 << 16, 0o100755 << 16


@dataclass(frozen=True)
class Target:
    """Where the bytes will run.

    `platform` is uv's name of it, None for this machine. `compiler` is a Python of the
    target's version that writes bytecode, None when there is none: sources are shipped.
    """

    platform: str | None
    python: str
    compiler: str | None

    def fingerprint(self) -> str:
        """All that the target adds to a hash."""
        build = sys.version if self.platform is None else ""
        here = sysconfig.get_platform() if self.platform is None else self.platform
        return f"{here}|{self.python}|{build}|bytecode={bool(self.compiler)}"


def this_machine() -> Target:
    """MiniStack runs functions on the Python it was started with, which is this one."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Target(platform=None, python=version, compiler=sys.executable)


def lambda_arm64() -> Target:
    """AWS Lambda on Graviton; with bytecode when this machine has the runtime's Python."""
    compiler = shutil.which(f"python{RUNTIME_PYTHON}")
    return Target(platform="aarch64-manylinux2014", python=RUNTIME_PYTHON, compiler=compiler)


@functools.cache
def _bundler() -> bytes:
    """This program's own sources: changing how zips are made changes every hash."""
    return Path(__file__).read_bytes() + Path(prune.__file__).read_bytes()


def sources(folder: Path) -> Iterator[Path]:
    """Files that are shipped, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def _digest(target: Target, parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256(_bundler() + target.fingerprint().encode())
    for name, content in parts:
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _compile(folder: Path, target: Target) -> None:
    """Bytecode beside each source, trusted without a look at the source (`unchecked-hash`)."""
    if target.compiler is None:
        return
    subprocess.run(
        [
            *[target.compiler, "-m", "compileall", "-q", "-j", "0"],
            *["--invalidation-mode", "unchecked-hash"],
            *["-s", str(folder), "-p", "/", str(folder)],
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _zip(folder: Path, archive: Path, target: Target) -> None:
    """Same content, same bytes: fixed order, dates and modes."""
    # MiniStack unpacks each layer for each worker on this machine: packing hard gains nothing.
    level = 1 if target.platform is None else 9
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as out:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.external_attr = _EXECUTABLE if path.suffix == ".sh" else _PLAIN
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes(), compresslevel=level)


def _bundle(name: str, digest: str, target: Target, fill: Callable[[Path], None]) -> Path:
    """The cached zip of this digest, made when it is not there."""
    archive = CACHE / f"{name}-{digest[:20]}.zip"
    if archive.exists():
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = Path(scratch) / "content"
        folder.mkdir()
        fill(folder)
        _compile(folder, target)
        made = Path(scratch) / "bundle.zip"
        _zip(folder, made, target)
        made.replace(archive)
    return archive


def dependencies(name: str, target: Target) -> Path:
    """The zip of one dependency layer: its lock, installed for the target and pruned."""
    lock = ROOT / "layers" / name / "requirements.lock"
    installed = [] if name == "deps" else [ROOT / "layers" / "deps" / "requirements.lock"]
    parts = [(path.parent.name, path.read_bytes()) for path in [lock, *installed]]

    def fill(folder: Path) -> None:
        python = folder / "python"
        wanted = ["--python", sys.executable]
        if target.platform:
            wanted = ["--python-platform", target.platform, "--python-version", target.python]
        uv.run(
            *["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--link-mode=copy"],
            *["--only-binary", ":all:", "--no-compile-bytecode", *wanted],
            *["--target", str(python), "-r", str(lock)],
        )
        for other in installed:
            prune.provided_by(python, other)
        prune.layer(python)

    return _bundle(f"layer-{name}", _digest(target, parts), target, fill)


def shared(target: Target) -> Path:
    """The zip of the common library, importable as `shared`."""
    folder = ROOT / "shared"
    files = list(sources(folder))
    parts = [(path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in files]

    def fill(out: Path) -> None:
        _copy(files, out / "python")

    return _bundle("layer-shared", _digest(target, parts), target, fill)


def exists(path: str) -> bool:
    """Whether a declared function is there to be deployed."""
    return (ROOT / "functions" / path / "handler.py").exists()


def function(path: str, target: Target) -> Path:
    """The zip of one function: its folder under its own path, `run.sh` at the top if it has one."""
    folder = ROOT / "functions" / path
    files = list(sources(folder))
    parts = [(file.relative_to(ROOT).as_posix(), file.read_bytes()) for file in files]

    def fill(out: Path) -> None:
        _copy(files, out)
        start = folder / "run.sh"
        if start.exists():
            shutil.copyfile(start, out / "run.sh")

    return _bundle(path.replace("/", "-"), _digest(target, parts), target, fill)


def _copy(files: Iterable[Path], out: Path) -> None:
    for file in files:
        copy = out / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def forget_unused(used: Iterable[Path]) -> None:
    """Remove cached zips other than `used`, when there are very many of them."""
    kept = set(used)
    found = sorted(CACHE.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    most = 400
    for path in found[:-most] if len(found) > most else []:
        if path not in kept:
            path.unlink(missing_ok=True)
